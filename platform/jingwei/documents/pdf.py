"""PDF of any report, through typst: one layout of the engine, the same bytes for the same data."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typst

from jingwei.documents.charts import HEIGHT, SLANT, WIDTH, drawn, picture
from jingwei.documents.values import NUMBERS, sayable, shown, unit_words
from jingwei.refusals import Refused
from jingwei.services.report_data import Figure, ReportColumn, ReportData, ReportTable
from jingwei.texts import text

MIMETYPE = "application/pdf"
LAYOUT = "layout.typ"
FONT_PACKAGE = "manimgx_fonts_cjk"  # for machines without Chinese fonts
LEFT_OUT = ("light", "value")
_CONSTANT_LEFT_OUT = ("org", "period")
_NOTHING = Figure(None)


def render(data: ReportData) -> bytes:
    """The PDF of a report. Raises Refused when typst cannot lay it out."""
    layout = files(__package__).joinpath(LAYOUT).read_bytes()
    compiler = typst.Compiler(
        layout,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(printed(data), ensure_ascii=False)},
    )
    day = data.made_on
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        content = compiler.compile(format="pdf", timestamp=moment)
    except typst.TypstError as error:
        raise Refused("report-not-laid-out", reason=error.message) from error
    assert isinstance(content, bytes)  # a list of pages is what PNG and SVG give
    return content


@cache
def _fonts() -> Any:
    spec = find_spec(FONT_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return typst.Fonts(font_paths=[Path(folder) for folder in folders])


def printed(data: ReportData) -> dict[str, Any]:
    """The report in words and numbers ready to print, part by part."""
    parts: list[dict[str, Any]] = []
    if data.record:
        parts.extend(_record_parts(data))
    for name, table in data.tables.items():
        title = data.table_titles.get(name, "")
        parts.append(_table_part(title, table, data.locale))
        for chart in data.charts.values():
            if chart.source == name:
                parts.append(_chart_part(chart, data.locale))
    for slot in data.narrative.values():
        lines = [line.strip() for line in sayable(slot.text).splitlines() if line.strip()]
        lines = lines or [text("reports.not_written", data.locale)]
        parts.append({"kind": "text", "title": sayable(slot.title), "paragraphs": lines})
    return {
        "title": sayable(data.title),
        "author": sayable(data.organisation),
        "line": "　".join(shown(figure, data.locale) for figure in data.parameters.values()),
        "lang": data.locale,
        "date": shown(Figure(data.made_on, "date"), data.locale),
        "fingerprint": data.fingerprint,
        "parts": parts,
    }


def _record_parts(data: ReportData) -> list[dict[str, Any]]:
    titles = data.record_titles
    fields = [
        [sayable(titles.get(name, name)), shown(value, data.locale)]
        for name, value in data.record.items()
        if isinstance(value, Figure)
    ]
    parts: list[dict[str, Any]] = [{"kind": "fields", "title": "", "rows": fields}]
    parts.extend(
        _table_part(titles.get(name, name), value, data.locale)
        for name, value in data.record.items()
        if isinstance(value, ReportTable)
    )
    return parts


def _chart_part(chart: Any, locale: str) -> dict[str, Any]:
    if chart.is_empty:
        words = text("reports.no_data", locale)
        return {"kind": "text", "title": sayable(chart.title), "paragraphs": [words]}
    shape = drawn(chart, locale)
    made = picture(shape)
    return {
        "kind": "chart",
        "title": "",
        "svg": made.svg(words=False).decode(),
        "width": WIDTH,
        "height": HEIGHT,
        "slant": SLANT,
        "labels": [asdict(label) | {"words": sayable(label.words)} for label in made.labels],
        "alt": sayable(shape.heading),
    }


def _table_part(title: str, table: ReportTable, locale: str) -> dict[str, Any]:
    table = table.across() if table.has_several("org") else table
    columns = [column for column in table.columns if _is_printed(column, table)]
    units = {unit_words(c.type, c.unit, locale) for c in columns if _is_number(c)} - {"", "%"}
    one_unit = units.pop() if len(units) == 1 else ""
    return {
        "kind": "table",
        "title": sayable(title),
        "unit": text("reports.unit_line", locale, unit=one_unit) if one_unit else "",
        "empty": text("reports.no_data", locale),
        "columns": [
            {
                "title": _heading(column, one_unit, locale),
                "kind": "number" if _is_number(column) else "text",
            }
            for column in columns
        ],
        "rows": [
            [_cell(column, row.get(column.name, Figure(None)), row, locale) for column in columns]
            for row in table.rows
        ],
    }


def _cell(column: ReportColumn, figure: Figure, row: Any, locale: str) -> str:
    if column.name == "unit" and "indicator" in row:
        return unit_words("number", figure.value, locale)
    return shown(figure, locale)


def _heading(column: ReportColumn, one_unit: str, locale: str) -> str:
    unit = unit_words(column.type, column.unit, locale)
    title = sayable(column.title)
    return title if unit in ("", "%", one_unit) else f"{title} ({unit})"


def _is_number(column: ReportColumn) -> bool:
    return column.type in NUMBERS


def _is_printed(column: ReportColumn, table: ReportTable) -> bool:
    if column.name in LEFT_OUT and table.is_of_indicators:
        return False
    if table.rows and all(row.get(column.name, _NOTHING).value is None for row in table.rows):
        return False
    return column.name not in _CONSTANT_LEFT_OUT or table.has_several(column.name)
