"""A PostgreSQL database of one's own, for fixtures that live longer than a test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from outside import require_service

ADMIN = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")


@contextmanager
def own_postgres() -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    try:
        admin = psycopg.connect(ADMIN, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        require_service(False, "PostgreSQL")
        raise AssertionError("unreachable") from None
    name = f"jw_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        # tests do not pull the plug: what the commit waits for on the disk is not theirs to pay
        admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
        try:
            yield f"postgresql+psycopg://127.0.0.1:5432/{name}"
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
