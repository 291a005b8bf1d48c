"""Reports: who may read one, what it is made from, its texts by people, and kept documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from jingwei.catalogue.org_tree import OrgTree
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import parse_value
from jingwei.language.form import Field, Form
from jingwei.language.output import Chart, DataBlock, Report, Slot
from jingwei.language.periods import Period
from jingwei.language.values import Formula, Literal_
from jingwei.language.who import Who, Whos
from jingwei.refusals import FieldRefusal, Invalid, NotAllowed, NotFound, Refused, Stale
from jingwei.services import listing
from jingwei.services.blocks import run_block
from jingwei.services.commands import Reading, Work
from jingwei.services.display import rendered
from jingwei.services.report_data import (
    NOT_MEASURED,
    ChartData,
    Figure,
    Narrative,
    ReportColumn,
    ReportData,
    ReportTable,
)
from jingwei.services.rights import anchors_of
from jingwei.services.titles import Titles
from jingwei.services.validation import Names
from jingwei.services.world import environment
from jingwei.storage import reports as rows
from jingwei.storage.changes import ChangeRow
from jingwei.storage.reports import NarrativeRow, ReportFileRow
from jingwei.texts import text as words_of

MOST_TEXT = 20_000
MOST_POINTS = 60  # of a chart that looks back
TITLED = ("org", "indicator", "person", "role", "post")
RECORD = "id"  # the parameter of a report about one record


@dataclass(frozen=True, slots=True)
class Asked:
    """A report with its parameters read and checked. `record`: the one it is about, if any."""

    report: Report
    values: Mapping[str, Any]
    record: listing.RecordView | None = None

    @property
    def org(self) -> str | None:
        if self.record is not None:
            return self.record.raw.get("org")
        return next((self.values[n] for n, f in self._fields if f.type == "org"), None)

    @property
    def period(self) -> Period | None:
        return next((self.values[n] for n, f in self._fields if f.type == "period"), None)

    @property
    def _fields(self) -> Sequence[tuple[str, Field]]:
        return tuple(self.report.parameters.items())


# --- who and what --------------------------------------------------------------------------------


def reports(view: Reading, locale: str) -> list[dict[str, Any]]:
    """The reports this person may read somewhere, in the order of their files."""
    return [
        report_json(report, locale)
        for report in view.catalogue.reports.values()
        if _may_open(view, report)
    ]


def report_json(report: Report, locale: str) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title(locale),
        "of": report.of,
        "output": list(report.output),
        "archive": report.archive,
        "parameters": [
            {"name": name, "type": f.type, "title": f.title(locale), "grain": f.grain}
            for name, f in report.parameters.items()
        ],
        "narrative": [
            {"name": name, "title": slot.title(locale)} for name, slot in report.narrative.items()
        ],
    }


def ask(view: Reading, name: str, given: Mapping[str, str]) -> Asked:
    """The report with these parameters, as the address or the command line says them.

    Raises NotFound for a report or a record this person may not read, Invalid for parameters.
    """
    report = view.catalogue.reports.get(name)
    if report is None or not _may_open(view, report):
        raise NotFound("no-such-report")
    if report.of is not None:
        return _ask_of_record(view, report, given)
    asked = Asked(report, _parameters(view, report, given))
    if not _may_read(view, asked):
        raise NotFound("no-such-report")
    return asked


def _ask_of_record(view: Reading, report: Report, given: Mapping[str, str]) -> Asked:
    raw = given.get(RECORD, "")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise Invalid("invalid", fields=[FieldRefusal(RECORD, "not-a-record-id")])
    assert report.of is not None
    record = listing.record(view, report.of, int(raw))
    values = _parameters(view, report, {n: v for n, v in given.items() if n != RECORD})
    asked = Asked(report, values, record)
    if not _may_read(view, asked):
        raise NotFound("no-such-report")
    return asked


def _parameters(view: Reading, report: Report, given: Mapping[str, str]) -> dict[str, Any]:
    names, refused, values = Names(view), list[FieldRefusal](), dict[str, Any]()
    extra = [n for n in given if n not in report.parameters]
    refused += [FieldRefusal(n, "unknown-field", {"name": n[:60]}) for n in extra]
    for name, field in report.parameters.items():
        try:
            values[name] = parse_value(field, given.get(name), names)
        except ValueRefused as error:
            refused.append(error.refusal(name))
            continue
        if values[name] is None:
            values[name] = _default(view, field)
        if values[name] is None and (field.required or field.type in ("org", "period")):
            refused.append(FieldRefusal(name, "required"))
    if refused:
        raise Invalid("invalid", fields=refused)
    return values


def _default(view: Reading, field: Field) -> Any:
    match field.default:
        case Formula():
            return view.catalogue.closure(field.default)(environment(view, {}))
        case None:
            return None
        case Literal_():
            return field.default.value
    return field.default


def _may_open(view: Reading, report: Report) -> bool:
    """Whether this person may read the report of some org."""
    if view.actor.is_system or not report.for_:
        return True
    if anchors_of(view, report.for_):
        return True
    return any(_holds_somewhere(view, slot.owner) for slot in report.narrative.values())


def _may_read(view: Reading, asked: Asked) -> bool:
    """A reader reads about the orgs at or below which it is one; whoever writes a text, about its
    org."""
    report = asked.report
    if view.actor.is_system or not report.for_:
        return True
    anchors = anchors_of(view, report.for_)
    if anchors and (asked.org is None or _is_below(view, asked.org, anchors)):
        return True
    return any(_owns(view, asked, slot) for slot in report.narrative.values())


def _is_below(view: Reading, org: str, anchors: frozenset[str]) -> bool:
    tree: OrgTree = view.catalogue.tree
    return org in anchors or bool(anchors & set(tree.ancestors(org, view.today)))


def _holds_somewhere(view: Reading, whos: Whos) -> bool:
    return any(_held(view, who) for who in whos)


def _held(view: Reading, who: Who) -> frozenset[str]:
    """The orgs where the actor is this, wherever the rule puts it."""
    if who.kind == "post":
        return frozenset(org for post, org in view.actor.posts if post == who.name)
    return anchors_of(view, (who,))


def _owns(view: Reading, asked: Asked, slot: Slot) -> bool:
    """Whether the actor writes this text for this report's org."""
    for who in slot.owner:
        held = _held(view, who)
        if not held:
            continue
        if who.kind in ("person", "me", "everyone"):
            return True
        wanted = asked.org
        if who.org is not None:
            wanted = view.catalogue.closure(who.org)(_environment(view, asked))
        if wanted is None or wanted in held:
            return True
    return False


