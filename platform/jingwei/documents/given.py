"""What a template is given: the values of a report by name, and which names there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jingwei.documents.parts import lines_of
from jingwei.documents.template_language import BESIDE, opinion_names
from jingwei.documents.templates import Rounds, Rows
from jingwei.documents.values import Shown, sayable, unit_words
from jingwei.services.report_data import PICTURE, Figure, ReportData, ReportTable

_NOTHING = Figure(None)


Picture = Callable[[Figure], Any]  # how a document shows a picture that a figure names


def template_values(
    data: ReportData, picture: Picture = lambda figure: ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values by name, and the names alone for the check of names."""
    rounds = Rounds()
    locale = data.locale
    values: dict[str, Any] = {
        "report": {
            "title": sayable(data.title),
            "organisation": sayable(data.organisation),
            "fingerprint": data.fingerprint,
            "date": Shown(Figure(data.made_on, "date"), locale),
        },
        "charts": dict.fromkeys(data.charts, ""),
        "narrative": {
            name: [line.replace("\t", " ") for line in lines_of(slot.text, locale)]
            for name, slot in data.narrative.items()
        },
    }
    for name, figure in data.parameters.items():
        values[name] = Shown(figure, locale)
    if data.approvals is not None:
        values["approvals"] = _table(data.approvals, locale, rounds, picture)
    for name, table in data.tables.items():
        values[name] = _table(table, locale, rounds)
    if data.record:
        values["record"] = {
            name: _table(value, locale, rounds)["rows"]
            if isinstance(value, ReportTable)
            else Shown(value, locale)
            for name, value in data.record.items()
        }
    return values, _names(values, data)


def _names(values: Mapping[str, Any], data: ReportData) -> dict[str, Any]:
    names: dict[str, Any] = {
        "report": dict.fromkeys(values["report"]),
        "charts": dict.fromkeys(data.charts),
        "narrative": dict.fromkeys(data.narrative),
    }
    names.update(dict.fromkeys(data.parameters))
    if data.approvals is not None:
        names["approvals"] = opinion_names()
    names.update({name: table_names(table) for name, table in data.tables.items()})
    if data.record:
        names["record"] = {
            name: table_names(value)["rows"] if isinstance(value, ReportTable) else None
            for name, value in data.record.items()
        }
    return names


def table_names(table: ReportTable) -> dict[str, Any]:
    """The names below a data block."""
    row: dict[str, Any] = dict.fromkeys(c.name for c in table.columns)
    row["cells"] = [None]
    if table.is_of_indicators:
        row.update(dict.fromkeys(BESIDE))
    names: dict[str, Any] = {
        "columns": [{"name": None, "title": None, "unit": None}],
        "rows": [row],
        "notes": [None],
    }
    return {**names, "across": table_names(table.across())} if table.is_of_indicators else names


def _table(
    table: ReportTable, locale: str, rounds: Rounds, picture: Picture = lambda figure: ""
) -> dict[str, Any]:
    rows = []
    for row in table.rows:
        shown: dict[str, Any] = {
            column.name: picture(row[column.name])
            if column.type == PICTURE
            else Shown(row.get(column.name, _NOTHING), locale)
            for column in table.columns
        }
        if table.is_of_indicators:
            unit = unit_words("number", row["unit"].value, locale)
            shown["unit"] = Shown(Figure(unit), locale)
        shown["cells"] = Rows(list(shown.values()), rounds)
        if table.is_of_indicators:
            shown.update({n: Shown(row.get(n, _NOTHING), locale) for n in BESIDE if n not in shown})
        rows.append(shown)
    columns = [
        {
            "name": column.name,
            "title": sayable(column.title),
            "unit": Shown(Figure(None, column.type, column.unit), locale).part("unit"),
        }
        for column in table.columns
    ]
    found: dict[str, Any] = {
        "columns": Rows(columns, rounds),
        "rows": Rows(rows, rounds),
        "notes": Rows([sayable(note) for note in table.notes], rounds),
    }
    if table.is_of_indicators:
        found["across"] = _table(table.across(), locale, rounds)
    return found
