"""SQLite databases of a test's own: copied from one that has the engine's tables already."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from jingwei.storage.database import Database
from jingwei.storage.upgrade import upgrade


@cache
def _engine_tables() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="jingwei-"))
    atexit.register(shutil.rmtree, folder, True)
    path = folder / "engine.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


def own_sqlite(path: Path) -> str:
    """The address of a new database at this path."""
    shutil.copyfile(_engine_tables(), path)
    return f"sqlite:///{path}"
