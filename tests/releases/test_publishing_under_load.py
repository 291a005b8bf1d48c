"""Publishing beside people who read and write, and on a disk that is full."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from backends import on_sqlite
from killed_apply import publish
from services_house import FILES, House
from sqlalchemy import inspect
from test_killed_publications import changed, completed, filled, releases, run, stopped

from jingwei.refusals import Conflict, NoSpace
from jingwei.storage import publication

CONTRACT = "forms/contract.yaml"
# readers of SQLite see a snapshot and hold nobody up
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@on_postgresql
def test_a_long_read_makes_the_publication_wait_and_not_the_readers(house: House) -> None:
    filled(house, 3)
    changed(house)
    done: list[int] = []
    publisher = threading.Thread(target=lambda: done.append(run(house, inline=1_000)))

    with house.database.engine.connect() as reader:
        transaction = reader.begin()
        reader.exec_driver_sql("SELECT count(*) FROM f_contract")
        publisher.start()
        for n in (71, 72, 73):  # whoever comes after the publication reads and writes meanwhile
            house.create("li.na", "contract", name=f"n{n}", amount=3, secret=f"{n}.5")
            assert house.list("li.na", "contract").items
        assert releases(house) == [1]
        transaction.rollback()
    publisher.join()
    assert done == [2]
    completed(house)


@pytest.mark.long
@on_postgresql
def test_a_publication_that_never_gets_the_table_says_so_and_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(house, 3)
    changed(house)
    monkeypatch.setattr(publication, "LOCK_TIMEOUT_SECONDS", 1)

    with house.database.engine.connect() as reader:
        transaction = reader.begin()
        reader.exec_driver_sql("SELECT count(*) FROM f_contract")
        with pytest.raises(Conflict) as refused:
            run(house, inline=1_000)
        transaction.rollback()
    assert refused.value.code == "publish-busy"
    assert "Nothing has changed. Run it again" in refused.value.message("en")
    assert releases(house) == [1]
    assert run(house, inline=1_000) == 2


@on_postgresql
def test_an_index_whose_building_the_database_ends_is_built_again(house: House) -> None:
    filled(house)
    changed(house)
    stopped(house, "index.begin", inline=0)
    done: list[int] = []
    publisher = threading.Thread(target=lambda: done.append(run(house)))
    engine = house.database.engine.execution_options(isolation_level="REPEATABLE READ")

    with engine.connect() as reader:
        transaction = reader.begin()
        reader.exec_driver_sql("SELECT count(*) FROM f_contract")  # whose snapshot is waited for
        publisher.start()
        while not (found := _building(house)):
            assert publisher.is_alive()
        with house.database.reading() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(%s)", (found,))
        transaction.rollback()
    publisher.join()
    assert done == [2]
    completed(house)


def _building(house: House) -> int | None:
    """The backend that is building an index."""
    with house.database.reading() as connection:
        found: int | None = connection.exec_driver_sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND query LIKE 'CREATE INDEX CONCURRENTLY%%' AND wait_event_type = 'Lock'"
        ).scalar()
    return found


@on_sqlite
@pytest.mark.parametrize("inline", [0])
def test_a_full_disk_changes_nothing_and_says_what_to_do(house: House, inline: int) -> None:
    filled(house, 40)
    changed(house)
    pages = _pages(house)

    with pytest.raises(NoSpace) as refused:
        _publish_within(house, pages + 2, inline)
    assert refused.value.message("en") == (
        "There is no space left on the disk of the database. Nothing has changed. "
        "Free some space and run it again."
    )
    assert releases(house) == [1]
    assert house.list("li.na", "contract").items
    assert run(house, inline=inline) == 2
    completed(house)


def _pages(house: House) -> int:
    with house.database.reading() as connection:
        found: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return found


def _publish_within(house: House, pages: int, inline: int) -> int:
    """Publish where the database may grow to so many pages and no more."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def limit(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    event.listen(Engine, "connect", limit)
    try:
        return run(house, inline=inline)
    finally:
        event.remove(Engine, "connect", limit)


def test_a_value_that_does_not_convert_and_comes_meanwhile_stops_the_publication(
    house: House,
) -> None:
    filled(house, 3)
    changed(house)
    came: list[int] = []

    def tell(path: str, done: int, total: int) -> None:
        if path == "contract.secret" and not came:  # its rows are converted, the lock is not had
            late = house.create("li.na", "contract", name="n7", amount=7, secret="none")
            came.append(late["id"])

    with pytest.raises(Conflict) as refused:
        run(house, tell=tell)
    assert refused.value.message("zh") == (
        f"现有数据不允许发布：contract.secret：期间新增 1 个无法转换的值（#{came[0]}）。"
        "没有任何变更。请按计划中的说明逐项处理，然后重新执行。"
    )
    assert releases(house) == [1]
    house.update("li.na", "contract", came[0], 1, secret="7.5")
    assert run(house) == 2
    completed(house)


def test_two_publications_at_once_make_one_release(house: House) -> None:
    filled(house)
    changed(house)
    ended: list[int | str] = []

    def publish_it() -> None:
        try:
            ended.append(run(house))
        except Conflict as refused:
            ended.append(refused.code)

    both = [threading.Thread(target=publish_it) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert 2 in ended
    assert set(ended) <= {2, "apply-running", "apply-overtaken"}
    assert releases(house) == [2, 1]
    completed(house)


@on_sqlite
def test_a_write_that_meets_a_newer_release_is_run_again_on_it(house: House) -> None:
    """The process still has the old one; what it writes obeys the new one."""
    text = FILES[CONTRACT].replace(
        "  secret:", "  note: {type: text, title: 备注, default: fresh}\n  secret:"
    )
    (house.root / CONTRACT).write_text(text.lstrip("\n"), encoding="utf-8")
    url = house.database.url.render_as_string(hide_password=False)
    assert publish(Path(house.root), url, "", inline=1_000, batch=5) == 2

    assert house.commands.active.current.release.id == 1
    made = house.create("li.na", "contract", name="x", amount=1)
    assert (made["note"], house.commands.active.current.release.id) == ("fresh", 2)


@on_sqlite
def test_removing_a_unique_rule_lets_the_same_value_in_and_a_rollback_asks_for_it_again(
    house: House,
) -> None:
    def indexes() -> set[str | None]:
        return {i["name"] for i in inspect(house.database.engine).get_indexes("f_contract")}

    before = {name for name in indexes() if name and name.startswith("ux_")}
    assert before
    text = FILES[CONTRACT].replace("  one_name: {unique: [org, name], on: save}\n", "")
    house.publish({CONTRACT: text})
    assert not before & indexes()
    first, second = (house.create("li.na", "contract", name="same", amount=1) for _ in range(2))
    assert first["id"] != second["id"]
