"""Values carried into a column of another type. What does not convert stays behind, uncounted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.periods import Period
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import reader, writer
from jingwei.storage.columns import sql_type
from jingwei.storage.database import Connection
from jingwei.storage.names import Retype

BATCH = 1_000
_NUMBERS = {"decimal", "integer"}


def fill_retyped(
    connection: Connection,
    retypes: Sequence[Retype],
    people: PersonBook,
    keys: Mapping[str, Mapping[str, int]],
) -> None:
    """Fill each new column from the one it follows, in the publishing transaction."""
    book = NameBook(
        (key, kind, name) for kind, names in keys.items() for name, key in names.items()
    )
    for retype in retypes:
        _fill(connection, retype, book, people)


def _fill(connection: Connection, retype: Retype, book: NameBook, people: PersonBook) -> None:
    convert = converter(retype.old_type, retype.new_type)
    if convert is None:
        return
    dialect = connection.dialect
    read = reader(sql_type(retype.old_type, book, people), dialect)
    write = writer(sql_type(retype.new_type, book, people), dialect)
    mark = "?" if dialect.name == "sqlite" else "%s"
    select = (
        f'SELECT id, "{retype.old_column}" FROM "{retype.table}" '
        f'WHERE "{retype.old_column}" IS NOT NULL AND id > {mark} ORDER BY id LIMIT {BATCH}'
    )
    update = f'UPDATE "{retype.table}" SET "{retype.new_column}" = {mark} WHERE id = {mark}'
    last = -1
    while rows := connection.exec_driver_sql(select, (last,)).fetchall():
        last = rows[-1][0]
        values = [(convert(read(old) if read else old), record) for record, old in rows]
        filled = [
            (write(new) if write else new, record) for new, record in values if new is not None
        ]
        if filled:
            connection.exec_driver_sql(update, filled)


def converter(old: str, new: str) -> Callable[[Any], Any] | None:
    """From engine value to engine value, None for what does not convert; None: nothing does."""
    was, to = old.partition(":")[0], new.partition(":")[0]
    if was in _NUMBERS and to in _NUMBERS:
        return _whole if to == "integer" else Decimal
    if to == "text":
        return _words
    if was == "text":
        return _PARSERS.get(to)
    return None


def _whole(value: Any) -> int | None:
    return int(value) if value == int(value) else None


def _words(value: Any) -> str | None:
    if isinstance(value, list | dict):
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _decimal(value: str) -> Decimal | None:
    try:
        number = Decimal(value.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _integer(value: str) -> int | None:
    number = _decimal(value)
    return None if number is None else _whole(number)


def _period(value: str) -> Period | None:
    try:
        return Period.parse(value.strip())
    except ValueError:
        return None


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "decimal": _decimal,
    "integer": _integer,
    "period": _period,
    "choice": _words,
}
