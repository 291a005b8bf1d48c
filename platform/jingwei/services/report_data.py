"""What a report is made from: figures with their units, tables of them, texts and charts.

Nothing here knows Word or PDF; the same data is filled into either, or answered as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from jingwei.language.output import across_name
from jingwei.storage.types import canonical_json

PICTURE = "picture"  # the type of a figure whose value names one of the pictures
# columns of an indicator block that say what is measured, not how much
NOT_MEASURED = ("indicator", "org", "period", "value", "unit", "light")


@dataclass(frozen=True, slots=True)
class Figure:
    """One value with what is needed to show it. `title`: what people read instead of a name."""

    value: Any
    type: str = "text"
    unit: str | None = None
    title: str | None = None

    def to_json(self) -> Any:
        return self.value.isoformat() if isinstance(self.value, date | datetime) else self.value


@dataclass(frozen=True, slots=True)
class ReportColumn:
    name: str
    title: str
    type: str = "text"
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A data block's answer. Every row has every column. `indicators`: those asked for, each with
    its title and unit. `notes`: sentences that say why values are missing or incomplete."""

    columns: tuple[ReportColumn, ...]
    rows: tuple[Mapping[str, Figure], ...]
    indicators: tuple[ReportColumn, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_of_indicators(self) -> bool:
        """One row for each indicator, org and period."""
        return bool(self.indicators)

    def has_several(self, name: str) -> bool:
        """Whether a column holds more than one value."""
        return len({str(row[name].value) for row in self.rows if name in row}) > 1

    def across(self) -> ReportTable:
        """One row for each org and period, a column for each indicator and its comparisons:
        `revenue`, `revenue_yoy`. A table of records stays as it is."""
        if not self.is_of_indicators:
            return self
        heads = tuple(c for c in self.columns if c.name in ("org", "period"))
        measured = tuple(c for c in self.columns if c.name not in NOT_MEASURED)
        columns = tuple(_across_columns(self.indicators, measured))
        rows: dict[tuple[str, ...], dict[str, Figure]] = {}
        for row in self.rows:
            key = tuple(str(row[c.name].value) for c in heads)
            empty = {c.name: Figure(None) for c in columns}
            into = rows.setdefault(key, {c.name: row[c.name] for c in heads} | empty)
            for index, column in enumerate(measured):
                name = across_name(str(row["indicator"].value), column.name, index)
                into[name] = row[column.name]
        return ReportTable((*heads, *columns), tuple(rows.values()), notes=self.notes)

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [
                {"name": c.name, "title": c.title, "type": c.type, "unit": c.unit}
                for c in self.columns
            ],
            "rows": [
                {c.name: row[c.name].to_json() for c in self.columns if c.name in row}
                | {"_titles": {name: figure.title for name, figure in row.items() if figure.title}}
                for row in self.rows
            ],
            "notes": list(self.notes),
        }


def _across_columns(
    indicators: tuple[ReportColumn, ...], measured: tuple[ReportColumn, ...]
) -> Iterator[ReportColumn]:
    for indicator in indicators:
        for index, column in enumerate(measured):
            name = across_name(indicator.name, column.name, index)
            title = column.title if index else indicator.title
            if column.type == "percent":
                yield ReportColumn(name, title, "percent", column.unit)
            else:
                yield ReportColumn(name, title, indicator.type, indicator.unit)


@dataclass(frozen=True, slots=True)
class ChartData:
    """One chart: a series has a name and one number (or None) for each category."""

    name: str
    type: str  # bar, line
    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[Any, ...]], ...]
    source: str | None = None  # the data block
    kind: str = "number"  # type and unit of the numbers, as of a figure
    unit: str | None = None

    @property
    def is_empty(self) -> bool:
        return all(value is None for _, values in self.series for value in values)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "title": self.title,
            "categories": list(self.categories),
            "series": [{"name": name, "values": list(values)} for name, values in self.series],
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Narrative:
    """What a person wrote into a slot. `text` is empty until somebody did; `id` of what stands
    there tells an edit apart from another one."""

    name: str
    title: str
    text: str = ""
    required: bool = False
    may_write: bool = False
    written_by: str | None = None
    written_at: datetime | None = None
    id: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "text": self.text,
            "required": self.required,
            "may_write": self.may_write,
            "written_by": self.written_by,
            "written_at": self.written_at,
            "id": self.id,
        }


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything a document of one report says."""

    report: str
    title: str
    locale: str
    parameters: Mapping[str, Figure]
    parameter_titles: Mapping[str, str]
    tables: Mapping[str, ReportTable]
    table_titles: Mapping[str, str]
    charts: Mapping[str, ChartData]
    narrative: Mapping[str, Narrative]
    made_at: datetime
    made_on: date
    organisation: str = ""
    template: str = ""
    style: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)  # figures, and tables by field
    record_titles: Mapping[str, str] = field(default_factory=dict)
    approvals: ReportTable | None = None  # of a record that may be approved: its opinions
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # signatures, by sha256

    def to_json(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "name": self.report,
            "title": self.title,
            "organisation": self.organisation,
            "parameters": {name: f.to_json() for name, f in self.parameters.items()},
            "data": {name: table.to_json() for name, table in self.tables.items()},
            "charts": {name: chart.to_json() for name, chart in self.charts.items()},
            "narrative": {name: slot.to_json() for name, slot in self.narrative.items()},
            "record": {name: _plain(value) for name, value in self.record.items()},
            **self._approvals_json(),
            "fingerprint": self.fingerprint,
            "made_at": self.made_at,
        }

    @property
    def fingerprint(self) -> str:
        """The sha256 of what the report says; the moment and the reader's rights are no part."""
        said = {
            "report": self.report,
            "title": self.title,
            "locale": self.locale,
            "template": self.template,
            "parameters": {name: f.to_json() for name, f in self.parameters.items()},
            "data": {name: table.to_json() for name, table in self.tables.items()},
            "charts": {name: chart.to_json() for name, chart in self.charts.items()},
            "narrative": {name: _encodable(slot.text) for name, slot in self.narrative.items()},
            "record": {name: _plain(value) for name, value in self.record.items()},
            **self._approvals_json(),
        }
        return sha256(canonical_json(said)).hexdigest()

    def _approvals_json(self) -> dict[str, Any]:
        return {} if self.approvals is None else {"approvals": self.approvals.to_json()["rows"]}


def _encodable(words: str) -> str:
    """The text without halves of surrogate pairs, which JSON does not take."""
    return words.encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return value.to_json()
    if isinstance(value, ReportTable):
        return value.to_json()["rows"]
    return value
