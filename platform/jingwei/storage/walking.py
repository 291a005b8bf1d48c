"""The rows of a query one part after the other, however many there are, as one list a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy.exc import DBAPIError

from jingwei.storage.database import Connection
from jingwei.storage.query import Query
from jingwei.storage.records import RecordStore

AT_ONCE = 2_000
PATIENCE_MS = 60_000  # of PostgreSQL, with an order that no index has
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows: engine values by path, and the ids of the records."""

    columns: dict[str, Sequence[Any]]
    ids: Sequence[int]


def walk(
    store: RecordStore, connection: Connection, query: Query, *, as_words: bool = False
) -> Iterator[Part]:
    """Every row of a query that has no page, in one snapshot. `as_words`: decimals, days and
    periods as their text. Meanwhile the connection may be asked for other things."""
    if not query.scope.terms and not query.scope.also:
        return
    statement, shape = store.prepared(query)
    reader = statement.reader.as_words() if as_words else statement.reader
    values = store.bound(connection, statement.rows, shape)
    for rows in _parts(connection, statement.rows.text, values):
        yield Part(store.read(connection, reader.columns, rows), [row[-1] for row in rows])


def _parts(
    connection: Connection, text: str, values: Sequence[Any]
) -> Iterator[Sequence[Sequence[Any]]]:
    with _cursor(connection, text, values) as cursor:
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows


@contextmanager
def _cursor(connection: Connection, text: str, values: Sequence[Any]) -> Iterator[Any]:
    """A cursor of the driver (the toolkit would make an object of each row) whose rows wait in the
    database."""
    if connection.dialect.name == "sqlite":
        found: Any = connection.exec_driver_sql(text, tuple(values))
        try:
            yield found.cursor
        finally:
            found.close()
        return
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.dbapi
    alone = driver.autocommit  # who only reads has no transaction, which such a cursor lives in
    try:
        with driver.transaction() if alone else nullcontext():
            if alone:
                driver.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            with driver.cursor(f"walk{next(_NUMBERS)}") as cursor:
                cursor.execute(text, values)
                yield cursor
    except dbapi.Error as error:
        raise DBAPIError.instance(
            text, tuple(values), error, dbapi.Error, dialect=connection.dialect
        ) from error