def _environment(view: Reading, asked: Asked, **more: Any) -> Any:
    raw = asked.record.raw if asked.record is not None else {}
    variables = {**asked.values, **({"record": raw} if asked.record is not None else {}), **more}
    return environment(view, raw, **variables)


# --- data ----------------------------------------------------------------------------------------


def gather(view: Reading, asked: Asked, locale: str) -> ReportData:
    """Everything a document of this report says, as this person may see it."""
    report = asked.report
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
            name: _block_title(view, block, locale) for name, block in report.data.items()
        },
        charts=charts,
        narrative=_narrative(view, asked, blocks, locale),
        made_at=view.now,
        made_on=view.today,
        organisation=listing.title_of(view, "org", org, locale) if org else "",
        template=sha256(template_of(view, report) or b"").hexdigest(),
        style=report.style,
        record=_record(view, asked.record, locale) if asked.record is not None else {},
        record_titles=_record_titles(asked.record, locale) if asked.record is not None else {},
    )


def template_of(view: Reading, report: Report) -> bytes | None:
    """The template's content as published; None when the file is missing."""
    path = (PurePosixPath(report.origin.file).parent / report.template).as_posix()
    return view.catalogue.files.get(path)


def _block_title(view: Reading, block: DataBlock, locale: str) -> str:
    """What a block is about, for layouts without words of their own."""
    sets = [name.removeprefix("set.") for name in block.indicators if name.startswith("set.")]
    if sets:
        return view.catalogue.indicator_sets[sets[0]].title(locale)
    if block.form is not None:
        name, _, table = block.form.partition(".")
        form = view.catalogue.forms[name]
        return form.fields[table].title(locale) if table else form.title(locale)
    names = [view.catalogue.indicators[name].title(locale) for name in block.indicators[:3]]
    return words_of("reports.list_mark", locale).join(names)


