"""Approvals as rows: plain data in, plain data out; people by login."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct, fetch_all, later
from jingwei.storage.flow_kinds import EVENT, FLOW, RUN, TASK, Books, Kind, as_json, write_rows
from jingwei.storage.flow_rows import EventRow, FlowRow, RunRow, TaskRow
from jingwei.storage.outbox import PARTS, OutboxWriter
from jingwei.storage.tables_flows import sys_flow_event, sys_flow_instance, sys_step_run, sys_task
from jingwei.storage.tables_releases import sys_text

# --- instances -----------------------------------------------------------------------------------


_BY_ID = FLOW.select.where(sys_flow_instance.c.id == sa.bindparam("flow"))
_FLOW_BY_ID = Direct(_BY_ID, "flow")
_LOCKED_FLOW = Direct(_BY_ID.with_for_update(), "flow")
_BY_TASK = FLOW.select.where(
    sys_flow_instance.c.id
    == sa.select(sys_task.c.flow)
    .where(sys_task.c.id == sa.bindparam("task"), sys_task.c.run.is_not(None))
    .scalar_subquery()
).with_for_update()
_FLOW_OF_TASK = Direct(_BY_TASK, "task")


_LATEST = Direct(
    sa.select(sa.func.max(sys_flow_instance.c.id)).where(
        sys_flow_instance.c.record == sa.bindparam("record")
    ),
    "record",
)


def find_flow(
    connection: Connection, books: Books, flow: int, *, lock: bool = False
) -> FlowRow | None:
    """The instance; with `lock` nobody else changes it until this transaction ends."""
    statement = _LOCKED_FLOW if lock else _FLOW_BY_ID
    for row in statement.rows(connection, flow=flow):
        return FLOW.plain(connection, books, row)  # type: ignore[no-any-return]  # one kind
    return None


def latest_flow(connection: Connection, record: int) -> int | None:
    """The id of the newest instance of a record."""
    found: int | None = _LATEST.rows(connection, record=record)[0][0]
    return found


def forms_of_flows(connection: Connection, books: Books) -> set[str]:
    """The forms that some instance is about."""
    found = connection.execute(sa.select(sys_flow_instance.c.form).distinct()).scalars()
    return {books.names.names[key] for key in found}


def running_flows(
    connection: Connection,
    books: Books,
    *,
    workflow: str | None = None,
    record: int | None = None,
    among: sa.Select[tuple[int]] | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[FlowRow]:
    """Instances that have not ended, oldest first. `among`: a query for the records they are of;
    `after`: only those that began later than this one."""
    table = sys_flow_instance.c
    statement = FLOW.select.where(table.status.in_(("running", "suspended")))
    if workflow is not None:
        statement = statement.where(table.workflow == workflow)
    if record is not None:
        statement = statement.where(table.record == record)
    if among is not None:
        statement = statement.where(table.record.in_(among))
    if after:
        statement = statement.where(table.id > after)
    return FLOW.all(connection, books, statement.order_by(table.id).limit(limit))


def on_the_way_among(connection: Connection, records: Sequence[int]) -> set[int]:
    """Those of these records of which an instance has not ended."""
    table = sys_flow_instance.c
    wanted = sa.select(table.record).where(
        table.record.in_(records), table.status.in_(("running", "suspended"))
    )
    return set(connection.execute(wanted).scalars())


def children_of(connection: Connection, books: Books, parent: int) -> list[FlowRow]:
    """Instances that a step of this one began, oldest first."""
    table = sys_flow_instance.c
    statement = FLOW.select.where(table.parent == parent).order_by(table.id)
    return FLOW.all(connection, books, statement)


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
    statement = FLOW.select.where(table.initiator == initiator)
    page = statement.order_by(table.id.desc()).limit(limit).offset(offset)
    return total, FLOW.all(connection, books, page)


def keep_pinned_text(connection: Connection, fingerprint: str, text: bytes) -> None:
    """Keep a text that no release has as it is: of a definition with layers put in."""
    if pinned_text(connection, fingerprint) is None:
        connection.execute(sa.insert(sys_text).values(hash=fingerprint, content=text))


def pinned_text(connection: Connection, fingerprint: str) -> bytes | None:
    """The text of a definition that some release had."""
    content = connection.execute(
        sa.select(sys_text.c.content).where(sys_text.c.hash == fingerprint)
    ).scalar()
    return None if content is None else bytes(content)


# --- runs ----------------------------------------------------------------------------------------


_RUNS = RUN.select.where(sys_step_run.c.flow == sa.bindparam("flow")).order_by(sys_step_run.c.id)
_WITH_TASKS = sa.select(*RUN.columns, *TASK.columns).select_from(
    sys_step_run.outerjoin(sys_task, sys_task.c.run == sys_step_run.c.id)
)


def _newest(flow: Any) -> Any:
    """The newest run of each path and outcome of an instance."""
    run = sys_step_run.alias()
    newest = sa.select(sa.func.max(run.c.id)).where(run.c.flow == flow)
    return newest.group_by(run.c.path, run.c.outcome)


_ORDER = (sys_step_run.c.id, sys_task.c.id)
_ALL_WITH_TASKS = Direct(
    _WITH_TASKS.where(sys_step_run.c.flow == sa.bindparam("flow")).order_by(*_ORDER), "flow"
)
_NEWEST_WITH_TASKS = Direct(
    _WITH_TASKS.where(
        sys_step_run.c.flow == sa.bindparam("flow"),
        sa.or_(
            sys_step_run.c.id.in_(_newest(sa.bindparam("flow"))),
            sys_step_run.c.state == "open",
            sys_step_run.c.round == sa.bindparam("round"),
        ),
    ).order_by(*_ORDER),
    "flow",
    "round",
)


# The lock and what it guards in one statement. The statement sees what was there when it began, but
# for the row it locks, which it sees as it is by then: where `seen` is another revision, the runs
# are old.
_HELD = _BY_TASK.cte("held")
_SEEN = sys_flow_instance.alias("seen")
_HELD_ID = sa.select(_HELD.c.id).scalar_subquery()
_HELD_WITH_TASKS = Direct(
    sa.select(*_HELD.c, _SEEN.c.revision, *RUN.columns, *TASK.columns)
    .select_from(
        _HELD.join(_SEEN, _SEEN.c.id == _HELD.c.id)
        .outerjoin(
            sys_step_run,
            sa.and_(
                sys_step_run.c.flow == _HELD_ID,
                sa.or_(
                    sys_step_run.c.id.in_(_newest(_HELD_ID)),
                    sys_step_run.c.state == "open",
                    sys_step_run.c.round == _HELD.c.round,
                ),
            ),
        )
        .outerjoin(sys_task, sys_task.c.run == sys_step_run.c.id)
    )
    .order_by(*_ORDER),
    "task",
)


def runs_of(connection: Connection, books: Books, flow: int) -> list[RunRow]:
    return RUN.all(connection, books, _RUNS, flow=flow)


def runs_with_tasks(
    connection: Connection, books: Books, flow: FlowRow, *, whole: bool
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    """Runs of an instance and their tasks by id, in the order they were made. Not `whole`: of each
    path only the newest run of each outcome, what is open and what is of this round, with the
    blocks around: all that a command looks at, however often the request has gone round."""
    if whole:
        return _sorted_out(connection, books, _ALL_WITH_TASKS.rows(connection, flow=flow.id))
    found = _NEWEST_WITH_TASKS.rows(connection, flow=flow.id, round=flow.round)
    return _with_those_above(connection, books, *_sorted_out(connection, books, found))


def held_by_task(
    connection: Connection, books: Books, task: int, newest: int
) -> tuple[FlowRow, tuple[dict[int, RunRow], dict[int, TaskRow]], list[EventRow]] | None:
    """The instance of a task that a step of it waits for, locked, with its runs and tasks as
    `runs_with_tasks` gives them, and the newest so many events as `events_shown` does; None for
    any other task."""
    if connection.dialect.name == "sqlite":
        for row in _FLOW_OF_TASK.rows(connection, task=task):
            flow = FLOW.plain(connection, books, row)
            events = events_shown(connection, books, flow.id, newest)
            return flow, runs_with_tasks(connection, books, flow, whole=False), events
        return None
    asked = _SHOWN_OF_TASK.asked(connection, task=task, newest=newest)
    found, past = fetch_all(connection, [_HELD_WITH_TASKS.asked(connection, task=task), asked])
    if not found:
        return None
    width = len(FLOW.names)
    flow = FLOW.plain(connection, books, found[0][:width])
    events = [EVENT.plain(connection, books, row) for row in past][::-1]
    if found[0][width] != flow.revision:  # it moved while this waited: the runs are from before
        return flow, runs_with_tasks(connection, books, flow, whole=False), events
    rest = _sorted_out(connection, books, [row[width + 1 :] for row in found])
    return flow, _with_those_above(connection, books, *rest), events


def _with_those_above(
    connection: Connection, books: Books, runs: dict[int, RunRow], tasks: dict[int, TaskRow]
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    """These, and the blocks around them; in the order they were made."""
    while missing := {r.parent for r in runs.values() if r.parent not in (None, *runs)}:
        above = _some_runs(connection, books, missing)
        runs, tasks = {**above[0], **runs}, {**above[1], **tasks}
    return dict(sorted(runs.items())), dict(sorted(tasks.items()))


def flows_by_id(connection: Connection, books: Books, flows: Collection[int]) -> list[FlowRow]:
    statement = FLOW.select.where(sys_flow_instance.c.id.in_(flows))
    return FLOW.all(connection, books, statement)


def some_runs(
    connection: Connection, books: Books, runs: Collection[int]
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    """These runs and their tasks by id, whatever instances they are of."""
    return _some_runs(connection, books, runs)


def _some_runs(
    connection: Connection, books: Books, runs: Collection[Any]
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    statement = _WITH_TASKS.where(sys_step_run.c.id.in_(runs)).order_by(*_ORDER)
    made: dict[int, RunRow] = {}
    tasks: dict[int, TaskRow] = {}
    width = len(RUN.names)
    for row in connection.execute(statement):
        if row[0] not in made:
            made[row[0]] = RUN.engine(connection, books, row[:width])
        if row[width] is not None:
            tasks[row[width]] = TASK.engine(connection, books, row[width:])
    return made, tasks


def _sorted_out(
    connection: Connection, books: Books, rows: Sequence[Sequence[Any]]
) -> tuple[dict[int, RunRow], dict[int, TaskRow]]:
    """A driver's rows of runs and their tasks; both begin with their id."""
    runs: dict[int, RunRow] = {}
    tasks: dict[int, TaskRow] = {}
    width = len(RUN.names)
    for row in rows:
        if row[0] is not None and row[0] not in runs:
            runs[row[0]] = RUN.plain(connection, books, row[:width])
        if row[width] is not None:
            tasks[row[width]] = TASK.plain(connection, books, row[width:])
    return runs, tasks


