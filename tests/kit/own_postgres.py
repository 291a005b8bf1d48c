"""PostgreSQL databases of a test's own: cloned from one that has the engine's tables already."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from outside import require_service

from jingwei.storage import upgrade as upgrading
from jingwei.storage.database import Database

ADMIN = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")
STORAGE = Path(upgrading.__file__).parent
TEMPLATE_LOCK = 7_261_946_133


def url_of(name: str) -> str:
    return f"postgresql+psycopg://127.0.0.1:5432/{name}"


@contextmanager
def own_postgres(*, empty: bool = False) -> Iterator[str]:
    """The address of a database, dropped afterwards; with the engine's tables unless `empty`."""
    try:
        admin = psycopg.connect(ADMIN, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        require_service(False, "PostgreSQL")
        raise AssertionError("unreachable") from None
    name = f"jw_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with admin:
        source = "template1" if empty else _template(admin)
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        # tests do not pull the plug: what the commit waits for on the disk is not theirs to pay
        admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
        try:
            yield url_of(name)
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _template(admin: psycopg.Connection[tuple[object, ...]]) -> str:
    """The database to clone, made by whoever needs it first and kept: its name tells the tables."""
    written = hashlib.sha256()
    for path in sorted((*STORAGE.glob("*.py"), *STORAGE.glob("revisions/versions/*.py"))):
        written.update(path.read_bytes())
    name = f"jw_template_{written.hexdigest()[:12]}"
    admin.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
    try:
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            making = f"{name}_{os.getpid()}"
            admin.execute(f'CREATE DATABASE "{making}"')
            database = Database(url_of(making))
            upgrading.upgrade(database)
            database.close()
            admin.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    finally:
        admin.execute("SELECT pg_advisory_unlock(%s)", [TEMPLATE_LOCK])
    return name
