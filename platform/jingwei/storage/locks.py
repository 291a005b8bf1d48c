"""Who may publish while others write: writers share, a publisher has it alone."""

from __future__ import annotations

from sqlalchemy import Connection, text

from jingwei.storage.database import Database
from jingwei.storage.direct import begin_with

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
    found: int | None = begin_with(connection, _ENTER)[0][0]
    return found


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
