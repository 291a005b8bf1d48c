"""Imports that a worker does or takes back: asked for, gone on with, and their end."""

from __future__ import annotations

import time
from functools import partial

from jingwei.refusals import Conflict, FieldRefusal, Refused
from jingwei.services import exchange, import_undo
from jingwei.services.commands import Commands, Work
from jingwei.services.exchange import Imported, ImportRefused
from jingwei.services.import_batches import CREATE, Mode, Source, begun, mode_of
from jingwei.services.people import Person
from jingwei.services.sheet_lines import Wanted
from jingwei.services.sheet_rows import Book
from jingwei.storage import imports as rows
from jingwei.storage.imports import Batch

TOPIC = "import.run"
UNDO = "import.undo"
OTHERS_TURN = 0.1  # seconds: SQLite lets a writer that waits look as rarely


def ask(work: Work, form: str, source: Source, mode: Mode, wanted: Wanted = CREATE) -> Batch:
    """Have a worker import a sheet that lies with the files. The same again goes on with what was
    left unfinished."""
    batch = begun(work, form, source, mode, wanted)
    payload = {"batch": batch.id, "form": form, "person": work.actor.login}
    work.outbox.add(TOPIC, payload, key=f"{TOPIC}:{batch.id}:{batch.good + batch.bad}")
    return batch


def run(commands: Commands, actor: Person, form: str, sheet: Book, batch: Batch) -> Imported:
    """Do what was asked. What was written before is not written again, and an import that is over
    stays so; a sheet that is refused as a whole says why in its first row."""
    mode, wanted = mode_of(batch)
    try:
        if mode == "rows":
            if not batch.good + batch.bad:  # nothing of it is written yet
                exchange.prove(commands, actor, form, sheet, wanted)
            return exchange.go_on(commands, actor, form, sheet, batch.id, wanted)
        return commands.run(
            lambda work: exchange.all_of(work, form, sheet, batch.id, wanted), actor
        )
    except ImportRefused as refused:
        found = refused.found
    except Conflict as conflict:
        if conflict.code == "import-over":
            return Imported(batch=batch.id)
        found = _whole(conflict)
    except Refused as refused:
        found = _whole(refused)

    def end(work: Work) -> None:
        if rows.hold(work.connection, batch.id) == "running":
            exchange.refuse_batch(work, batch.id, found)

    commands.run(end, actor)
    found.batch = batch.id
    return found


def ask_undo(work: Work, form: str, batch: int) -> None:
    """Have a worker take an import back, part by part, so that others write in between; one that
    stopped goes on. Raises NotFound, and Conflict when it was undone before."""
    import_undo.begin(work, form, batch)
    payload = {"batch": batch, "form": form, "person": work.actor.login, "origin": work.origin}
    work.outbox.add(UNDO, payload)


def run_undo(
    commands: Commands, actor: Person, form: str, batch: int, origin: str | None = None
) -> None:
    """Take back what is left of it. A part that was taken back is not looked at again."""
    part = partial(import_undo.undo_part, form=form, batch=batch)
    is_alone = commands.active.database.is_sqlite  # its writers look for their turn now and then
    while commands.run(part, actor, origin=origin):
        if is_alone:
            time.sleep(OTHERS_TURN)


def _whole(refused: Refused) -> Imported:
    """A refusal of the sheet as one of its row 1, which is never one of records."""
    found = Imported(bad=1)
    reasons = refused.fields or (FieldRefusal("", refused.code, dict(refused.holes)),)
    found.refused = [(1, reason) for reason in reasons]
    return found
