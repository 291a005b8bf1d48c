"""Comments on records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from jingwei.storage.database import Connection
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_records import sys_comment


@dataclass(frozen=True, slots=True)
class CommentRow:
    """One comment; the person by login and name."""

    id: int
    person: str
    name: str
    at: datetime
    body: str
    reply_to: int | None


def insert_comment(
    connection: Connection,
    comment: int,
    form: int,
    record: int,
    person: int,
    at: datetime,
    body: str,
    reply_to: int | None = None,
) -> None:
    connection.execute(
        insert(sys_comment).values(
            id=comment,
            form=form,
            record=record,
            person=person,
            at=at,
            body=body,
            reply_to=reply_to,
        )
    )


def comments_of(connection: Connection, record: int) -> list[CommentRow]:
    """Oldest first, without the deleted."""
    rows = connection.execute(
        select(
            sys_comment.c.id,
            sys_person.c.login,
            sys_person.c.name,
            sys_comment.c.at,
            sys_comment.c.body,
            sys_comment.c.reply_to,
        )
        .join(sys_person, sys_person.c.id == sys_comment.c.person)
        .where(sys_comment.c.record == record, sys_comment.c.deleted_at.is_(None))
        .order_by(sys_comment.c.id)
    )
    return [CommentRow(*tuple(row)) for row in rows]
