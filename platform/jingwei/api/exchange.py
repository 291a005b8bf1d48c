"""Sheets in and out: templates, imports and how they are taken back, exports of any list."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, send_file, stream_with_context

from jingwei.api.asking import Answer, choice, flag, idempotency_key, parameters, write
from jingwei.api.auth import person, reading
from jingwei.api.files import uploaded
from jingwei.api.json import answer
from jingwei.api.records import LIST_PARAMETERS, list_wish
from jingwei.api.shapes import refusal_json
from jingwei.gateways.sheet_template import TemplateColumn, write_template
from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import CSV_MIMETYPE, MIMETYPE, csv_lines, write_workbook
from jingwei.refusals import Invalid
from jingwei.services import exchange, files
from jingwei.services.commands import Work
from jingwei.services.exchange import Imported, ImportRefused, Mode, Source
from jingwei.services.export import export
from jingwei.services.listing import form_of
from jingwei.services.presenting import instant
from jingwei.services.sheet_template import template_fields, template_fingerprint
from jingwei.storage.imports import Batch
from jingwei.texts import text
from jingwei.web import current, locale

blueprint = Blueprint("exchange", __name__, url_prefix="/api/v1/forms")

VALUES = ("titles", "codes")
_WHOLE = tuple(n for n in LIST_PARAMETERS if n not in ("page", "size", "after", "count"))


# --- in ------------------------------------------------------------------------------------------


@blueprint.get("/<form>/import-template.xlsx")
def template(form: str) -> Response:
    """A workbook to fill in: the columns this person may write, with drop-downs."""
    parameters()
    with reading() as view:
        columns = [
            TemplateColumn(f.title, f.type, f.required, f.choices, f.hint)
            for f in template_fields(view, form, locale())
        ]
        title = form_of(view, form).title(locale())
        about = {"form": form, "fingerprint": template_fingerprint(view, form)}
    return _attached(write_template(title, columns, about), MIMETYPE, f"{title}.xlsx", form)


@blueprint.post("/<form>/import")
def import_records(form: str) -> Response:
    """Records from the part `file`, CSV or XLSX. `mode=atomic`: all or none, and a refusal names
    each cell by its row (`3.amount`); `mode=rows`: the good ones, with what is wrong of others;
    `preview=1`: what would happen to the first rows, and nothing is kept."""
    given = parameters("mode", "preview")
    mode: Mode = "rows" if choice(given, "mode", ("atomic", "rows")) == "rows" else "atomic"
    actor = person()
    source, path = kept_upload()
    commands = current().commands
    if flag(given, "preview"):
        with reading() as view:
            exchange.may_import(view, form)
        found = exchange.look(commands, actor, form, SheetFile(path, source.name))
        return answer({**imported_json(found), "looked_at": found.looked_at})
    if mode == "rows":
        rows, key = SheetFile(path, source.name), idempotency_key()
        found = exchange.import_sheet(commands, actor, form, rows, mode, source, key)
        return answer(imported_json(found))

    def handler(work: Work) -> Answer:
        made = exchange.import_all(work, form, SheetFile(path, source.name), source)
        return 200, imported_json(made)

    try:
        return write(handler, content=source.sha256.encode())
    except ImportRefused as refused:
        raise Invalid("import-refused", fields=refused.fields, bad=refused.found.bad) from None


def kept_upload() -> tuple[Source, Path]:
    """The uploaded sheet, kept with the files: an import that stopped goes on from it."""
    name, part = uploaded()
    data_dir = current().settings.data_dir
    sha256, _ = files.keep(data_dir, part.stream)
    return Source(name, sha256), files.path_of(data_dir, sha256)


def imported_json(found: Imported) -> dict[str, Any]:
    refused = [{"row": row, **refusal_json(one)} for row, one in found.refused]
    return {"good": found.good, "bad": found.bad, "refused": refused, "batch": found.batch}


@blueprint.get("/<form>/imports")
def listed(form: str) -> Response:
    """What this person imported, newest first."""
    parameters()
    with reading() as view:
        items = [batch_json(batch) for batch in exchange.batches(view, form)]
    return answer({"items": items, "total": len(items), "page": 1, "size": len(items)})


def batch_json(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "at": instant(batch.at),
        "name": batch.name,
        "mode": batch.mode,
        "state": batch.state,
        "good": batch.good,
        "bad": batch.bad,
    }


@blueprint.get("/<form>/imports/<int:batch>/errors.xlsx")
def errors(form: str, batch: int) -> Response:
    """The rows of a sheet that were not kept, each with what is wrong in a column of its own."""
    parameters()
    with reading() as view:
        found = exchange.batch_of(view, form, batch)
        refused = exchange.refused_of(view, form, batch)
    path = files.path_of(current().settings.data_dir, found.sha256)
    body = bad_rows(path, found.name, refused)
    return _attached(body, MIMETYPE, f"{Path(found.name).stem}-errors.xlsx", "errors")


def bad_rows(path: Path, name: str, refused: Mapping[int, Any]) -> bytes:
    """A workbook of these rows; corrected, it can be imported as it is once the column is gone."""
    rows = [row for row in SheetFile(path, name) if row.number in refused]
    titles = list(dict.fromkeys(title for row in rows for title in row))
    head = text("exchange.screen.problem", locale())
    lines = [
        [
            *(row.get(title) for title in titles),
            "; ".join(_said(one) for one in refused[row.number]),
        ]
        for row in rows
    ]
    kept = tempfile.SpooledTemporaryFile(max_size=1_000_000)  # noqa: SIM115  # read below
    write_workbook(kept, [*titles, head], lines)
    kept.seek(0)
    return kept.read()


def _said(refusal: Any) -> str:
    message = refusal.message(locale())
    return f"{refusal.path}: {message}" if refusal.path else str(message)


@blueprint.post("/<form>/imports/<int:batch>/undo")
def undo(form: str, batch: int) -> Response:
    """Delete what an import brought, as far as nobody changed it since."""
    parameters()
    return write(lambda work: (200, exchange.undo(work, form, batch)))


# --- out -----------------------------------------------------------------------------------------


@blueprint.get("/<form>/export.xlsx")
def export_xlsx(form: str) -> Response:
    """What the list with these parameters has, as a workbook; every page of it. `values=codes`:
    names and ids, which come back unchanged."""
    given = parameters(*_WHOLE, "values")
    codes = choice(given, "values", VALUES) == "codes"
    kept = tempfile.TemporaryFile()  # noqa: SIM115  # Flask closes it when it is sent
    with reading() as view:
        found = export(view, form, list_wish(given), locale(), codes=codes)
        write_workbook(kept, found.titles, found.rows, [c.type for c in found.columns])
    kept.seek(0)
    return send_file(kept, MIMETYPE, as_attachment=True, download_name=f"{form}.xlsx")


@blueprint.get("/<form>/export.csv")
def export_csv(form: str) -> Response:
    """The same as CSV (UTF-8, as Excel opens it), row by row while it is read."""
    given = parameters(*_WHOLE, "values")
    codes = choice(given, "values", VALUES) == "codes"
    wish, said = list_wish(given), locale()
    with reading() as view:
        export(view, form, wish, said, codes=codes)  # refusals are answered, not streamed

    def lines() -> Iterator[bytes]:
        with reading() as view:
            found = export(view, form, wish, said, codes=codes, days=False)
            yield from csv_lines(found.titles, found.rows, [c.type for c in found.columns])

    response = Response(stream_with_context(lines()), mimetype=CSV_MIMETYPE)
    response.headers.set("Content-Disposition", "attachment", filename=f"{form}.csv")
    return response


def _attached(body: bytes, mimetype: str, name: str, plain: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}.xlsx\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    return response
