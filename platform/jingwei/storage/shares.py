"""Records opened to one person beside the grants, for good or until a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, insert, or_, select, update

from jingwei.storage.database import Connection
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_records import sys_share


@dataclass(frozen=True, slots=True)
class Share:
    """One record open to one person. `until`: the last day; None: for good."""

    login: str
    name: str
    by: str
    at: datetime
    until: date | None


def keep_share(
    connection: Connection,
    form: int,
    record: int,
    person: int,
    by: int,
    at: datetime,
    until: date | None = None,
) -> None:
    """Open a record to a person; once more changes only until when."""
    there = (sys_share.c.record == record, sys_share.c.person == person)
    done = connection.execute(update(sys_share).where(*there).values(by=by, at=at, until=until))
    if done.rowcount == 0:
        connection.execute(
            insert(sys_share).values(
                form=form, record=record, person=person, by=by, at=at, until=until
            )
        )


def delete_share(connection: Connection, record: int, person: int) -> bool:
    """Whether there was one."""
    done = connection.execute(
        delete(sys_share).where(sys_share.c.record == record, sys_share.c.person == person)
    )
    return done.rowcount > 0


def is_shared(connection: Connection, record: int, person: int, today: date) -> bool:
    """Whether the record is open to the person today."""
    return bool(shared_among(connection, [record], person, today))


def shared_among(
    connection: Connection, records: Collection[int], person: int, today: date
) -> set[int]:
    """Which of these records are open to the person today."""
    statement = select(sys_share.c.record).where(
        sys_share.c.record.in_(records),
        sys_share.c.person == person,
        or_(sys_share.c.until.is_(None), sys_share.c.until >= today),
    )
    return set(connection.execute(statement).scalars())


def shares_of(connection: Connection, record: int) -> Sequence[Share]:
    """To whom a record was opened, those whose time is over included, the newest first."""
    giver = sys_person.alias()
    statement = (
        select(
            sys_person.c.login, sys_person.c.name, giver.c.login, sys_share.c.at, sys_share.c.until
        )
        .join(sys_person, sys_person.c.id == sys_share.c.person)
        .join(giver, giver.c.id == sys_share.c.by, isouter=True)
        .where(sys_share.c.record == record)
        .order_by(sys_share.c.at.desc(), sys_person.c.login)
    )
    return [Share(login, name, by or "system", at, until)
            for login, name, by, at, until in connection.execute(statement)]  # fmt: skip
