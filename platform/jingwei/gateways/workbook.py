"""Sheets out: XLSX and CSV, row after row in little memory. Text stays text, whatever it begins
with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from jingwei.services.sheet_cells import quoted

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MIMETYPE = "text/csv"  # as UTF-8
EXACT_DIGITS = 15  # more than these a cell cannot hold
MOST_ROWS = 1_048_575  # of one sheet, beside its header
WIDTH = 18
AT_ONCE = 500  # lines of CSV
BOM = "\ufeff"  # by which Excel knows UTF-8


def write_sheet(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook with a header that stays in sight."""
    kept = io.BytesIO()
    write_workbook(kept, titles, rows)
    return kept.getvalue()


def write_workbook(
    target: Any, titles: Sequence[str], rows: Iterable[Sequence[Any]], types: Sequence[str] = ()
) -> int:
    """The same into a file (a path, or what can be written to); how many rows. What does not fit
    on one sheet goes on on the next. `types`: of the columns; a percent shows as one."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        writer = _SheetWriter(book, titles, types)
        writer.begin()
        for row in rows:
            writer.write(row)
    return writer.count


class _SheetWriter:
    def __init__(self, book: Any, titles: Sequence[str], types: Sequence[str]) -> None:
        self._book = book
        self._titles = titles
        self._bold = book.add_format({"bold": True})
        self._days = book.add_format({"num_format": "yyyy-mm-dd"})
        percent = book.add_format({"num_format": "0.00%"})
        self._formats = [percent if kind == "percent" else None for kind in types]
        self._sheet: Any = None
        self._row = 0
        self.count = 0

    def begin(self) -> None:
        self._sheet = sheet = self._book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(self._titles) - 1, 0), WIDTH)
        for column, title in enumerate(self._titles):
            sheet.write_string(0, column, title, self._bold)
        self._row = 0

    def write(self, row: Sequence[Any]) -> None:
        if self._row >= MOST_ROWS:
            self.begin()
        self._row += 1
        self.count += 1
        sheet, number = self._sheet, self._row
        for column, value in enumerate(row):
            if type(value) is str:
                sheet.write_string(number, column, value)
            elif value is not None:
                form = self._formats[column] if column < len(self._formats) else None
                self._write(sheet, number, column, value, form)

    def _write(self, sheet: Any, row: int, column: int, value: Any, form: Any) -> None:
        match value:
            case bool():
                sheet.write_boolean(row, column, value)
            case int() | Decimal() | float():
                if _is_exact(value):
                    sheet.write_number(row, column, value, form)
                else:
                    sheet.write_string(row, column, plain(value))
            case date() if not isinstance(value, datetime):
                sheet.write_datetime(row, column, value, self._days)
            case _:
                sheet.write_string(row, column, str(value))


def _is_exact(value: int | Decimal | float) -> bool:
    """Whether a cell, which holds a binary number, gives the same digits back."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return len(exact.as_tuple().digits) <= EXACT_DIGITS


def plain(value: Any) -> str:
    """A number with all its digits and no exponent; anything else as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


# --- CSV -----------------------------------------------------------------------------------------


def csv_lines(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with the mark that Excel looks for, some hundred lines at a time."""
    kept = io.StringIO()
    writer = csv.writer(kept, lineterminator="\r\n")
    kept.write(BOM)
    writer.writerow([quoted(title) for title in titles])
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in row])
        if number % AT_ONCE == 0:
            yield kept.getvalue().encode()
            kept.seek(0)
            kept.truncate()
    yield kept.getvalue().encode()


def _cell(value: Any) -> str:
    if type(value) is str:
        return quoted(value)
    return "" if value is None else plain(value)
