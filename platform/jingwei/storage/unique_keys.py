"""Values that only one living record may have: who has them, asked in a statement made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jingwei.storage.books import PersonBook
from jingwei.storage.database import Connection
from jingwei.storage.inserting import by_column
from jingwei.storage.rows import TableStatements

_MOST_KEYS = 200  # asked about in one statement of SQLite


class Store(Protocol):
    """What is asked of a store."""

    @property
    def dialect_name(self) -> str: ...
    @property
    def people(self) -> PersonBook: ...
    def statements_of(self, form: str, fields: Sequence[str]) -> TableStatements: ...
    def driver_row(
        self, connection: Connection, write: Any, values: Mapping[str, Any]
    ) -> list[Any]: ...


class UniqueKeys:
    """Of one store. What is kept are its statements, by form and columns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._texts: dict[tuple[Any, ...], Any] = {}

    def holder(
        self,
        connection: Connection,
        form: str,
        fields: Sequence[str],
        values: Sequence[Any],
        except_id: int | None,
    ) -> int | None:
        """A living record that has these values already; an empty value is never taken."""
        if any(value is None for value in values):
            return None
        own = self._store.statements_of(form, fields)
        keys = own.columns_of(fields)
        key = ("unique", form, keys)
        cached = self._texts.get(key)
        if cached is None:
            same = " AND ".join(f"{own.quoted[k]} = {own.mark}" for k in keys)
            text = (
                f"SELECT id FROM {own.name} WHERE {same} AND deleted_at IS NULL "
                f"AND id <> {own.mark} LIMIT 1"
            )
            cached = text, own.writer(keys)
            self._texts[key] = cached
        text, write = cached
        self._wait_for_others(connection, own, form, keys)
        row = self._store.driver_row(connection, write, dict(zip(fields, values, strict=True)))
        row.append(-1 if except_id is None else except_id)
        found: int | None = connection.exec_driver_sql(text, tuple(row)).scalar()
        return found

    def taken(
        self,
        connection: Connection,
        form: str,
        fields: Sequence[str],
        records: Sequence[Mapping[str, Any]],
    ) -> set[int]:
        """Places of the records whose values of these fields a living record has already, or that
        have the same: the second of them. An empty value is never taken."""
        own = self._store.statements_of(form, fields)
        columns = own.columns_of(fields)
        self._wait_for_others(connection, own, form, columns)
        first: dict[tuple[Any, ...], int] = {}
        taken: set[int] = set()
        if not records:
            return taken
        values = by_column(connection, self._store.people, own, records, columns)
        for place, row in enumerate(zip(*values, strict=True)):
            if None not in row and first.setdefault(row, place) != place:
                taken.add(place)
        rows = list(first)
        most = _MOST_KEYS if self._store.dialect_name == "sqlite" else len(rows)
        for start in range(0, len(rows), max(most, 1)):
            part = rows[start : start + most]
            text, asked = self._asks_for(own, form, columns, part)
            there = connection.exec_driver_sql(text, asked).fetchall()
            taken |= {first[part[n]] for (n,) in there if n < len(part)}
        return taken

    def _wait_for_others(
        self, connection: Connection, own: TableStatements, form: str, columns: tuple[str, ...]
    ) -> None:
        """What a layer adds stands in a table that does not know which records are deleted, so no
        index can hold it unique: whoever writes such values waits for the one before."""
        if self._store.dialect_name == "sqlite" or not own.is_joined:
            return  # SQLite has one writer at a time; the group's own fields have their index
        name = f"jingwei unique {form} {' '.join(columns)}"
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))

    def _asks_for(
        self,
        own: TableStatements,
        form: str,
        columns: tuple[str, ...],
        keys: list[tuple[Any, ...]],
    ) -> tuple[str, tuple[Any, ...]]:
        """The query for the places (from 0) of those keys that living records have."""
        postgres = self._store.dialect_name != "sqlite"
        cached = ("taken", form, columns)
        text: str | None = self._texts.get(cached)
        if text is None:
            names = [f"k{number}" for number in range(len(columns))]
            pairs = list(zip(columns, names, strict=True))
            same = " AND ".join(f"{own.quoted[c]} = w.{name}" for c, name in pairs)
            if postgres:
                arrays = ", ".join(f"CAST(%s AS {own.sql_type(c)}[])" for c in columns)
                wanted = f"unnest({arrays}) WITH ORDINALITY AS w({', '.join(names)}, place)"
                place = "w.place - 1"
            else:
                marks = ", ".join(f"? AS {name}" for name in names)
                lines = (f"SELECT {number} AS place, {marks}" for number in range(_MOST_KEYS))
                wanted, place = f"({' UNION ALL '.join(lines)}) AS w", "w.place"
            text = (
                f"SELECT {place} FROM {wanted} "
                f"WHERE EXISTS (SELECT 1 FROM {own.name} WHERE {same} AND deleted_at IS NULL)"
            )
            self._texts[cached] = text
        if postgres:
            return text, tuple(list(column) for column in zip(*keys, strict=True))
        full = keys + [keys[-1]] * (_MOST_KEYS - len(keys))  # one text for every length
        return text, tuple(value for key in full for value in key)
