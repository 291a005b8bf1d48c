"""What is a person's own: rows in, plain data out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_personal import sys_personal, sys_signature


class Signature(NamedTuple):
    """From `since` on this file is the picture of the person's signature; None: there is none."""

    login: str
    since: datetime
    file: int | None


def kept(connection: Connection, person: int, name: str) -> Any:
    """What a person keeps under this name, or None."""
    table = sys_personal.c
    statement = sa.select(table.value).where(table.person == person, table.name == name)
    return connection.execute(statement).scalar()


def keep(connection: Connection, person: int, name: str, value: Any, at: datetime) -> None:
    table = sys_personal.c
    mine = sa.and_(table.person == person, table.name == name)
    connection.execute(sa.delete(sys_personal).where(mine))
    row = {"person": person, "name": name, "value": value, "at": at}
    connection.execute(sa.insert(sys_personal).values(row))


def signatures_of(connection: Connection, logins: Collection[str]) -> list[Signature]:
    """Every signature these people ever had, oldest first."""
    table = sys_signature.c
    statement = (
        sa.select(sys_person.c.login, table.since, table.file)
        .join(sys_person, sys_person.c.id == table.person)
        .where(sys_person.c.login.in_(logins))
        .order_by(table.since)
    )
    return [Signature(*tuple(row)) for row in connection.execute(statement)]


def add_signature(connection: Connection, person: int, since: datetime, file: int | None) -> None:
    """Another signature from now on; one that was given at the same instant gives way."""
    table = sys_signature.c
    same = sa.and_(table.person == person, table.since == since)
    connection.execute(sa.delete(sys_signature).where(same))
    row = {"person": person, "since": since, "file": file}
    connection.execute(sa.insert(sys_signature).values(row))
