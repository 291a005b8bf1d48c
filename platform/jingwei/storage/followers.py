"""Who follows a record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct
from jingwei.storage.tables_lists import sys_follower
from jingwei.storage.tables_people import sys_person


def followers_of(connection: Connection, record: int) -> dict[str, bool]:
    """Logins of those who ever followed, and whether each asked to hear nothing."""
    rows = connection.execute(
        sa.select(sys_person.c.login, sys_follower.c.muted)
        .join(sys_person, sys_person.c.id == sys_follower.c.person)
        .where(sys_follower.c.record == record)
        .order_by(sys_person.c.login)
    )
    return {row.login: row.muted for row in rows}


_HEARING = Direct(
    sa.select(sys_person.c.login)
    .join(sys_follower, sys_follower.c.person == sys_person.c.id)
    .where(sys_follower.c.record == sa.bindparam("record"), sys_follower.c.muted.is_(sa.false())),
    "record",
)


def hearing(connection: Connection, record: int) -> list[str]:
    """Logins of those who hear of a record: asked by every change of one."""
    return sorted(login for (login,) in _HEARING.rows(connection, record=record))


def add_followers(
    connection: Connection, form: int, record: int, people: Collection[int], at: datetime
) -> None:
    """Make people followers; who asked to hear nothing stays so."""
    there = set(
        connection.execute(
            sa.select(sys_follower.c.person).where(sys_follower.c.record == record)
        ).scalars()
    )
    rows = [
        {"record": record, "person": person, "form": form, "muted": False, "at": at}
        for person in sorted(set(people) - there)
    ]
    if rows:
        connection.execute(sa.insert(sys_follower), rows)


def set_muted(connection: Connection, record: int, person: int, muted: bool) -> None:
    connection.execute(
        sa.update(sys_follower)
        .where(sys_follower.c.record == record, sys_follower.c.person == person)
        .values(muted=muted)
    )