# --- events --------------------------------------------------------------------------------------


_EVENTS = EVENT.select.where(sys_flow_event.c.flow == sa.bindparam("flow"))
_IN_ORDER = _EVENTS.order_by(sys_flow_event.c.seq)
_SHOWN = Direct(
    sa.select(*(sa.null() if c.name == "changes" else c for c in EVENT.columns))
    .where(sys_flow_event.c.flow == sa.bindparam("flow"))
    .order_by(sys_flow_event.c.seq.desc())
    .limit(sa.bindparam("newest")),
    "flow",
    "newest",
)
_SHOWN_OF_TASK = Direct(
    sa.select(*(sa.null() if c.name == "changes" else c for c in EVENT.columns))
    .where(
        sys_flow_event.c.flow
        == sa.select(sys_task.c.flow).where(sys_task.c.id == sa.bindparam("task")).scalar_subquery()
    )
    .order_by(sys_flow_event.c.seq.desc())
    .limit(sa.bindparam("newest")),
    "task",
    "newest",
)


def events_of(connection: Connection, books: Books, flow: int) -> list[EventRow]:
    """All events in order, with the changes of state that they hold."""
    return EVENT.all(connection, books, _IN_ORDER, flow=flow)


def events_shown(connection: Connection, books: Books, flow: int, newest: int) -> list[EventRow]:
    """The newest so many events in order, without their changes (None)."""
    found = _SHOWN.rows(connection, flow=flow, newest=newest)
    return [EVENT.plain(connection, books, row) for row in found][::-1]


