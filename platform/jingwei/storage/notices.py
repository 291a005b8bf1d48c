"""Notices to people, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.dialects import sqlite

from jingwei.storage.database import Connection
from jingwei.storage.direct import fetch
from jingwei.storage.tables_outbox import sys_notice
from jingwei.storage.types import truncated


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice to one person (by id), in that person's language."""

    id: int
    person: int
    at: datetime
    kind: str
    text: str
    link: str | None = None
    urgent: bool = False
    key: str | None = None
    read_at: datetime | None = None


_COLUMNS = tuple(sys_notice.c[name] for name in NoticeRow.__dataclass_fields__)
_INSERT = sqlite.insert(sys_notice).on_conflict_do_nothing()
_NAMES = ", ".join(f'"{name}"' for name in NoticeRow.__dataclass_fields__)
# PostgreSQL takes all of them as one JSON text
INSERT_ALL = (
    f"INSERT INTO sys_notice ({_NAMES}) SELECT {_NAMES} "
    "FROM json_populate_recordset(NULL::sys_notice, %s) ON CONFLICT DO NOTHING"
)
_ALL_AT_ONCE = f"{INSERT_ALL} RETURNING id"


def insert_notices(connection: Connection, rows: Sequence[NoticeRow]) -> set[int]:
    """Keep notices; the ids of those that are new. A key that is known already adds nothing."""
    if not rows:
        return set()
    if connection.dialect.name == "postgresql":
        return {row[0] for row in fetch(connection, _ALL_AT_ONCE, (as_json(rows),))}
    connection.execute(_INSERT, [_values(row) for row in rows])
    wanted = [row.id for row in rows]
    kept = connection.execute(select(sys_notice.c.id).where(sys_notice.c.id.in_(wanted)))
    return set(kept.scalars())


def as_json(rows: Sequence[NoticeRow]) -> str:
    """What `INSERT_ALL` takes."""
    return orjson.dumps([_values(row) | {"at": truncated(row.at)} for row in rows]).decode()


def _values(row: NoticeRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in NoticeRow.__dataclass_fields__}


def find_notice(connection: Connection, notice: int) -> NoticeRow | None:
    row = connection.execute(select(*_COLUMNS).where(sys_notice.c.id == notice)).first()
    return NoticeRow(*tuple(row)) if row else None


def notices_of(
    connection: Connection, person: int, *, limit: int = 20, before: int | None = None
) -> list[NoticeRow]:
    """Newest first."""
    statement = select(*_COLUMNS).where(sys_notice.c.person == person)
    if before is not None:
        statement = statement.where(sys_notice.c.id < before)
    rows = connection.execute(statement.order_by(sys_notice.c.id.desc()).limit(limit))
    return [NoticeRow(*tuple(row)) for row in rows]


def count_notices(connection: Connection, person: int) -> tuple[int, int]:
    """How many a person has, and how many are unread."""
    unread = func.count().filter(sys_notice.c.read_at.is_(None))
    row = connection.execute(
        select(func.count(), unread).where(sys_notice.c.person == person)
    ).one()
    return row[0], row[1]


def mark_read(
    connection: Connection, person: int, at: datetime, ids: Collection[int] | None = None
) -> int:
    """All of a person's unread notices are read, or only these; how many."""
    statement = update(sys_notice).where(
        sys_notice.c.person == person, sys_notice.c.read_at.is_(None)
    )
    if ids is not None:
        statement = statement.where(sys_notice.c.id.in_(ids))
    return connection.execute(statement.values(read_at=at)).rowcount
