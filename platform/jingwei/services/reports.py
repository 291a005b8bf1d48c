"""What a report says: its blocks of data, charts, texts and record, as one reader may see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from jingwei.cube.comparisons import DIFFERENCES
from jingwei.cube.figures import PERCENT_UNITS
from jingwei.language.form import Field, Form
from jingwei.language.output import Chart, DataBlock, Report
from jingwei.language.periods import Period
from jingwei.language.values import Literal_
from jingwei.services import record_views, titles
from jingwei.services.block_tables import BlockTable
from jingwei.services.blocks import run_block
from jingwei.services.commands import Reading
from jingwei.services.report_asked import Asked
from jingwei.services.report_data import (
    NOT_MEASURED,
    ChartData,
    Figure,
    ReportColumn,
    ReportData,
    ReportTable,
)
from jingwei.services.report_notes import notes
from jingwei.services.report_opinions import opinions, pictures
from jingwei.services.report_texts import narrative_of
from jingwei.services.titles import Titles
from jingwei.texts import has_text
from jingwei.texts import text as words_of

MOST_POINTS = 60  # of a chart that looks back
TITLED = ("org", "indicator", "person", "role", "post")


def gather(view: Reading, asked: Asked, locale: str, data_dir: Path | None = None) -> ReportData:
    """Everything a document of this report says, as this person may see it. `data_dir`: where
    files are, for the pictures of signatures; without it none come along."""
    report = asked.report
    told = _opinions(view, asked, locale)
    variables = dict(asked.values)
    if asked.record is not None:
        variables["record"] = asked.record.raw
    found = {name: run_block(view, block, variables) for name, block in report.data.items()}
    tables = {n: _table(view, report.data[n], t, locale) for n, t in found.items()}
    charts = {
        name: _chart(view, asked, name, chart, tables, locale)
        for name, chart in report.charts.items()
        if chart.of is not None
    }
    blocks = {name: [dict(row) for row in table.rows] for name, table in found.items()}
    org = asked.org
    return ReportData(
        report=report.name,
        title=report.title(locale),
        locale=locale,
        parameters={
            name: _figure(view, field.type, field.unit, asked.values[name], locale)
            for name, field in report.parameters.items()
        },
        parameter_titles={name: f.title(locale) for name, f in report.parameters.items()},
        tables=tables,
        table_titles={
            name: _block_title(view, block, tables[name], locale)
            for name, block in report.data.items()
        },
        charts=charts,
        narrative=narrative_of(view, asked, blocks, locale),
        made_at=view.now,
        made_on=view.today,
        organisation=titles.title_of(view, "org", org, locale) if org else "",
        template=sha256(template_of(view, report) or b"").hexdigest(),
        style=report.style,
        record=_record(view, asked.record, locale) if asked.record is not None else {},
        record_titles=_record_titles(asked.record, locale) if asked.record is not None else {},
        approvals=told,
        pictures=pictures(told, data_dir) if told is not None else {},
    )


def _opinions(view: Reading, asked: Asked, locale: str) -> ReportTable | None:
    """Of a record that may be approved: what was said of it."""
    form = asked.record.form.name if asked.record is not None else None
    approved = any(one.form == form for one in view.catalogue.workflows.values())
    if asked.record is None or not approved:
        return None
    return opinions(view, asked.record, locale)


def template_of(view: Reading, report: Report) -> bytes | None:
    """The template's content as published; None when the file is missing."""
    path = (PurePosixPath(report.origin.file).parent / report.template).as_posix()
    return view.catalogue.files.get(path)


def _block_title(view: Reading, block: DataBlock, table: ReportTable, locale: str) -> str:
    """What a block is about, for layouts without words of their own."""
    if block.form is not None:
        name, _, part = block.form.partition(".")
        form = view.catalogue.forms[name]
        return form.fields[part].title(locale) if part else form.title(locale)
    if table.has_several("org"):
        return words_of("reports.by_org", locale)
    sets = [name.removeprefix("set.") for name in block.indicators if name.startswith("set.")]
    if sets:
        return view.catalogue.indicator_sets[sets[0]].title(locale)
    names = [view.catalogue.indicators[name].title(locale) for name in block.indicators[:3]]
    return words_of("reports.list_mark", locale).join(names)


