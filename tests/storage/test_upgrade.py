"""Engine tables: revisions in one line, brought up to date once, and never backwards."""

from __future__ import annotations

import importlib

import pytest

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.upgrade import known_revisions, schema_revision, upgrade


def test_revisions_follow_one_another_and_are_named_after_their_files() -> None:
    before = None
    for name in known_revisions():
        module = importlib.import_module(f"jingwei.storage.revisions.versions.r{name}")
        assert (module.revision, module.down_revision) == (name, before)
        before = name


def test_a_database_is_upgraded_once(database_url: str) -> None:
    database = Database(database_url)
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
