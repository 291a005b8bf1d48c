"""What must follow a change happens once, whatever stumbles, dies or runs twice."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from jobs_kit import Heard, runtime_of
from outside import require_service
from redis import Redis
from rq.worker import SimpleWorker
from services_house import House, open_house

from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.messages import run_message
from jingwei.jobs.queue import ThreadWorker, connect, job_queue, worker
from jingwei.jobs.runtime import RUNTIME, Runtime
from jingwei.services.commands import Work
from jingwei.storage import outbox
from jingwei.storage.tables_outbox import sys_outbox

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_house(tmp_path / "application", database_url)
    settle(opened)
    yield opened
    opened.database.close()


def settle(house: House) -> None:
    """Nothing is waiting: what loading people caused is not part of these tests."""
    with house.database.writing() as connection:
        connection.execute(sa.delete(sys_outbox))


def tell(house: House, topic: str = "thing.happened", **payload: Any) -> None:
    def handler(work: Work) -> None:
        work.outbox.add(topic, payload)

    house.do("li.na", handler)


def states(house: House) -> list[tuple[str, int]]:
    with house.database.reading() as connection:
        rows = connection.execute(
            sa.select(sys_outbox.c.state, sys_outbox.c.tries).order_by(sys_outbox.c.id)
        )
        return [(row.state, row.tries) for row in rows]


def free_leases(house: House) -> None:
    """As if the leases had run out."""
    with house.database.writing() as connection:
        connection.execute(sa.update(sys_outbox).values(lease_until=None))


def work_off(runtime: Runtime) -> None:
    """Dispatch and work in this thread until nothing is due."""
    queue = job_queue(runtime.platform.settings, connect(runtime.platform.settings))
    while dispatch(runtime, queue):
        worker(runtime, queue, ThreadWorker).work(burst=True, logging_level="ERROR")


def test_a_message_is_heard_once_and_done(house: House, tmp_path: Path) -> None:
    heard = Heard()
    runtime = runtime_of(house, tmp_path, {"thing.happened": [heard.inside]})
    tell(house, n=1)
    tell(house, n=2)

    work_off(runtime)
    work_off(runtime)

    assert heard.payloads == [{"n": 1}, {"n": 2}]
    assert states(house) == [("done", 1), ("done", 1)]


def test_what_nobody_hears_is_simply_done(house: House, tmp_path: Path) -> None:
    tell(house)
    work_off(runtime_of(house, tmp_path))
    assert states(house) == [("done", 1)]


def test_a_refused_command_tells_nobody(house: House, tmp_path: Path) -> None:
    def handler(work: Work) -> None:
        work.outbox.add("thing.happened", {})
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        house.do("li.na", handler)
    assert states(house) == []


def test_whoever_stumbles_is_asked_again_and_its_half_effect_is_gone(
    house: House, tmp_path: Path
) -> None:
    heard = Heard(fails=1)

    def half(work: Work, payload: Any) -> None:
        work.outbox.add("half.effect", {})

    runtime = runtime_of(house, tmp_path, {"thing.happened": [half, heard.inside]})
    tell(house)
    work_off(runtime)
    assert heard.payloads == []
    assert states(house) == [("ready", 1)]

    free_leases(house)
    work_off(runtime)
    assert len(heard.payloads) == 1
    assert [state for state, _ in states(house)] == ["done", "done"]  # the effect once, heard


def test_whoever_always_stumbles_is_given_up_and_kept(house: House, tmp_path: Path) -> None:
    heard = Heard(fails=100)
    runtime = runtime_of(house, tmp_path, {"thing.happened": [heard.inside]})
    tell(house)
    for _ in range(outbox.MOST_TRIES + 1):
        work_off(runtime)
        free_leases(house)

    with house.database.reading() as connection:
        letters = outbox.dead_letters(connection)
    assert [(x.topic, x.state, x.error) for x in letters] == [
        ("thing.happened", "dead", "RuntimeError: stumbled")
    ]
    with house.database.writing() as connection:
        outbox.revive(connection, [letters[0].id])
    heard.fails = 0
    work_off(runtime)
    assert len(heard.payloads) == 1


def test_a_worker_that_died_holding_a_message_costs_only_time(house: House, tmp_path: Path) -> None:
    heard = Heard()
    runtime = runtime_of(house, tmp_path, {"thing.happened": [heard.inside]})
    tell(house)
    with house.database.writing() as connection:  # leased by one that is gone
        outbox.lease(connection, house.clock.now())
    work_off(runtime)
    assert heard.payloads == []
    free_leases(house)
    work_off(runtime)
    assert len(heard.payloads) == 1


def test_a_lease_that_is_over_writes_nothing(house: House, tmp_path: Path) -> None:
    heard = Heard()
    runtime = runtime_of(house, tmp_path, {"thing.happened": [heard.inside]})
    tell(house)
    with house.database.writing() as connection:
        (first,) = outbox.lease(connection, house.clock.now())
    free_leases(house)
    with house.database.writing() as connection:
        (second,) = outbox.lease(connection, house.clock.now())
    RUNTIME.set(runtime)

    run_message(first[0], first[1])
    assert heard.payloads == []
    run_message(second[0], second[1])
    run_message(second[0], second[1])
    assert len(heard.payloads) == 1


def test_two_workers_on_one_message_have_one_effect(house: House, tmp_path: Path) -> None:
    heard = Heard()
    runtime = runtime_of(house, tmp_path, {"thing.happened": [heard.inside]})
    for n in range(20):
        tell(house, n=n)
    with house.database.writing() as connection:
        leased = outbox.lease(connection, house.clock.now())

    def run_all() -> None:
        RUNTIME.set(runtime)
        for id_, fence, _ in leased:
            run_message(id_, fence)

    threads = [threading.Thread(target=run_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {state for state, _ in states(house)} == {"done"}
    assert len(heard.payloads) >= 20  # a loser may have listened, but its transaction is undone


def test_a_message_that_is_not_due_waits(house: House, tmp_path: Path) -> None:
    heard = Heard()
    runtime = runtime_of(house, tmp_path, {"later": [heard.inside]})
    due = house.clock.now() + timedelta(hours=1)
    house.do("li.na", lambda work: work.outbox.add("later", {}, due_at=due))
    work_off(runtime)
    assert heard.payloads == []
    house.clock.move(timedelta(hours=1))
    work_off(runtime)
    assert len(heard.payloads) == 1


def test_what_waits_for_its_next_try_waits_for_no_worker(house: House) -> None:
    """An outside system that fails for hours makes no worker late: `/readyz` asks for this."""
    hours_ago = house.clock.now() - timedelta(hours=5)
    tell(house, n=1)
    with house.database.writing() as connection:
        connection.execute(sa.update(sys_outbox).values(created_at=hours_ago))
        assert outbox.waiting(connection, house.clock.now()) == (1, hours_ago, 0)
        ((id_, fence, _),) = outbox.lease(connection, house.clock.now())
        outbox.put_back(connection, id_, fence, "no route to host", 3600)
        assert outbox.waiting(connection, house.clock.now()) == (0, None, 0)
        # its time came: it waits since then, not since it was written
        outbox.put_back(connection, id_, fence, "no route to host", -60)
        ready, since, _ = outbox.waiting(connection, house.clock.now())
    assert ready == 1 and since is not None and since > hours_ago


def test_what_reaches_outside_carries_the_same_id_each_time(house: House, tmp_path: Path) -> None:
    seen: list[str] = []
    failures = [1]

    def outside(platform: Any, message: Any) -> None:
        seen.append(message.event_id)
        if failures:
            failures.pop()
            raise OSError("the line is down")

    runtime = runtime_of(house, tmp_path, outside={"thing.happened": outside})
    tell(house)
    work_off(runtime)
    free_leases(house)
    work_off(runtime)
    assert len(seen) == 2
    assert len(set(seen)) == 1
    assert [state for state, _ in states(house)] == ["done"]


@pytest.fixture
def redis() -> Iterator[Redis]:
    client = Redis.from_url(REDIS, socket_connect_timeout=2)
    try:
        client.ping()
    except OSError:
        require_service(False, "Redis")
    yield client
    client.close()


def test_redis_only_spreads_the_work_and_may_forget_it(
    house: House, tmp_path: Path, redis: Redis
) -> None:
    heard = Heard()
    runtime = runtime_of(house, tmp_path, {"thing.happened": [heard.inside]}, redis_url=REDIS)
    queue = job_queue(runtime.platform.settings, redis)
    queue.name += uuid.uuid4().hex[:6]
    tell(house, n=1)
    assert dispatch(runtime, queue) == 1
    queue.empty()  # Redis was killed
    worker(runtime, queue, SimpleWorker).work(burst=True, logging_level="ERROR")
    assert heard.payloads == []

    free_leases(house)
    assert dispatch(runtime, queue) == 1
    worker(runtime, queue, ThreadWorker).work(burst=True, logging_level="ERROR")
    assert heard.payloads == [{"n": 1}]
    queue.delete()


def test_deeds_that_are_done_once_are_forgotten_in_the_end(house: House) -> None:
    """Messages with a key used to stay for ever."""
    now = house.clock.now()
    with house.database.writing() as connection:
        connection.execute(sys_outbox.delete())
        for days, key in ((1, None), (10, None), (10, "a"), (70, "b")):
            at = now - timedelta(days=days)
            row = {"topic": "t", "payload": {}, "key": key, "tries": 0, "fence": 0}
            done = {"state": "done", "done_at": at, "created_at": at}
            connection.execute(sa.insert(sys_outbox).values(**row, **done))
        swept = outbox.sweep(connection, now - timedelta(days=7), now - timedelta(days=60))
        left = connection.execute(sa.select(sys_outbox.c.key).order_by(sys_outbox.c.id)).scalars()
        assert (swept, list(left)) == (2, [None, "a"])
