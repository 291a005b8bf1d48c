"""Who stands in for whom, as rows; people by login."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct
from jingwei.storage.flow_kinds import Books, login_key
from jingwei.storage.flow_rows import ProxyRow
from jingwei.storage.tables_flows import sys_proxy
from jingwei.storage.tables_people import sys_person
from jingwei.storage.types import Instant

_ABSENT = sys_person.alias("absent")
_INSTEAD = sys_person.alias("instead")
_BY = sys_person.alias("by")
_PROXY = sys_proxy.c


_ALL = (
    sa.select(
        sys_proxy,
        _ABSENT.c.login.label("absent"),
        _INSTEAD.c.login.label("instead"),
        _BY.c.login.label("by"),
    )
    .join(_ABSENT, _ABSENT.c.id == _PROXY.person)
    .join(_INSTEAD, _INSTEAD.c.id == _PROXY.to)
    .join(_BY, _BY.c.id == _PROXY.created_by)
    .order_by(_PROXY.id)
)
_NAMES = tuple(_ALL.selected_columns.keys())
_NOW = sa.bindparam("now", type_=Instant)
_ACTIVE = Direct(_ALL.where(_PROXY["from"] <= _NOW, _PROXY.until > _NOW), "now")


def insert_proxy(connection: Connection, books: Books, proxy: ProxyRow) -> None:
    connection.execute(
        sa.insert(sys_proxy).values(
            {
                "id": proxy.id,
                "person": login_key(connection, books.people, proxy.person),
                "to": login_key(connection, books.people, proxy.to),
                "from": proxy.since,
                "until": proxy.until,
                "forms": list(proxy.forms),
                "include_open": proxy.include_open,
                "moved_at": proxy.moved_at,
                "created_at": proxy.created_at,
                "created_by": login_key(connection, books.people, proxy.created_by),
            }
        )
    )


def delete_proxy(connection: Connection, proxy: int) -> None:
    connection.execute(sa.delete(sys_proxy).where(_PROXY.id == proxy))


def mark_moved(connection: Connection, proxy: int, at: datetime) -> bool:
    """Whether it was not marked before."""
    done = connection.execute(
        sa.update(sys_proxy)
        .where(_PROXY.id == proxy, _PROXY.moved_at.is_(None))
        .values(moved_at=at)
    )
    return done.rowcount == 1


def find_proxy(connection: Connection, proxy: int) -> ProxyRow | None:
    found = _read(connection, _PROXY.id == proxy)
    return found[0] if found else None


def proxies_of(connection: Connection, login: str) -> list[ProxyRow]:
    """Those a person has given or was given, newest first."""
    mine = sa.or_(_ABSENT.c.login == login, _INSTEAD.c.login == login)
    return _read(connection, mine)[::-1]


def active_proxies(connection: Connection, now: datetime) -> list[ProxyRow]:
    """Those in force at an instant, the newest last."""
    return [_row(dict(zip(_NAMES, row, strict=True))) for row in _ACTIVE.read(connection, now=now)]


def proxies_to_move(connection: Connection, now: datetime) -> list[ProxyRow]:
    """Those in force that still have open tasks to move."""
    return _read(
        connection,
        sa.and_(
            _PROXY["from"] <= now,
            _PROXY.until > now,
            _PROXY.include_open.is_(True),
            _PROXY.moved_at.is_(None),
        ),
    )


def _read(connection: Connection, where: Any) -> list[ProxyRow]:
    return [_row(row._mapping) for row in connection.execute(_ALL.where(where))]


def _row(row: Any) -> ProxyRow:
    forms: Sequence[str] = row["forms"] or ()
    return ProxyRow(
        row["id"],
        row["absent"],
        row["instead"],
        row["from"],
        row["until"],
        row["created_at"],
        row["by"],
        tuple(forms),
        bool(row["include_open"]),
        row["moved_at"],
    )