def _table(view: Reading, block: DataBlock, table: BlockTable, locale: str) -> ReportTable:
    columns = tuple(
        ReportColumn(name, _words(title, locale), type_, _unit_of(unit))
        for name, title, type_, unit in table.columns
    )
    if not block.indicators:
        shown = [{c.name: _cell(view, c, row.get(c.name), None, locale) for c in columns}
                 for row in table.rows]  # fmt: skip
        return ReportTable(columns, tuple(shown))
    columns = (*columns[:HEADS], _unit_column(locale), *columns[HEADS:])
    found = []
    for row in table.rows:
        figures = {c.name: _cell(view, c, row.get(c.name), row["unit"], locale) for c in columns}
        found.append(figures | {name: Figure(row.get(name)) for name in BESIDE})
    return ReportTable(
        columns,
        tuple(found),
        tuple(_indicators(view, block, table.rows, locale)),
        notes(view, table, locale),
    )


HEADS = 3  # indicator, org, period
BESIDE = ("unit", "light", "status")  # of a row, beside its columns


def _unit_column(locale: str) -> ReportColumn:
    return ReportColumn("unit", words_of("reports.unit_title", locale))


def _unit_of(unit: Any) -> str | None:
    unit = unit.value if isinstance(unit, Literal_) else unit
    return unit if isinstance(unit, str) else None


def _words(title: Any, locale: str) -> str:
    return title(locale) if callable(title) else str(title)


def _cell(view: Reading, column: ReportColumn, value: Any, unit: str | None, locale: str) -> Figure:
    is_number = isinstance(value, Decimal | int | float) and not isinstance(value, bool)
    if column.name in DIFFERENCES and unit in PERCENT_UNITS:
        return Figure(value, "points", unit)
    if is_number and unit is not None and column.type == "number":
        return Figure(value, "percent" if unit in PERCENT_UNITS else "number", unit)
    return _figure(view, column.type, column.unit, value, locale)


def _figure(view: Reading, type_: str, unit: Any, value: Any, locale: str) -> Figure:
    title = None
    if type_ in TITLED and value is not None:
        title = titles.title_of(view, type_, value, locale)
    return Figure(value, type_, _unit_of(unit), title)


def _indicators(
    view: Reading, block: DataBlock, found: Sequence[Mapping[str, Any]], locale: str
) -> Iterator[ReportColumn]:
    """What an indicator block asks for, in order; a set's members are those that were answered."""
    known = view.catalogue.indicators
    for name in block.indicators:
        members = (
            dict.fromkeys(str(row["indicator"]) for row in found)
            if name.startswith("set.")
            else (name,)
        )
        for member in members:
            if member in known:
                unit = known[member].unit
                kind = "percent" if unit in PERCENT_UNITS else "number"
                yield ReportColumn(member, known[member].title(locale), kind, unit)


def _record(view: Reading, record: record_views.RecordView, locale: str) -> dict[str, Any]:
    """The visible fields of the record the report is about, by name."""
    titles = Titles(view, record.form, locale).of([record.json])[0]
    found: dict[str, Any] = {}
    for name, value in record.json.items():
        field = record.form.fields.get(name)
        if field is not None and field.type == "table":
            found[name] = _record_table(field, value, titles.get(name) or (), locale)
        else:
            found[name] = _record_figure(
                field, value, titles.get(name), record.raw.get(name), locale
            )
    return found


def _record_table(field: Field, value: Any, titles: Sequence[Any], locale: str) -> ReportTable:
    columns = tuple(
        ReportColumn(name, f.title(locale), f.type, _unit(f)) for name, f in field.fields.items()
    )
    made = []
    for index, row in enumerate(value or ()):
        known = titles[index] if index < len(titles) else {}
        made.append(
            {
                name: _record_figure(f, row.get(name), known.get(name), row.get(name), locale)
                for name, f in field.fields.items()
            }
        )
    return ReportTable(columns, tuple(made))


