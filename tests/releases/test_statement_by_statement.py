"""A publication that is stopped before any of its statements changed nothing that anybody sees."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from killed_apply import publish
from own_postgres import ADMIN, url_of
from services_house import House
from sqlalchemy import event
from sqlalchemy.engine import Engine
from test_killed_publications import changed, filled

from jingwei.storage.database import Database
from jingwei.storage.releases import all_releases


class Stopped(Exception):
    """What the connection raises in the place of a statement."""


@contextmanager
def stopping_at(number: int) -> Iterator[list[str]]:
    """Statements are counted, and the one of this number is not run; gives those that were."""
    passed: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        passed.append(statement)
        if len(passed) == number:
            raise Stopped(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield passed
    finally:
        event.remove(Engine, "before_cursor_execute", count)


@contextmanager
def copied(url: str) -> Iterator[str]:
    """A copy of a database nobody is connected to."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        copy = path.with_name("copy.db")
        for left in copy.parent.glob("copy.db*"):
            left.unlink()
        shutil.copy(path, copy)
        yield f"sqlite:///{copy}"
        return
    name = url.rpartition("/")[2]
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"')
        try:
            yield url_of(f"{name}_copy")
        finally:
            admin.execute(f'DROP DATABASE "{name}_copy" WITH (FORCE)')


def releases(url: str) -> tuple[list[int], bool]:
    """The numbers of the releases, and whether the definitions are what runs, nothing left over."""
    database = Database(url)
    with database.reading() as connection:
        found = [release.id for release in all_releases(connection)]
        left = connection.exec_driver_sql(
            "SELECT count(*) FROM sys_column WHERE state = 'prepared'"
        ).scalar_one()
    database.close()
    return found, left == 0


@pytest.mark.long
@pytest.mark.parametrize("inline", [0, 1_000])
def test_stopped_before_any_statement_it_changed_nothing_and_running_again_completes(
    house: House, inline: int
) -> None:
    filled(house, 6)
    changed(house)
    url = house.database.url.render_as_string(hide_password=False)
    house.database.close()

    def run(copy: str) -> int:
        return publish(house.root, copy, "", inline=inline, batch=5)

    number = 0
    while True:
        number += 1
        with copied(url) as copy:
            if not _stopped(copy, number, run):
                break
    assert number > 60  # a publication has that many statements, at least


def _stopped(copy: str, number: int, run: Callable[[str], int]) -> bool:
    """Whether there was such a statement. Stopped there, the old release runs; again, the new."""
    with stopping_at(number) as passed, suppress(Stopped):
        assert run(copy) == 2
    if len(passed) < number:
        return False
    before, _ = releases(copy)
    assert before in ([1], [2, 1]), passed[-1]
    assert run(copy) == 2, passed[-1]
    assert releases(copy) == ([2, 1], True), passed[-1]
    return True
