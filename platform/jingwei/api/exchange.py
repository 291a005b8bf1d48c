"""Sheets in and out: templates, imports and how they are taken back, exports of any list."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from flask import Blueprint, Response, send_file, stream_with_context

from jingwei.api.asking import Answer, choice, flag, idempotency_key, parameters, write
from jingwei.api.auth import person, reading
from jingwei.api.downloads import disposition
from jingwei.api.files import uploaded
from jingwei.api.json import answer
from jingwei.api.records import LIST_PARAMETERS, list_wish
from jingwei.api.shapes import refusal_json
from jingwei.gateways.sheet_template import TemplateColumn, write_template
from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import (
    CSV_MIMETYPE,
    MIMETYPE,
    csv_pages,
    write_to_change,
    write_workbook,
)
from jingwei.refusals import FieldRefusal, Invalid, Refused
from jingwei.services import exchange, files, import_batches, import_jobs, import_undo
from jingwei.services.commands import Reading, Work
from jingwei.services.exchange import Imported, ImportRefused
from jingwei.services.export import Values, export, log_export
from jingwei.services.import_batches import Mode, Source
from jingwei.services.import_undo import Undone
from jingwei.services.kept_sheets import keep_sheet
from jingwei.services.listing import ListWish, form_of
from jingwei.services.presenting import instant
from jingwei.services.sheet_errors import errors_of
from jingwei.services.sheet_lines import Wanted
from jingwei.services.sheet_template import (
    TemplateField,
    template_fields,
    template_fingerprint,
    template_tables,
)
from jingwei.services.sheet_words import cell_of
from jingwei.storage.imports import Batch
from jingwei.texts import text
from jingwei.web import current, locale, request_id

blueprint = Blueprint("exchange", __name__, url_prefix="/api/v1/forms")

log = structlog.get_logger(__name__)

VALUES = ("titles", "codes", "edit")
EXPORT_PARAMETERS = tuple(n for n in LIST_PARAMETERS if n not in ("page", "size", "after", "count"))


# --- in ------------------------------------------------------------------------------------------


@blueprint.get("/<form>/import-template.xlsx")
def template(form: str) -> Response:
    """A workbook to fill in: the columns this person may write, with drop-downs."""
    parameters()
    with reading() as view:
        columns = _template_columns(template_fields(view, form, locale()))
        tables = [
            (table.title, _template_columns(table.columns))
            for table in template_tables(view, form, locale())
        ]
        title = form_of(view, form).title(locale())
        about = {"form": form, "fingerprint": template_fingerprint(view, form)}
    body = write_template(title, columns, about, tables)
    return _attached(body, MIMETYPE, f"{title}.xlsx", form)


def _template_columns(fields: Sequence[TemplateField]) -> list[TemplateColumn]:
    return [TemplateColumn(f.title, f.type, f.required, f.choices, f.hint) for f in fields]


@blueprint.post("/<form>/import")
def import_records(form: str) -> Response:
    """Records from the part `file`, CSV or XLSX. `mode=atomic`: all or none, and a refusal names
    each cell by its row (`3.amount`; `lines!5.price` of a table's sheet); `mode=rows`: the good
    ones, with what is wrong of others. `do=create|update|upsert` with `key`: the field, `id` or
    `number` that records are matched by. `preview=1`: what would happen to the first rows, and
    nothing is kept; `background=1`: answered at once, done by a worker."""
    given = parameters("mode", "preview", "do", "key", "background")
    mode: Mode = "rows" if choice(given, "mode", ("atomic", "rows")) == "rows" else "atomic"
    actor = person()
    with reading() as view:
        wanted = wanted_of(view, form, given)
    source, path = kept_upload(form)
    commands = current().commands
    sheet = SheetFile(path, source.name, current().database.keys.open_file)
    if flag(given, "preview"):
        found = exchange.look(commands, actor, form, sheet, wanted)
        return answer(
            {**imported_json(found), "looked_at": found.looked_at, "outdated": found.is_outdated}
        )
    content = source.sha256.encode()
    if flag(given, "background"):

        def ask(work: Work) -> Answer:
            batch = import_jobs.ask(work, form, source, mode, wanted)
            return 202, {"batch": batch.id, "state": batch.state}

        return write(ask, content=content)
    if mode == "rows":
        key = idempotency_key()
        found = exchange.import_sheet(commands, actor, form, sheet, mode, source, key, wanted)
        return answer(imported_json(found))

    def handler(work: Work) -> Answer:
        return 200, imported_json(exchange.import_all(work, form, sheet, source, wanted))

    try:
        return write(handler, content=content)
    except ImportRefused as refused:
        kept = exchange.keep_refused(commands, actor, form, source, wanted, refused.found)
        raise Invalid(
            "import-refused",
            fields=refused.fields,
            detail={"batch": kept.batch, "errors": errors_address(form, kept.batch or 0)},
            bad=refused.found.bad,
        ) from None


def wanted_of(view: Reading, form: str, given: Mapping[str, str]) -> Wanted:
    """What rows do, and by which key. Raises NotFound, NotAllowed, Malformed."""
    do = choice(given, "do", ("create", "update", "upsert")) or "create"
    key = given.get("key", "")
    wanted = Wanted(do, key if do != "create" else "")  # type: ignore[arg-type]  # one of three
    import_batches.may_import(view, form, wanted)
    return wanted


def kept_upload(form: str) -> tuple[Source, Path]:
    """The uploaded sheet, kept with the files: an import that stopped goes on from it."""
    name, part = uploaded()
    sha256, _ = keep_sheet(current(), form, part.stream)
    return Source(name, sha256), files.path_of(current().settings.data_dir, sha256)


def imported_json(found: Imported) -> dict[str, Any]:
    refused = [in_sheet_json(row, one) for row, one in found.refused]
    return {
        "good": found.good,
        "bad": found.bad,
        "created": found.created,
        "updated": found.updated,
        "same": found.same,
        "refused": refused,
        "notes": [one.message(locale()) for one in found.notes],
        "batch": found.batch,
    }


def in_sheet_json(row: int, refusal: FieldRefusal) -> dict[str, Any]:
    """`cell`: where it stands, as spreadsheets write it: `C12`, `lines!C5`; empty: all the row."""
    return {"row": row, "cell": cell_of(refusal), **refusal_json(refusal)}


@blueprint.get("/<form>/imports")
def listed(form: str) -> Response:
    """What this person imported, newest first."""
    parameters()
    with reading() as view:
        items = [batch_json(form, batch) for batch in import_batches.batches(view, form)]
    return answer({"items": items, "total": len(items), "page": 1, "size": len(items)})


@blueprint.get("/<form>/imports/<int:batch>")
def shown(form: str, batch: int) -> Response:
    """How far an import has come, and what was wrong with its rows."""
    parameters()
    with reading() as view:
        found = import_batches.batch_of(view, form, batch)
        refused = import_batches.refused_of(view, form, batch)
        undone = import_undo.undone_so_far(view, form, batch)
    listed = [in_sheet_json(row, one) for row, ones in refused.items() for one in ones]
    shown = {**batch_json(form, found), "refused": listed[: exchange.MOST_REFUSED]}
    if found.state in ("undoing", "undone"):
        shown["undone"] = undone_json(undone)
    return answer(shown)


def batch_json(form: str, batch: Batch) -> dict[str, Any]:
    """`errors`: the address of the workbook that says what is wrong, once all is known."""
    mode, wanted = import_batches.mode_of(batch)
    over = batch.state != "running"
    return {
        "id": batch.id,
        "at": instant(batch.at),
        "name": batch.name,
        "mode": mode,
        "do": wanted.do,
        "key": wanted.key or None,
        "state": batch.state,
        "good": batch.good,
        "bad": batch.bad,
        "errors": errors_address(form, batch.id) if batch.bad and over else None,
    }


def errors_address(form: str, batch: int) -> str:
    return f"/api/v1/forms/{form}/imports/{batch}/errors.xlsx"


@blueprint.get("/<form>/imports/<int:batch>/errors.xlsx")
def errors(form: str, batch: int) -> Response:
    """The rows of a sheet that were not kept, with what is wrong marked and told in a column of its
    own. Corrected, it is imported as it is."""
    parameters()
    kept = tempfile.SpooledTemporaryFile(max_size=1_000_000)  # noqa: SIM115  # read below
    with reading() as view:
        found = import_batches.batch_of(view, form, batch)
        refused = import_batches.refused_of(view, form, batch)
        path = files.path_of(current().settings.data_dir, found.sha256)
        _, wanted = import_batches.mode_of(found)
        sheet = SheetFile(path, found.name, current().database.keys.open_file)
        wrong = errors_of(view.of(view.actor.org), form, sheet, wanted, refused, locale())
        write_to_change(kept, wrong, locale())
    kept.seek(0)
    return _attached(kept.read(), MIMETYPE, f"{Path(found.name).stem}-errors.xlsx", "errors")


@blueprint.post("/<form>/imports/<int:batch>/undo")
def undo(form: str, batch: int) -> Response:
    """Take back what an import brought and changed, as far as nobody changed it since; what stays
    is told row by row. A worker does it for more than two thousand records, and where it is asked
    to (`background=1`): `GET …/imports/ID` then says `undoing`, and what came of it."""
    in_background = flag(parameters("background"), "background")

    def handler(work: Work) -> Answer:
        if not (in_background or import_undo.is_long(work, batch)):
            return 200, undone_json(import_undo.undo(work, form, batch))
        import_jobs.ask_undo(work, form, batch)
        return 202, {"batch": batch, "state": "undoing"}

    return write(handler)


def undone_json(undone: Undone) -> dict[str, Any]:
    kept = [{"row": row, "id": id_, **refusal_json(why)} for row, id_, why in undone.kept]
    return {
        "undone": undone.deleted,
        "restored": undone.restored,
        "kept": len({one["id"] for one in kept}),
        "refused": kept[: exchange.MOST_REFUSED],
    }


# --- out -----------------------------------------------------------------------------------------


@blueprint.get("/<form>/export.xlsx")
def export_xlsx(form: str) -> Response:
    """What the list with these parameters has, as a workbook; every page of it. `values=codes`:
    names and ids as the API writes them; `values=edit`: a workbook to change and import again as an
    update by `id`. `tables=1`: the tables of the records as further sheets."""
    given, wish, values = _asked_export(form, "tables")
    kept = tempfile.TemporaryFile()  # noqa: SIM115  # Flask closes it when it is sent
    with reading() as view:
        found = export(
            view, form, wish, locale(), values=values,
            tables=values == "edit" or flag(given, "tables"),
        )  # fmt: skip
        if values == "edit":
            write_to_change(kept, found, locale())
        else:
            write_workbook(kept, found.titles, found.rows, found.types, found.tables)
    kept.seek(0)
    return send_file(kept, MIMETYPE, as_attachment=True, download_name=f"{form}.xlsx")


@blueprint.get("/<form>/export.csv")
def export_csv(form: str) -> Response:
    """The same as CSV (UTF-8, as Excel opens it), row by row while it is read."""
    _, wish, values = _asked_export(form)
    said = locale()

    def lines() -> Iterator[bytes]:
        with reading() as view:
            found = export(view, form, wish, said, values=values, days=False)
            yield from csv_pages(found.titles, found.pages, found.types)

    body = lines()
    first = next(body)  # what a database refuses is answered as a list answers it
    response = Response(stream_with_context(_whole(first, body)), mimetype=CSV_MIMETYPE)
    response.headers.set("Content-Disposition", "attachment", filename=f"{form}.csv")
    return response


def _whole(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    """A file that has begun. What is refused in the midst of it is told in its last line: the
    answer is on its way, and nobody shall take half of it for the whole."""
    try:
        yield first
        yield from others
    except Refused as refused:
        log.warning("export_broken_off", request=request_id(), code=refused.code)
        words = text("refusals.export-broken-off", locale(), why=refused.message(locale()))
        yield from csv_pages([words], ())


def _asked_export(form: str, *more: str) -> tuple[Mapping[str, str], ListWish, Values]:
    """What is asked for, and may be: refusals are answered, not streamed. An export of sensitive
    fields is kept in the log before anything of it leaves the house."""
    given = parameters(*EXPORT_PARAMETERS, "values", *more)
    values: Values = choice(given, "values", VALUES) or "titles"  # type: ignore[assignment]
    wish = list_wish(given)
    with reading() as view:
        found = export(view, form, wish, locale(), values=values, tables=bool(more))
    if found.sensitive:
        current().commands.run(partial(log_export, form=form, exported=found, wish=wish), person())
    return given, wish, values


def _attached(body: bytes, mimetype: str, name: str, plain: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = disposition(name, plain)
    return response
