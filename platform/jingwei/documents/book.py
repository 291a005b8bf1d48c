"""A report as a workbook: a sheet for each table, its numbers as numbers, charts beside them.

A cell holds the whole number in the unit its heading names, and shows two digits of it: sums made
in Excel are right. Text is text whatever it begins with.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter

from jingwei.cube.figures import PERCENT_UNITS
from jingwei.documents.charts import Drawn, drawn
from jingwei.documents.parts import columns_printed, heading_of, is_number, lines_of, one_table
from jingwei.documents.values import sayable, scaled, shown
from jingwei.services.report_data import Figure, ReportColumn, ReportData, ReportTable
from jingwei.services.sheet_long import fitted
from jingwei.texts import text

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_NAME = 31  # characters of the name of a sheet
_FORBIDDEN = frozenset("[]:*?/\\")
_FORMATS = {"percent": "0.00%", "integer": "#,##0", "points": "0.00"}
_NUMBER = "#,##0.00"


def render(data: ReportData) -> bytes:
    """The workbook of a report."""
    kept = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(kept, options) as book:
        day = data.made_on
        book.set_properties(
            {
                "title": data.title,
                "author": data.organisation,
                "comments": data.fingerprint,
                "created": datetime(day.year, day.month, day.day, tzinfo=UTC),
            }
        )
        writer = _Writer(book, data.locale)
        writer.front(data)
        for name, table in _tables(data):
            writer.table(name, table)
        for chart in data.charts.values():
            if not chart.is_empty:
                writer.chart(drawn(chart, data.locale))
    return kept.getvalue()


def _tables(data: ReportData) -> Iterator[tuple[str, ReportTable]]:
    for name, value in data.record.items():
        if isinstance(value, ReportTable):
            yield data.record_titles.get(name, name), value
    for name, table in data.tables.items():
        yield data.table_titles.get(name) or name, table


class _Writer:
    """Sheets of one workbook."""

    def __init__(self, book: Any, locale: str) -> None:
        self._book = book
        self._locale = locale
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter"})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._formats: dict[str, Any] = {}
        self._names: set[str] = set()

    def front(self, data: ReportData) -> None:
        """Title, parameters, the record, and what people wrote."""
        sheet = self._sheet(data.title)
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 80)
        lines: list[tuple[str, str]] = [(data.title, data.organisation)]
        titles = data.parameter_titles
        lines += [(titles[n], shown(f, data.locale)) for n, f in data.parameters.items()]
        lines += [
            (data.record_titles.get(n, n), shown(f, data.locale))
            for n, f in data.record.items()
            if isinstance(f, Figure)
        ]
        for slot in data.narrative.values():
            lines.append((slot.title, "\n".join(lines_of(slot.text, data.locale))))
        lines.append((text("reports.fingerprint", data.locale), data.fingerprint))
        for row, (name, words) in enumerate(lines):
            sheet.write_string(row, 0, sayable(name), self._bold)
            sheet.write_string(row, 1, fitted(sayable(words)), self._wrap)

    def table(self, name: str, table: ReportTable) -> None:
        table = one_table(table)
        columns = columns_printed(table)
        sheet = self._sheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(columns) - 1, 0), 18)
        for at, column in enumerate(columns):
            sheet.write_string(0, at, heading_of(column, "", self._locale), self._bold)
        for number, row in enumerate(table.rows, 1):
            for at, column in enumerate(columns):
                self._write(sheet, number, at, column, row.get(column.name, Figure(None)))
        for at, note in enumerate(table.notes, len(table.rows) + 2):
            sheet.write_string(at, 0, fitted(sayable(note)))

    def _write(self, sheet: Any, row: int, at: int, column: ReportColumn, figure: Figure) -> None:
        if figure.value is None:
            return
        number = scaled(figure, self._locale) if is_number(column) else None
        if number is not None:
            kind = _kind(figure)
            value = number / 100 if kind == "percent" else number
            sheet.write_number(row, at, float(value), self._format(_FORMATS.get(kind, _NUMBER)))
        elif isinstance(figure.value, date) and not isinstance(figure.value, datetime):
            sheet.write_datetime(row, at, figure.value, self._format("yyyy-mm-dd"))
        else:
            sheet.write_string(row, at, fitted(shown(figure, self._locale)))

    def chart(self, chart: Drawn) -> None:
        """The numbers of a chart, and the chart."""
        sheet = self._sheet(chart.title or text("reports.chart", self._locale))
        sheet.set_column(0, len(chart.series), 18)
        for column, (name, values) in enumerate(chart.series, 1):
            sheet.write_string(0, column, sayable(name), self._bold)
            for row, value in enumerate(values, 1):
                if value is not None:
                    sheet.write_number(row, column, float(value), self._format(_NUMBER))
        for row, words in enumerate(chart.categories, 1):
            sheet.write_string(row, 0, sayable(words))
        self._draw(sheet, chart)

    def _draw(self, sheet: Any, chart: Drawn) -> None:
        drawing = self._book.add_chart({"type": "line" if chart.type == "line" else "column"})
        last = len(chart.categories)
        for column in range(1, len(chart.series) + 1):
            drawing.add_series(
                {
                    "name": [sheet.name, 0, column],
                    "categories": [sheet.name, 1, 0, last, 0],
                    "values": [sheet.name, 1, column, last, column],
                }
            )
        drawing.set_title({"name": sayable(chart.heading)})
        sheet.insert_chart(0, len(chart.series) + 2, drawing)

    def _sheet(self, name: str) -> Any:
        return self._book.add_worksheet(_free_name(name, self._names))

    def _format(self, form: str) -> Any:
        if form not in self._formats:
            self._formats[form] = self._book.add_format({"num_format": form})
        return self._formats[form]


def _kind(figure: Figure) -> str:
    """How a number is shown; a rate as Excel has rates: a fraction with a percent sign."""
    if figure.unit in PERCENT_UNITS and figure.type != "points":
        return "percent"
    return figure.type if figure.type in _FORMATS else ""


def _free_name(wanted: str, taken: set[str]) -> str:
    """A name Excel takes: short, without its special characters, and not taken yet."""
    plain = "".join(" " if c in _FORBIDDEN else c for c in sayable(wanted)).strip(" '") or "-"
    for number in range(1, len(taken) + 2):
        tail = "" if number == 1 else f" {number}"
        name = plain[: MOST_NAME - len(tail)] + tail
        if name.lower() not in taken:
            taken.add(name.lower())
            return name
    raise AssertionError("more names than sheets")


__all__: Sequence[str] = ("MIMETYPE", "render")
