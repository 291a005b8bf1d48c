"""`/f/FORM/import`: a template down, a sheet up, looked at before it is kept, and taken back.

A sheet that was looked at lies with the files; the second step names it by its sha256, sealed for
the person who brought it: the content of other people's files is not to be had by its name. A long
sheet is imported by a worker, and the page of the import tells how far it has come.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request

from jingwei.gateways.sheets import SheetFile
from jingwei.language.form import Form
from jingwei.refusals import Malformed, NotFound, Refused
from jingwei.screens.cells import Cells, form_or_404
from jingwei.screens.frame import page
from jingwei.screens.session import check_csrf, reading, who
from jingwei.services import exchange, files, import_batches, import_jobs, import_undo
from jingwei.services.commands import Reading, Work
from jingwei.services.exchange import Imported
from jingwei.services.import_batches import CREATE, Mode, Source
from jingwei.services.kept_sheets import keep_sheet
from jingwei.services.people import Person
from jingwei.services.sheet_lines import Wanted, match_keys
from jingwei.services.sheet_words import cell_of, column_title
from jingwei.storage.imports import Batch
from jingwei.texts import text
from jingwei.web import current, locale, request_id

UPLOAD_BYTES = 50 * 1024 * 1024
LONG_BYTES = 512 * 1024  # of a sheet that is not waited for
MOST_SHOWN = 50  # problems on the page; all of them are in the file
DOES = ("create", "upsert", "update")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/import", "import", show)
    blueprint.add_url_rule("/f/<form>/import", "import_sheet", take, methods=["POST"])
    blueprint.add_url_rule("/f/<form>/import/<int:batch>", "import_batch", show_batch)
    blueprint.add_url_rule(
        "/f/<form>/import/<int:batch>/undo", "import_undo", undo, methods=["POST"]
    )


def words(key: str, **holes: object) -> str:
    return text(f"exchange.screen.{key}", locale(), **holes)


def show(form: str) -> Any:
    return _page(form)


def take(form: str) -> Any:
    """The sheet to look at, or what was looked at to import."""
    request.max_content_length = UPLOAD_BYTES
    check_csrf()
    with reading() as view:
        definition = import_batches.may_import(view, form_or_404(view, form).name)
        keys = match_keys(view, definition)
    wanted = CREATE
    try:
        wanted = _wanted(keys)
        if request.files.get("file"):
            source = _uploaded(form)
            sheet = _sheet(source)
            meant = _meant(form, sheet, wanted)
            looked = exchange.look(current().commands, _person(), form, sheet, meant)
            return _page(
                form, source=source, looked=looked, wanted=meant, understood=meant != wanted
            )
        source = _named()
        mode: Mode = "rows" if request.form.get("mode") == "rows" else "atomic"
        batch = _import(form, source, mode, wanted)
        return redirect(f"/f/{form}/import/{batch}")
    except Refused as refused:
        if refused.status == 404 or (refused.status == 403 and wanted == CREATE):
            raise
        return _page(form, refused=refused, wanted=wanted)


def _import(form: str, source: Source, mode: Mode, wanted: Wanted) -> int:
    """The number of the import, done or on its way."""
    commands, sheet = current().commands, _sheet(source)
    settings = current().settings
    if sheet.path.stat().st_size > LONG_BYTES and (settings.worker or settings.redis_url):
        return commands.run(
            lambda work: import_jobs.ask(work, form, source, mode, wanted).id,
            _person(),
            request_id=request_id(),
        )
    found = exchange.import_sheet(commands, _person(), form, sheet, mode, source, wanted=wanted)
    assert found.batch is not None
    return found.batch


def _wanted(keys: Sequence[str]) -> Wanted:
    do = request.form.get("do", "create")
    key = request.form.get("key", "")
    if do == "create":
        return CREATE
    if do not in DOES or key not in keys:
        raise Malformed("parameter-choice", name="key", known=", ".join(keys))
    return Wanted(do, key)  # type: ignore[arg-type]  # one of three


def _meant(form: str, sheet: SheetFile, wanted: Wanted) -> Wanted:
    """What was asked for; of a sheet that was exported to be changed, where nothing else was
    chosen: to change the records that it names."""
    if wanted != CREATE:
        return wanted
    with reading() as view:
        may_update = view.rights.decide(view, form, "update").allowed
        if may_update and exchange.is_for_update(view, form, sheet):
            return Wanted("update", "id")
    return wanted


def show_batch(form: str, batch: int) -> Any:
    """How far an import has come, and what came of it."""
    with reading() as view:
        definition = form_or_404(view, form)
        found = import_batches.batch_of(view, form, batch)
        result = exchange.result_of(view, form, batch)
        if request.headers.get("HX-Request"):
            about = _about_batch(view, definition, found, result)
            return render_template(
                "parts/import_result.html", form=definition, words=words, **about
            )
        return _shown_batch(view, definition, found, result)


def _shown_batch(view: Reading, form: Form, batch: Batch, result: Imported) -> Any:
    return page(
        view,
        "import.html",
        form=form,
        title=form.title(locale()),
        words=words,
        history=_history(view, form.name, Cells(view)),
        **_about_batch(view, form, batch, result),
    )


def _about_batch(view: Reading, form: Form, batch: Batch, result: Imported) -> dict[str, Any]:
    undone = import_undo.undone_so_far(view, form.name, batch.id)
    return {
        "batch": batch,
        "result": result,
        "problems": _problems(form, result),
        "more": len(result.refused) > MOST_SHOWN,
        "running": batch.state in ("running", "undoing"),
        "undone": undone if batch.state in ("undoing", "undone") else None,
        "kept": [(row, why.message(locale())) for row, _, why in undone.kept],
    }


def undo(form: str, batch: int) -> Any:
    """Take an import back; a long one has its page tell how far that is."""
    check_csrf()

    def handler(work: Work) -> None:
        if import_undo.is_long(work, batch):
            import_jobs.ask_undo(work, form, batch)
        else:
            import_undo.undo(work, form, batch)

    commands = current().commands
    commands.run(handler, _person(), request_id=request_id(), origin="screen")
    return redirect(f"/f/{form}/import/{batch}", 303)


def _person() -> Person:
    found = who()
    assert found is not None  # check_csrf asked
    return found


# --- sheets --------------------------------------------------------------------------------------


def _uploaded(form: str) -> Source:
    part = request.files["file"]
    name = files.plain_name(part.filename)
    sha256, size = keep_sheet(current(), form, part.stream)
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
    return SheetFile(path, source.name, current().database.keys.open_file)


# --- the page ------------------------------------------------------------------------------------


def _page(
    form: str,
    *,
    source: Source | None = None,
    looked: Imported | None = None,
    refused: Refused | None = None,
    wanted: Wanted = CREATE,
    understood: bool = False,
) -> Any:
    """`understood`: what is wanted was seen from the sheet itself."""
    with reading() as view:
        definition = import_batches.may_import(view, form_or_404(view, form).name)
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
            refused=refused,
            refusals=[f.message(locale()) for f in (refused.fields if refused else ())],
            problems=_problems(definition, looked) if looked is not None else [],
            more=looked is not None and len(looked.refused) > MOST_SHOWN,
            notes=[one.message(locale()) for one in (looked.notes if looked is not None else ())],
            history=_history(view, form, Cells(view)),
            wanted=wanted,
            understood=understood,
            edit_title=text("exchange.export.edit", locale()),
            does=_does(view, definition),
            keys=[
                (key, column_title(definition, key, locale()))
                for key in match_keys(view, definition)
            ],
        )


def _does(view: Reading, form: Form) -> list[tuple[str, str]]:
    """What this person may do with the rows of a sheet, and how it is called."""
    found = []
    for do in DOES:
        wanted = Wanted(do)  # type: ignore[arg-type]  # one of three
        owed = (["create"] if wanted.may_create else []) + (["update"] if wanted.may_update else [])
        if all(view.rights.decide(view, form.name, action).allowed for action in owed):
            found.append((do, words(f"do_{do}")))
    return found


def _problems(form: Form, found: Imported) -> list[tuple[str, str, str]]:
    """(where, column, what is wrong) of the first problems. Where: as spreadsheets write it, the
    number of the row where it is all of a row."""
    return [
        (cell_of(one) or str(row), column_title(form, one.path, locale()), one.message(locale()))
        for row, one in found.refused[:MOST_SHOWN]
    ]


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
        for one in import_batches.batches(view, form)
    ]
