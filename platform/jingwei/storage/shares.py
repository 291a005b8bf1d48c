"""Records opened to one person beside the grants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from jingwei.storage.database import Connection
from jingwei.storage.tables_records import sys_share


def insert_share(
    connection: Connection, form: int, record: int, person: int, by: int, at: datetime
) -> None:
    """Open a record to a person; once more changes nothing."""
    if not is_shared(connection, record, person):
        connection.execute(
            insert(sys_share).values(form=form, record=record, person=person, by=by, at=at)
        )


def delete_share(connection: Connection, record: int, person: int) -> None:
    connection.execute(
        delete(sys_share).where(sys_share.c.record == record, sys_share.c.person == person)
    )


def is_shared(connection: Connection, record: int, person: int) -> bool:
    statement = select(sys_share.c.record).where(
        sys_share.c.record == record, sys_share.c.person == person
    )
    return connection.execute(statement).first() is not None


def shared_with(connection: Connection, form: int, person: int) -> list[int]:
    """Records of a form that are open to a person."""
    statement = select(sys_share.c.record).where(
        sys_share.c.person == person, sys_share.c.form == form
    )
    return list(connection.execute(statement).scalars())
