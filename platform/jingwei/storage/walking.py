"""The rows of a query one part after the other, however many there are, as one list a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy.exc import DBAPIError

from jingwei.storage.database import Connection
from jingwei.storage.query import Query
from jingwei.storage.records import RecordStore

AT_ONCE = 2_000
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
    cursor: Any  # of the driver: the toolkit would make an object of each row
    if connection.dialect.name == "sqlite":
        cursor = connection.exec_driver_sql(text, tuple(values)).cursor
    else:
        cursor = _held(connection, text, values)
    try:
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows
    finally:
        cursor.close()


def _held(connection: Connection, text: str, values: Sequence[Any]) -> Any:
    """A cursor whose rows wait in the database. Readers have no transaction: there it is held
    beyond its statement."""
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.dbapi
    cursor = driver.cursor(f"walk{next(_NUMBERS)}", withhold=driver.autocommit)
    try:
        cursor.execute(text, values)
    except dbapi.Error as error:
        raise DBAPIError.instance(
            text, tuple(values), error, dbapi.Error, dialect=connection.dialect
        ) from error
    return cursor
