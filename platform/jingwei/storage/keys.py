"""Records by what people call them: the ids of those with one of many values in a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jingwei.storage.database import Connection
from jingwei.storage.records import RecordStore

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
