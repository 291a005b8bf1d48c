"""What people typed and have not saved: rows in, plain data out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.tables_personal import sys_unsaved

NEW = 0  # the record of what is typed into a new one


class Unsaved(NamedTuple):
    """`values`: JSON values as they were typed; `revision`: of the record they were typed over."""

    values: Any
    revision: int | None
    at: datetime


def find_unsaved(
    connection: Connection, person: int, form: int, record: int, since: datetime
) -> Unsaved | None:
    """What somebody typed since then."""
    columns = (sys_unsaved.c["values"], sys_unsaved.c.revision, sys_unsaved.c.at)
    mine = _mine(person, form, record)
    row = connection.execute(sa.select(*columns).where(mine, sys_unsaved.c.at >= since)).first()
    return Unsaved(*tuple(row)) if row else None


def keep_unsaved(
    connection: Connection, person: int, form: int, record: int, kept: Unsaved, most: int
) -> None:
    """Instead of what was kept before; of each person the latest `most` are kept."""
    forget_unsaved(connection, person, form, record)
    connection.execute(
        sa.insert(sys_unsaved).values(person=person, form=form, record=record, **kept._asdict())
    )
    older = (
        sa.select(sys_unsaved.c.at)
        .where(sys_unsaved.c.person == person)
        .order_by(sys_unsaved.c.at.desc())
        .offset(most)
        .limit(1)
    )
    oldest = connection.execute(older).scalar()
    if oldest is not None:
        connection.execute(
            sa.delete(sys_unsaved).where(sys_unsaved.c.person == person, sys_unsaved.c.at <= oldest)
        )


def forget_unsaved(connection: Connection, person: int, form: int, record: int) -> None:
    connection.execute(sa.delete(sys_unsaved).where(_mine(person, form, record)))


def forget_unsaved_before(connection: Connection, before: datetime) -> int:
    """Drop what was typed before an instant; how many there were."""
    return connection.execute(sa.delete(sys_unsaved).where(sys_unsaved.c.at < before)).rowcount


def _mine(person: int, form: int, record: int) -> sa.ColumnElement[bool]:
    table = sys_unsaved.c
    return sa.and_(table.person == person, table.form == form, table.record == record)
