"""Engine tables brought to this version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.locks import SCHEMA_LOCK, lock_exclusively

REVISIONS = Path(__file__).parent / "revisions"


def upgrade(database: Database) -> bool:
    """Bring the engine's tables to this version; False when they were already.

    Raises Conflict `schema-newer` for a database that a newer engine has upgraded.
    """
    known = known_revisions()
    # Nearly always there is nothing to do: a start waits for no lock and loads no Alembic then.
    with database.reading() as connection:
        if schema_revision(connection) == known[-1]:
            return False
    with database.writing() as connection:
        lock_exclusively(connection, SCHEMA_LOCK)
        current = schema_revision(connection)
        if current == known[-1]:
            return False
        if current is not None and current not in known:
            raise Conflict("schema-newer", found=current, ours=known[-1])
        _run(connection)
    return True


def known_revisions() -> list[str]:
    """Every revision of this engine, oldest first: one file each, named after it."""
    found = (REVISIONS / "versions").glob("r[0-9][0-9][0-9][0-9].py")
    return sorted(file.stem.removeprefix("r") for file in found)


def schema_revision(connection: Connection) -> str | None:
    """The revision of the engine's tables, or None for an empty database."""
    if not inspect(connection).has_table("sys_schema"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM sys_schema").scalar()
    return found


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config: Any = Config()
    config.set_main_option("script_location", str(REVISIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
