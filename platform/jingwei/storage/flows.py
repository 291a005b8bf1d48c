"""Approvals and the inbox as rows: plain data in, plain data out; people by login."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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


@dataclass(frozen=True, slots=True)
class _Kind:
    """How rows of a table become one of our plain rows, and back. The statements are built once:
    building them for each request costs more than running them."""

    made: Any
    table: sa.Table
    columns: tuple[sa.Column[Any], ...]
    names: tuple[str, ...]
    people: tuple[int, ...]
    form: int | None
    moving: tuple[str, ...]
    update: sa.Update
    select: sa.Select[Any]


def _kind(made: Any, table: sa.Table, *fixed: str) -> _Kind:
    """`fixed`: columns that never change after the insert."""
    names = tuple(f.name for f in fields(made))
    columns = tuple(table.c[name] for name in names)
    moving = tuple(name for name in names if name not in ("id", *fixed))
    update = sa.update(table)
    if "id" in names:
        update = update.where(table.c.id == sa.bindparam("key_"))
    return _Kind(
        made,
        table,
        columns,
        names,
        tuple(i for i, name in enumerate(names) if name in _PEOPLE),
        names.index("form") if "form" in names else None,
        moving,
        update.values({name: sa.bindparam(name) for name in moving}),
        sa.select(*columns),
    )


_FLOW = _kind(
    FlowRow, sys_flow_instance, "form", "record", "workflow", "initiator", "started_at",
    "previous", "parent", "parent_run",
)  # fmt: skip
_RUN = _kind(RunRow, sys_step_run, "kind", "parent", "lane", "round", "opened_at")
_TASK = _kind(
    TaskRow, sys_task, "run", "kind", "seat", "weight", "origin", "position", "flow", "form",
    "record", "key",
)  # fmt: skip
_EVENT = _kind(EventRow, sys_flow_event)


def _kept(connection: Connection, books: Books, row: Any, **more: Any) -> dict[str, Any]:
    values = {f.name: getattr(row, f.name) for f in fields(row)} | more
    for name, value in values.items():
        if name in _PEOPLE and value is not None:
            values[name] = login_key(connection, books.people, value)
        elif name == "form":
            values[name] = books.names.key("form", value)
    return values


def _changed(connection: Connection, books: Books, kind: _Kind, rows: Sequence[Any]) -> None:
    if rows:
        values = []
        for row in rows:
            kept = _kept(connection, books, row)
            values.append({"key_": row.id, **{name: kept[name] for name in kind.moving}})
        connection.execute(kind.update, values if len(values) > 1 else values[0])


def _plain(connection: Connection, books: Books, kind: _Kind, values: Sequence[Any]) -> Any:
    found = list(values)
    logins = books.people.logins
    for index in kind.people:
        if found[index] is not None:
            if found[index] not in logins:
                refresh_book(connection, books.people)
                logins = books.people.logins
            found[index] = logins.get(found[index], "?")
    if kind.form is not None and found[kind.form] is not None:
        found[kind.form] = books.names.names.get(found[kind.form], "?")
    return kind.made(*found)


def _all(
    connection: Connection, books: Books, kind: _Kind, statement: Any, **values: Any
) -> list[Any]:
    return [_plain(connection, books, kind, row) for row in connection.execute(statement, values)]


# --- instances -----------------------------------------------------------------------------------


def insert_flow(connection: Connection, books: Books, flow: FlowRow) -> None:
    connection.execute(sa.insert(sys_flow_instance), _kept(connection, books, flow))


def update_flow(connection: Connection, books: Books, flow: FlowRow) -> None:
    _changed(connection, books, _FLOW, [flow])


_FLOW_BY_ID = _FLOW.select.where(sys_flow_instance.c.id == sa.bindparam("flow"))
_FLOW_OF_TASK = _FLOW.select.where(
    sys_flow_instance.c.id
    == sa.select(sys_task.c.flow)
    .where(sys_task.c.id == sa.bindparam("task"), sys_task.c.run.is_not(None))
    .scalar_subquery()
).with_for_update()
_LOCKED_FLOW = _FLOW_BY_ID.with_for_update()


def find_flow(
    connection: Connection, books: Books, flow: int, *, lock: bool = False
) -> FlowRow | None:
    """The instance; with `lock` nobody else changes it until this transaction ends."""
    statement = _LOCKED_FLOW if lock else _FLOW_BY_ID
    found = _all(connection, books, _FLOW, statement, flow=flow)
    return found[0] if found else None


def flow_of_task(connection: Connection, books: Books, task: int) -> FlowRow | None:
    """The instance of a task that a step of it waits for, locked; None for any other task."""
    found = _all(connection, books, _FLOW, _FLOW_OF_TASK, task=task)
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
    statement = _FLOW.select.where(table.status.in_(("running", "suspended")))
    if workflow is not None:
        statement = statement.where(table.workflow == workflow)
    if record is not None:
        statement = statement.where(table.record == record)
    return _all(connection, books, _FLOW, statement.order_by(table.id).limit(limit))


def children_of(connection: Connection, books: Books, parent: int) -> list[FlowRow]:
    """Instances that a step of this one began, oldest first."""
    table = sys_flow_instance.c
    statement = _FLOW.select.where(table.parent == parent).order_by(table.id)
    return _all(connection, books, _FLOW, statement)


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
    statement = _FLOW.select.where(table.initiator == initiator)
    page = statement.order_by(table.id.desc()).limit(limit).offset(offset)
    return total, _all(connection, books, _FLOW, page)


def pinned_text(connection: Connection, fingerprint: str) -> bytes | None:
    """The text of a definition that some release had."""
    content = connection.execute(
        sa.select(sys_text.c.content).where(sys_text.c.hash == fingerprint)
    ).scalar()
    return None if content is None else bytes(content)


# --- runs ----------------------------------------------------------------------------------------


_RUNS = _RUN.select.where(sys_step_run.c.flow == sa.bindparam("flow")).order_by(sys_step_run.c.id)
_WITH_TASKS = sa.select(*_RUN.columns, *_TASK.columns).select_from(
    sys_step_run.outerjoin(sys_task, sys_task.c.run == sys_step_run.c.id)
)
_newest = (
    sa.select(sa.func.max(sys_step_run.c.id))
    .where(sys_step_run.c.flow == sa.bindparam("flow"))
    .group_by(sys_step_run.c.path)
)
_ORDER = (sys_step_run.c.id, sys_task.c.id)
_ALL_WITH_TASKS = _WITH_TASKS.where(sys_step_run.c.flow == sa.bindparam("flow")).order_by(*_ORDER)
_NEWEST_WITH_TASKS = _WITH_TASKS.where(
    sys_step_run.c.flow == sa.bindparam("flow"),
    sa.or_(
        sys_step_run.c.id.in_(_newest),
        sys_step_run.c.state == "open",
        sys_step_run.c.round == sa.bindparam("round"),
    ),
).order_by(*_ORDER)


def runs_of(connection: Connection, books: Books, flow: int) -> list[RunRow]:
    return _all(connection, books, _RUN, _RUNS, flow=flow)


def runs_with_tasks(
    connection: Connection, books: Books, flow: FlowRow, *, whole: bool
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    """Runs of an instance and their tasks by id, in the order they were made. Not `whole`: of each
    path only the newest run, what is open and what is of this round, with the blocks around: all
    that a command looks at, however often the request has gone round."""
    runs: dict[int, RunRow] = {}
    tasks: dict[int, TaskRow] = {}
    if whole:
        _add_runs(connection, books, runs, tasks, _ALL_WITH_TASKS, flow=flow.id)
        return runs, tasks
    _add_runs(connection, books, runs, tasks, _NEWEST_WITH_TASKS, flow=flow.id, round=flow.round)
    while missing := {r.parent for r in runs.values() if r.parent not in (None, *runs)}:
        above = _WITH_TASKS.where(sys_step_run.c.id.in_(missing)).order_by(*_ORDER)
        _add_runs(connection, books, runs, tasks, above)
    return dict(sorted(runs.items())), dict(sorted(tasks.items()))


def flows_by_id(connection: Connection, books: Books, flows: Collection[int]) -> list[FlowRow]:
    statement = _FLOW.select.where(sys_flow_instance.c.id.in_(flows))
    return _all(connection, books, _FLOW, statement)


def some_runs(
    connection: Connection, books: Books, runs: Collection[int]
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    """These runs and their tasks by id, whatever instances they are of."""
    found: dict[int, RunRow] = {}
    tasks: dict[int, TaskRow] = {}
    statement = _WITH_TASKS.where(sys_step_run.c.id.in_(runs)).order_by(*_ORDER)
    _add_runs(connection, books, found, tasks, statement)
    return found, tasks


def _add_runs(
    connection: Connection,
    books: Books,
    runs: dict[int, RunRow],
    tasks: dict[int, TaskRow],
    statement: Any,
    **values: Any,
) -> None:
    width = len(_RUN.names)
    at = width + _TASK.names.index("id")
    for row in connection.execute(statement, values):
        if row[0] not in runs:
            runs[row[0]] = _plain(connection, books, _RUN, row[:width])
        if row[at] is not None:
            tasks[row[at]] = _plain(connection, books, _TASK, row[width:])


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
    _changed(connection, books, _RUN, changed)


# --- tasks ---------------------------------------------------------------------------------------


_TASKS = _TASK.select.where(sys_task.c.flow == sa.bindparam("flow")).order_by(sys_task.c.id)
_BESIDE = _TASK.select.where(
    sys_task.c.flow == sa.bindparam("flow"), sys_task.c.run.is_(None)
).order_by(sys_task.c.id)
_TASK_BY_ID = _TASK.select.where(sys_task.c.id == sa.bindparam("task"))


def tasks_of(connection: Connection, books: Books, flow: int) -> list[TaskRow]:
    return _all(connection, books, _TASK, _TASKS, flow=flow)


def tasks_beside(connection: Connection, books: Books, flow: int) -> list[TaskRow]:
    """Tasks of an instance that no step waits for."""
    return _all(connection, books, _TASK, _BESIDE, flow=flow)


def find_task(connection: Connection, books: Books, task: int) -> TaskRow | None:
    found = _all(connection, books, _TASK, _TASK_BY_ID, task=task)
    return found[0] if found else None


def find_task_by_key(connection: Connection, books: Books, key: str) -> TaskRow | None:
    found = _all(connection, books, _TASK, _TASK.select.where(sys_task.c.key == key))
    return found[0] if found else None


def write_tasks(
    connection: Connection, books: Books, fresh: Sequence[TaskRow], changed: Sequence[TaskRow]
) -> None:
    if fresh:
        rows = [_kept(connection, books, task) for task in fresh]
        connection.execute(sa.insert(sys_task), rows)
    _changed(connection, books, _TASK, changed)


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
    statement = _TASK.select.where(table.record == record)
    if acting is not None:
        statement = statement.where(sa.or_(table.acting == acting, table.person == acting))
    if kinds:
        statement = statement.where(table.kind.in_(kinds))
    if state is not None:
        statement = statement.where(table.state == state)
    return _all(connection, books, _TASK, statement.order_by(table.id))


def open_of_form(
    connection: Connection, books: Books, form: str, kinds: Collection[str]
) -> list[TaskRow]:
    """Open tasks about records of a form, oldest first."""
    table = sys_task.c
    statement = _TASK.select.where(
        table.form == books.names.key("form", form),
        table.state == "open",
        table.kind.in_(kinds),
    )
    return _all(connection, books, _TASK, statement.order_by(table.id))


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
    statement = _TASK.select.where(where).order_by(*order).limit(limit).offset(offset)
    return total, _all(connection, books, _TASK, statement)


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
    statement = _TASK.select.where(
        sa.or_(table.acting == person, table.person == person),
        table.state.in_(("open", "waiting")),
    )
    return _all(connection, books, _TASK, statement.order_by(table.id))


def open_tasks_in(connection: Connection, books: Books, flows: Collection[int]) -> list[TaskRow]:
    """What is open or waits in these instances."""
    table = sys_task.c
    statement = _TASK.select.where(
        table.flow.in_(flows), table.state.in_(("open", "waiting")), table.kind != "receipt"
    )
    return _all(connection, books, _TASK, statement.order_by(table.id))


# --- events and timers ---------------------------------------------------------------------------


def append_events(connection: Connection, books: Books, events: Iterable[EventRow]) -> None:
    rows = [_kept(connection, books, event) for event in events]
    if rows:
        connection.execute(sa.insert(sys_flow_event), rows)


_EVENTS = _EVENT.select.where(sys_flow_event.c.flow == sa.bindparam("flow"))
_SHOWN = sa.select(*(sa.literal(None) if c.name == "changes" else c for c in _EVENT.columns)).where(
    sys_flow_event.c.flow == sa.bindparam("flow")
)
_IN_ORDER = _EVENTS.order_by(sys_flow_event.c.seq)
_NEWEST_SHOWN = _SHOWN.order_by(sys_flow_event.c.seq.desc()).limit(sa.bindparam("newest"))


def events_of(connection: Connection, books: Books, flow: int) -> list[EventRow]:
    """All events in order, with the changes of state that they hold."""
    return _all(connection, books, _EVENT, _IN_ORDER, flow=flow)


def events_shown(connection: Connection, books: Books, flow: int, newest: int) -> list[EventRow]:
    """The newest so many events in order, without their changes (None)."""
    return _all(connection, books, _EVENT, _NEWEST_SHOWN, flow=flow, newest=newest)[::-1]


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
