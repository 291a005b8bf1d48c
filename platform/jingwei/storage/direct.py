"""Statements of the busiest paths: compiled once, and run on the driver itself.

The toolkit's own execution costs two to three times what the driver does. Whoever listens to the
engine (a test that counts or breaks statements) hears of these too: they then go through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from jingwei.storage.database import Connection
from jingwei.storage.prepared import Prepared, statement_dialect

_CURSOR = "jingwei_cursor"
FEW = 20  # rows that are inserted one by one


class Direct:
    """A statement with named values, made when it is first run on a database."""

    __slots__ = ("_made", "_names", "_readers", "_statement")

    def __init__(self, statement: Any, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._made: dict[str, Prepared] = {}
        self._readers: dict[str, tuple[tuple[int, Any], ...]] = {}

    def read(self, connection: Connection, **values: Any) -> list[list[Any]]:
        """The rows as engine values."""
        name = connection.dialect.name
        readers = self._readers.get(name)
        if readers is None:
            every = enumerate(converters(self._statement.selected_columns, name, reads=True))
            readers = self._readers[name] = tuple((i, c) for i, c in every if c is not None)
        found = [list(row) for row in self.rows(connection, **values)]
        for index, convert in readers:
            for row in found:
                if row[index] is not None:
                    row[index] = convert(row[index])
        return found

    def rows(self, connection: Connection, **values: Any) -> Sequence[Sequence[Any]]:
        """The driver's rows as they come; none of a statement that gives none."""
        name = connection.dialect.name
        made = self._made.get(name)
        if made is None:
            made = Prepared(self._statement, statement_dialect(name), self._names)
            self._made[name] = made
        return fetch(connection, made.text, made.bind(values))


def fetch(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """Run a driver's text with the driver's values; its rows."""
    engine: Any = connection.engine
    if connection.dialect.name == "sqlite" or engine.dispatch.before_cursor_execute:
        result = connection.exec_driver_sql(text, tuple(values))
        return result.fetchall() if result.returns_rows else []
    driver: Any = connection.connection.driver_connection
    cursor = connection.info.get(_CURSOR)
    if cursor is None:
        cursor = connection.info[_CURSOR] = driver.cursor()
    dbapi: Any = connection.dialect.dbapi
    try:
        cursor.execute(text, values)
        # to ask for its description would make an object for each column
        found: list[Any] = cursor.fetchall() if cursor.rownumber is not None else []
    except dbapi.Error as error:
        if driver.closed:  # the toolkit says so once more, and its pool forgets the others too
            connection.exec_driver_sql(text, tuple(values))
        raise DBAPIError.instance(
            text, tuple(values), error, dbapi.Error, dialect=connection.dialect
        ) from error
    return found


def insert_all(
    connection: Connection, text: str, copied: str, rows: Sequence[Sequence[Any]]
) -> None:
    """New rows, by the driver's values. `text` inserts one; `copied` is the COPY of PostgreSQL into
    the same columns, which takes many in a third of the time."""
    engine: Any = connection.engine
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite or len(rows) < FEW or engine.dispatch.before_cursor_execute:
        if len(rows) == 1:
            connection.exec_driver_sql(text, tuple(rows[0]))
        elif rows:
            connection.exec_driver_sql(text, [tuple(row) for row in rows])
        return
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(copied) as copy:
            for row in rows:
                copy.write_row(row)
    except dbapi.Error as error:
        raise DBAPIError.instance(
            copied, (), error, dbapi.Error, dialect=connection.dialect
        ) from error


def converters(columns: Iterable[sa.ColumnElement[Any]], dialect: str, *, reads: bool) -> list[Any]:
    """From driver to engine (`reads`) or back, one for each column; None where they are alike."""
    made = statement_dialect(dialect)
    found = []
    for column in columns:
        kept = column.type.dialect_impl(made)
        ours = dialect == "sqlite" or type(column.type).__module__.startswith("jingwei.")
        if reads:
            found.append(kept.result_processor(made, None) if ours else None)
        else:
            found.append(kept.bind_processor(made))
    return found
