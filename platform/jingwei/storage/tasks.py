"""The one inbox as rows: every open request to a person; people by login."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.flow_kinds import TASK, Books, write_rows
from jingwei.storage.flow_rows import NEVER_ASKED, TaskRow
from jingwei.storage.tables_flows import sys_flow_instance, sys_task

_TASKS = TASK.select.where(sys_task.c.flow == sa.bindparam("flow")).order_by(sys_task.c.id)
_BESIDE = TASK.select.where(
    sys_task.c.flow == sa.bindparam("flow"), sys_task.c.run.is_(None)
).order_by(sys_task.c.id)
_TASK_BY_ID = TASK.select.where(sys_task.c.id == sa.bindparam("task"))


def tasks_of(connection: Connection, books: Books, flow: int) -> list[TaskRow]:
    return TASK.all(connection, books, _TASKS, flow=flow)


def tasks_beside(connection: Connection, books: Books, flow: int) -> list[TaskRow]:
    """Tasks of an instance that no step waits for."""
    return TASK.all(connection, books, _BESIDE, flow=flow)


def find_task(connection: Connection, books: Books, task: int) -> TaskRow | None:
    found = TASK.all(connection, books, _TASK_BY_ID, task=task)
    return found[0] if found else None


def find_task_by_key(connection: Connection, books: Books, key: str) -> TaskRow | None:
    found = TASK.all(connection, books, TASK.select.where(sys_task.c.key == key))
    return found[0] if found else None


def write_tasks(
    connection: Connection, books: Books, fresh: Sequence[TaskRow], changed: Sequence[TaskRow]
) -> None:
    write_rows(connection, books, TASK, [*fresh, *changed])


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
    statement = TASK.select.where(table.record == record)
    if acting is not None:
        statement = statement.where(sa.or_(table.acting == acting, table.person == acting))
    if kinds:
        statement = statement.where(table.kind.in_(kinds))
    if state is not None:
        statement = statement.where(table.state == state)
    return TASK.all(connection, books, statement.order_by(table.id))


def open_among(connection: Connection, records: Sequence[int]) -> set[int]:
    """Those of these records on which a task is open."""
    table = sys_task.c
    wanted = sa.select(table.record).where(table.record.in_(records), table.state == "open")
    return set(connection.execute(wanted).scalars())


def open_of_form(
    connection: Connection, books: Books, form: str, kinds: Collection[str]
) -> list[TaskRow]:
    """Open tasks about records of a form, oldest first."""
    table = sys_task.c
    statement = TASK.select.where(
        table.form == books.names.key("form", form),
        table.state == "open",
        table.kind.in_(kinds),
    )
    return TASK.all(connection, books, statement.order_by(table.id))


def told_of(
    connection: Connection, books: Books, records: Collection[int], person: int
) -> list[TaskRow]:
    """The tasks by which a person knows of these records, oldest first."""
    statement = TASK.select.where(sys_task.c.record.in_(records), _knows(person))
    return TASK.all(connection, books, statement.order_by(sys_task.c.id))


def to_fill_in(
    connection: Connection, books: Books, records: Collection[int], person: int
) -> list[TaskRow]:
    """A person's open tasks on these records whose steps may open fields, oldest first."""
    table = sys_task.c
    mine = sa.or_(table.acting == person, table.person == person)
    open_ = (table.state == "open", table.kind.in_(("approval", "fill")), table.run.is_not(None))
    statement = TASK.select.where(table.record.in_(records), mine, *open_)
    return TASK.all(connection, books, statement.order_by(table.id))


def opened_among(connection: Connection, records: Collection[int], person: int) -> set[int]:
    """On which of these records a person has or had a task, or began a flow."""
    task, flow = sys_task.c, sys_flow_instance.c
    asked = sa.select(task.record).where(task.record.in_(records), _knows(person))
    began = sa.select(flow.record).where(flow.record.in_(records), flow.initiator == person)
    return set(connection.execute(sa.union_all(asked, began)).scalars())


def _knows(person: int) -> sa.ColumnElement[bool]:
    """That somebody was told of a task: it is open or a copy, or waits for somebody he asked
    himself, or he closed it, or others were quicker. Not: a turn that never came, what was given to
    somebody else by others, whose adder dropped him."""
    table = sys_task.c
    mine = sa.or_(table.acting == person, table.person == person)
    waits = sa.and_(table.state == "waiting", _HANDED_OUT)
    overtaken = sa.and_(
        table.closed_by.is_(None),
        table.outcome.in_(("cancelled", "superseded")),
        table.reason != NEVER_ASKED,
    )
    return sa.or_(
        sa.and_(mine, sa.or_(table.state.in_(("open", "told")), waits)),
        sa.and_(mine, table.state == "closed", sa.or_(table.closed_by == person, overtaken)),
    )


# said outright, so that the index of open tasks will do
_OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")


# its holder asked somebody else first; whose turn has not come yet knows of nothing
_asked = sys_task.alias("asked")
_HANDED_OUT = sa.exists().where(
    _asked.c.run == sys_task.c.run,  # an index leads there
    _asked.c.origin == sys_task.c.id,
    _asked.c.position.in_(("before", "delegate")),
    _asked.c.state.in_(("open", "waiting")),
)


def box_of(box: str, person: int) -> sa.ColumnElement[bool]:
    table = sys_task.c
    if box == "todo":
        return sa.and_(table.acting == person, table.state == _OPEN)
    if box == "waiting":
        return sa.and_(
            sa.or_(table.person == person, table.acting == person),
            table.state == "waiting",
            _HANDED_OUT,
        )
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
    """A page of a box (todo, waiting, done, cc) and how many there are. What is due first comes
    first."""
    table = sys_task.c
    where = box_of(box, person)
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
    statement = TASK.select.where(where).order_by(*order).limit(limit).offset(offset)
    return total, TASK.all(connection, books, statement)


def box_counts(connection: Connection, person: int) -> dict[str, int]:
    """How much is in each box."""
    counts = {
        box: connection.execute(
            sa.select(sa.func.count()).select_from(sys_task).where(box_of(box, person))
        ).scalar_one()
        for box in ("todo", "waiting", "done", "cc")
    }
    mine = sa.select(sa.func.count()).where(sys_flow_instance.c.initiator == person)
    return {**counts, "mine": connection.execute(mine).scalar_one()}


def open_tasks_of(connection: Connection, books: Books, person: int) -> list[TaskRow]:
    """Everything that waits for one person."""
    table = sys_task.c
    statement = TASK.select.where(
        sa.or_(table.acting == person, table.person == person),
        table.state.in_(("open", "waiting")),
    )
    return TASK.all(connection, books, statement.order_by(table.id))


def open_tasks_in(connection: Connection, books: Books, flows: Collection[int]) -> list[TaskRow]:
    """What is open or waits in these instances."""
    table = sys_task.c
    statement = TASK.select.where(
        table.flow.in_(flows), table.state.in_(("open", "waiting")), table.kind != "receipt"
    )
    return TASK.all(connection, books, statement.order_by(table.id))
