"""Sheets that are too long to be waited for."""

from __future__ import annotations

from jingwei.gateways.sheets import SheetFile
from jingwei.services import files, import_jobs
from jingwei.services.people import may_sign_in
from jingwei.services.platform import Platform
from jingwei.storage import imports as rows
from jingwei.storage.outbox import Message
from jingwei.storage.people import find_person


def run_import(platform: Platform, message: Message) -> None:
    """Import as the person who asked; who may not sign in any more imports nothing."""
    today = platform.clock.today()
    with platform.database.reading() as connection:
        batch = rows.find_batch(connection, int(message.payload["batch"]))
        row = find_person(connection, str(message.payload["person"]))
        if batch is None or batch.state != "running" or row is None:
            return
        if not may_sign_in(row, today):
            return
        actor = platform.commands.people.person(connection, row, today)
    path = files.path_of(platform.settings.data_dir, batch.sha256)
    sheet = SheetFile(path, batch.name, platform.database.keys.open_file)
    import_jobs.run(platform.commands, actor, str(message.payload["form"]), sheet, batch)
