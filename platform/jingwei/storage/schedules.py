"""Schedules of the active release: when each fires next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from jingwei.storage.database import Connection
from jingwei.storage.tables_outbox import sys_schedule


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule. `cron` is in the installation's zone; `next_run` an instant."""

    name: str
    cron: str
    topic: str
    payload: Mapping[str, Any]
    next_run: datetime
    last_run: datetime | None = None
    active: bool = True


_COLUMNS = tuple(sys_schedule.c[name] for name in ScheduleRow.__dataclass_fields__)


def all_schedules(connection: Connection) -> dict[str, ScheduleRow]:
    """Every schedule there was, retired ones too."""
    rows = connection.execute(select(*_COLUMNS).order_by(sys_schedule.c.name))
    return {row.name: ScheduleRow(*tuple(row)) for row in rows}


def save_schedule(connection: Connection, row: ScheduleRow) -> None:
    """Write one schedule, new or changed."""
    values = {name: getattr(row, name) for name in ScheduleRow.__dataclass_fields__}
    changed = connection.execute(
        update(sys_schedule).where(sys_schedule.c.name == row.name).values(values)
    )
    if changed.rowcount == 0:
        connection.execute(insert(sys_schedule).values(values))


def retire_schedules(connection: Connection, names: Iterable[str]) -> None:
    """These fire no more until a release has them again."""
    connection.execute(
        update(sys_schedule).where(sys_schedule.c.name.in_(list(names))).values(active=False)
    )


def is_any_due(connection: Connection, now: datetime) -> bool:
    """Whether a schedule has come round."""
    statement = select(sys_schedule.c.name).where(
        sys_schedule.c.active, sys_schedule.c.next_run <= now
    )
    return connection.execute(statement.limit(1)).first() is not None


def due_schedules(connection: Connection, now: datetime) -> list[ScheduleRow]:
    """What has come round, held against other schedulers until this transaction ends."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(sys_schedule.c.active, sys_schedule.c.next_run <= now)
        .order_by(sys_schedule.c.next_run, sys_schedule.c.name)
        .with_for_update(skip_locked=True)
    )
    return [ScheduleRow(*tuple(row)) for row in rows]


def move_on(connection: Connection, name: str, ran: datetime, next_run: datetime) -> None:
    connection.execute(
        update(sys_schedule)
        .where(sys_schedule.c.name == name)
        .values(last_run=ran, next_run=next_run)
    )
