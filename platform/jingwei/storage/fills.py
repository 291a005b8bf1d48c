"""Values that a publication writes into rows that are there: batch by batch, and again for what
people changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import Convert, reader, writer
from jingwei.storage.columns import SECRET, sql_type
from jingwei.storage.convert import Judge, judge
from jingwei.storage.database import Connection
from jingwei.storage.full_text import text_of, write_texts
from jingwei.storage.names import PhysicalTable, Retype
from jingwei.storage.sealing import Keyring, renewed_or_kept

BATCH = 5_000
AT_ONCE = 500  # ids in one statement
Row = tuple[int, Any]  # id, what the driver takes


class Fill(Protocol):
    """One column, or the words of one field. `form` owns the rows; `path` names it to people."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def form(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def judge(self) -> Judge | None:
        """Counts what does not convert; None where everything does."""

    def batch(self, connection: Connection, last: int, most: int) -> tuple[int | None, int]:
        """Fill the next rows behind an id; the id to go on behind (None: that was all), and how
        many rows were looked at."""

    def again(self, connection: Connection, records: Sequence[int]) -> None:
        """Fill the rows of these records anew."""


@dataclass(slots=True)
class RetypeFill:
    """Values carried into a column of another type."""

    retype: Retype
    form: str
    is_part: bool
    book: NameBook
    people: PersonBook
    keyring: Keyring
    judge: Judge = field(init=False)
    _made: tuple[Convert | None, Convert | None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.judge = judge(self.retype)

    @property
    def name(self) -> str:
        return f"{self.retype.table}.{self.retype.new_column}"

    @property
    def path(self) -> str:
        return self.retype.path

    @property
    def table(self) -> str:
        return self.retype.table

    def batch(self, connection: Connection, last: int, most: int) -> tuple[int | None, int]:
        if self.judge.convert is None:
            return None, 0
        old = self.retype.old_column
        rows = _rows(connection, self.table, f'"{old}"', f'"{old}" IS NOT NULL', last, most)
        self._write(connection, rows)
        return (rows[-1][0] if len(rows) == most else None), len(rows)

    def again(self, connection: Connection, records: Sequence[int]) -> None:
        if self.judge.convert is not None:
            old = f'"{self.retype.old_column}"'
            for rows in _of(connection, self.table, self.is_part, old, records):
                self._write(connection, rows)

    def _write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        read, write = self._codecs(connection)
        filled: list[Row] = []
        for record, old in rows:
            new = None
            if old is not None:
                new = self.judge.take(record, read(old) if read else old)
                if new is not None and self.retype.new_type == SECRET:
                    new = renewed_or_kept(self.keyring, new)
            filled.append((record, write(new) if write and new is not None else new))
        type_ = sql_type(self.retype.new_type, self.book, self.people)
        write_column(connection, self.table, self.retype.new_column, type_, filled)

    def _codecs(self, connection: Connection) -> tuple[Convert | None, Convert | None]:
        if self._made is None:
            was = sql_type(self.retype.old_type, self.book, self.people)
            becomes = sql_type(self.retype.new_type, self.book, self.people)
            dialect = connection.dialect
            self._made = reader(was, dialect), writer(becomes, dialect)
        return self._made


@dataclass(slots=True)
class DefaultFill:
    """A constant for the rows of a column that is new. `value` as the engine has it."""

    path: str
    form: str
    physical: PhysicalTable
    key: str
    value: Any
    is_part: bool
    book: NameBook
    people: PersonBook
    judge: Judge | None = None

    @property
    def name(self) -> str:
        return f"{self.table}.{self.physical.columns[self.key]}"

    @property
    def table(self) -> str:
        return self.physical.name

    def batch(self, connection: Connection, last: int, most: int) -> tuple[int | None, int]:
        column = self.physical.columns[self.key]
        rows = _rows(connection, self.table, "1", f'"{column}" IS NULL', last, most)
        self._write(connection, [row[0] for row in rows])
        return (rows[-1][0] if len(rows) == most else None), len(rows)

    def again(self, connection: Connection, records: Sequence[int]) -> None:
        column = f'"{self.physical.columns[self.key]}"'
        for rows in _of(connection, self.table, self.is_part, column, records):
            self._write(connection, [identity for identity, value in rows if value is None])

    def _write(self, connection: Connection, ids: Sequence[int]) -> None:
        type_ = sql_type(self.physical.types[self.key], self.book, self.people)
        write = writer(type_, connection.dialect)
        value = write(self.value) if write else self.value
        column = self.physical.columns[self.key]
        write_column(connection, self.table, column, type_, [(i, value) for i in ids])


# The stored computed values of some records: id → field → value, rows of tables by their own id.
Compute = Callable[[Connection, Sequence[int]], Mapping[int, Any]]


@dataclass(slots=True)
class ComputedFill:
    """Values of a computed field that is kept from now on. `compute` works with whole records;
    what it gives of a sub-table is by the id of the row."""

    path: str
    form: str
    owner: str  # the form's own table
    physical: PhysicalTable
    key: str
    compute: Compute
    book: NameBook
    people: PersonBook
    judge: Judge | None = None

    @property
    def name(self) -> str:
        return f"{self.table}.{self.physical.columns[self.key]}"

    @property
    def table(self) -> str:
        return self.physical.name

    def batch(self, connection: Connection, last: int, most: int) -> tuple[int | None, int]:
        most = min(most, AT_ONCE)
        rows = _rows(connection, self.owner, "1", "1 = 1", last, most)
        self.again(connection, [row[0] for row in rows])
        return (rows[-1][0] if len(rows) == most else None), len(rows)

    def again(self, connection: Connection, records: Sequence[int]) -> None:
        type_ = sql_type(self.physical.types[self.key], self.book, self.people)
        write = writer(type_, connection.dialect)
        column = self.physical.columns[self.key]
        for start in range(0, len(records), AT_ONCE):
            found = self.compute(connection, records[start : start + AT_ONCE])
            filled = [
                (identity, write(value) if write and value is not None else value)
                for identity, value in found.items()
            ]
            write_column(connection, self.table, column, type_, filled)


@dataclass(slots=True)
class WordsFill:
    """Words of a field that is searched from now on."""

    path: str
    form: str
    physical: PhysicalTable
    key: str
    form_key: int
    judge: Judge | None = None

    @property
    def name(self) -> str:
        return f"words.{self.path}"

    @property
    def table(self) -> str:
        return self.physical.name

    def batch(self, connection: Connection, last: int, most: int) -> tuple[int | None, int]:
        column = f'"{self.physical.columns[self.key]}"'
        rows = _rows(connection, self.table, column, f"{column} IS NOT NULL", last, most)
        self._write(connection, rows)
        return (rows[-1][0] if len(rows) == most else None), len(rows)

    def again(self, connection: Connection, records: Sequence[int]) -> None:
        column = f'"{self.physical.columns[self.key]}"'
        for rows in _of(connection, self.table, False, column, records):
            self._write(connection, rows)

    def _write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        type_ = sql_type(self.physical.types[self.key], NameBook(()), PersonBook())
        read = reader(type_, connection.dialect)
        texts = {
            (identity, self.key): None if v is None else text_of(read(v) if read else v)
            for identity, v in rows
        }
        write_texts(connection, self.form_key, texts)


def write_column(
    connection: Connection, table: str, column: str, type_: Any, rows: Sequence[Row]
) -> None:
    """Write one column of many rows."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f'UPDATE "{table}" SET "{column}" = ? WHERE id = ?', [(v, i) for i, v in rows]
        )
        return
    kept = type_.compile(dialect=connection.dialect).partition(" COLLATE")[0]
    connection.exec_driver_sql(
        f'UPDATE "{table}" AS t SET "{column}" = v.value '
        f"FROM unnest(%s::bigint[], %s::{kept}[]) AS v(id, value) WHERE t.id = v.id",
        ([i for i, _ in rows], [v for _, v in rows]),
    )


def rows_behind(connection: Connection, table: str, last: int, most: int) -> list[int]:
    """The next ids of a table."""
    return [row[0] for row in _rows(connection, table, "1", "1 = 1", last, most)]


def _rows(
    connection: Connection, table: str, wanted: str, where: str, last: int, most: int
) -> Sequence[Sequence[Any]]:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return connection.exec_driver_sql(
        f'SELECT id, {wanted} FROM "{table}" WHERE {where} AND id > {mark} '
        f"ORDER BY id LIMIT {most}",
        (last,),
    ).fetchall()


def _of(
    connection: Connection, table: str, is_part: bool, wanted: str, records: Sequence[int]
) -> list[Sequence[Sequence[Any]]]:
    """Rows of these records, some hundreds at a time."""
    owner = "record_id" if is_part else "id"
    found: list[Sequence[Sequence[Any]]] = []
    for start in range(0, len(records), AT_ONCE):
        some = ", ".join(str(int(record)) for record in records[start : start + AT_ONCE])
        found.append(
            connection.exec_driver_sql(
                f'SELECT id, {wanted} FROM "{table}" WHERE {owner} IN ({some})'
            ).fetchall()
        )
    return found