def _table(view: Reading, block: DataBlock, table: Any, locale: str) -> ReportTable:
    columns = tuple(
        ReportColumn(name, _words(title, locale), type_, unit)
        for name, title, type_, unit in table.columns
    )
    found = []
    for row in table.rows:
        own = row.get("unit") if block.indicators else None
        found.append({c.name: _cell(view, c, row.get(c.name), own, locale) for c in columns})
    return ReportTable(columns, tuple(found), tuple(_indicators(view, block, table.rows, locale)))


def _words(title: Any, locale: str) -> str:
    return title(locale) if callable(title) else str(title)


def _cell(view: Reading, column: ReportColumn, value: Any, unit: str | None, locale: str) -> Figure:
    is_number = isinstance(value, Decimal | int | float) and not isinstance(value, bool)
    if is_number and unit is not None and column.type != "percent":
        return Figure(value, "percent" if unit in ("percent", "%") else "number", unit)
    return _figure(view, column.type, column.unit, value, locale)


def _figure(view: Reading, type_: str, unit: Any, value: Any, locale: str) -> Figure:
    unit = unit.value if isinstance(unit, Literal_) else unit
    title = None
    if type_ in TITLED and value is not None:
        title = listing.title_of(view, type_, value, locale)
    return Figure(value, type_, unit if isinstance(unit, str) else None, title)


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
                kind = "percent" if unit in ("percent", "%") else "number"
                yield ReportColumn(member, known[member].title(locale), kind, unit)


def _record(view: Reading, record: listing.RecordView, locale: str) -> dict[str, Any]:
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
    unit: Any = field.unit if field is not None else None
    unit = unit.value if isinstance(unit, Literal_) else unit
    return unit if isinstance(unit, str) else None


def _record_titles(record: listing.RecordView, locale: str) -> dict[str, str]:
    form: Form = record.form
    return {
        name: form.fields[name].title(locale) if name in form.fields else name
        for name in record.json
    }


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
    kind = "percent" if unit in ("percent", "%") else "number"
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


# --- texts by people -----------------------------------------------------------------------------


def about(view: Reading, asked: Asked) -> str:
    """The parameters as one text; orgs by their key, which outlives a new code."""
    parts = []
    for name, field in sorted(asked.report.parameters.items()):
        value = asked.values[name]
        if field.type == "org" and value is not None:
            value = view.installation.book.key("org", value)
        parts.append(f"{name}={'' if value is None else value}")
    if asked.record is not None:
        parts.append(f"{RECORD}={asked.record.raw['id']}")
    return "&".join(parts)


def _narrative(
    view: Reading, asked: Asked, blocks: Mapping[str, Any], locale: str
) -> dict[str, Narrative]:
    written = rows.narrative_of(view.connection, asked.report.name, about(view, asked))
    found = {}
    for name, slot in asked.report.narrative.items():
        row = written.get(name)
        found[name] = Narrative(
            name=name,
            title=slot.title(locale),
            text=row.text if row is not None else _prefilled(view, asked, slot, blocks, locale),
            required=_is_required(view, asked, slot, blocks),
            may_write=_may_write(view, asked, slot),
            written_by=row.name if row is not None else None,
            written_at=row.at if row is not None else None,
            id=row.id if row is not None else None,
        )
    return found


def _is_required(view: Reading, asked: Asked, slot: Slot, blocks: Mapping[str, Any]) -> bool:
    if slot.required_if is None:
        return False
    return bool(view.catalogue.closure(slot.required_if)(_environment(view, asked, **blocks)))


def _prefilled(
    view: Reading, asked: Asked, slot: Slot, blocks: Mapping[str, Any], locale: str
) -> str:
    if slot.prefill is None:
        return ""
    raw = asked.record.raw if asked.record is not None else {}
    return rendered(view, slot.prefill, raw, locale, **asked.values, **blocks)


def _may_write(view: Reading, asked: Asked, slot: Slot) -> bool:
    return view.actor.is_system or not slot.owner or _owns(view, asked, slot)


