"""Records by what people call them: the ids of those with one of many values in a column."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.records import RecordStore
from jingwei.storage.tables_releases import sys_org

_AT_ONCE = 500


def ids_by(
    store: RecordStore, connection: Connection, form: str, field: str, values: Sequence[Any]
) -> list[list[int]]:
    """For each engine value the ids of the living records that have it."""
    own = store.statements(form)
    (column,) = own.columns_of((field,))
    write = own.writer((column,))
    wanted = [write({field: value})[0] for value in values]
    found: dict[Any, list[int]] = {}
    distinct = list(dict.fromkeys(w for w in wanted if w is not None))
    for start in range(0, len(distinct), _AT_ONCE):
        some = distinct[start : start + _AT_ONCE]
        marks = ", ".join([own.mark] * len(some))
        text = (
            f"SELECT {own.quoted[column]}, id FROM {own.name} "
            f"WHERE {own.quoted[column]} IN ({marks}) AND deleted_at IS NULL ORDER BY id"
        )
        for key, identity in connection.exec_driver_sql(text, tuple(some)).fetchall():
            found.setdefault(key, []).append(identity)
    return [found.get(key, []) for key in wanted]


def records_in(
    store: RecordStore, forms: Collection[str], orgs: Collection[str]
) -> sa.Select[tuple[int]] | None:
    """A query for the ids of these forms' records that stand in these orgs; None: no forms."""
    keys = [store.book.key("org", code) for code in orgs if ("org", code) in store.book.keys]
    among = sa.select(sys_org.c.key).where(sys_org.c.key.in_(keys)).cte("among_orgs")
    tables = [store.stored(form).own.columns for form in forms]
    each = [
        sa.select(sa.type_coerce(own["id"], sa.BigInteger()).label("id")).where(
            sa.type_coerce(own["org"], sa.Integer()).in_(sa.select(among.c.key))
        )
        for own in tables
    ]
    if not each:
        return None
    every = sa.union_all(*each).subquery()
    return sa.select(every.c.id)
