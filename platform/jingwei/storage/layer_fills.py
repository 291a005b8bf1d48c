"""Values of the fields that layers add, for the records of their orgs that are there already.

What a layer adds is kept in a table of its own, which has no rows yet: each record, or row of a
table, gets one beside its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.extensions import Extension, extensions
from jingwei.language.form import Field
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import writer
from jingwei.storage.columns import BESIDE, sql_type
from jingwei.storage.convert import Judge
from jingwei.storage.database import Connection
from jingwei.storage.fills import AT_ONCE, Compute, rows_behind
from jingwei.storage.names import PhysicalTable


@dataclass(slots=True)
class LayerFill:
    """One field. `owner`: the form's own table; `rows`: the table whose rows the field is of, None
    where it is of the record itself. `compute` gives values for those who stand under the layer."""

    path: str
    form: str
    owner: str
    rows: str | None
    physical: PhysicalTable
    key: str
    compute: Compute
    book: NameBook
    people: PersonBook
    judge: Judge | None = None

    @property
    def name(self) -> str:
        return f"{self.physical.name}.{self.physical.columns[self.key]}"

    @property
    def table(self) -> str:
        """Whose rows are counted: the form's, since its own has none yet."""
        return self.owner

    def batch(self, connection: Connection, last: int, most: int) -> tuple[int | None, int]:
        most = min(most, AT_ONCE)
        rows = rows_behind(connection, self.owner, last, most)
        self.again(connection, rows)
        return (rows[-1] if len(rows) == most else None), len(rows)

    def again(self, connection: Connection, records: Sequence[int]) -> None:
        type_ = sql_type(self.physical.types[self.key], self.book, self.people)
        write = writer(type_, connection.dialect)
        kept = type_.compile(dialect=connection.dialect).partition(" COLLATE")[0]
        text = self._text(connection.dialect.name == "sqlite", kept)
        for start in range(0, len(records), AT_ONCE):
            found = self.compute(connection, records[start : start + AT_ONCE])
            values = [
                (write(value) if write and value is not None else value, identity)
                for identity, value in found.items()
            ]
            if values:
                connection.exec_driver_sql(text, values)

    def _text(self, sqlite: bool, kept: str) -> str:
        mark = "?" if sqlite else "%s"
        column = self.physical.columns[self.key]
        beside = ", r.record_id" if self.rows else ""
        names = f'id{", record_id" if self.rows else ""}, "{column}"'
        return (
            f'INSERT INTO "{self.physical.name}" ({names}) '
            f"SELECT r.id{beside}, CAST({mark} AS {kept}) "
            f'FROM "{self.rows or self.owner}" AS r WHERE r.id = {mark} '
            f'ON CONFLICT (id) DO UPDATE SET "{column}" = excluded."{column}"'
        )


@dataclass(frozen=True, slots=True)
class Added:
    """A field that is new in the table of a layer."""

    one: Extension
    field: Field
    physical: PhysicalTable

    @property
    def part(self) -> str:
        return f"{self.one.table}{BESIDE}{self.one.for_}"

    @property
    def path(self) -> str:
        return ".".join(filter(None, (self.one.form, self.one.table, self.field.name)))


def added_fields(
    catalogue: Any,
    tables: Mapping[tuple[str, str], PhysicalTable],
    is_new: Callable[[PhysicalTable, str], bool],
) -> Iterator[Added]:
    """The fields of layers that are kept from now on."""
    for one in extensions(catalogue).fields:
        physical = tables[one.form, f"{one.table}{BESIDE}{one.for_}"]
        for field in one.fields:
            if field.name in physical.columns and is_new(physical, field.name):
                yield Added(one, field, physical)
