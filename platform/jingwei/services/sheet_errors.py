"""The rows of a sheet that were not kept, as a workbook to correct and import again: what is wrong
is marked in its cell and told at the end of its row; rows of tables come with theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from jingwei.catalogue.compile import form_fingerprint
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.export import Headed, SheetColumn, SheetTable, guarded
from jingwei.services.rights import FieldRights
from jingwei.services.sheet_headings import Headings, headings_of, headings_of_rows
from jingwei.services.sheet_lines import Lines, Wanted, known_columns
from jingwei.services.sheet_rows import Book, Row, Unread, Wrong
from jingwei.services.sheet_words import LEFT
from jingwei.texts import has_text, text

WHOLE = 1  # the row of what is wrong with the sheet itself: that of its headings
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,13})(?:\.[0-9]+)?\Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
Refusals = Mapping[int, Sequence[FieldRefusal]]


@dataclass(slots=True)
class Errors(Headed):
    """A workbook of rows with what is wrong with them."""

    columns: list[SheetColumn]
    rows: list[list[Any]] = field(default_factory=list)
    tables: list[SheetTable] = field(default_factory=list)
    about: Mapping[str, str] = field(default_factory=dict)


def errors_of(
    view: Reading, form: str, sheet: Book, wanted: Wanted, refused: Refusals, locale: str
) -> Errors:
    """A sheet that is refused as a whole, or that nobody can read, has nothing to correct here: its
    workbook says why."""
    definition = view.catalogue.forms[form]
    visible = known_columns(view, definition, wanted)
    rights = (
        view.rights.fields(view, form) if wanted.may_update
        else view.rights.create_fields(view, form)
    )  # fmt: skip
    drawn = _Drawn(view, definition, wanted, rights, locale)
    if refused.keys() <= {WHOLE}:
        said = [one.message(locale) for one in refused.get(WHOLE, ())]
        return Errors([drawn.problem], [[words] for words in said])
    lines = Lines(definition, wanted, visible)
    lines.open(sheet)
    main = _sorted(refused)
    tables: dict[str, SheetTable] = {}
    found = Errors([])
    headings = headings_of(definition, visible)
    inside = {n: headings_of_rows(definition.fields[n], visible) for n in definition.tables}
    for chunk in lines.chunks(sheet):
        for row, below in zip(chunk.rows, chunk.below, strict=True):
            if row.number not in main:
                continue
            if not found.columns:
                found.columns = drawn.columns(row.columns, headings, None)
            found.rows.append(drawn.row(row, headings, main[row.number], "", None))
            for table, rows in below.items():
                for one in rows:
                    drawn.add(tables, table, one, inside[table], main[row.number])
    for table, one in lines.left():
        drawn.add(tables, table, one, inside[table], refused.get(one.number, ()))
    found.tables = list(tables.values())
    if not found.columns:
        found.columns = [drawn.problem]
    found.about = {"form": form, "fingerprint": form_fingerprint(view.catalogue, form)}
    return found


def _sorted(refused: Refusals) -> dict[int, list[FieldRefusal]]:
    """What is wrong, by rows of the first sheet."""
    rows = {row: [one for one in ones if one.code != LEFT] for row, ones in refused.items()}
    return {row: ones for row, ones in rows.items() if ones}


@dataclass(slots=True)
class _Drawn:
    view: Reading
    form: Form
    wanted: Wanted
    rights: FieldRights
    locale: str

    @property
    def problem(self) -> SheetColumn:
        return SheetColumn("", text("exchange.screen.problem", self.locale), "text")

    def add(
        self,
        tables: dict[str, SheetTable],
        table: str,
        row: Row,
        headings: Headings,
        refused: Sequence[FieldRefusal],
    ) -> None:
        definition = self.form.fields[table]
        if table not in tables:
            columns = tuple(self.columns(row.columns, headings, definition))
            sheet = getattr(row.columns, "sheet", "") or table
            tables[table] = SheetTable(sheet, columns)
        place = f"{table}!{row.number}"
        tables[table].waiting.append(self.row(row, headings, refused, place, definition))

    def columns(
        self, titles: Sequence[str], headings: Headings, table: Field | None
    ) -> list[SheetColumn]:
        fields = self.form.fields if table is None else table.fields
        found = []
        for title in titles:
            name = headings.field(title) or ""
            definition = fields.get(name)
            kind = "text" if definition is None or definition.many else definition.type
            column = SheetColumn(name, title, kind)
            if definition is not None or name == "org":
                column = guarded(self.view, self.form, column, self.locale, self.rights, table)
                column = replace(column, is_locked=column.is_locked and self.wanted.may_update)
            elif table is None:
                column = replace(column, is_locked=name in SYSTEM_FIELDS)
            if not _is_problem(title):
                found.append(column)
        return [*found, self.problem]

    def row(
        self,
        row: Row,
        headings: Headings,
        refused: Sequence[FieldRefusal],
        place: str,
        table: Field | None,
    ) -> list[Any]:
        """The cells of a row, those that are wrong marked, and what is wrong at its end."""
        fields = self.form.fields if table is None else table.fields
        mine = [one for one in refused if _stands_at(one.path, place)]
        wrong = {_field_at(one.path, place) for one in mine}
        cells: list[Any] = []
        for title in row.columns:
            if _is_problem(title):
                continue
            name = headings.field(title) or ""
            cell = _cell(row.get(title), fields.get(name))
            cells.append(Wrong(cell) if name in wrong else cell)
        said = dict.fromkeys(self._said(one, place, fields) for one in mine)
        return [*cells, "\n".join(said) or None]

    def _said(self, refusal: FieldRefusal, place: str, fields: Mapping[str, Field]) -> str:
        name, message = _field_at(refusal.path, place), refusal.message(self.locale)
        key = f"system_fields.{name}"
        title = name
        if name in fields:
            title = fields[name].title(self.locale)
        elif has_text(key, self.locale):
            title = text(key, self.locale)
        return (
            text("exchange.said", self.locale, column=title, message=message) if title else message
        )


def _is_problem(title: str) -> bool:
    return any(title == text("exchange.screen.problem", locale) for locale in ("zh", "en"))


def _stands_at(path: str, place: str) -> bool:
    if not place:
        return "!" not in path
    return path == place or path.startswith(f"{place}.")


def _field_at(path: str, place: str) -> str:
    rest = path.removeprefix(place).removeprefix(".") if place else path
    return rest.partition(".")[0]


def _cell(value: Any, definition: Field | None) -> Any:
    """What stood in the cell, as the number or the day that it was."""
    if isinstance(value, Unread):
        said = value.holes.get("error") or value.holes.get("words")
        return None if said is None else str(said)
    if value is None or definition is None or definition.many:
        return value
    if definition.type in ("money", "number", "percent", "integer") and _NUMBER.match(value):
        return Decimal(value)
    if definition.type == "date" and _DAY.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value
