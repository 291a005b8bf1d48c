"""Core tables of the application, from definitions and physical names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from jingwei.language.form import Field, Form
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.columns import sql_type
from jingwei.storage.names import PhysicalNames


@dataclass(frozen=True, slots=True)
class StoredTable:
    """One table as kept: `columns` by column key; `links` name the form a column points to."""

    form: Form
    part: str
    table: sa.Table
    columns: Mapping[str, sa.Column[object]]
    types: Mapping[str, str]

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields whose values are kept here, by name."""
        return self.form.fields[self.part].fields if self.part else self.form.fields


@dataclass(frozen=True, slots=True)
class StoredForm:
    """A form's own table and its sub-tables, by field."""

    form: Form
    own: StoredTable
    parts: Mapping[str, StoredTable]


def stored_form(form: Form, names: PhysicalNames, book: NameBook, people: PersonBook) -> StoredForm:
    """The tables of one form. Built when first asked for: most forms are not used every hour."""
    return StoredForm(
        form,
        _stored_table(form, "", names, book, people),
        {part: _stored_table(form, part, names, book, people) for part in form.tables},
    )


def _stored_table(
    form: Form, part: str, names: PhysicalNames, book: NameBook, people: PersonBook
) -> StoredTable:
    physical = names.table(form.name, part)
    columns = {
        key: sa.Column(name, sql_type(physical.types[key], book, people), primary_key=name == "id")
        for key, name in physical.columns.items()
    }
    table = sa.Table(physical.name, sa.MetaData(), *columns.values())
    return StoredTable(form, part, table, columns, physical.types)
