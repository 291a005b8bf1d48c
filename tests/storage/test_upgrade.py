"""Engine tables: revisions in one line, brought up to date once, and never backwards."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from own_postgres import own_postgres

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.people import colleagues, people_called, search_people
from jingwei.storage.tables_people import sys_person
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


def test_a_name_of_before_is_found_by_every_reading(database_url: str) -> None:
    database = Database(database_url)
    try:
        upgrade(database)
        with database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO sys_name (key, kind, name) VALUES (901, 'org', 'HQ')"
            )
            person = {"id": 1, "login": "one", "name": "重庆", "org": 901, "active": True}
            late = {"initials": "zq", "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
            connection.execute(sa.insert(sys_person), [{**person, **late, "rights_epoch": 0}])
            connection.exec_driver_sql("UPDATE sys_schema SET version_num = '0011'")
        assert upgrade(database)
        with database.reading() as connection:
            for wanted in ("cq", "zq"):
                assert [p.login for p in search_people(connection, wanted, limit=9)] == ["one"]
                assert people_called(connection, wanted, limit=9) == ["one"]
    finally:
        database.close()


def test_people_of_before_are_found_by_their_initials_too(database_url: str) -> None:
    """As any word of a name or login finds them; a sign of a pattern is what it is."""
    database = Database(database_url)
    try:
        upgrade(database)
        people = [(1, "li.na", "李娜"), (2, "wang_wu", "王五"), (3, "wangxwu", "王小五")]
        with database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO sys_name (key, kind, name) VALUES (901, 'org', 'HQ')"
            )
            connection.execute(
                sa.insert(sys_person),
                [
                    {"id": i, "login": login, "name": name, "org": 901, "active": True,
                     "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
                    for i, login, name in people
                ],
            )  # fmt: skip
            connection.exec_driver_sql("ALTER TABLE sys_person DROP COLUMN initials")
            connection.exec_driver_sql("UPDATE sys_schema SET version_num = '0008'")
        assert upgrade(database)
        with database.reading() as connection:

            def found(wanted: str, **keys: Any) -> list[str]:
                return [p.login for p in search_people(connection, wanted, limit=9, **keys)]

            assert found("ln") == ["li.na"]
            assert found("王") == ["wang_wu", "wangxwu"]
            assert found("G_W") == ["wang_wu"]
            assert found("", after="li.na") == ["wang_wu", "wangxwu"]
            asked = {"org": "HQ", "on": date(2026, 3, 1), "limit": 2, "but": {"wang_wu"}}
            assert [p.login for p in colleagues(connection, "w", **asked)] == ["wangxwu"]
    finally:
        database.close()
