"""What the columns and sheets of a workbook may be called, and which fields they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.services.sheet_cells import columns_of, columns_of_rows
from jingwei.texts import LOCALES, text

# What people add to a heading: blanks, a star, and that it is required.
_ADDED = re.compile(
    "[\\s\u200b-\u200f\u2060\ufeff*:]+|\\((?:必填|必填项|选填|required|optional)\\)", re.IGNORECASE
)


class Headings:
    """Fields by what a column is called; a heading with a star, or blanks in it, is the same."""

    def __init__(self, columns: Mapping[str, str], ignored: frozenset[str] = frozenset()) -> None:
        self.columns = columns
        self.ignored = ignored
        loose: dict[str, set[str]] = {}
        for title, name in columns.items():
            loose.setdefault(loosened(title), set()).add(name)
        self._loose = {t: next(iter(names)) for t, names in loose.items() if len(names) == 1 and t}

    def field(self, title: str) -> str | None:
        found = self.columns.get(title)
        return self._loose.get(loosened(title)) if found is None else found

    def is_known(self, title: str) -> bool:
        return title in self.ignored or self.field(title) is not None


def loosened(title: str) -> str:
    return _ADDED.sub("", unicodedata.normalize("NFKC", title)).casefold()


def headings_of(form: Form, visible: frozenset[str]) -> Headings:
    return Headings(columns_of_sheet(form, visible), ignored_titles())


def headings_of_rows(table: Field, visible: frozenset[str]) -> Headings:
    row_ids = {text("exchange.row_id", locale): "id" for locale in LOCALES}
    return Headings({**row_ids, **columns_of_rows(table, visible)}, ignored_titles())


def columns_of_sheet(form: Form, visible: frozenset[str]) -> dict[str, str]:
    """Names of fields and system fields by what a column may be called."""
    return {**_system_columns(form), **columns_of(form, visible)}


def _system_columns(form: Form) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in SYSTEM_FIELDS:
        if name not in ("org", "deleted_at"):
            found[name] = name
            for locale in LOCALES:
                found[text(f"system_fields.{name}", locale)] = name
    titles = {f.title(locale) for f in form.fields.values() for locale in LOCALES}
    return {title: name for title, name in found.items() if title not in titles}


def ignored_titles() -> frozenset[str]:
    """Columns that are not of the form: of the file of errors, and of the numbers of rows."""
    found = {text("exchange.screen.problem", locale) for locale in LOCALES}
    return frozenset(found | join_titles())


def join_titles() -> set[str]:
    """What the column is called by which the rows of tables find the row they belong to."""
    return {text("exchange.join", locale) for locale in LOCALES}


def sheet_title(title: str) -> str:
    """A title as the name of a sheet: without what Excel does not allow there."""
    return "".join("-" if c in "[]:*?/\\'" else c for c in title).strip()[:31]


def sheets_of_tables(form: Form, visible: frozenset[str]) -> dict[str, str]:
    """Tables by what their sheets may be called."""
    return {
        title: name
        for name, table in form.tables.items()
        if name in visible
        for title in (name, *(sheet_title(table.title(locale)) for locale in LOCALES))
    }
