"""Statements that go to PostgreSQL without the driver's cursor, and what is left when they fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from flask import request
from own_postgres import own_postgres
from sqlalchemy.exc import DBAPIError

from jingwei.api.again import Application
from jingwei.storage import database as databases
from jingwei.storage import line as lines
from jingwei.storage.database import Database
from jingwei.storage.direct import begin, begin_with, changed, fetch, fetch_all, insert_all, later
from jingwei.storage.errors import Duplicate, TryAgain, Untouched

INSERT = "INSERT INTO things (id, words) VALUES (%s, %s)"
COPY = "COPY things (id, words) FROM STDIN"
WORDS = "SELECT words FROM things WHERE id = %s"


@pytest.fixture(scope="module")
def shared() -> Iterator[Database]:
    with own_postgres() as url:
        found = Database(url)
        yield found
        found.close()


@pytest.fixture
def database(shared: Database) -> Iterator[Database]:
    """With a table of things, and no connection open."""
    with shared.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE things (id bigint PRIMARY KEY, words text)")
    shared.engine.dispose()
    yield shared
    with shared.writing() as connection:
        connection.exec_driver_sql("DROP TABLE things")


def words_of(database: Database, id_: int) -> Any:
    with database.reading() as connection:
        found = fetch(connection, WORDS, (id_,))
    return found[0][0] if found else None


def idle(database: Database) -> list[str]:
    """What the connections of this database are at, but the one that asks."""
    with database.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
        return [row[0] for row in rows]


def test_values_come_back_as_they_were_given(database: Database) -> None:
    given: list[Any] = [
        7, None, True, "纸 %s '\\", Decimal("1.50"), date(2026, 3, 1), [3, 4],
        datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    ]  # fmt: skip
    types = ("bigint", "text", "boolean", "text", "numeric", "date", "bigint[]", "timestamptz")
    text = f"SELECT {', '.join(f'%s::{type_}' for type_ in types)}, 7 %% 4"
    with database.reading() as connection:
        assert list(fetch(connection, text, given)[0]) == [*given, 3]
        by_cursor = connection.exec_driver_sql(text, tuple(given)).one()
    assert list(by_cursor) == [*given, 3]


def test_a_long_text_is_written_whole(database: Database) -> None:
    long = "长" * 1_000_000
    with database.writing() as connection:
        assert changed(connection, INSERT, (1, long)) == 1
    assert words_of(database, 1) == long


def test_an_error_in_the_middle_undoes_all_and_leaves_a_clean_connection(
    database: Database,
) -> None:
    with pytest.raises(DBAPIError, match="division by zero"), database.writing() as connection:
        begin_with(connection, "SELECT 1", lambda rows: None)
        fetch(connection, INSERT, (1, "a"))
        changed(connection, "UPDATE things SET words = (1 / %s)::text", (0,))
    assert words_of(database, 1) is None
    with database.writing() as connection:  # the same one, from the pool
        assert fetch(connection, "SELECT count(*) FROM things", ()) == [(0,)]
        fetch(connection, INSERT, (1, "b"))
    assert words_of(database, 1) == "b"
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert set(idle(database)) <= {"idle"}


def test_a_key_that_is_taken_is_told_by_its_name(database: Database) -> None:
    with database.writing() as connection:
        fetch(connection, INSERT, (1, "a"))
    with pytest.raises(Duplicate) as refused, database.writing() as connection:
        fetch(connection, INSERT, (2, "b"))
        fetch(connection, INSERT, (1, "c"))
    assert refused.value.constraint == "things_pkey"
    assert (words_of(database, 1), words_of(database, 2)) == ("a", None)


def test_what_is_put_off_is_done_before_what_is_asked_next_and_before_the_end(
    database: Database,
) -> None:
    with database.writing() as connection:
        later(connection, INSERT, (1, "a"))
        later(connection, "UPDATE things SET words = words || %s WHERE id = 1", ("b",))
        assert fetch(connection, WORDS, (1,)) == [("ab",)]
        later(connection, INSERT, (2, "c"))
        assert connection.exec_driver_sql("SELECT count(*) FROM things").scalar() == 2
        later(connection, INSERT, (3, "d"))
    assert [words_of(database, n) for n in (1, 2, 3)] == ["ab", "c", "d"]
    with pytest.raises(ValueError, match="no"), database.writing() as connection:
        later(connection, INSERT, (4, "e"))
        raise ValueError("no")
    with database.writing() as connection:
        later(connection, INSERT, (5, "f"))
    assert [words_of(database, n) for n in (4, 5)] == [None, "f"]


def test_what_was_put_off_and_is_wrong_undoes_all(database: Database) -> None:
    with database.writing() as connection:
        later(connection, INSERT, (1, "a"))
    with pytest.raises(Duplicate, match="things_pkey"), database.writing() as connection:
        fetch(connection, INSERT, (2, "b"))
        later(connection, INSERT, (1, "c"))
        later(connection, INSERT, (3, "d"))
    with pytest.raises(Duplicate, match="things_pkey"), database.writing() as connection:
        later(connection, INSERT, (1, "c"))
        fetch(connection, INSERT, (4, "e"))
    assert [words_of(database, n) for n in (1, 2, 3, 4)] == ["a", None, None, None]
    assert set(idle(database)) <= {"idle"}


def test_what_a_transaction_begins_with_is_heard_before_anything_else(database: Database) -> None:
    heard: list[Any] = []

    def hear(rows: Any) -> None:
        heard.append(rows)
        if len(heard) > 1:
            raise Untouched("another release")

    several: list[tuple[str, Any]] = [(INSERT, (1, "a")), (WORDS, (1,)), ("SELECT %s::int", (3,))]
    with database.writing() as connection:
        begin_with(connection, "SELECT 7", hear)
        assert heard == []
        assert fetch_all(connection, several) == [[], [("a",)], [(3,)]]
        assert heard == [[(7,)]]
    for wrong in (INSERT, "INSERT INTO things_of_old (id, words) VALUES (%s, %s)"):
        with pytest.raises(Untouched), database.writing() as connection:
            begin_with(connection, "SELECT 7", hear)
            fetch(connection, wrong, (1, "b"))
    with pytest.raises(Untouched), database.writing() as connection:
        begin_with(connection, "SELECT 7", hear)
        connection.exec_driver_sql("SELECT words FROM things")
    with pytest.raises(Untouched), database.writing() as connection:
        begin_with(connection, "SELECT 7", hear)
        later(connection, INSERT, (2, "b"))
        begin(connection)
    assert len(heard) == 5
    assert [words_of(database, n) for n in (1, 2)] == ["a", None]


def test_a_transaction_that_is_not_to_be_is_not_committed_with_what_it_begins_with(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BEGIN, a release that has moved, what was put off and COMMIT used to go in one message: what
    was kept was done again by the new release."""
    sent: list[int] = []
    send = lines.Line._sent

    def counted(line: lines.Line, messages: Any) -> Any:
        sent.append(len(messages))
        return send(line, messages)

    monkeypatch.setattr(lines.Line, "_sent", counted)

    def moved(_: Any) -> None:
        raise Untouched("another release")

    def put_off(id_: int, hear: Any) -> None:
        with database.writing() as connection:
            begin_with(connection, "SELECT 7", hear)
            later(connection, INSERT, (id_, "a"))

    put_off(1, lambda rows: None)
    with pytest.raises(Untouched):
        put_off(2, moved)  # everything is prepared by now
    assert sent == [2, 2, 2]
    assert words_of(database, 2) is None
    put_off(2, lambda rows: None)
    assert words_of(database, 2) == "a"
    assert set(idle(database)) <= {"idle"}

    sent.clear()
    with database.writing() as connection:  # who asks something has two messages, as ever
        begin_with(connection, "SELECT 7", lambda rows: None)
        fetch(connection, WORDS, (1,))
        later(connection, INSERT, (3, "a"))
    assert sent == [3, 2]


