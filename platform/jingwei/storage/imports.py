"""Imports and their parts, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, insert, select, update

from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct
from jingwei.storage.tables_imports import sys_import, sys_import_part
from jingwei.storage.tables_records import sys_change

MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. `form`: the form's key; `mode`: see `services.exchange`; `state`: running, done,
    refused, undoing, undone."""

    id: int
    form: int
    by: int | None
    at: datetime
    name: str
    sha256: str
    mode: str
    state: str
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """[row, id, revision, what was done] of each record a part wrote, and [row, path, code, holes]
    of what it did not."""

    ids: Sequence[Any]
    refused: Sequence[Any]


# of each part of a long sheet
_HOLD = Direct(
    select(sys_import.c.state)
    .where(sys_import.c.id == bindparam("batch", type_=BigInteger))
    .with_for_update(),
    "batch",
)
_ADVANCE = Direct(
    update(sys_import)
    .where(sys_import.c.id == bindparam("batch", type_=BigInteger))
    .values(
        good=sys_import.c.good + bindparam("more_good", type_=Integer),
        bad=sys_import.c.bad + bindparam("more_bad", type_=Integer),
    ),
    "batch", "more_good", "more_bad",
)  # fmt: skip
_INSERT_PART = Direct(
    insert(sys_import_part).values(
        {name: bindparam(name) for name in ("batch", "first", "ids", "refused")}
    ),
    "batch", "first", "ids", "refused",
)  # fmt: skip
_PART = Direct(
    select(sys_import_part.c.ids, sys_import_part.c.refused).where(
        sys_import_part.c.batch == bindparam("batch"),
        sys_import_part.c.first == bindparam("first"),
    ),
    "batch", "first",
)  # fmt: skip
_COLUMNS = tuple(sys_import.c[name] for name in Batch.__dataclass_fields__)


def insert_batch(connection: Connection, batch: Batch) -> None:
    values = {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
    connection.execute(insert(sys_import).values(**values))


def finish(connection: Connection, batch: int, good: int, bad: int, state: str) -> None:
    connection.execute(
        update(sys_import).where(sys_import.c.id == batch).values(good=good, bad=bad, state=state)
    )


def hold(connection: Connection, batch: int) -> str | None:
    """The state of an import, which nobody else moves until this transaction ends."""
    rows = _HOLD.rows(connection, batch=batch)
    return rows[0][0] if rows else None


def advance(connection: Connection, batch: int, good: int, bad: int) -> None:
    """Count what one more part came to."""
    _ADVANCE.rows(connection, batch=batch, more_good=good, more_bad=bad)


def find_batch(connection: Connection, batch: int) -> Batch | None:
    row = connection.execute(select(*_COLUMNS).where(sys_import.c.id == batch)).first()
    return None if row is None else Batch(*tuple(row))


def unfinished(
    connection: Connection, form: int, by: int | None, sha256: str, mode: str
) -> Batch | None:
    """The import of the same file by the same person that stopped on its way."""
    row = connection.execute(
        select(*_COLUMNS)
        .where(
            sys_import.c.form == form,
            sys_import.c.by.is_(None) if by is None else sys_import.c.by == by,
            sys_import.c.sha256 == sha256,
            sys_import.c.state == "running",
            sys_import.c.mode == mode,
        )
        .order_by(sys_import.c.id.desc())
    ).first()
    return None if row is None else Batch(*tuple(row))


def batches(connection: Connection, form: int, by: int | None) -> list[Batch]:
    """Newest first; `by` None: of everybody."""
    statement = select(*_COLUMNS).where(sys_import.c.form == form)
    if by is not None:
        statement = statement.where(sys_import.c.by == by)
    found = connection.execute(statement.order_by(sys_import.c.id.desc()).limit(MOST_LISTED))
    return [Batch(*tuple(row)) for row in found]


def insert_part(
    connection: Connection,
    batch: int,
    first: int,
    ids: Sequence[Any],
    refused: Sequence[Any],
) -> None:
    _INSERT_PART.rows(connection, batch=batch, first=first, ids=ids, refused=refused)


def part(connection: Connection, batch: int, first: int) -> Part | None:
    """The part that begins with this row, when it was written."""
    rows = _PART.read(connection, batch=batch, first=first)
    return Part(*rows[0]) if rows else None


def bodies(connection: Connection, versions: Mapping[int, int]) -> dict[int, tuple[int, str]]:
    """What was logged when these records came to these revisions: change and its body, by id."""
    table = sys_change
    rows = connection.execute(
        select(table.c.id, table.c.object, table.c.object_version, table.c.body).where(
            table.c.object.in_(list(versions)), table.c.kind == "record"
        )
    )
    return {row.object: (row.id, row.body) for row in rows
            if versions[row.object] == row.object_version}  # fmt: skip


def parts(connection: Connection, batch: int) -> dict[int, Part]:
    """By their first row, in order."""
    table = sys_import_part
    statement = (
        select(table.c.first, table.c.ids, table.c.refused)
        .where(table.c.batch == batch, table.c.first >= 0)
        .order_by(table.c.first)
    )
    return {row.first: Part(row.ids, row.refused) for row in connection.execute(statement)}


def refusals(connection: Connection, batch: int) -> list[Any]:
    """[row, path, code, holes] of each row that was not kept, in the order of the sheet."""
    table = sys_import_part
    statement = (
        select(table.c.refused)
        .where(table.c.batch == batch, table.c.first >= 0)
        .order_by(table.c.first)
    )
    return [one for part in connection.execute(statement).scalars() for one in part]


# --- taken back: beside each part what came of it, under a number below zero ---------------------


def set_state(connection: Connection, batch: int, state: str) -> None:
    connection.execute(update(sys_import).where(sys_import.c.id == batch).values(state=state))


def insert_undone(
    connection: Connection, batch: int, first: int, counts: Sequence[int], kept: Sequence[Any]
) -> None:
    """What came of taking back the part that begins with this row: how many records were deleted
    and restored, and [row, id, path, code, holes] of what stayed."""
    insert_part(connection, batch, _beside(first), counts, kept)


def undone(connection: Connection, batch: int) -> list[Part]:
    """What was taken back so far, in the order of the sheet."""
    table = sys_import_part
    statement = (
        select(table.c.ids, table.c.refused)
        .where(table.c.batch == batch, table.c.first < 0)
        .order_by(table.c.first.desc())
    )
    return [Part(row.ids, row.refused) for row in connection.execute(statement)]


def last_to_undo(connection: Connection, batch: int) -> int | None:
    """The first row of the last part that is not taken back yet: what came later may link to what
    came before it, never the other way round."""
    table = sys_import_part
    firsts = connection.execute(select(table.c.first).where(table.c.batch == batch))
    there = {row.first for row in firsts}
    return max((f for f in there if f >= 0 and _beside(f) not in there), default=None)


def _beside(first: int) -> int:
    return -1 - first
