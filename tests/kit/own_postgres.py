"""PostgreSQL databases of a test's own: cloned from one that has the engine's tables already, or
emptied after another test."""

from __future__ import annotations

import atexit
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from outside import require_service
from psycopg import conninfo

from jingwei.storage import upgrade as upgrading
from jingwei.storage.database import Database

ADMIN = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")
STORAGE = Path(upgrading.__file__).parent
TEMPLATE_LOCK = 7_261_946_133


def url_of(name: str) -> str:
    return f"postgresql+psycopg://127.0.0.1:5432/{name}"


# Databases that a test gave back and that are as good as new: emptying one takes a tenth of the
# time of making one. They are renamed each time: nobody who still knows one comes back to it.
_emptied: list[str] = []

_EMPTY = """
DO $$
DECLARE one record; filled boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
             WHERE nspname = 'public' AND relkind IN ('r', 'v') AND relname NOT LIKE 'sys\\_%' LOOP
    EXECUTE format('DROP %s %I CASCADE', CASE one.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                   one.relname);
  END LOOP;
  FOR one IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
             WHERE nspname = 'public' AND relkind = 'r' AND relname <> 'sys_schema' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', one.relname) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %I', one.relname); END IF;
  END LOOP;
  FOR one IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
             WHERE nspname = 'public' AND relkind = 'S' LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', one.relname);
  END LOOP;
END $$
"""
# what a test might have changed of the engine's tables: one that did is not used again
_SHAPE = """
SELECT md5(string_agg(what, ',' ORDER BY what)) FROM (
  SELECT format('%s.%s %s %s', relname, attname, atttypid, attnotnull) AS what
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid
  WHERE nspname = 'public' AND attnum > 0
  UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
            WHERE nspname = 'public'
  UNION ALL SELECT version_num FROM sys_schema
) AS shape
"""
MOST_KEPT = 3


@contextmanager
def own_postgres(*, empty: bool = False) -> Iterator[str]:
    """The address of a database of the caller's own; with the engine's tables unless `empty`."""
    try:
        admin = psycopg.connect(ADMIN, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        require_service(False, "PostgreSQL")
        raise AssertionError("unreachable") from None
    name = f"jw_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with admin:
        if empty or not _emptied:
            _make(admin, name, "template1" if empty else _template(admin))
        else:
            admin.execute(f'ALTER DATABASE "{_emptied.pop()}" RENAME TO "{name}"')
        try:
            yield url_of(name)
        finally:
            if empty or len(_emptied) >= MOST_KEPT or not _made_empty(admin, name):
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _make(admin: psycopg.Connection[tuple[object, ...]], name: str, source: str) -> None:
    admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    # tests do not pull the plug: what the commit waits for on the disk is not theirs to pay
    admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')


def _made_empty(admin: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    """Whether the database is as good as new, under another name."""
    kept = f"jw_kept_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    try:
        with _alone(admin, name) as own:
            own.execute(_EMPTY)
            if own.execute(_SHAPE).fetchone() != (_shape(_template(admin)),):
                return False
        admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{kept}"')
    except psycopg.Error:
        return False  # somebody holds on to it: it is dropped by force
    if not _emptied:
        atexit.register(_drop_kept)
    _emptied.append(kept)
    return True


@contextmanager
def _alone(
    admin: psycopg.Connection[tuple[object, ...]], name: str
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection to a database from which everybody else was sent away."""
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
    )
    own = psycopg.connect(conninfo.make_conninfo(ADMIN, dbname=name), autocommit=True)
    try:
        yield own
    finally:
        own.close()


@cache
def _shape(template: str) -> object:
    with psycopg.connect(conninfo.make_conninfo(ADMIN, dbname=template)) as own:
        found = own.execute(_SHAPE).fetchone()
    assert found is not None
    return found[0]


def _drop_kept() -> None:
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        while _emptied:
            admin.execute(f'DROP DATABASE IF EXISTS "{_emptied.pop()}" WITH (FORCE)')


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
