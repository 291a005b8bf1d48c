"""Immutable snapshots of records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from jingwei.storage.database import Connection
from jingwei.storage.tables_records import sys_version


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One snapshot; `body` is the whole record as JSON values."""

    record: int
    number: int
    form: int
    label: str | None
    body: Any
    revision: int
    release: int
    at: datetime
    by: int | None


_NAMES = tuple(VersionRow.__dataclass_fields__)


def insert_version(connection: Connection, row: VersionRow) -> None:
    connection.execute(insert(sys_version).values({name: getattr(row, name) for name in _NAMES}))


def next_version(connection: Connection, record: int) -> int:
    """The number of the next snapshot of a record that the caller has locked."""
    last = connection.execute(
        select(func.max(sys_version.c.number)).where(sys_version.c.record == record)
    ).scalar()
    return (last or 0) + 1


def versions_of(connection: Connection, record: int) -> list[VersionRow]:
    """Oldest first."""
    rows = connection.execute(
        select(*(sys_version.c[name] for name in _NAMES))
        .where(sys_version.c.record == record)
        .order_by(sys_version.c.number)
    )
    return [VersionRow(*tuple(row)) for row in rows]
