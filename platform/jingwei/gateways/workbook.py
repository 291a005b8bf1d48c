"""XLSX out: one sheet of plain values. Text stays text, whatever it begins with."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXACT_DIGITS = 15  # more than these a cell cannot hold
WIDTH = 18


def write_sheet(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook with a header that stays in sight."""
    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        days = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(titles) - 1, 0), WIDTH)
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                _write(sheet, number, column, value, days)
    return kept.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, days: Any) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | Decimal() | float():
            exact = Decimal(str(value))
            if len(exact.as_tuple().digits) > EXACT_DIGITS:
                sheet.write_string(row, column, f"{exact:f}")
            else:
                sheet.write_number(row, column, value)
        case date() if not isinstance(value, datetime):
            sheet.write_datetime(row, column, value, days)
        case _:
            sheet.write_string(row, column, str(value))
