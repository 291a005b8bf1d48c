"""Numbers without gaps, leases with fences, answers given once, ids never twice."""

from __future__ import annotations

import threading

import pytest
from storage_small import NOW

from jingwei.storage.counters import next_value
from jingwei.storage.database import Database
from jingwei.storage.errors import Duplicate
from jingwei.storage.idempotency import find_answer, store_answer
from jingwei.storage.leases import give_lease, take_lease


def test_numbers_have_no_gap_when_a_transaction_fails(database: Database) -> None:
    def number(prefix: str) -> int:
        with database.writing() as connection:
            return next_value(connection, prefix)

    assert [number("A-"), number("A-"), number("B-")] == [1, 2, 1]
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        next_value(connection, "A-")
        raise ZeroDivisionError
    assert number("A-") == 3


def test_numbers_are_given_once_under_concurrency(database: Database) -> None:
    numbers: list[int] = []

    def take() -> None:
        for _ in range(10):
            with database.writing() as connection:
                numbers.append(next_value(connection, "P"))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 41))


def test_ids_are_never_given_twice(database: Database) -> None:
    other = Database(str(database.url))
    given: list[int] = []

    def take(owner: Database) -> None:
        for count in (1, 3, 400, 1500, 700, 2):
            with owner.writing() as connection:
                given.extend(owner.ids.take(connection, count))

    threads = [threading.Thread(target=take, args=(d,)) for d in (database, other, database)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len(given) == len(set(given)) == 3 * 2606
    assert max(given) < 2**53


def test_ids_of_a_failed_transaction_are_not_handed_out_again(database: Database) -> None:
    other = Database(str(database.url))
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        database.ids.take(connection, 10)
        raise ZeroDivisionError
    with other.writing() as connection:
        theirs = set(other.ids.take(connection, 1000))
    with database.writing() as connection:
        ours = set(database.ids.take(connection, 1000))
    other.close()
    assert not ours & theirs


def test_a_lease_is_held_by_one_and_each_new_holder_has_a_higher_fence(database: Database) -> None:
    with database.writing() as connection:
        assert take_lease(connection, "seal", "one", 60) == 1
        assert take_lease(connection, "seal", "two", 60) is None
        assert take_lease(connection, "seal", "one", -10) == 1
        assert take_lease(connection, "seal", "two", 60) == 2
        give_lease(connection, "seal", "two")
        assert take_lease(connection, "seal", "one", 60) == 3


def test_the_same_request_at_the_same_time_is_refused_the_second_time(database: Database) -> None:
    with database.writing() as connection:
        store_answer(connection, 1, "k", "hash", {"id": 5}, NOW)
    with pytest.raises(Duplicate), database.writing() as connection:
        store_answer(connection, 1, "k", "hash", {"id": 6}, NOW)
    with database.reading() as connection:
        answered = find_answer(connection, 1, "k")
        assert find_answer(connection, 2, "k") is None
    assert answered is not None
    assert (answered.request_hash, answered.answer) == ("hash", {"id": 5})
