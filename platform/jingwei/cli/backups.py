"""`backup` and `restore`: an installation in one file, and back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from jingwei.cli import FINE, Context, words_of
from jingwei.cli.commands import command
from jingwei.cli.database import open_database
from jingwei.services import backups
from jingwei.services.clock import SystemClock
from jingwei.storage.database import Database

words = words_of("cli_database")


@command(help=words("backup_help"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(context: Context, file: Path) -> int:
    """Database, files and releases as they are at one moment."""
    settings = context.settings
    clock = SystemClock(settings.timezone, settings.clock_file)
    with open_database(context) as database:
        found = backups.take(database, settings.data_dir, file, clock.now())
    context.give(
        found.to_json(),
        context.text("cli_database.backup_done", path=file, rows=found.rows, files=found.files),
    )
    return FINE


@command(help=words("restore_help"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(context: Context, file: Path) -> int:
    """An empty installation filled with a backup."""
    settings = context.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    clock = SystemClock(settings.timezone, settings.clock_file)
    database = Database(settings.database_url)
    try:
        found = backups.bring_back(database, settings.data_dir, file)
    finally:
        database.close()
    context.give(
        found.to_json(),
        context.text(
            "cli_database.restore_done",
            at=f"{datetime.fromisoformat(found.at).astimezone(clock.zone):%Y-%m-%d %H:%M}",
            rows=found.rows,
            files=found.files,
            release=found.release or "–",
        ),
    )
    return FINE
