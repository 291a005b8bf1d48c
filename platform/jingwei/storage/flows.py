"""Approvals and the inbox as rows: plain data in, plain data out; people by login."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.database import Connection
from jingwei.storage.flow_rows import EventRow, FlowRow, RunRow, TaskRow, TimerRow
from jingwei.storage.people import refresh_book
from jingwei.storage.tables_flows import (
    sys_flow_event,
    sys_flow_instance,
    sys_step_run,
    sys_task,
    sys_timer,
)
from jingwei.storage.tables_releases import sys_text

_PEOPLE = frozenset({"initiator", "person", "acting", "closed_by", "actor", "on_behalf_of"})
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Books:
    """Names and logins of what rows hold as numbers."""

    names: NameBook
    people: PersonBook


def login_key(connection: Connection, people: PersonBook, login: str) -> int:
    """The id of a login; NOBODY for one that is unknown."""
    if login not in people.ids:
        refresh_book(connection, people)
    return people.ids.get(login, NOBODY)


def _kept(connection: Connection, books: Books, row: Any, **more: Any) -> dict[str, Any]:
    values = {f.name: getattr(row, f.name) for f in fields(row)} | more
    for name, value in values.items():
        if name in _PEOPLE and value is not None:
            values[name] = login_key(connection, books.people, value)
        elif name == "form":
            values[name] = books.names.key("form", value)
        elif isinstance(value, Mapping):
            values[name] = dict(value)
    return values


def _read(connection: Connection, books: Books, made: Any, row: Any) -> Any:
    values = dict(row._mapping)
    for name, value in values.items():
        if name in _PEOPLE and value is not None:
            if value not in books.people.logins:
                refresh_book(connection, books.people)
            values[name] = books.people.logins.get(value, "?")
        elif name == "form" and value is not None:
            values[name] = books.names.names.get(value, "?")
    return made(**{f.name: values[f.name] for f in fields(made)})


def _all(connection: Connection, books: Books, made: Any, statement: Any) -> list[Any]:
    return [_read(connection, books, made, row) for row in connection.execute(statement)]


# --- instances -----------------------------------------------------------------------------------


def insert_flow(connection: Connection, books: Books, flow: FlowRow) -> None:
    connection.execute(sa.insert(sys_flow_instance).values(_kept(connection, books, flow)))


def update_flow(connection: Connection, books: Books, flow: FlowRow) -> None:
    values = _kept(connection, books, flow)
    key = values.pop("id")
    connection.execute(
        sa.update(sys_flow_instance).where(sys_flow_instance.c.id == key).values(values)
    )


def find_flow(
    connection: Connection, books: Books, flow: int, *, lock: bool = False
) -> FlowRow | None:
    """The instance; with `lock` nobody else changes it until this transaction ends."""
    statement = sa.select(sys_flow_instance).where(sys_flow_instance.c.id == flow)
    if lock:
        statement = statement.with_for_update()
    found = _all(connection, books, FlowRow, statement)
    return found[0] if found else None


def latest_flow(connection: Connection, record: int) -> int | None:
    """The id of the newest instance of a record."""
    return connection.execute(
        sa.select(sa.func.max(sys_flow_instance.c.id)).where(sys_flow_instance.c.record == record)
    ).scalar()


def running_flows(
    connection: Connection,
    books: Books,
    *,
    workflow: str | None = None,
    record: int | None = None,
    limit: int | None = None,
) -> list[FlowRow]:
    """Instances that have not ended, oldest first."""
    table = sys_flow_instance.c
    statement = sa.select(sys_flow_instance).where(table.status.in_(("running", "suspended")))
    if workflow is not None:
        statement = statement.where(table.workflow == workflow)
    if record is not None:
        statement = statement.where(table.record == record)
    return _all(connection, books, FlowRow, statement.order_by(table.id).limit(limit))


def children_of(connection: Connection, books: Books, parent: int) -> list[FlowRow]:
    """Instances that a step of this one began, oldest first."""
    table = sys_flow_instance.c
    statement = sa.select(sys_flow_instance).where(table.parent == parent).order_by(table.id)
    return _all(connection, books, FlowRow, statement)


def status_of_flows(connection: Connection, flows: Collection[int]) -> dict[int, str]:
    """The statuses of instances."""
    table = sys_flow_instance.c
    statement = sa.select(table.id, table.status).where(table.id.in_(flows))
    return {row.id: row.status for row in connection.execute(statement)}


def flows_of(
    connection: Connection, books: Books, initiator: int, limit: int, offset: int
) -> tuple[int, list[FlowRow]]:
    """What a person began, newest first: how many there are, and one page."""
    table = sys_flow_instance.c
    total = connection.execute(
        sa.select(sa.func.count()).where(table.initiator == initiator)
    ).scalar_one()
    statement = sa.select(sys_flow_instance).where(table.initiator == initiator)
    page = statement.order_by(table.id.desc()).limit(limit).offset(offset)
    return total, _all(connection, books, FlowRow, page)


def pinned_text(connection: Connection, fingerprint: str) -> bytes | None:
    """The text of a definition that some release had."""
    content = connection.execute(
        sa.select(sys_text.c.content).where(sys_text.c.hash == fingerprint)
    ).scalar()
    return None if content is None else bytes(content)


# --- runs ----------------------------------------------------------------------------------------


def runs_of(connection: Connection, books: Books, flow: int) -> list[RunRow]:
    statement = sa.select(sys_step_run).where(sys_step_run.c.flow == flow)
    return _all(connection, books, RunRow, statement.order_by(sys_step_run.c.id))


def write_runs(
    connection: Connection,
    books: Books,
    flow: int,
    fresh: Sequence[RunRow],
    changed: Sequence[RunRow],
) -> None:
    if fresh:
        rows = [_kept(connection, books, run, flow=flow) for run in fresh]
        connection.execute(sa.insert(sys_step_run), rows)
    for run in changed:
        values = _kept(connection, books, run)
        key = values.pop("id")
        connection.execute(sa.update(sys_step_run).where(sys_step_run.c.id == key).values(values))


# --- tasks ---------------------------------------------------------------------------------------


def tasks_of(connection: Connection, books: Books, flow: int) -> list[TaskRow]:
    statement = sa.select(sys_task).where(sys_task.c.flow == flow).order_by(sys_task.c.id)
    return _all(connection, books, TaskRow, statement)


def find_task(connection: Connection, books: Books, task: int) -> TaskRow | None:
    found = _all(connection, books, TaskRow, sa.select(sys_task).where(sys_task.c.id == task))
    return found[0] if found else None


def find_task_by_key(connection: Connection, books: Books, key: str) -> TaskRow | None:
    found = _all(connection, books, TaskRow, sa.select(sys_task).where(sys_task.c.key == key))
    return found[0] if found else None


def write_tasks(
    connection: Connection, books: Books, fresh: Sequence[TaskRow], changed: Sequence[TaskRow]
) -> None:
    if fresh:
        rows = [_kept(connection, books, task) for task in fresh]
        connection.execute(sa.insert(sys_task), rows)
    for task in changed:
        values = _kept(connection, books, task)
        key = values.pop("id")
        connection.execute(sa.update(sys_task).where(sys_task.c.id == key).values(values))


def tasks_on(
    connection: Connection,
    books: Books,
    record: int,
    *,
    acting: int | None = None,
    kinds: Collection[str] = (),
    state: str | None = None,
) -> list[TaskRow]:
    """Tasks on one record, oldest first."""
    table = sys_task.c
    statement = sa.select(sys_task).where(table.record == record)
    if acting is not None:
        statement = statement.where(sa.or_(table.acting == acting, table.person == acting))
    if kinds:
        statement = statement.where(table.kind.in_(kinds))
    if state is not None:
        statement = statement.where(table.state == state)
    return _all(connection, books, TaskRow, statement.order_by(table.id))


def has_task_on(connection: Connection, record: int, person: int) -> bool:
    """Whether a person was ever asked about a record, or began a flow of it."""
    task, flow = sys_task.c, sys_flow_instance.c
    asked = sa.select(task.id).where(
        task.record == record, sa.or_(task.acting == person, task.person == person)
    )
    began = sa.select(flow.id).where(flow.record == record, flow.initiator == person)
    return connection.execute(sa.union_all(asked, began).limit(1)).first() is not None


def _box(box: str, person: int) -> sa.ColumnElement[bool]:
    table = sys_task.c
    if box == "todo":
        return sa.and_(table.acting == person, table.state == "open")
    if box == "cc":
        return sa.and_(table.acting == person, table.kind == "cc")
    answered = sa.or_(table.closed_by == person, table.acting == person)
    return sa.and_(table.state == "closed", answered, table.closed_by.is_not(None))


def inbox(
    connection: Connection,
    books: Books,
    box: str,
    person: int,
    limit: int,
    offset: int,
    *,
    kind: str | None = None,
    form: str | None = None,
    due_before: datetime | None = None,
) -> tuple[int, list[TaskRow]]:
    """A page of a box (todo, done, cc) and how many there are. What is due first comes first."""
    table = sys_task.c
    where = _box(box, person)
    if kind is not None:
        where = sa.and_(where, table.kind == kind)
    if form is not None:
        where = sa.and_(where, table.form == books.names.key("form", form))
    if due_before is not None:
        where = sa.and_(where, table.due_at < due_before)
    total = connection.execute(
        sa.select(sa.func.count()).select_from(sys_task).where(where)
    ).scalar_one()
    order = (
        (table.due_at.is_(None), table.due_at, table.id) if box == "todo" else (table.id.desc(),)
    )
    statement = sa.select(sys_task).where(where).order_by(*order).limit(limit).offset(offset)
    return total, _all(connection, books, TaskRow, statement)


def box_counts(connection: Connection, person: int) -> dict[str, int]:
    """How much is in each box."""
    counts = {
        box: connection.execute(
            sa.select(sa.func.count()).select_from(sys_task).where(_box(box, person))
        ).scalar_one()
        for box in ("todo", "done", "cc")
    }
    mine = sa.select(sa.func.count()).where(sys_flow_instance.c.initiator == person)
    return {**counts, "mine": connection.execute(mine).scalar_one()}


def open_tasks_of(connection: Connection, books: Books, person: int) -> list[TaskRow]:
    """Everything that waits for one person."""
    table = sys_task.c
    statement = sa.select(sys_task).where(
        sa.or_(table.acting == person, table.person == person),
        table.state.in_(("open", "waiting")),
    )
    return _all(connection, books, TaskRow, statement.order_by(table.id))


def open_tasks_in(connection: Connection, books: Books, flows: Collection[int]) -> list[TaskRow]:
    """What is open or waits in these instances."""
    table = sys_task.c
    statement = sa.select(sys_task).where(
        table.flow.in_(flows), table.state.in_(("open", "waiting")), table.kind != "receipt"
    )
    return _all(connection, books, TaskRow, statement.order_by(table.id))


# --- events and timers ---------------------------------------------------------------------------


def append_events(connection: Connection, books: Books, events: Iterable[EventRow]) -> None:
    rows = [_kept(connection, books, event) for event in events]
    if rows:
        connection.execute(sa.insert(sys_flow_event), rows)


def last_seq(connection: Connection, flow: int) -> int:
    """The number of the newest event; 0 without any."""
    newest = sa.select(sa.func.max(sys_flow_event.c.seq)).where(sys_flow_event.c.flow == flow)
    return connection.execute(newest).scalar() or 0


def events_of(
    connection: Connection, books: Books, flow: int, newest: int | None = None
) -> list[EventRow]:
    """In order; only the newest so many where that is asked for."""
    statement = sa.select(sys_flow_event).where(sys_flow_event.c.flow == flow)
    if newest is None:
        return _all(connection, books, EventRow, statement.order_by(sys_flow_event.c.seq))
    last = statement.order_by(sys_flow_event.c.seq.desc()).limit(newest)
    return _all(connection, books, EventRow, last)[::-1]


def write_timers(
    connection: Connection, fresh: Sequence[TimerRow], gone: Collection[int] = ()
) -> None:
    if gone:
        connection.execute(sa.delete(sys_timer).where(sys_timer.c.id.in_(gone)))
    if fresh:
        rows = [{f.name: getattr(timer, f.name) for f in fields(timer)} for timer in fresh]
        connection.execute(sa.insert(sys_timer), rows)


def timers_of(connection: Connection, flow: int) -> list[TimerRow]:
    statement = sa.select(sys_timer).where(sys_timer.c.flow == flow).order_by(sys_timer.c.id)
    return [TimerRow(*tuple(row)) for row in connection.execute(statement)]


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
