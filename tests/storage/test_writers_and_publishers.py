"""Writers share, a publisher has it alone: nobody writes by a release that is no longer active."""

from __future__ import annotations

import threading

import pytest
from storage_small import a_catalogue, a_form, publish, published_by

from jingwei.refusals import Conflict
from jingwei.storage.apply import apply
from jingwei.storage.database import Database
from jingwei.storage.locks import enter


def test_a_publisher_waits_for_writers_and_later_writers_see_the_new_release(
    database: Database,
) -> None:
    publish(database, a_catalogue(a_form("one")))
    published = threading.Event()
    seen: list[int | None] = []

    def publish_two() -> None:
        apply(database, a_catalogue(a_form("one"), note="2"), published_by())
        published.set()

    def write_late() -> None:
        with database.writing() as connection:
            seen.append(enter(connection))

    with database.writing() as connection:
        assert enter(connection) == 1
        publisher = threading.Thread(target=publish_two)
        publisher.start()
        assert not published.wait(0.3)
        writer = threading.Thread(target=write_late)
        writer.start()
    publisher.join()
    writer.join()
    with database.writing() as connection:
        assert enter(connection) == 2
    assert seen in ([1], [2])


def test_a_publisher_gives_up_after_its_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite's writers wait for each other by the busy timeout")
    publish(database, a_catalogue(a_form("one")))
    monkeypatch.setattr("jingwei.storage.publication.LOCK_TIMEOUT_SECONDS", 1)

    with database.writing() as connection:
        enter(connection)
        with pytest.raises(Conflict) as refused:
            apply(database, a_catalogue(a_form("one"), note="2"), published_by())
    assert refused.value.code == "publish-busy"
    assert apply(database, a_catalogue(a_form("one"), note="2"), published_by()).id == 2


def test_of_two_publishers_at_once_one_wins_and_the_other_is_told(database: Database) -> None:
    publish(database, a_catalogue(a_form("one")))
    results: list[str] = []

    def try_(note: str) -> None:
        try:
            apply(database, a_catalogue(a_form("one"), note=note), published_by(base=1))
            results.append("published")
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results.append(type(error).__name__)

    threads = [threading.Thread(target=try_, args=(note,)) for note in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["Conflict", "published"]
