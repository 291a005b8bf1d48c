"""A workbook to fill in: drawn from a form, with drop-downs, hints, and everything else locked."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

MOST_LINES = 5_000  # of a template that are open to be filled in
LISTS = "_lists"  # the sheet that drop-downs take their words from
ABOUT = "_about"
_ENTRY: Mapping[str, str] = {
    "date": "yyyy-mm-dd",
    "percent": "0.00%",
    "money": "#,##0.00",
    "number": "General",
    "integer": "0",
}


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """`choices`: words of a drop-down; `hint`: what to write; `required`: it may not stay empty."""

    title: str
    type: str
    required: bool = False
    choices: Sequence[str] = ()
    hint: str = ""


def write_template(
    title: str,
    columns: Sequence[TemplateColumn],
    about: Mapping[str, str],
    tables: Sequence[tuple[str, Sequence[TemplateColumn]]] = (),
) -> bytes:
    """`about`: what the file says of itself, the fingerprint of the form among it. `tables`: title
    and columns of the further sheets."""
    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True}) as book:
        book.set_properties({"title": title, "comments": about.get("fingerprint", "")})
        sheet = book.add_worksheet()
        further = [(book.add_worksheet(name), inside) for name, inside in tables]
        lists = book.add_worksheet(LISTS)
        said = book.add_worksheet(ABOUT)
        _fill(book, sheet, lists, columns, 0)
        first = len(columns)
        for other, inside in further:
            _fill(book, other, lists, inside, first)
            first += len(inside)
        for row, (name, words) in enumerate(about.items()):
            said.write_string(row, 0, name)
            said.write_string(row, 1, words)
        for hidden in (lists, said):
            hidden.protect()
            hidden.very_hidden()
    return kept.getvalue()


def _fill(book: Any, sheet: Any, lists: Any, columns: Sequence[TemplateColumn], first: int) -> None:
    """`first`: the column of the sheet of words from which this one's begin."""
    head = book.add_format({"bold": True, "bg_color": "#E8EEF5", "border": 1, "locked": True})
    owed = book.add_format({"bold": True, "bg_color": "#FCE8D9", "border": 1, "locked": True})
    sheet.freeze_panes(1, 0)
    # Headings are what the import knows columns by; everything below them is open.
    sheet.protect("", {"format_columns": True, "insert_rows": True, "delete_rows": True,
                       "sort": True, "autofilter": True})  # fmt: skip
    for at, column in enumerate(columns):
        sheet.write_string(0, at, column.title, owed if column.required else head)
        if column.hint:
            sheet.write_comment(0, at, column.hint)
        form = book.add_format({"locked": False, "num_format": _ENTRY.get(column.type, "@")})
        sheet.set_column(at, at, max(12, min(30, len(column.title) * 2 + 4)), form)
        _validate(sheet, lists, at, column, first + at)


def _validate(sheet: Any, lists: Any, at: int, column: TemplateColumn, kept: int) -> None:
    if column.choices:
        for row, words in enumerate(column.choices):
            lists.write_string(row, kept, words)
        letter = xlsxwriter.utility.xl_col_to_name(kept)
        source = f"={LISTS}!${letter}$1:${letter}${len(column.choices)}"
        sheet.data_validation(1, at, MOST_LINES, at, {"validate": "list", "source": source})
    elif column.type in ("money", "number", "percent"):
        rule = {"validate": "decimal", "criteria": "between", "minimum": -1e15, "maximum": 1e15}
        sheet.data_validation(1, at, MOST_LINES, at, rule)
    elif column.type == "integer":
        rule = {"validate": "integer", "criteria": "between", "minimum": -(2**53), "maximum": 2**53}
        sheet.data_validation(1, at, MOST_LINES, at, rule)
