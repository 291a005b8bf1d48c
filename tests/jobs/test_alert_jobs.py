"""An alert fires once, whatever spreads the work, stumbles, dies or runs twice."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alerts_small import fired, new_task, open_tasks, todo, told
from backends import on_sqlite
from jobs_kit import runtime_of
from outside import require_service
from redis import Redis
from redis.exceptions import RedisError
from services_house import House

from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.messages import run_message
from jingwei.jobs.queue import ThreadWorker, connect, job_queue, worker
from jingwei.jobs.runtime import RUNTIME, Runtime
from jingwei.jobs.scheduler import Scheduler
from jingwei.services import alerts
from jingwei.storage import outbox
from jingwei.storage.effects import is_first
from jingwei.storage.tables_outbox import sys_outbox

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
DAILY = """
watch: {form: task}
when: state == "open" and progress < 50%
check: daily 08:00
to: {field: keeper}
message: "{name} 落后"
todo: {form: case, one_open_per: [task], set: {task: =this, what: =name}}
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_tasks(tmp_path / "application", database_url, DAILY)
    yield opened
    opened.database.close()


def runtime(house: House, folder: Path, redis_url: str | None = None, **more: Any) -> Runtime:
    inside = {"alert.check": (alerts.on_check, *more.get("after", ()))}
    return runtime_of(house, folder, inside, redis_url=redis_url)


def work_off(running: Runtime) -> None:
    queue = job_queue(running.platform.settings, connect(running.platform.settings))
    while dispatch(running, queue):
        worker(running, queue, ThreadWorker).work(burst=True, logging_level="ERROR")


def free_leases(house: House) -> None:
    """As if the leases had run out."""
    with house.database.writing() as connection:
        connection.execute(sa.update(sys_outbox).values(lease_until=None))


def come_round(running: Runtime) -> None:
    """What the scheduler does in its tick, with schedules of this release."""
    scheduler = Scheduler(running, "here")
    scheduler.match()
    scheduler.fire()


@pytest.mark.parametrize("where", ["embedded", "redis"])
def test_a_check_that_comes_round_fires_once_each_day_it_is_new(
    house: House, tmp_path: Path, where: str
) -> None:
    url = None
    if where == "redis":
        url = REDIS
        try:
            Redis.from_url(url).ping()
        except RedisError:
            require_service(False, "Redis")
    running = runtime(house, tmp_path, url)
    new_task(house, progress=0.1)
    come_round(running)
    work_off(running)
    assert todo(house, "li.na") == []  # eight o'clock was before the schedule was known

    house.clock.move(timedelta(hours=23, minutes=5))  # five past eight
    come_round(running)
    work_off(running)
    assert todo(house, "li.na") == ["报表 落后"]
    assert fired(house) == [(0, False, None)]

    house.clock.move(timedelta(days=5))  # nobody was at work for five days
    new_task(house, name="二", progress=0.2)
    come_round(running)
    come_round(running)
    work_off(running)
    assert sorted(todo(house, "li.na")) == ["二 落后", "报表 落后"]
    assert fired(house) == [(0, False, None), (0, True, None)]


def test_a_worker_that_dies_after_it_fired_leaves_nothing_and_another_fires(
    house: House, tmp_path: Path
) -> None:
    new_task(house, progress=0.1)

    def dies(work: Any, payload: Any) -> None:
        raise RuntimeError("killed before the commit")

    first = runtime(house, tmp_path, after=[dies])
    house.do("ops", lambda work: work.outbox.add("alert.check", {"alert": "watch"}))
    work_off(first)
    assert (todo(house, "li.na"), fired(house)) == ([], [])

    free_leases(house)
    work_off(runtime(house, tmp_path))
    free_leases(house)
    work_off(runtime(house, tmp_path))
    assert todo(house, "li.na") == ["报表 落后"]
    assert fired(house) == [(0, False, None)]


def test_two_workers_with_the_same_check_open_one_record(house: House, tmp_path: Path) -> None:
    new_task(house, progress=0.1)
    running = runtime(house, tmp_path)

    def ask() -> None:
        house.do("ops", lambda work: work.outbox.add("alert.check", {"alert": "watch"}))

    ask()
    ask()  # a second message about the same
    with house.database.writing() as connection:
        leased = outbox.lease(connection, house.clock.now())
    ids = [(id_, fence) for id_, fence, topic in leased if topic == "alert.check"]

    def run(id_: int, fence: int) -> None:
        RUNTIME.set(running)
        run_message(id_, fence)

    threads = [threading.Thread(target=run, args=one) for one in (*ids, ids[0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert todo(house, "li.na") == ["报表 落后"]
    assert len(house.list("ops", "case").items) == 1
    assert fired(house) == [(0, False, None)]


@on_sqlite
def test_at_night_nothing_leaves_the_house_but_what_is_urgent(house: House, tmp_path: Path) -> None:
    text = "kind: manifest\nname: small\ntitle: {zh: 小集团, en: Small group}\nlanguage: 1\n"
    house.publish({"definitions/manifest.yaml": text + 'quiet_hours: "22:00-07:30"\n'})
    house.clock.at = house.clock.at.replace(hour=23)
    new_task(house, progress=0.1)
    alert = (house.root / "definitions/alerts/watch.yaml").read_text(encoding="utf-8")
    without = alert.replace("todo: {form: case", "# todo: {form: case")
    house.publish({"definitions/alerts/watch.yaml": without})
    house.do("ops", lambda work: alerts.on_check(work.as_system(), {"alert": "watch"}))
    assert told(house, "li.na") == ["报表 落后"]  # in the product at once
    with house.database.reading() as connection:
        due = connection.execute(
            sa.select(sys_outbox.c.due_at).where(sys_outbox.c.topic == "notice.send")
        ).scalars()
        assert [at.isoformat() for at in due if at] == ["2026-03-02T23:30:00+00:00"]

    new_task(house, name="急", progress=0.1)
    house.publish({"definitions/alerts/watch.yaml": without + "urgent: true\n"})
    house.do("ops", lambda work: alerts.on_check(work.as_system(), {"alert": "watch"}))
    with house.database.reading() as connection:
        due = connection.execute(
            sa.select(sys_outbox.c.due_at)
            .where(sys_outbox.c.topic == "notice.send")
            .order_by(sys_outbox.c.id.desc())
        ).scalars()
        assert next(iter(due)) is None


@on_sqlite
def test_triggers_that_cannot_come_again_are_forgotten(house: House, tmp_path: Path) -> None:
    now = house.clock.now()
    with house.database.writing() as connection:
        assert is_first(connection, "old", now - timedelta(days=61))
        assert is_first(connection, "new", now)
    Scheduler(runtime(house, tmp_path), "here").forget()
    with house.database.writing() as connection:
        assert is_first(connection, "old", now)
        assert not is_first(connection, "new", now)
