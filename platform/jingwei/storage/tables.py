"""Core tables of the application, from definitions and physical names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from jingwei.language.form import Form
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import BESIDE, fixed_columns, sql_type
from jingwei.storage.names import PhysicalNames, PhysicalTable


@dataclass(frozen=True, slots=True)
class StoredTable:
    """One table as kept: `columns` by column key; `links` name the form a column points to.

    `extensions`: what layers add to its rows, by the org or type of org they are for.
    """

    form: Form
    part: str
    table: sa.Table
    columns: Mapping[str, sa.Column[object]]
    types: Mapping[str, str]
    extensions: Mapping[str, StoredTable] = field(default_factory=dict)
    extended: Mapping[str, StoredTable] = field(default_factory=dict)  # by column key

    def keeps(self, key: str) -> bool:
        """Whether there is such a column, here or in what extends this table."""
        return key in self.columns or key in self.extended

    def type_of(self, key: str) -> str:
        """The word for how a column is kept. Raises KeyError."""
        return self.types[key] if key in self.types else self.extended[key].types[key]


@dataclass(frozen=True, slots=True)
class StoredForm:
    """A form's own table and its sub-tables, by field; those that layers add are among them."""

    form: Form
    own: StoredTable
    parts: Mapping[str, StoredTable]


def stored_form(form: Form, names: PhysicalNames, book: NameBook, people: PersonBook) -> StoredForm:
    """The tables of one form. Built when first asked for: most forms are not used every hour."""
    tables = {part: table for (of, part), table in names.tables.items() if of == form.name}
    extending: dict[str, dict[str, StoredTable]] = {}
    for part, physical in tables.items():
        extended, beside, for_ = part.partition(BESIDE)
        if beside:
            own = _table(form, part, physical, book, people)
            extending.setdefault(extended, {})[for_] = own
    whole = {
        part: _table(form, part, physical, book, people, extending.get(part, {}))
        for part, physical in tables.items()
        if BESIDE not in part
    }
    return StoredForm(form, whole[""], {part: table for part, table in whole.items() if part})


def _table(
    form: Form,
    part: str,
    physical: PhysicalTable,
    book: NameBook,
    people: PersonBook,
    extensions: Mapping[str, StoredTable] | None = None,
) -> StoredTable:
    columns = {
        key: sa.Column(name, sql_type(physical.types[key], book, people), primary_key=name == "id")
        for key, name in physical.columns.items()
    }
    table = sa.Table(physical.name, sa.MetaData(), *columns.values())
    by_key = {
        key: extension
        for extension in (extensions or {}).values()
        for key in extension.columns
        if key not in fixed_columns(extension.part)
    }
    return StoredTable(form, part, table, columns, physical.types, extensions or {}, by_key)
