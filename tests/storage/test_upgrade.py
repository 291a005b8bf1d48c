"""Engine tables: revisions in one line, brought up to date once, and never backwards."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_postgres import own_postgres

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.upgrade import known_revisions, schema_revision, upgrade


def test_revisions_follow_one_another_and_are_named_after_their_files() -> None:
    before = None
    for name in known_revisions():
        module = importlib.import_module(f"jingwei.storage.revisions.versions.r{name}")
        assert (module.revision, module.down_revision) == (name, before)
        before = name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it, not even the engine's tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    with own_postgres(empty=True) as url:
        yield url


def test_a_database_is_upgraded_once(empty_url: str) -> None:
    database = Database(empty_url)
    try:
        assert upgrade(database)
        assert not upgrade(database)
        with database.reading() as connection:
            assert schema_revision(connection) == known_revisions()[-1]
    finally:
        database.close()


def test_a_database_of_a_newer_engine_is_refused(database_url: str) -> None:
    database = Database(database_url)
    try:
        upgrade(database)
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE sys_schema SET version_num = '9999'")
        with pytest.raises(Conflict) as refused:
            upgrade(database)
        assert refused.value.code == "schema-newer"
    finally:
        database.close()
