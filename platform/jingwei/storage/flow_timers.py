"""When steps have to be looked at again, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct
from jingwei.storage.flow_rows import TimerRow
from jingwei.storage.tables_flows import sys_flow_instance, sys_timer


def write_timers(
    connection: Connection, fresh: Sequence[TimerRow], gone: Collection[int] = ()
) -> None:
    if gone:
        connection.execute(sa.delete(sys_timer).where(sys_timer.c.id.in_(gone)))
    if fresh:
        rows = [{f.name: getattr(timer, f.name) for f in fields(timer)} for timer in fresh]
        connection.execute(sa.insert(sys_timer), rows)


_OF_FLOW = sys_timer.c.flow == sa.bindparam("flow")
_TIMERS = Direct(sa.select(sys_timer).where(_OF_FLOW).order_by(sys_timer.c.id), "flow")
_DROP = Direct(sa.delete(sys_timer).where(_OF_FLOW), "flow")


def timers_of(connection: Connection, flow: int) -> list[TimerRow]:
    return [TimerRow(*row) for row in _TIMERS.read(connection, flow=flow)]


def drop_timers(connection: Connection, flow: int) -> None:
    """An instance that has ended waits for no time."""
    _DROP.later(connection, flow=flow)


def find_timer(connection: Connection, timer: int) -> TimerRow | None:
    row = connection.execute(sa.select(sys_timer).where(sys_timer.c.id == timer)).first()
    return TimerRow(*tuple(row)) if row else None


def due_timers(connection: Connection, now: datetime, limit: int = 200) -> list[TimerRow]:
    """What has come due, oldest first; takes no lock. Suspended instances keep theirs."""
    flow = sys_flow_instance.c
    statement = (
        sa.select(sys_timer)
        .join(sys_flow_instance, flow.id == sys_timer.c.flow)
        .where(sys_timer.c.due_at <= now, flow.status == "running")
        .order_by(sys_timer.c.due_at, sys_timer.c.id)
        .limit(limit)
    )
    return [TimerRow(*tuple(row)) for row in connection.execute(statement)]
