"""Sheets that are too long to be waited for, imported or taken back."""

from __future__ import annotations

from jingwei.gateways.sheets import SheetFile
from jingwei.services import files, import_jobs
from jingwei.services.people import Person, may_sign_in
from jingwei.services.platform import Platform
from jingwei.storage import imports as rows
from jingwei.storage.imports import Batch
from jingwei.storage.outbox import Message
from jingwei.storage.people import find_person


def run_import(platform: Platform, message: Message) -> None:
    """Import as the person who asked."""
    asked = _asked(platform, message, "running")
    if asked is None:
        return
    batch, actor = asked
    path = files.path_of(platform.settings.data_dir, batch.sha256)
    sheet = SheetFile(path, batch.name, platform.database.keys.open_file)
    import_jobs.run(platform.commands, actor, str(message.payload["form"]), sheet, batch)


def undo_import(platform: Platform, message: Message) -> None:
    """Take an import back as the person who asked."""
    asked = _asked(platform, message, "undoing")
    if asked is None:
        return
    batch, actor = asked
    said = message.payload
    import_jobs.run_undo(platform.commands, actor, str(said["form"]), batch.id, said.get("origin"))


def _asked(platform: Platform, message: Message, state: str) -> tuple[Batch, Person] | None:
    """The import and who asked; none where it is over. Who may not sign in any more brings nothing
    into the house; what he had begun to take back is taken back."""
    today = platform.clock.today()
    with platform.database.reading() as connection:
        batch = rows.find_batch(connection, int(message.payload["batch"]))
        row = find_person(connection, str(message.payload["person"]))
        if batch is None or batch.state != state or row is None:
            return None
        if state == "running" and not may_sign_in(row, today):
            return None
        return batch, platform.commands.people.person(connection, row, today)
