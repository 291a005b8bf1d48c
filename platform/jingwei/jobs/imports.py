"""Sheets that are too long to be waited for."""

from __future__ import annotations

from jingwei.gateways.sheets import SheetFile
from jingwei.services import files, import_jobs
from jingwei.services.platform import Platform
from jingwei.storage import imports as rows
from jingwei.storage.outbox import Message


def run_import(platform: Platform, message: Message) -> None:
    """Import as the person who asked; who is not there any more imports nothing."""
    with platform.database.reading() as connection:
        batch = rows.find_batch(connection, int(message.payload["batch"]))
        actor = platform.commands.people.find(
            connection, str(message.payload["person"]), platform.clock.today()
        )
    if batch is None or batch.state != "running" or actor is None:
        return
    path = files.path_of(platform.settings.data_dir, batch.sha256)
    sheet = SheetFile(path, batch.name)
    import_jobs.run(platform.commands, actor, str(message.payload["form"]), sheet, batch)
