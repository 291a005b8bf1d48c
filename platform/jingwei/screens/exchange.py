"""`/f/FORM/import`: a template down, a sheet up, looked at before it is kept, and taken back.

A sheet that was looked at lies with the files; the second step names it by its sha256, sealed for
the person who brought it: the content of other people's files is not to be had by its name.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request

from jingwei.gateways.sheets import SheetFile
from jingwei.language.form import Form
from jingwei.refusals import Malformed, NotFound, Refused
from jingwei.screens.cells import Cells, form_or_404
from jingwei.screens.frame import page
from jingwei.screens.session import check_csrf, reading, who
from jingwei.services import exchange, files
from jingwei.services.commands import Reading
from jingwei.services.exchange import Imported, Mode, Source
from jingwei.services.people import Person
from jingwei.texts import text
from jingwei.web import current, locale, request_id

UPLOAD_BYTES = 50 * 1024 * 1024
MOST_SHOWN = 50  # problems on the page; all of them are in the file
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/import", "import", show)
    blueprint.add_url_rule("/f/<form>/import", "import_sheet", take, methods=["POST"])
    blueprint.add_url_rule(
        "/f/<form>/import/<int:batch>/undo", "import_undo", undo, methods=["POST"]
    )


def words(key: str, **holes: object) -> str:
    return text(f"exchange.screen.{key}", locale(), **holes)


def show(form: str) -> Any:
    undone = {k: request.args.get(k, "") for k in ("undone", "kept")}
    said = words("undone", **undone) if all(v.isdigit() for v in undone.values()) else ""
    return _page(form, said=said)


def take(form: str) -> Any:
    """The sheet to look at, or what was looked at to import."""
    request.max_content_length = UPLOAD_BYTES
    check_csrf()
    with reading() as view:
        exchange.may_import(view, form_or_404(view, form).name)
    try:
        if request.files.get("file"):
            source = _uploaded()
            return _page(form, source=source, looked=_look(form, source))
        source = _named()
        mode: Mode = "rows" if request.form.get("mode") == "rows" else "atomic"
        sheet = _sheet(source)
        found = exchange.import_sheet(current().commands, _person(), form, sheet, mode, source)
        return _page(form, done=found, mode=mode)
    except Refused as refused:
        if refused.status in (403, 404):
            raise
        return _page(form, refused=refused)


def undo(form: str, batch: int) -> Any:
    check_csrf()
    found = current().commands.run(
        lambda work: exchange.undo(work, form, batch), _person(), request_id=request_id()
    )
    return redirect(f"/f/{form}/import?undone={found['undone']}&kept={found['kept']}")


def _person() -> Person:
    found = who()
    assert found is not None  # check_csrf asked
    return found


# --- sheets --------------------------------------------------------------------------------------


def _uploaded() -> Source:
    part = request.files["file"]
    name = files.plain_name(part.filename)
    sha256, size = files.keep(current().settings.data_dir, part.stream)
    if size == 0:
        raise Malformed("file-empty")
    return Source(name, sha256)


def _sealed(sha256: str) -> str:
    """The name of a kept sheet, with a seal that only this person can use."""
    secret = current().settings.secret_key.encode()
    message = f"import:{_person().login}:{sha256}".encode()
    return f"{sha256}.{hmac.new(secret, message, 'sha256').hexdigest()}"


def _named() -> Source:
    given = request.form.get("sha256", "")
    sha256 = given.partition(".")[0]
    if not _SHA256.match(sha256):
        raise Malformed("file-needed")
    if not hmac.compare_digest(given.encode(), _sealed(sha256).encode()):
        raise NotFound("not-found")
    return Source(files.plain_name(request.form.get("name")), sha256)


def _sheet(source: Source) -> SheetFile:
    path = files.path_of(current().settings.data_dir, source.sha256)
    if not path.is_file():
        raise NotFound("not-found")
    return SheetFile(path, source.name)


def _look(form: str, source: Source) -> Imported:
    return exchange.look(current().commands, _person(), form, _sheet(source))


# --- the page ------------------------------------------------------------------------------------


def _page(
    form: str,
    *,
    source: Source | None = None,
    looked: Imported | None = None,
    done: Imported | None = None,
    mode: Mode = "atomic",
    refused: Refused | None = None,
    said: str = "",
) -> Any:
    with reading() as view:
        definition = exchange.may_import(view, form_or_404(view, form).name)
        cells = Cells(view)
        found = looked or done
        return page(
            view,
            "import.html",
            code=refused.status if refused is not None else 200,
            form=definition,
            title=definition.title(locale()),
            words=words,
            source=source,
            sealed=_sealed(source.sha256) if source is not None else "",
            looked=looked,
            whole=looked is not None and looked.looked_at < exchange.MOST_LOOKED_AT,
            done=done,
            none_kept=done is not None and mode == "atomic" and done.bad > 0,
            refused=refused,
            refusals=[f.message(locale()) for f in (refused.fields if refused else ())],
            problems=_problems(definition, found) if found is not None else [],
            more=found is not None and len(found.refused) > MOST_SHOWN,
            history=_history(view, form, cells),
            said=said,
        )


def _problems(form: Form, found: Imported) -> list[tuple[int, str, str]]:
    """(row, column, what is wrong) of the first problems."""
    return [
        (row, _column(form, one.path), one.message(locale()))
        for row, one in found.refused[:MOST_SHOWN]
    ]


def _column(form: Form, path: str) -> str:
    field = form.fields.get(path.partition(".")[0])
    if field is not None:
        return field.title(locale())
    return text("system_fields.org", locale()) if path == "org" else path


def _history(view: Reading, form: str, cells: Cells) -> list[Mapping[str, Any]]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "when": cells.moment(one.at),
            "state": one.state,
            "said": words(f"state_{one.state}"),
            "counted": words("counted", good=one.good, bad=one.bad),
            "bad": one.bad,
            "good": one.good,
        }
        for one in exchange.batches(view, form)
    ]
