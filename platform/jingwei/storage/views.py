"""Saved views of lists: rows in, plain data out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.locks import lock_exclusively
from jingwei.storage.tables_lists import sys_view
from jingwei.storage.tables_people import sys_person

_LOCKS = 0x6A79_0000_0000


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One saved view; the owner by id and login, the org by key (None: the owner's alone)."""

    id: int
    form: int
    owner: int
    org: int | None
    title: str
    body: Any
    locked: bool
    at: datetime
    opens: bool = False
    login: str = ""


_COLUMNS = ("id", "form", "owner", "org", "title", "body", "locked", "at", "opens")
_ALL = sa.select(*(sys_view.c[name] for name in _COLUMNS), sys_person.c.login).join(
    sys_person, sys_person.c.id == sys_view.c.owner
)


def _row(row: Sequence[Any]) -> ViewRow:
    found = ViewRow(*tuple(row))
    return replace(found, opens=bool(found.opens))  # empty in what was saved before it was asked


def views_of(connection: Connection, form: int, owner: int, orgs: Collection[int]) -> list[ViewRow]:
    """A person's own views of a form, and those of these orgs; oldest first."""
    mine = sa.and_(sys_view.c.owner == owner, sys_view.c.org.is_(None))
    rows = connection.execute(
        _ALL.where(sys_view.c.form == form, sa.or_(mine, sys_view.c.org.in_(list(orgs)))).order_by(
            sys_view.c.id
        )
    )
    return [_row(row) for row in rows]


def opening(connection: Connection, form: int, orgs: Collection[int]) -> list[ViewRow]:
    """The views that the lists of these orgs open with."""
    opens = sa.and_(sys_view.c.opens.is_(sa.true()), sys_view.c.org.in_(list(orgs)))
    return [_row(row) for row in connection.execute(_ALL.where(sys_view.c.form == form, opens))]


def hold(connection: Connection, form: int) -> None:
    """Let nobody else decide what lists of this form open with until this transaction ends: of two
    who do at one moment, neither would see what the other made."""
    lock_exclusively(connection, _LOCKS | form)


def opens_alone(connection: Connection, row: ViewRow) -> None:
    """That no other view is the one that the lists of its org open with."""
    others = sa.and_(
        sys_view.c.form == row.form, sys_view.c.org == row.org, sys_view.c.id != row.id
    )
    connection.execute(sa.update(sys_view).where(others).values(opens=False))


def find_view(connection: Connection, form: int, view: int) -> ViewRow | None:
    row = connection.execute(_ALL.where(sys_view.c.form == form, sys_view.c.id == view)).first()
    return _row(row) if row else None


def count_views(connection: Connection, form: int, owner: int) -> int:
    """How many views of a form somebody has saved."""
    return connection.execute(
        sa.select(sa.func.count()).where(sys_view.c.form == form, sys_view.c.owner == owner)
    ).scalar_one()


def insert_view(connection: Connection, row: ViewRow) -> None:
    connection.execute(sa.insert(sys_view).values({n: getattr(row, n) for n in _COLUMNS}))


def update_view(connection: Connection, row: ViewRow) -> None:
    values = {
        name: getattr(row, name) for name in ("title", "body", "org", "locked", "at", "opens")
    }
    connection.execute(sa.update(sys_view).where(sys_view.c.id == row.id).values(values))


def delete_view(connection: Connection, view: int) -> None:
    connection.execute(sa.delete(sys_view).where(sys_view.c.id == view))