def test_a_commit_behind_a_statement_that_failed_is_no_success(database: Database) -> None:
    for write in (fetch, later):
        with (
            pytest.raises(DBAPIError, match="before this commit|is aborted"),
            database.writing() as connection,
        ):
            fetch(connection, INSERT, (1, "a"))
            with suppress(DBAPIError):
                fetch(connection, "SELECT 1 / %s::int", (0,))
            if write is later:
                later(connection, INSERT, (2, "a"))
    with (
        pytest.raises(DBAPIError, match="before this commit"),
        database.writing() as connection,
        suppress(DBAPIError),
    ):
        connection.exec_driver_sql("SELECT 1 / 0")
    assert [words_of(database, n) for n in (1, 2)] == [None, None]
    with database.writing() as connection:
        fetch(connection, INSERT, (1, "a"))
    assert words_of(database, 1) == "a"


def test_a_refusal_keeps_what_was_prepared(database: Database) -> None:
    with database.reading() as connection:  # which leaves the connection as it found it
        connection.exec_driver_sql("SELECT 1")
    for words in ("a", "b"):
        with pytest.raises(ValueError, match="no"), database.writing() as connection:
            fetch(connection, INSERT, (1, words))
            driver: Any = connection.connection.driver_connection
            raise ValueError("no")
    assert driver._made == 1
    assert words_of(database, 1) is None


