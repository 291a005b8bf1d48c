"""Writers share, a publisher has it alone: nobody writes by a release that is no longer active."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from storage_small import NOW, a_catalogue, a_form, publish, published_by

from jingwei.refusals import Conflict
from jingwei.services.clock import FixedClock
from jingwei.services.commands import Commands, Work
from jingwei.services.people import SYSTEM
from jingwei.storage.apply import apply
from jingwei.storage.changes import ChangeRow
from jingwei.storage.database import Database
from jingwei.storage.locks import enter
from jingwei.storage.runtime import ActiveInstallation


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


def test_what_is_only_written_down_is_so_once_by_the_release_that_runs(
    database: Database,
) -> None:
    """A command that asks nothing has all it does in its last message, with the commit."""
    catalogues = [a_catalogue(a_form("one"), note=str(number)) for number in range(4)]
    by_note = {c.files["definitions/manifest.yaml"]: c for c in catalogues}
    active = ActiveInstallation(database, lambda files: by_note[files["definitions/manifest.yaml"]])
    commands = Commands(active, FixedClock(NOW))
    other = Database(str(database.url))  # of another process

    def write_down(work: Work) -> None:
        work.log(
            ChangeRow(at=NOW, actor=None, action="export", release=work.installation.release.id)
        )

    for catalogue in catalogues:
        apply(other, catalogue, published_by())
        commands.run(write_down, SYSTEM)
    other.close()

    with database.reading() as connection:
        kept = connection.execute(
            text("SELECT release FROM sys_change WHERE action = 'export' ORDER BY id")
        )
        assert kept.scalars().all() == [1, 2, 3, 4]


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