def write_narrative(
    work: Work, asked: Asked, slot: str, text: Any, before: int | None = None
) -> dict[str, Any]:
    """Keep the text of a slot; `before`: the id of the text the writer saw (0: there was none).

    Raises NotFound, NotAllowed, Invalid, and Stale when somebody wrote in between.
    """
    definition = asked.report.narrative.get(slot)
    if definition is None:
        raise NotFound("no-such-slot")
    if not _may_write(work, asked, definition):
        raise NotAllowed("narrative-not-yours")
    words = _checked(text)
    key = about(work, asked)
    old = rows.narrative_of(work.connection, asked.report.name, key).get(slot)
    if before is not None and before != (old.id if old is not None else 0):
        raise Stale("narrative-written-meanwhile", person=old.name if old and old.name else "–")
    row = NarrativeRow(
        work.store.next_ids(work.connection, 1)[0],
        slot,
        words,
        None if work.actor.is_system else work.actor.id,
        work.now,
        None if work.actor.is_system else work.actor.name,
    )
    rows.insert_narrative(work.connection, asked.report.name, key, row)
    work.log(
        ChangeRow(
            at=work.now,
            actor=None if work.actor.is_system else work.actor.login,
            action="narrative",
            kind="report",
            org=asked.org,
            body={f"{asked.report.name}.{slot}?{key}": [old.text if old else None, words]},
            release=work.installation.release.id,
            request=work.request_id,
        )
    )
    return {"id": row.id, "text": words, "written_by": row.name, "written_at": work.now}


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise Invalid("invalid", fields=[FieldRefusal("text", "not-text")])
    if len(text) > MOST_TEXT:
        holes: dict[str, object] = {"most": MOST_TEXT, "length": len(text)}
        raise Invalid("invalid", fields=[FieldRefusal("text", "text-too-long", holes)])
    if "\x00" in text or not _is_unicode(text):
        raise Invalid("invalid", fields=[FieldRefusal("text", "not-text")])
    return text.strip()


def _is_unicode(text: str) -> bool:
    """Half a surrogate pair is no character; JSON can carry one, no database keeps it."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


# --- kept documents ------------------------------------------------------------------------------


def keep_file(
    work: Work, asked: Asked, data: ReportData, name: str, mimetype: str, content: bytes
) -> int:
    """Keep a document with the data it was made from; the id. The same data in the same format is
    kept once."""
    key = about(work, asked)
    for kept in rows.report_files(work.connection, asked.report.name, key):
        if kept.fingerprint == data.fingerprint and kept.type == mimetype:
            return kept.id
    org = work.installation.book.key("org", asked.org) if asked.org is not None else None
    row = ReportFileRow(
        id=work.store.next_ids(work.connection, 1)[0],
        report=asked.report.name,
        about=key,
        org=org,
        period=asked.period,
        name=name,
        type=mimetype,
        fingerprint=data.fingerprint,
        sha256=sha256(content).hexdigest(),
        release=work.installation.release.id,
        by=None if work.actor.is_system else work.actor.id,
        at=work.now,
    )
    said = data.to_json() | {"made_at": listing.instant(data.made_at)}
    for slot in said["narrative"].values():
        if slot["written_at"] is not None:
            slot["written_at"] = listing.instant(slot["written_at"])
    rows.insert_report_file(work.connection, row, said, content)
    return row.id


def kept_files(view: Reading, asked: Asked) -> list[dict[str, Any]]:
    """Documents of this report that were kept, newest first."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "fingerprint": row.fingerprint,
            "sha256": row.sha256,
            "release": row.release,
            "at": listing.instant(row.at),
        }
        for row in rows.report_files(view.connection, asked.report.name, about(view, asked))
    ]


def kept_file(view: Reading, asked: Asked, file: int) -> tuple[str, str, bytes]:
    """Name, type and content. Raises NotFound."""
    found = rows.report_file_content(view.connection, asked.report.name, about(view, asked), file)
    if found is None:
        raise NotFound("no-such-content")
    row, content = found
    if sha256(content).hexdigest() != row.sha256:
        raise Refused("kept-file-damaged")
    return row.name, row.type, content