def test_what_the_driver_throws_away_is_prepared_again(database: Database) -> None:
    for number in range(8):  # the driver prepares what comes often
        with database.writing() as connection:
            fetch(connection, INSERT, (number, "a"))
            connection.exec_driver_sql("SELECT words FROM things WHERE id = %s", (number,))
    with pytest.raises(ValueError, match="no"), database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE more (id int)")
        raise ValueError("no")
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE things ADD COLUMN more text")
        fetch(connection, INSERT, (100, "a"))
    assert words_of(database, 100) == "a"


def test_a_statement_that_somebody_dropped_is_tried_again(database: Database) -> None:
    with database.writing() as connection:
        fetch(connection, INSERT, (1, "a"))
    with pytest.raises(TryAgain), database.writing() as connection:
        connection.connection.driver_connection.pgconn.exec_(b"DISCARD ALL")  # type: ignore[union-attr]
        fetch(connection, INSERT, (2, "a"))
    with database.writing() as connection:
        fetch(connection, INSERT, (2, "a"))
    assert words_of(database, 2) == "a"


def test_what_was_prepared_before_a_table_changed_is_prepared_again(database: Database) -> None:
    by_cursor = "SELECT words FROM things WHERE id = 1"

    def change(type_: str) -> None:
        with psycopg.connect(str(database.url.set(drivername="postgresql"))) as other:
            other.execute(f"ALTER TABLE things ALTER words TYPE {type_}")

    with database.writing() as connection:
        fetch(connection, INSERT, (1, "a"))
    with database.reading() as connection:
        fetch(connection, WORDS, (1,))
        for _ in range(8):  # the driver prepares what comes often
            connection.exec_driver_sql(by_cursor)
    change("varchar")
    with pytest.raises(DBAPIError, match="result type"), database.reading() as connection:
        connection.exec_driver_sql(by_cursor)
    with database.reading() as connection:
        assert connection.exec_driver_sql(by_cursor).scalar() == "a"
        assert fetch(connection, WORDS, (1,)) == [("a",)]
    change("text")
    with pytest.raises(TryAgain), database.writing() as connection:
        fetch(connection, WORDS, (1,))
        fetch(connection, "SELECT %s::int", (1,))
    assert words_of(database, 1) == "a"


def test_what_was_only_asked_is_asked_again_where_the_connection_went(database: Database) -> None:
    app = Application("again")
    asked: list[str] = []

    def view() -> str:
        asked.append(request.method)
        with database.reading() as connection:
            if len(asked) == 1 or request.method == "POST":
                cut(database, connection)
            return f"{fetch(connection, 'SELECT 7', ())[0][0]}"

    app.add_url_rule("/", view_func=view, methods=["GET", "POST"])
    client = app.test_client()
    assert client.get("/").text == "7"
    assert client.post("/").status_code == 500
    assert asked == ["GET", "GET", "POST"]


def test_a_connection_that_was_cut_while_nobody_used_it_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "IDLE_SECONDS", 0)
    with database.reading() as connection:
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    with psycopg.connect(str(database.url.set(drivername="postgresql"))) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    assert words_of(database, 1) is None


def cut(database: Database, connection: Any) -> None:
    driver = connection.connection.driver_connection
    with database.engine.connect() as other:
        killed = "SELECT pg_terminate_backend(%s, 5000)"
        other.exec_driver_sql(killed, (driver.info.backend_pid,))


def test_a_connection_that_is_gone_is_replaced(database: Database) -> None:
    with pytest.raises(TryAgain), database.writing() as connection:
        fetch(connection, INSERT, (1, "a"))
        cut(database, connection)
        fetch(connection, INSERT, (2, "a"))
    with pytest.raises(DBAPIError) as gone, database.writing() as connection:
        fetch(connection, INSERT, (3, "a"))
        cut(database, connection)  # before its commit
    assert gone.value.connection_invalidated
    with pytest.raises(DBAPIError) as gone, database.writing() as connection:
        fetch(connection, INSERT, (3, "a"))
        later(connection, INSERT, (5, "a"))
        cut(database, connection)  # what was put off goes with the commit: nobody knows of it
    assert gone.value.connection_invalidated
    with database.writing() as connection:
        fetch(connection, INSERT, (4, "a"))
    assert [words_of(database, n) for n in (1, 2, 3, 4, 5)] == [None, None, None, "a", None]


def test_what_was_not_asked_for_longest_is_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_KEPT", 3)
    with database.writing() as connection:
        for number in range(9):
            assert fetch(connection, f"SELECT {number}, %s::int", (1,)) == [(number, 1)]
            assert fetch(connection, "SELECT %s::int", (number,)) == [(number,)]
        kept = connection.exec_driver_sql(
            "SELECT name FROM pg_prepared_statements WHERE name LIKE 'jw%%' ORDER BY prepare_time"
        )
        assert kept.scalars().all() == ["jw_2", "jw_9", "jw_10"]


