"""Who may publish while others write: writers share, a publisher has it alone."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from jingwei.storage.database import Database
from jingwei.storage.direct import begin, begin_with, fetch

PUBLISH_LOCK = 0x6A77_0001
SCHEMA_LOCK = 0x6A77_0002
SEAL_LOCK = 0x6A77_0003
APPLY_LOCK = 0x6A77_0004  # of a session: one long publication at a time

_ENTER = f"SELECT sys_enter({PUBLISH_LOCK})"
_ACTIVE = "SELECT release FROM sys_active_release"


def enter(connection: Connection) -> int | None:
    """Share the publish lock until this transaction ends; the id of the active release.

    One statement. On SQLite the write lock, held since BEGIN IMMEDIATE, does it.
    """
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(_ACTIVE).scalar()
    found: int | None = fetch(connection, _ENTER, ())[0][0]
    return found


def enter_with(connection: Connection, heard: Callable[[int | None], None]) -> None:
    """The same without a message of its own: `heard` is told the release before any other statement
    of this transaction gives anything, and may raise `Untouched`."""
    if connection.dialect.name == "sqlite":
        heard(enter(connection))
    else:
        begin_with(connection, _ENTER, lambda rows: heard(rows[0][0]))


def entered(connection: Connection) -> None:
    """Have whoever waits for the release hear of it, though nothing was asked yet."""
    if connection.dialect.name != "sqlite" and not connection.invalidated:
        begin(connection)


def lock_exclusively(connection: Connection, lock: int, *, timeout_seconds: int = 10) -> None:
    """Wait for every holder to end, and keep others out until this transaction ends.

    Raises TryAgain (through `Database.writing`) when the time is over.
    """
    if connection.dialect.name == "sqlite":
        return
    connection.execute(text(f"SET LOCAL lock_timeout = '{timeout_seconds}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def active_release_id(database: Database) -> int | None:
    """What runs now, read without any lock."""
    with database.reading() as connection:
        return connection.exec_driver_sql(_ACTIVE).scalar()
