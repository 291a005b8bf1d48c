"""Rows of uploaded files; the content lies in the data folder by its sha256."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from jingwei.storage.database import Connection
from jingwei.storage.tables_records import sys_file


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file. `form` is the form's key; a file no record owns yet is its uploader's."""

    id: int
    name: str
    type: str
    size: int
    sha256: str
    created_at: datetime
    created_by: int | None
    form: int | None = None
    record: int | None = None
    field: str | None = None


def insert_file(connection: Connection, row: FileRow) -> None:
    values = {name: getattr(row, name) for name in FileRow.__dataclass_fields__}
    connection.execute(insert(sys_file).values(values))


def find_files(connection: Connection, ids: Collection[int]) -> dict[int, FileRow]:
    return _read(connection, sys_file.c.id.in_(ids))


def files_of(connection: Connection, record: int) -> dict[int, FileRow]:
    """Every file of one record."""
    return _read(connection, sys_file.c.record == record)


def own_files(
    connection: Connection, ids: Collection[int], form: int, record: int, field: str
) -> None:
    """These files belong to this field of this record from now on, if they had no owner."""
    connection.execute(
        update(sys_file)
        .where(sys_file.c.id.in_(ids), sys_file.c.record.is_(None))
        .values(form=form, record=record, field=field)
    )


def _read(connection: Connection, wanted: Any) -> dict[int, FileRow]:
    columns = [sys_file.c[name] for name in FileRow.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(wanted).order_by(sys_file.c.id))
    return {row.id: FileRow(*tuple(row)) for row in rows}
