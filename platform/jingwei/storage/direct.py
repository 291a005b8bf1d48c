"""Statements of the busiest paths: compiled once, and run on the driver itself.

The toolkit's own execution costs two to three times what the driver does. Whoever listens to the
engine (a test that counts or breaks statements) hears of these too: they then go through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from jingwei.storage.copy_text import copy_text
from jingwei.storage.database import Connection
from jingwei.storage.prepared import Prepared, statement_dialect
from jingwei.storage.types import Instant, PlainJson, json_text, truncated

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
        return fetch(connection, *self.asked(connection, **values))

    def later(self, connection: Connection, **values: Any) -> None:
        """Run it whenever something is run next, or before the commit."""
        later(connection, *self.asked(connection, **values))

    def asked(self, connection: Connection, **values: Any) -> tuple[str, tuple[Any, ...]]:
        """Its text, and the driver's values."""
        name = connection.dialect.name
        made = self._made.get(name)
        if made is None:
            made = Prepared(self._statement, statement_dialect(name), self._names)
            self._made[name] = made
        return made.text, made.bind(values)


def fetch(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """Run a driver's text with the driver's values; its rows."""
    line = _line(connection)
    if line is None:
        result = connection.exec_driver_sql(text, tuple(values))
        return result.fetchall() if result.returns_rows else []
    found: list[Any] = _asked(connection, line, line.run, text, values)
    return found


def changed(connection: Connection, text: str, values: Sequence[Any]) -> int:
    """Run a driver's text that gives no rows; how many it wrote."""
    line = _line(connection)
    if line is None:
        return connection.exec_driver_sql(text, tuple(values)).rowcount
    count: int = _asked(connection, line, line.changed, text, values)
    return count


def fetch_all(
    connection: Connection, statements: Sequence[tuple[str, Sequence[Any]]]
) -> Sequence[Sequence[Sequence[Any]]]:
    """The rows of several, asked together; each sees what those before it did."""
    line = _line(connection)
    if line is None:
        return [fetch(connection, text, values) for text, values in statements]
    found: list[Any] = _asked(
        connection, line, lambda _: line.run_all(statements), statements[0][0]
    )
    return found


def later(connection: Connection, text: str, values: Sequence[Any]) -> None:
    """Run a driver's text of which nothing is asked: with whatever is run next, or before the
    commit. Either raises what is wrong with it."""
    line = _line(connection)
    if line is None:
        fetch(connection, text, values)
    else:
        line.later(text, values)


def begin_with(
    connection: Connection, text: str, heard: Callable[[Sequence[Sequence[Any]]], None]
) -> None:
    """Begin a transaction with a text without values; `heard` gets its rows, with or before the
    first statement of ours, and may raise `Untouched`."""
    line = _line(connection)
    if line is None or not line.begin_with(text, heard):
        heard(fetch(connection, text, ()))


def begin(connection: Connection) -> None:
    """Run what a transaction is to begin with, if it has not begun."""
    line = _line(connection)
    if line is not None:
        _asked(connection, line, lambda _: line.begin(), "BEGIN")


def _line(connection: Connection) -> Any:
    """The connection to PostgreSQL; None where the toolkit is to run the statement."""
    engine: Any = connection.engine
    if connection.dialect.name == "sqlite" or engine.dispatch.before_cursor_execute:
        return None
    line: Any = connection.connection.driver_connection
    return line if line.is_plain else None


def _asked(
    connection: Connection, line: Any, ask: Callable[..., Any], text: str, *given: Sequence[Any]
) -> Any:
    """What the line answers; its errors as the toolkit raises them."""
    dbapi: Any = connection.dialect.dbapi
    try:
        return ask(text, *given)
    except dbapi.Error as error:
        values = tuple(given[0]) if given and not isinstance(given[0], bytes) else ()
        if line.closed:  # the toolkit says so once more, and its pool forgets the others too
            connection.exec_driver_sql(text, values)
        raise DBAPIError.instance(
            text, values, error, dbapi.Error, dialect=connection.dialect
        ) from error


def insert_all(
    connection: Connection, text: str, copied: str, columns: Sequence[Sequence[Any]]
) -> None:
    """Many new rows, by the driver's values, a list a column. `text` inserts one; `copied` is the
    COPY of PostgreSQL into the same columns, which takes many in a third of the time: it goes on
    beside what we do next, and what is wrong with the rows is raised by the next statement."""
    line = _line(connection)
    if line is None:
        connection.exec_driver_sql(text, list(zip(*columns, strict=True)))
    else:
        _asked(connection, line, line.copy, copied, copy_text(columns))


def converters(columns: Iterable[sa.ColumnElement[Any]], dialect: str, *, reads: bool) -> list[Any]:
    """From driver to engine (`reads`) or back, one for each column; None where they are alike."""
    made = statement_dialect(dialect)
    found = []
    for column in columns:
        kept = column.type.dialect_impl(made)
        ours = dialect == "sqlite" or type(column.type).__module__.startswith("jingwei.")
        known = _KNOWN.get((type(column.type), dialect))
        if known is not None:
            found.append(known[0] if reads else known[1])
        elif reads:
            found.append(kept.result_processor(made, None) if ours else None)
        else:
            found.append(kept.bind_processor(made))
    return found


# what the toolkit's own processors come to, without its two calls around each value
_KNOWN: Mapping[tuple[type, str], tuple[Any, Any]] = {
    (Instant, "postgresql"): (lambda value: value.astimezone(UTC), truncated),
    (PlainJson, "postgresql"): (orjson.loads, json_text),
    (PlainJson, "sqlite"): (orjson.loads, json_text),
}