def last_event(connection: Connection, books: Books, flow: int, type_: str) -> EventRow | None:
    """The newest event of this type, however much was noted since."""
    table = sys_flow_event.c
    statement = EVENT.select.where(table.flow == flow, table.type == type_)
    found = EVENT.all(connection, books, statement.order_by(table.seq.desc()).limit(1))
    return found[0] if found else None


# --- writing -------------------------------------------------------------------------------------

_NEW, _ONE, _SOME = "new", "one", "some"


class _Parts:
    """One statement that writes several tables (PostgreSQL), made of what there is to write: of an
    empty part the database would open the table and all of its indexes."""

    def __init__(self, connection: Connection, books: Books) -> None:
        self.connection = connection
        self.books = books
        self.names: list[tuple[str, str]] = []
        self.values: list[Any] = []

    def insert(self, kind: Kind, rows: Sequence[Any], **more: Any) -> None:
        if rows:
            self._as_json(kind, _NEW, rows, more)

    def change(self, kind: Kind, rows: Sequence[Any], **more: Any) -> None:
        if len(rows) == 1:
            self.names.append((kind.table.name, _ONE))
            self.values += kind.moved(self.connection, self.books, rows[0])
        elif rows:
            self._as_json(kind, _SOME, rows, more)

    def _as_json(self, kind: Kind, how: str, rows: Sequence[Any], more: Mapping[str, Any]) -> None:
        kept = [kind.kept(self.connection, self.books, row, more) for row in rows]
        self.names.append((kind.table.name, how))
        self.values.append(as_json(kind, kept))

    def followed_by(self, outbox: OutboxWriter) -> None:
        """What the outbox holds by now."""
        for name, value in outbox.taken():
            self.names.append(("", name))
            self.values.append(value)

    def write(self) -> None:
        later(self.connection, _together(tuple(self.names)), self.values)


