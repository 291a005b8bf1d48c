"""What a schedule says is done at each of its times, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from backends import on_sqlite
from effects_small import all_of, new_plan, open_plans, raw, told
from jobs_kit import runtime_of
from services_house import House

from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.queue import ThreadWorker, connect, job_queue, worker
from jingwei.jobs.scheduler import Scheduler
from jingwei.services.effects import scheduled
from jingwei.services.people import SYSTEM
from jingwei.services.schedules import RUN
from jingwei.storage.tables_outbox import sys_outbox

WEEKLY = """
kind: schedule
title: 每周布置
at: weekly mon 08:00
for: children("S1")
do:
  - create:
      form: letter
      once_per: [unit, year]
      set: {plan: =first(plan), unit: =row, org: =row, year: 1}
  - update: {form: plan, where: state == "planned", set: {note: checked}}
  - notify: {who: {post: planner, at: row}, message: "{period} {row.title}"}
"""
DUE = "2026-03-02T00:00:00+00:00"


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    return open_plans(tmp_path / "application", database_url, "")


def publish(house: House, text: str = WEEKLY) -> int:
    plan = new_plan(house)
    house.publish({"definitions/schedules/weekly.yaml": text})
    return plan


def run(house: House, **payload: object) -> None:
    given = {"schedule": "weekly", "due": DUE, **payload}
    house.commands.run(lambda work: scheduled.on_run(work, given), SYSTEM)


def test_each_row_of_a_schedule_is_done_once_at_each_time(house: House) -> None:
    plan = publish(house)
    run(house)
    run(house)
    assert [one["unit"] for one in all_of(house, "letter")] == ["A", "B"]
    assert raw(house, "plan", plan)["note"] == "checked"
    assert told(house, "li.na") == ["2026-03 甲公司"]
    run(house, due="2026-03-09T00:00:00+00:00")
    assert told(house, "li.na") == ["2026-03 甲公司"] * 2
    assert len(all_of(house, "letter")) == 2


@on_sqlite
def test_a_time_that_was_missed_is_made_up_for_once_or_skipped(house: House) -> None:
    publish(house)
    run(house, late=True)
    assert len(told(house, "li.na")) == 1
    publish(house, WEEKLY + "missed: skip\n")
    run(house, late=True, due="2026-03-09T00:00:00+00:00")
    assert len(told(house, "li.na")) == 1


@on_sqlite
def test_what_is_due_on_a_day_off_is_done_on_the_next_working_day(house: House) -> None:
    house.publish(
        {"definitions/calendars/days.yaml": "kind: calendar\ntitle: 日历\nholidays: [2026-03-02]\n"}
    )
    publish(house, WEEKLY + "calendar: days\n")
    run(house)
    assert told(house, "li.na") == []
    with house.database.reading() as connection:
        row = connection.execute(sa.select(sys_outbox).where(sys_outbox.c.topic == RUN)).one()
    assert row.due_at == datetime.fromisoformat(DUE) + timedelta(days=1)
    run(house, **row.payload)
    assert len(told(house, "li.na")) == 1


@on_sqlite
def test_a_schedule_comes_round_through_the_outbox(house: House, tmp_path: Path) -> None:
    publish(house)
    running = runtime_of(house, tmp_path, {RUN: (scheduled.on_run,)})
    scheduler = Scheduler(running, "here")
    scheduler.match()
    house.clock.move(timedelta(days=7))
    scheduler.fire()
    scheduler.fire()
    queue = job_queue(running.platform.settings, connect(running.platform.settings))
    while dispatch(running, queue):
        worker(running, queue, ThreadWorker).work(burst=True, logging_level="ERROR")
    assert told(house, "li.na") == ["2026-03 甲公司"]