def test_who_waits_for_a_lock_lets_others_work(database: Database) -> None:
    with database.writing() as connection:
        fetch(connection, INSERT, (1, "a"))
    update = "UPDATE things SET words = words || %s WHERE id = 1"

    def second() -> None:
        with database.writing() as other:
            changed(other, update, ("c",))

    with database.writing() as connection:
        changed(connection, update, ("b",))
        thread = threading.Thread(target=second)
        thread.start()
        waiting = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        while thread.is_alive() and not fetch(connection, waiting, ()):
            thread.join(0.01)
    thread.join()
    assert words_of(database, 1) == "abc"


AWKWARD = [
    None,
    "",
    "\\N",
    "\\.",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "a\\tb",
    "\\",
    "\x1f",
    "纸 %s '\"",
    "x" * 70_000,
]


def test_many_rows_come_back_as_they_were_given(database: Database) -> None:
    with database.writing() as connection:
        insert_all(connection, INSERT, COPY, [range(len(AWKWARD)), AWKWARD])
        assert fetch(connection, "SELECT count(*) FROM things", ())[0][0] == len(AWKWARD)

    assert [words_of(database, id_) for id_ in range(len(AWKWARD))] == AWKWARD


def test_many_values_of_every_kind_come_back_as_they_were_given(database: Database) -> None:
    columns: list[list[Any]] = [
        [1, 2, None], [None] * 3, [True, False, None], [Decimal("1.50"), Decimal("-1E+2"), None],
        [date(2026, 3, 1), None, date(999, 1, 2)], [time(8, 30), None, time(23, 59, 59, 5)],
        [datetime(2026, 3, 1, 8, 30, tzinfo=UTC)] * 3,
        [datetime(2026, 3, 1, 8, 30, 0, 1_000, tzinfo=UTC), None, datetime(1, 1, 1, tzinfo=UTC)],
        [1.5, -2e-300, None], ["same"] * 3,
    ]  # fmt: skip
    kinds = ("bigint", "text", "boolean", "numeric", "date", "time", "timestamptz", "timestamptz",
             "double precision", "text")  # fmt: skip
    names = [f"c{place}" for place in range(len(kinds))]
    with database.writing() as connection:
        made = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
        connection.exec_driver_sql(f"CREATE TEMP TABLE every (n serial, {made}) ON COMMIT DROP")
        insert_all(connection, "", f"COPY every ({', '.join(names)}) FROM STDIN", columns)
        rows = fetch(connection, f"SELECT {', '.join(names)} FROM every ORDER BY n", ())

    assert [list(column) for column in zip(*rows, strict=True)] == columns


def test_what_is_wrong_with_many_rows_undoes_the_transaction(database: Database) -> None:
    with pytest.raises(Duplicate), database.writing() as connection:
        fetch(connection, INSERT, (5, "before"))
        insert_all(connection, INSERT, COPY, [range(100), ["after"] * 100])

    assert words_of(database, 5) is None
    assert words_of(database, 4) is None
    assert idle(database) == []  # it is the one that asks


def test_what_is_wrong_with_many_rows_is_told_by_the_next_statement(database: Database) -> None:
    with database.writing() as connection:
        fetch(connection, INSERT, (5, "before"))
        with pytest.raises(DBAPIError), connection.begin_nested():
            insert_all(connection, INSERT, COPY, [range(100), ["after"] * 100])
            fetch(connection, WORDS, (4,))
        fetch(connection, INSERT, (6, "behind"))

    assert [words_of(database, id_) for id_ in (4, 5, 6)] == [None, "before", "behind"]


@pytest.mark.parametrize("how", ["sent", "put off"])
def test_why_a_part_is_undone_is_told_not_what_else_was_wrong_with_it(
    database: Database, how: str
) -> None:
    with database.writing() as connection:
        fetch(connection, INSERT, (5, "before"))
        with pytest.raises(ZeroDivisionError), connection.begin_nested():
            if how == "sent":
                insert_all(connection, INSERT, COPY, [range(100), ["after"] * 100])
            else:
                later(connection, INSERT, (5, "after"))
            raise ZeroDivisionError
        with connection.begin_nested():
            later(connection, INSERT, (6, "behind"))
        later(connection, INSERT, (7, "last"))

    found = [words_of(database, id_) for id_ in (4, 5, 6, 7)]
    assert found == [None, "before", "behind", "last"]


def test_many_rows_that_are_undone_leave_a_clean_connection(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        insert_all(connection, INSERT, COPY, [range(10_000), ["x" * 100] * 10_000])
        raise ZeroDivisionError

    assert words_of(database, 1) is None
    with database.writing() as connection:
        insert_all(connection, INSERT, COPY, [range(100), ["again"] * 100])
    assert words_of(database, 99) == "again"
    assert idle(database) == []  # it is the one that asks