def _record_figure(field: Field | None, shown: Any, title: Any, raw: Any, locale: str) -> Figure:
    """A masked value stays masked: what is not shown as it is kept is not taken from the record."""
    type_ = field.type if field is not None else "text"
    value = raw if type_ in ("date", "period") and shown == str(raw) else shown
    mark = words_of("reports.list_mark", locale)
    words = mark.join(str(t) for t in title) if isinstance(title, list) else title
    return Figure(value, type_, _unit(field), words)


def _unit(field: Field | None) -> str | None:
    return _unit_of(field.unit) if field is not None else None


def _record_titles(record: record_views.RecordView, locale: str) -> dict[str, str]:
    form: Form = record.form
    return {
        name: form.fields[name].title(locale)
        if name in form.fields
        else _system_title(name, locale)
        for name in record.json
    }


def _system_title(name: str, locale: str) -> str:
    key = f"system_fields.{name}"
    return words_of(key, locale) if has_text(key, locale) else name


# --- charts --------------------------------------------------------------------------------------


def _chart(
    view: Reading,
    asked: Asked,
    name: str,
    chart: Chart,
    tables: Mapping[str, ReportTable],
    locale: str,
) -> ChartData:
    assert chart.of is not None
    block = asked.report.data[chart.of]
    if chart.indicator is None or not block.indicators:
        return _chart_of_rows(name, chart, tables[chart.of])
    title = view.catalogue.indicators[chart.indicator].title(locale)
    unit = view.catalogue.indicators[chart.indicator].unit
    kind = "percent" if unit in PERCENT_UNITS else "number"
    if chart.periods and asked.period is not None:
        categories, series = _looking_back(view, asked, chart, block, locale)
    else:
        categories, series = _by_org(tables[chart.of], chart, title)
    return ChartData(name, chart.type, title, categories, series, chart.of, kind, unit)


Series = tuple[tuple[str, tuple[Any, ...]], ...]


def _by_org(table: ReportTable, chart: Chart, title: str) -> tuple[tuple[str, ...], Series]:
    """A category for each org (or period, when there is only one org)."""
    rows_ = [row for row in table.rows if row["indicator"].value == chart.indicator]
    along = "org" if len({str(row["org"].value) for row in rows_}) > 1 else "period"
    first = _first_measure(table)
    labels = tuple(row[along].title or str(row[along].value) for row in rows_)
    return labels, ((title, tuple(row[first].value for row in rows_)),)


def _first_measure(table: ReportTable) -> str:
    return next((c.name for c in table.columns if c.name not in NOT_MEASURED), "value")


def _looking_back(
    view: Reading, asked: Asked, chart: Chart, block: DataBlock, locale: str
) -> tuple[tuple[str, ...], Series]:
    """The last periods up to the report's own, a series for each org."""
    name = next(n for n, f in asked.report.parameters.items() if f.type == "period")
    assert asked.period is not None
    count = min(chart.periods or 1, MOST_POINTS)
    periods = [asked.period.shifted(-back) for back in reversed(range(count))]
    lines: dict[str, dict[Period, Any]] = {}
    for period in periods:
        answer = run_block(view, block, {**asked.values, name: period})
        table = _table(view, block, answer, locale)
        first = _first_measure(table)
        for row in table.rows:
            if row["indicator"].value == chart.indicator:
                org = row["org"].title or str(row["org"].value)
                lines.setdefault(org, {})[period] = row[first].value
    series = tuple((org, tuple(line.get(p) for p in periods)) for org, line in lines.items())
    return tuple(str(p) for p in periods), series


def _chart_of_rows(name: str, chart: Chart, table: ReportTable) -> ChartData:
    """Rows of a form: the first words are the categories, every number a series."""
    numbers = [c for c in table.columns if c.type in ("number", "integer", "money", "percent")]
    words = next((c for c in table.columns if c not in numbers), None)
    categories = tuple(
        "" if words is None else (row[words.name].title or str(row[words.name].value or ""))
        for row in table.rows
    )
    series = tuple((c.title, tuple(row[c.name].value for row in table.rows)) for c in numbers)
    first = numbers[0] if numbers else ReportColumn("", "")
    title = "" if len(numbers) != 1 else first.title
    return ChartData(name, chart.type, title, categories, series, chart.of, first.type, first.unit)