@cache
def _together(names: tuple[tuple[str, str], ...]) -> str:
    kinds = {kind.table.name: kind for kind in (FLOW, RUN, TASK, EVENT)}
    parts = []
    for number, (table, how) in enumerate(names):
        if table == "":
            part = PARTS[how]
        elif how == _ONE:
            part = kinds[table].update()
        else:
            made = kinds[table].insert if how == _NEW else kinds[table].upsert
            part = made("postgresql")
        parts.append(f"part_{number} AS ({part})")
    return f"WITH {', '.join(parts)} SELECT 1"


def write_flow(
    connection: Connection,
    books: Books,
    flow: FlowRow,
    runs: Sequence[RunRow],
    tasks: Sequence[TaskRow],
    events: Sequence[EventRow],
    outbox: OutboxWriter,
    fresh: Collection[int],
) -> None:
    """Keep what became of an instance: the row (new in its revision 1), these runs and tasks of it
    (`fresh`: the ids of those that are new), and what happened. On PostgreSQL in one statement,
    with what the outbox holds by now, and in one message with the next one or with the commit."""
    if connection.dialect.name == "sqlite":
        write_rows(connection, books, FLOW, [flow])
        write_rows(connection, books, RUN, runs, flow=flow.id)
        write_rows(connection, books, TASK, tasks)
        write_rows(connection, books, EVENT, events)
        return
    parts = _Parts(connection, books)
    if flow.revision == 1:
        parts.insert(FLOW, [flow])
    else:
        parts.change(FLOW, [flow])
    parts.insert(RUN, [run for run in runs if run.id in fresh], flow=flow.id)
    parts.change(RUN, [run for run in runs if run.id not in fresh], flow=flow.id)
    parts.insert(TASK, [task for task in tasks if task.id in fresh])
    parts.change(TASK, [task for task in tasks if task.id not in fresh])
    parts.insert(EVENT, events)
    parts.followed_by(outbox)
    parts.write()
