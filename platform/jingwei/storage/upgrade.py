"""Engine tables brought to this version."""

from __future__ import annotations

import sqlite3
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
    if current is not None:
        _keep_copy(database, known[-1])
    upgrade_to(database, known[-1])
    return True


def upgrade_to(database: Database, revision: str) -> None:
    """Bring the engine's tables to one revision, unless they are there or beyond already."""
    with database.writing() as connection:
        lock_exclusively(connection, SCHEMA_LOCK)
        current = schema_revision(connection)
        if current is None or current < revision:
            _run(connection, revision)


def _keep_copy(database: Database, revision: str) -> None:
    """SQLite: the file as it was, beside it, under the revision that comes; PostgreSQL is copied by
    whoever looks after it."""
    path = database.url.database
    if not database.is_sqlite or path in (None, "", ":memory:"):
        return
    copy = Path(f"{path}.before-{revision}")
    if copy.exists():
        return
    coming = copy.with_name(copy.name + ".coming")
    coming.unlink(missing_ok=True)
    with sqlite3.connect(path) as source, sqlite3.connect(coming) as target:
        source.backup(target)
    target.close()
    source.close()
    coming.replace(copy)


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


def _run(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config: Any = Config()
    config.set_main_option("script_location", str(REVISIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
