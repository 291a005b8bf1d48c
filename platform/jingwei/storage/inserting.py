"""New rows of one stored table: one, a few, or many by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.storage.books import PersonBook
from jingwei.storage.codecs import UnknownPerson
from jingwei.storage.database import Connection
from jingwei.storage.direct import FEW, fetch, insert_all
from jingwei.storage.people import refresh_book
from jingwei.storage.rows import TableStatements

Rows = Sequence[Mapping[str, Any]]


def insert_rows(
    connection: Connection, people: PersonBook, own: TableStatements, rows: Rows
) -> None:
    """Rows with a value for each column, or none where it is to be empty."""
    if len(rows) >= FEW:
        columns = by_column(connection, people, own, rows)
        insert_all(connection, own.insert, own.copy, columns)
    else:
        run_each(connection, own.insert, [driver_row(connection, people, own.row, r) for r in rows])


def run_each(connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    """A statement with the driver's values of each row."""
    if len(rows) == 1:
        fetch(connection, text, rows[0])
    elif rows:
        connection.exec_driver_sql(text, [tuple(row) for row in rows])


def driver_row(
    connection: Connection, people: PersonBook, write: Any, values: Mapping[str, Any]
) -> list[Any]:
    """The values as the driver takes them, in the order of a prepared writer."""
    try:
        return write(values)  # type: ignore[no-any-return]  # a prepared writer
    except UnknownPerson:
        refresh_book(connection, people)
        return write(values)  # type: ignore[no-any-return]  # a prepared writer


def by_column(
    connection: Connection,
    people: PersonBook,
    own: TableStatements,
    rows: Rows,
    keys: Sequence[str] = (),
) -> list[Sequence[Any]]:
    """The driver's values of rows, a list a column. `keys`: of these columns only."""
    try:
        return own.by_column(rows, keys or own.keys)
    except UnknownPerson:
        refresh_book(connection, people)
        return own.by_column(rows, keys or own.keys)
