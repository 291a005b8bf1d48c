"""How rows of instances, runs, tasks and events become plain data, and back; people by login."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.database import Connection
from jingwei.storage.direct import converters, fetch
from jingwei.storage.flow_rows import EventRow, FlowRow, RunRow, TaskRow
from jingwei.storage.people import refresh_book
from jingwei.storage.tables_flows import sys_flow_event, sys_flow_instance, sys_step_run, sys_task

_PEOPLE = frozenset({"initiator", "person", "acting", "closed_by", "actor", "on_behalf_of"})
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Books:
    """Names and logins of what rows hold as numbers."""

    names: NameBook
    people: PersonBook


def login_key(connection: Connection, people: PersonBook, login: str) -> int:
    """The id of a login; NOBODY for one that is unknown."""
    if login not in people.ids:
        refresh_book(connection, people)
    return people.ids.get(login, NOBODY)


class Kind:
    """A table and the plain row it is kept from. Everything is made once: to build a statement, or
    to ask a class for its fields, costs more than to run it."""

    def __init__(self, made: Any, table: sa.Table, *fixed: str, beside: Sequence[str] = ()) -> None:
        """`fixed`: columns that never change after the insert; `beside`: columns that are no part
        of the plain row."""
        self.made = made
        self.names: tuple[str, ...] = made._fields
        self.table = table
        self.columns = tuple(table.c[name] for name in self.names)
        self.beside = tuple(beside)
        self.written = (*self.names, *beside)
        self.people = tuple(i for i, name in enumerate(self.names) if name in _PEOPLE)
        self.form = self.names.index("form") if "form" in self.names else None
        self.moving = tuple(n for n in self.names if n not in ("id", *fixed))
        self._moving = tuple(self.names.index(name) for name in self.moving)
        self.select = sa.select(*self.columns)
        self._readers: dict[str, tuple[tuple[int, Any], ...]] = {}
        self._writers: dict[str, tuple[tuple[int, Any], ...]] = {}

    # --- reading

    def plain(self, connection: Connection, books: Books, values: Sequence[Any]) -> Any:
        """A plain row of what the driver gave."""
        found = list(values)
        for index, convert in self._reading(connection.dialect.name):
            if found[index] is not None:
                found[index] = convert(found[index])
        return self._named(connection, books, found)

    def engine(self, connection: Connection, books: Books, values: Sequence[Any]) -> Any:
        """The same of what the toolkit gave."""
        return self._named(connection, books, list(values))

    def _named(self, connection: Connection, books: Books, found: list[Any]) -> Any:
        logins = books.people.logins
        for index in self.people:
            if found[index] is not None:
                if found[index] not in logins:
                    refresh_book(connection, books.people)
                found[index] = logins.get(found[index], "?")
        if self.form is not None and found[self.form] is not None:
            found[self.form] = books.names.names.get(found[self.form], "?")
        return self.made(*found)

    def all(self, connection: Connection, books: Books, statement: Any, **values: Any) -> list[Any]:
        """The rows of a statement of the toolkit."""
        found = connection.execute(statement, values)
        return [self.engine(connection, books, row) for row in found]

    def _reading(self, dialect: str) -> tuple[tuple[int, Any], ...]:
        known = self._readers.get(dialect)
        if known is None:
            every = enumerate(converters(self.columns, dialect, reads=True))
            known = self._readers[dialect] = tuple((i, c) for i, c in every if c is not None)
        return known

    # --- writing

    def kept(
        self, connection: Connection, books: Books, row: Any, more: Mapping[str, Any]
    ) -> list[Any]:
        """The driver's values of a plain row, in the order of `written`."""
        found = [*row, *(more[name] for name in self.beside)]
        for index, convert in self._writing(connection.dialect.name):
            if found[index] is not None:
                found[index] = convert(found[index])
        ids = books.people.ids
        for index in self.people:
            login = found[index]
            if login is not None:
                key = ids.get(login)
                found[index] = login_key(connection, books.people, login) if key is None else key
        if self.form is not None:
            found[self.form] = books.names.key("form", found[self.form])
        return found

    def _writing(self, dialect: str) -> tuple[tuple[int, Any], ...]:
        known = self._writers.get(dialect)
        if known is None:
            columns = [self.table.c[name] for name in self.written]
            every = enumerate(converters(columns, dialect, reads=False))
            ours = {*self.people, self.form}
            known = tuple((i, c) for i, c in every if c is not None and i not in ours)
            self._writers[dialect] = known
        return known

    def insert(self, dialect: str) -> str:
        """Insert rows. PostgreSQL takes all of them as one JSON text, SQLite row by row."""
        quoted = ", ".join(f'"{name}"' for name in self.written)
        if dialect == "sqlite":
            source = f"VALUES ({', '.join('?' * len(self.written))})"
        else:
            source = f"SELECT {quoted} FROM json_populate_recordset(NULL::{self.table.name}, %s)"
        return f"INSERT INTO {self.table.name} ({quoted}) {source}"

    def upsert(self, dialect: str) -> str:
        """The same, or change what may change of those that are there."""
        text = self.insert(dialect)
        if "id" not in self.names:
            return text
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in self.moving)
        return f"{text} ON CONFLICT (id) DO UPDATE SET {changed}"

    def update(self) -> str:
        """Change what may change of one row (PostgreSQL), by the values of `moved`."""
        changed = ", ".join(f'"{name}" = %s' for name in self.moving)
        return f"UPDATE {self.table.name} SET {changed} WHERE id = %s"

    def moved(self, connection: Connection, books: Books, row: Any) -> tuple[Any, ...]:
        """What may change of a plain row, and its id, by the driver's values."""
        values = self.kept(connection, books, row, dict.fromkeys(self.beside))
        return (*(values[index] for index in self._moving), row.id)


def as_json(kind: Kind, rows: Iterable[Sequence[Any]]) -> str:
    """Driver's values as the text that the statements of PostgreSQL take: what is not in it, is
    nothing."""
    names = kind.written
    found = [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in rows
    ]
    return orjson.dumps(found).decode()


def write_rows(
    connection: Connection,
    books: Books,
    kind: Kind,
    rows: Collection[Any],
    **more: Any,
) -> None:
    """Insert rows, or change those that are there."""
    if not rows:
        return
    values = [kind.kept(connection, books, row, more) for row in rows]
    name = connection.dialect.name
    if name == "sqlite":
        text = kind.upsert(name)
        connection.exec_driver_sql(text, [tuple(row) for row in values])
    else:
        fetch(connection, kind.upsert(name), (as_json(kind, values),))


FLOW = Kind(
    FlowRow, sys_flow_instance, "form", "record", "workflow", "initiator", "started_at",
    "previous", "parent", "parent_run",
)  # fmt: skip
RUN = Kind(RunRow, sys_step_run, "kind", "parent", "round", "opened_at", beside=("flow",))
TASK = Kind(
    TaskRow, sys_task, "run", "kind", "seat", "position", "flow", "form", "record", "key",
)  # fmt: skip
EVENT = Kind(EventRow, sys_flow_event)
