"""The statements that add tables, columns and indexes; nothing here drops or alters."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Dialect

from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import BESIDE, fixed_columns, sql_type
from jingwei.storage.indexes import Index
from jingwei.storage.names import PhysicalNames, PhysicalTable

_NOBODY, _NOTHING = PersonBook(), NameBook(())


class Ddl:
    """Statements for one database and one map of names."""

    def __init__(self, dialect: Dialect, names: PhysicalNames) -> None:
        self.dialect = dialect
        self.names = names
        self._tables = {
            f"{form}.{part}" if part else form: table
            for (form, part), table in names.tables.items()
        }

    def create_table(self, form: str, part: str) -> str:
        """Application columns are nullable, without CHECK or default: the write path has the
        rules."""
        table = self.names.table(form, part)
        fixed = fixed_columns(part)
        lines = [self._fixed(table, key, form, part) for key in fixed]
        inline = self.dialect.name == "sqlite"  # elsewhere the other table may not be there yet
        lines += [self._column(table, key, inline) for key in table.columns if key not in fixed]
        return f'CREATE TABLE "{table.name}" (\n  ' + ",\n  ".join(lines) + "\n)"

    def add_column(self, table: PhysicalTable, key: str) -> str:
        return f'ALTER TABLE "{table.name}" ADD COLUMN {self._column(table, key, True)}'

    def create_index(self, index: Index, *, concurrently: bool = False) -> str:
        unique = "UNIQUE " if index.unique else ""
        beside = "CONCURRENTLY " if concurrently else ""
        definition = index.definition(self.dialect.name)
        return f'CREATE {unique}INDEX {beside}IF NOT EXISTS "{index.name}" ON {definition}'

    def _fixed(self, table: PhysicalTable, key: str, form: str, part: str) -> str:
        column = self._typed(table, key)
        if key == "id":
            extended, beside, _ = part.partition(BESIDE)
            refers = f' REFERENCES "{self.names.table(form, extended).name}" (id)'
            return f"{column} NOT NULL PRIMARY KEY{refers if beside else ''}"
        if key == "record_id":
            return f'{column} NOT NULL REFERENCES "{self._tables[form].name}" (id)'
        if key in ("revision", "position"):
            return f"{column} NOT NULL"
        return column

    def late_references(self, created: set[str]) -> Iterator[str]:
        """The references of new tables, once all of them are there."""
        if self.dialect.name == "sqlite":
            return
        for table in self.names.tables.values():
            if table.name in created:
                for key, column in table.columns.items():
                    if reference := self._reference(table, key):
                        yield f'ALTER TABLE "{table.name}" ADD FOREIGN KEY ("{column}") {reference}'

    def _column(self, table: PhysicalTable, key: str, refers: bool) -> str:
        return f"{self._typed(table, key)} {self._reference(table, key) if refers else ''}".rstrip()

    def _reference(self, table: PhysicalTable, key: str) -> str:
        """A link refers to its table; checked at commit, since a batch may hold both ends."""
        head, _, target = table.types[key].partition(":")
        if head != "link" or target not in self._tables:
            return ""
        return f'REFERENCES "{self._tables[target].name}" (id) DEFERRABLE INITIALLY DEFERRED'

    def _typed(self, table: PhysicalTable, key: str) -> str:
        type_ = sql_type(table.types[key], _NOTHING, _NOBODY)
        words = type_.compile(dialect=self.dialect)
        return f'"{table.columns[key]}" {words}'

    def new_tables(self, created: set[str]) -> Iterator[tuple[str, str]]:
        """(form, part) of the tables just allotted: forms, their sub-tables, what extends these."""
        order = sorted(self.names.tables.items(), key=lambda i: (BESIDE in i[0][1], i[0][1] != ""))
        for (form, part), table in order:
            if table.name in created:
                yield form, part
