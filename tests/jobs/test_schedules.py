"""What comes round fires once for each due time, and late once after downtime."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from backends import on_sqlite
from jobs_kit import runtime_of
from services_house import House, open_house

from jingwei.jobs.scheduler import Scheduler
from jingwei.services.platform import Platform
from jingwei.services.schedules import fire_due, next_run
from jingwei.storage.schedules import ScheduleRow, save_schedule
from jingwei.storage.tables_outbox import sys_outbox

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_house(tmp_path / "application", database_url)
    with opened.database.writing() as connection:
        connection.execute(sa.delete(sys_outbox))
    yield opened
    opened.database.close()


def plan_daily(house: House, next_at: datetime) -> None:
    with house.database.writing() as connection:
        row = ScheduleRow("morning", "0 8 * * *", "alert.check", {"alert": "a"}, next_at, None)
        save_schedule(connection, row)


def fire(house: House) -> list[dict[str, Any]]:
    with house.database.writing() as connection:
        fire_due(connection, house.clock.now(), ZONE)
    with house.database.reading() as connection:
        rows = connection.execute(sa.select(sys_outbox.c.payload).order_by(sys_outbox.c.id))
        return [row.payload for row in rows]


def test_eight_in_the_morning_is_that_of_the_installation() -> None:
    after = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # eight in the morning in Shanghai
    assert next_run("0 8 * * *", after, ZONE) == datetime(2026, 3, 3, 0, 0, tzinfo=UTC)
    assert next_run("0 8 * * *", after - timedelta(seconds=1), ZONE) == after


def test_a_due_time_fires_once_however_often_one_looks(house: House) -> None:
    plan_daily(house, datetime(2026, 3, 2, 0, 0, tzinfo=UTC))
    assert len(fire(house)) == 1
    assert len(fire(house)) == 1
    house.clock.move(timedelta(days=1))
    found = fire(house)
    assert [p["due"] for p in found] == ["2026-03-02T00:00:00+00:00", "2026-03-03T00:00:00+00:00"]
    assert not any(p["late"] for p in found)


def test_after_downtime_only_the_latest_due_time_fires_and_says_late(house: House) -> None:
    plan_daily(house, datetime(2026, 2, 20, 0, 0, tzinfo=UTC))
    found = fire(house)
    assert [(p["due"], p["late"]) for p in found] == [("2026-03-02T00:00:00+00:00", True)]
    assert len(fire(house)) == 1


@on_sqlite
def test_what_breaks_in_a_round_does_not_end_the_rounds(house: House, tmp_path: Path) -> None:
    done: list[str] = []

    def broken(platform: Platform) -> None:
        raise ArithmeticError("a date beyond the calendar")

    def sound(platform: Platform) -> None:
        done.append("swept")

    scheduler = Scheduler(runtime_of(house, tmp_path, sweeps=(broken, sound)), "here")
    assert scheduler.tick() and scheduler.tick()
    assert done == ["swept", "swept"]
