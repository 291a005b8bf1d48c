"""Engine tables brought to this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.locks import SCHEMA_LOCK, lock_exclusively


def upgrade(database: Database) -> bool:
    """Bring the engine's tables to this version; False when they were already.

    Raises Conflict `schema-newer` for a database that a newer engine has upgraded.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with database.writing() as connection:
        lock_exclusively(connection, SCHEMA_LOCK)
        current = schema_revision(connection)
        if current == script.get_current_head():
            return False
        known = {revision.revision for revision in script.walk_revisions()}
        if current is not None and current not in known:
            raise Conflict("schema-newer", found=current, ours=script.get_current_head())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def schema_revision(connection: Connection) -> str | None:
    """The revision of the engine's tables, or None for an empty database."""
    context = MigrationContext.configure(connection, opts={"version_table": "sys_schema"})
    return context.get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "revisions"))
    config.set_main_option("path_separator", "os")
    return config
