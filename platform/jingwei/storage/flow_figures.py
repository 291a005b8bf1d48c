"""Figures about approvals: how long steps took, and which instances wait for time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.tables_flows import sys_flow_instance, sys_step_run, sys_task, sys_timer

MOST = 5_000  # the newest closed runs of a workflow that are looked at


class ClosedRun(NamedTuple):
    """A run of a step of people. `returned`: somebody sent the request back from it; `record`: what
    the request is about."""

    opened_at: datetime
    closed_at: datetime
    due_at: datetime | None
    returned: bool
    record: int = 0


def closed_runs(
    connection: Connection, workflow: str, among: sa.Select[tuple[int]] | None = None
) -> dict[str, list[ClosedRun]]:
    """The newest closed runs of a workflow, by step; `among`: a query for their records."""
    run, flow, task = sys_step_run.c, sys_flow_instance.c, sys_task.c
    back = sa.exists().where(task.run == run.id, task.outcome == "returned")
    statement = (
        sa.select(
            run.step, run.opened_at, run.closed_at, run.due_at, back.label("back"), flow.record
        )
        .join(sys_flow_instance, flow.id == run.flow)
        .where(
            flow.workflow == workflow,
            run.kind.in_(("fill", "approve", "acknowledge")),
            run.closed_at.is_not(None),
            sa.or_(run.state == "done", back),
        )
        .order_by(run.id.desc())
        .limit(MOST)
    )
    if among is not None:
        statement = statement.where(flow.record.in_(among))
    found: dict[str, list[ClosedRun]] = {}
    for row in connection.execute(statement):
        one = ClosedRun(row.opened_at, row.closed_at, row.due_at, bool(row.back), row.record)
        found.setdefault(row.step, []).append(one)
    return found


def titles_of(
    connection: Connection, workflow: str, steps: Collection[str]
) -> dict[str, Mapping[str, str]]:
    """What steps were called that the workflow has no more: as their newest tasks say."""
    run, flow, task = sys_step_run.c, sys_flow_instance.c, sys_task.c
    newest = (
        sa.select(sa.func.max(task.id))
        .join(sys_step_run, run.id == task.run)
        .join(sys_flow_instance, flow.id == run.flow)
        .where(flow.workflow == workflow, run.step.in_(steps))
        .group_by(run.step)
    )
    named = sa.select(run.step, task.title).join(sys_step_run, run.id == task.run)
    return {row[0]: row[1] for row in connection.execute(named.where(task.id.in_(newest)))}


def waiting(connection: Connection, flows: Collection[int]) -> set[int]:
    """Those of the instances that a timer or another instance will move; a wait without a timer
    would stand for ever."""
    timer, run = sys_timer.c, sys_step_run.c
    timers = sa.select(timer.flow).where(timer.flow.in_(flows))
    waits = sa.select(run.flow).where(
        run.flow.in_(flows), run.state == "open", run.kind == "subflow"
    )
    return set(connection.execute(sa.union(timers, waits)).scalars())
