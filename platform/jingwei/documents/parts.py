"""A report in words and numbers ready to print, part by part: what PDF, HTML and previews lay out.

Word is not made from it: there the author's template says what stands where.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jingwei.documents.charts import drawn
from jingwei.documents.values import NUMBERS, sayable, shown, unit_words, upper_number
from jingwei.services.report_data import ChartData, Figure, ReportColumn, ReportData, ReportTable
from jingwei.texts import text

OFFICIAL = "gbt9704"  # GB/T 9704: the layout of official documents
LEFT_OUT = ("light", "value")
# of a record: what says how it is kept, and not what it is about
KEPT_BY_THE_ENGINE = frozenset(
    ("id", "revision", "created_at", "created_by", "updated_at", "updated_by", "flow")
)
_CONSTANT_LEFT_OUT = ("org", "period")
_NOTHING = Figure(None)


def printed(data: ReportData) -> dict[str, Any]:
    """`{title, author, line, lang, date, style, fingerprint, parts}`; a part is
    `{kind: fields|table|chart|text, title, …}`, a chart's `chart` still a `Drawn`."""
    parts: list[dict[str, Any]] = []
    if data.record:
        parts.extend(_record_parts(data))
    if data.approvals is not None and data.approvals.rows:
        parts.append(_opinions_part(data, data.approvals))
    for name, table in data.tables.items():
        title = data.table_titles.get(name, "")
        parts.append(_table_part(title, table, data.locale))
        for chart in data.charts.values():
            if chart.source == name:
                parts.append(_chart_part(chart, data.locale))
    for name, slot in data.narrative.items():
        lines = lines_of(slot.text, data.locale)
        title = sayable(slot.title)
        parts.append({"kind": "text", "slot": name, "title": title, "paragraphs": lines})
    if data.style == OFFICIAL and data.locale == "zh":
        _number_headings(parts)
    return {
        "title": sayable(data.title),
        "author": sayable(data.organisation),
        "line": "　".join(shown(figure, data.locale) for figure in data.parameters.values()),
        "lang": data.locale,
        "style": data.style or "",
        "date": shown(Figure(data.made_on, "date"), data.locale),
        "fingerprint": data.fingerprint,
        "parts": parts,
    }


def lines_of(words: str, locale: str) -> list[str]:
    """A text by a person as paragraphs; where nobody wrote one, what says so."""
    lines = [line.strip() for line in sayable(words).splitlines() if line.strip()]
    return lines or [text("reports.not_written", locale)]


def _number_headings(parts: list[dict[str, Any]]) -> None:
    """一、 二、 … before the titles, as official documents have it."""
    titled = [part for part in parts if part["title"]]
    for number, part in enumerate(titled, 1):
        part["title"] = f"{upper_number(number)}、{part['title']}"


def _record_parts(data: ReportData) -> list[dict[str, Any]]:
    titles = data.record_titles
    fields = [
        [sayable(titles.get(name, name)), shown(value, data.locale)]
        for name, value in data.record.items()
        if isinstance(value, Figure) and name not in KEPT_BY_THE_ENGINE
    ]
    parts: list[dict[str, Any]] = [{"kind": "fields", "title": "", "rows": fields}]
    parts.extend(
        _table_part(titles.get(name, name), value, data.locale)
        for name, value in data.record.items()
        if isinstance(value, ReportTable)
    )
    return parts


def _opinions_part(data: ReportData, table: ReportTable) -> dict[str, Any]:
    """The decisions on the record; a signature that could be read is `{picture, alt}`."""
    columns = tuple(c for c in table.columns if c.name != "round")
    table = replace(table, columns=columns)
    part = _table_part(text("reports.opinions_title", data.locale), table, data.locale)
    names = [column.name for column in columns_printed(table)]
    if "comment" in names:
        part["grows"] = names.index("comment")
    if "signature" in names:
        at = names.index("signature")
        for row, told in zip(part["rows"], table.rows, strict=True):
            if told["signature"].value in data.pictures:
                row[at] = {"picture": told["signature"].value, "alt": row[at]}
    return part


def _chart_part(chart: ChartData, locale: str) -> dict[str, Any]:
    if chart.is_empty:
        words = text("reports.no_data", locale)
        return {"kind": "text", "title": sayable(chart.title), "paragraphs": [words]}
    shape = drawn(chart, locale)
    return {"kind": "chart", "title": "", "alt": sayable(shape.heading), "chart": shape}


def _table_part(title: str, table: ReportTable, locale: str) -> dict[str, Any]:
    table = one_table(table)
    columns = columns_printed(table)
    units = {unit_words(c.type, c.unit, locale) for c in columns if is_number(c)} - {"", "%"}
    one_unit = units.pop() if len(units) == 1 else ""
    return {
        "kind": "table",
        "title": sayable(title),
        "unit": text("reports.unit_line", locale, unit=one_unit) if one_unit else "",
        "empty": text("reports.no_data", locale),
        "notes": [sayable(note) for note in table.notes],
        "columns": [
            {
                "title": heading_of(column, one_unit, locale),
                "kind": "number" if is_number(column) else "text",
            }
            for column in columns
        ],
        "rows": [
            [_cell(column, row.get(column.name, _NOTHING), row, locale) for column in columns]
            for row in table.rows
        ],
    }


def one_table(table: ReportTable) -> ReportTable:
    """The table as it is laid out: of several orgs, one row each with a column an indicator."""
    table = _in_points(table)
    return table.across() if table.has_several("org") else table


def columns_printed(table: ReportTable) -> list[ReportColumn]:
    """Those that say something."""
    return [column for column in table.columns if _is_printed(column, table)]


def _in_points(table: ReportTable) -> ReportTable:
    """Where a change was asked for both ways (`yoy`, `yoy_pp`): one column, of rates the difference
    in percentage points, of amounts the rate of growth."""
    pairs = {c.name: f"{c.name}_pp" for c in table.columns}
    pairs = {n: pp for n, pp in pairs.items() if any(c.name == pp for c in table.columns)}
    if not pairs or not table.is_of_indicators:
        return table
    rows = tuple(
        {**row, **{n: row[pp] for n, pp in pairs.items() if row[pp].type == "points"}}
        for row in table.rows
    )
    kept = tuple(c for c in table.columns if c.name not in pairs.values())
    return replace(table, columns=kept, rows=rows)


def _cell(column: ReportColumn, figure: Figure, row: Any, locale: str) -> str:
    if column.name == "unit" and "indicator" in row:
        return unit_words("number", figure.value, locale)
    return shown(figure, locale)


def heading_of(column: ReportColumn, one_unit: str, locale: str) -> str:
    unit = unit_words(column.type, column.unit, locale)
    title = sayable(column.title)
    return title if unit in ("", "%", one_unit) else f"{title} ({unit})"


def is_number(column: ReportColumn) -> bool:
    return column.type in NUMBERS


def _is_printed(column: ReportColumn, table: ReportTable) -> bool:
    if column.name in LEFT_OUT and table.is_of_indicators:
        return False
    if table.rows and all(row.get(column.name, _NOTHING).value is None for row in table.rows):
        return False
    return column.name not in _CONSTANT_LEFT_OUT or table.has_several(column.name)
