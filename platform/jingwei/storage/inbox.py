"""A person's boxes page by page, each page begun behind the last line of the one before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.flow_kinds import FLOW, TASK, Books
from jingwei.storage.flow_rows import FlowRow, TaskRow
from jingwei.storage.tables_flows import sys_flow_event, sys_flow_instance, sys_task
from jingwei.storage.tasks import box_of


@dataclass(frozen=True, slots=True)
class Behind:
    """The line that the page before ended with. `due` counts in the box of what is to do."""

    id: int
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which tasks. `due_before`: only what is late; `since`, `until`: when they were opened."""

    form: str | None = None
    due_before: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    urged: bool = False


def tasks_in(
    connection: Connection,
    books: Books,
    box: str,
    person: int,
    limit: int,
    narrowed: Narrowed,
    behind: Behind | None,
) -> list[TaskRow]:
    """Of the boxes todo, waiting, done and cc. What is due first comes first in todo, else the
    newest."""
    table = sys_task.c
    where = [box_of(box, person)]
    if narrowed.form is not None:
        where.append(table.form == books.names.key("form", narrowed.form))
    if narrowed.due_before is not None:
        where.append(table.due_at < narrowed.due_before)
    if narrowed.since is not None:
        where.append(table.opened_at >= narrowed.since)
    if narrowed.until is not None:
        where.append(table.opened_at < narrowed.until)
    if narrowed.urged:
        where.append(_urged())
    order: tuple[sa.ColumnElement[Any], ...] = (table.id.desc(),)
    if box == "todo":
        order = (table.due_at.is_(None), table.due_at, table.id)
        if behind is not None:
            where.append(_after(behind))
    elif behind is not None:
        where.append(table.id < behind.id)
    statement = TASK.select.where(*where).order_by(*order).limit(limit)
    return TASK.all(connection, books, statement)


def _after(behind: Behind) -> sa.ColumnElement[bool]:
    table = sys_task.c
    if behind.due is None:
        return sa.and_(table.due_at.is_(None), table.id > behind.id)
    same = sa.and_(table.due_at == behind.due, table.id > behind.id)
    return sa.or_(table.due_at.is_(None), table.due_at > behind.due, same)


def _urged() -> sa.ColumnElement[bool]:
    """Somebody urged the request since it waits for this person."""
    event = sys_flow_event.c
    return sa.exists().where(
        event.flow == sys_task.c.flow, event.type == "urged", event.at >= sys_task.c.opened_at
    )


def urged_at(connection: Connection, flows: Collection[int]) -> dict[int, datetime]:
    """When these instances were urged last."""
    event = sys_flow_event.c
    statement = (
        sa.select(event.flow, sa.func.max(event.at))
        .where(event.flow.in_(flows), event.type == "urged")
        .group_by(event.flow)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def flows_begun(
    connection: Connection,
    books: Books,
    person: int,
    limit: int,
    narrowed: Narrowed,
    behind: Behind | None,
) -> list[FlowRow]:
    """The requests that a person began, the newest first."""
    table = sys_flow_instance.c
    where = [table.initiator == person]
    if narrowed.form is not None:
        where.append(table.form == books.names.key("form", narrowed.form))
    if narrowed.since is not None:
        where.append(table.started_at >= narrowed.since)
    if narrowed.until is not None:
        where.append(table.started_at < narrowed.until)
    if behind is not None:
        where.append(table.id < behind.id)
    statement = FLOW.select.where(*where).order_by(table.id.desc()).limit(limit)
    return FLOW.all(connection, books, statement)


def forms_in(connection: Connection, person: int) -> list[int]:
    """Keys of the forms that anything in a person's boxes is about."""
    asked = sa.select(sys_task.c.form).where(sys_task.c.acting == person).distinct()
    begun = sa.select(sys_flow_instance.c.form).where(sys_flow_instance.c.initiator == person)
    return list(connection.execute(sa.union(asked, begun)).scalars())
