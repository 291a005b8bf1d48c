"""What a plan asks of the rows that are there: counts, and examples. Names are ours, never a
user's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import reader
from jingwei.storage.columns import sql_type
from jingwei.storage.convert import Judge, judge
from jingwei.storage.database import Connection
from jingwei.storage.names import PhysicalTable, Retype
from jingwei.storage.people import refresh_book
from jingwei.storage.plan_step import MOST_EXAMPLES, Example
from jingwei.storage.types import SEPARATOR

BATCH = 20_000
_LONGEST = 60


class Counts:
    """How many rows a table has, and how many have a value in a column. What is `wanted` of a table
    is counted in one pass over it, when it is asked for first; nothing is counted twice."""

    def __init__(self, connection: Connection, wanted: Iterable[tuple[str, str | None]]) -> None:
        self._connection = connection
        self._wanted: dict[str, set[str]] = {}
        for table, column in wanted:
            if column is not None:
                self._wanted.setdefault(table, set()).add(column)
        self._known: dict[tuple[str, str | None], int] = {}

    def of(self, table: str, column: str | None = None) -> int:
        """Rows of a table, or those that have a value in a column."""
        if (table, column) not in self._known:
            self._count(table, self._wanted.pop(table, set()) | ({column} if column else set()))
        return self._known[table, column]

    def _count(self, table: str, columns: set[str]) -> None:
        names = sorted(columns)
        counted = ", ".join(f'count("{name}")' for name in names)
        row = self._connection.exec_driver_sql(
            f'SELECT count(*){", " if counted else ""}{counted} FROM "{table}"'
        ).one()
        self._known[table, None] = row[0]
        self._known |= {(table, name): rows for name, rows in zip(names, row[1:], strict=True)}


def twice(connection: Connection, table: str, columns: Sequence[str]) -> int:
    """Combinations of values that several living rows share."""
    names = ", ".join(f'"{column}"' for column in columns)
    filled = " AND ".join(f'"{column}" IS NOT NULL' for column in columns)
    return _scalar(
        connection,
        f'SELECT count(*) FROM (SELECT 1 FROM "{table}" WHERE deleted_at IS NULL AND {filled} '
        f"GROUP BY {names} HAVING count(*) > 1) AS twice",
    )


def twice_examples(
    connection: Connection, table: str, columns: Sequence[str]
) -> tuple[Example, ...]:
    """Some of them: the first record of each, and the values."""
    names = ", ".join(f'"{column}"' for column in columns)
    filled = " AND ".join(f'"{column}" IS NOT NULL' for column in columns)
    rows = connection.exec_driver_sql(
        f'SELECT min(id), {names} FROM "{table}" WHERE deleted_at IS NULL AND {filled} '
        f"GROUP BY {names} HAVING count(*) > 1 ORDER BY 1 LIMIT {MOST_EXAMPLES}"
    )
    return tuple(Example(row[0], shown(" / ".join(map(str, row[1:])))) for row in rows)


def missing(
    connection: Connection, table: PhysicalTable, column: str | None, is_part: bool
) -> tuple[int, tuple[Example, ...]]:
    """Living rows without a value in a column; every row where there is no column yet."""
    empty = [f'"{column}" IS NULL'] if column else []
    alive = [] if is_part else ["deleted_at IS NULL"]
    where = " AND ".join(empty + alive)
    where = f" WHERE {where}" if where else ""
    rows = _scalar(connection, f'SELECT count(*) FROM "{table.name}"{where}')
    if not rows:
        return 0, ()
    identity = "record_id" if is_part else "id"
    found = connection.exec_driver_sql(
        f'SELECT {identity} FROM "{table.name}"{where} ORDER BY {identity} LIMIT {MOST_EXAMPLES}'
    )
    return rows, tuple(Example(row[0], "") for row in found)


def values_in_use(
    connection: Connection, table: str, column: str, gone: Sequence[str], many: bool
) -> dict[str, int]:
    """How often each of these values stands in a column; those that stand nowhere are missing."""
    found: dict[str, int] = {}
    rows = connection.exec_driver_sql(
        f'SELECT "{column}", count(*) FROM "{table}" WHERE "{column}" IS NOT NULL GROUP BY 1'
    )
    for value, times in rows:
        for one in value.strip(SEPARATOR).split(SEPARATOR) if many else (value,):
            if one in gone:
                found[one] = found.get(one, 0) + times
    return found


def unconverted(
    connection: Connection,
    retype: Retype,
    keys: Mapping[str, Mapping[str, int]],
    people: PersonBook | None = None,
) -> Judge:
    """What of a column does not become a value of the other type."""
    people = people or PersonBook()
    if "person" in retype.old_type:
        refresh_book(connection, people)
    found = judge(retype)
    if found.is_certain:
        return found
    book = NameBook(
        (key, kind, name) for kind, names in keys.items() for name, key in names.items()
    )
    read = reader(sql_type(retype.old_type, book, people), connection.dialect)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    plain = _converts_plainly(retype) if connection.dialect.name == "postgresql" else None
    doubtful = f" AND NOT ({plain})" if plain else ""
    select = (
        f'SELECT id, "{retype.old_column}" FROM "{retype.table}" '
        f'WHERE "{retype.old_column}" IS NOT NULL{doubtful} AND id > {mark} '
        f"ORDER BY id LIMIT {BATCH}"
    )
    last = -1
    while rows := connection.exec_driver_sql(select, (last,)).fetchall():
        last = rows[-1][0]
        for record, old in rows:
            found.take(record, read(old) if read else old)
    return found


def _converts_plainly(retype: Retype) -> str | None:
    """A condition under which a value converts and keeps every digit, whoever judges it: the
    database passes over these, and only the others are looked at one by one."""
    was, _, _ = retype.old_type.partition(":")
    to, _, scale = retype.new_type.partition(":")
    column = f'"{retype.old_column}"'
    match was, to:
        case "text", "integer":
            return f"{column} ~ '^-?[0-9]{{1,15}}$'"
        case "text", "decimal":
            digits = f"(\\.[0-9]{{1,{scale}}})?" if int(scale) else ""
            return f"{column} ~ '^-?[0-9]{{1,15}}{digits}$'"
        case "decimal", "integer":
            return f"{column} = trunc({column})"
        case "decimal", "decimal":
            return f"{column} = round({column}, {scale})"
    return None


def shown(value: Any) -> str:
    """A value as an example of a plan shows it."""
    words = str(value)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def _scalar(connection: Connection, statement: str) -> int:
    found: int = connection.exec_driver_sql(statement).scalar_one()
    return found
