"""What an alert looks at: orgs with a figure, records of a form, rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.cube.formulas import lineage
from jingwei.language.expressions.environment import Environment
from jingwei.language.form import Form
from jingwei.language.output import Alert
from jingwei.language.periods import Period
from jingwei.language.values import Formula
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.measures import Cell, Measures, references
from jingwei.services.record_ids import select_ids
from jingwei.services.world import environment, variables
from jingwei.storage.facts import years_with_facts
from jingwei.storage.query import ALL_ROWS, Query
from jingwei.storage.sql_calls import NotInSql

COMPLETE = ("ok",)
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is looked at. `values`: the names that stand for a figure in expressions."""

    key: str
    org: str | None
    form: Form | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def environment(self, view: Reading) -> Environment:
        return environment(view, self.record, row=self.row, **self.values)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `holds` None: nothing to judge, so what is open stays open. `outcome`: a key
    of the texts, which says why."""

    subject: Subject
    holds: bool | None
    outcome: str = "holds"
    holes: Mapping[str, Any] = field(default_factory=dict)


# --- figures -------------------------------------------------------------------------------------


def look_at_figures(
    view: Reading, alert: Alert, orgs: Sequence[str] | None = None
) -> Iterator[Look]:
    """The newest figure of each org of the tree that the indicator is meant for."""
    name = alert.watch_indicator or ""
    indicator = view.catalogue.indicators[name]
    measures = Measures(view)
    periods = _periods(view, name, indicator.time.grain)
    apart = references(view)
    for code, org in view.catalogue.orgs.items():
        if code in apart or not view.catalogue.tree.exists(code, view.today):
            continue
        if orgs is not None and code not in orgs:
            continue
        if indicator.levels and org.type not in indicator.levels:
            continue
        yield _look_at_figure(view, alert, measures, code, periods)


def _periods(view: Reading, indicator: str, grain: str) -> list[Period]:
    """The periods for which there may be a figure, newest first, none of them begun later than
    today."""
    years = years_with_facts(
        view.connection, view.installation.book, lineage(view.catalogue, indicator)
    )
    if not years:
        return []
    last = Period.containing(view.today, grain)  # type: ignore[arg-type]
    found = []
    while last.year >= years[0]:
        if last.year in years:
            found.append(last)
        last = last.shifted(-1)
    return found


def _look_at_figure(
    view: Reading, alert: Alert, measures: Measures, org: str, periods: Sequence[Period]
) -> Look:
    name = alert.watch_indicator or ""
    key = f"{org}/{name}"
    index, cell = _newest(measures, name, org, periods)
    if cell is None:
        return Look(Subject(key, org), None, "no-value")
    subject = _figure(measures, alert, cell, key)
    said = {"period": str(cell.period), "value": subject.values["value"], "level": cell.light}
    if cell.status not in COMPLETE:
        return Look(subject, None, "incomplete", said)
    if not _holds(view, alert, subject):
        return Look(subject, False, "not-at-level", said)
    wanted = alert.for_at_least
    if wanted is not None and wanted.unit == "periods":
        run = 1
        for period in periods[index + 1 :]:
            before = measures.cell(name, org, period)
            if run >= wanted.amount or before.status not in COMPLETE:
                break
            if not _holds(view, alert, _figure(measures, alert, before, key)):
                break
            run += 1
        if run < wanted.amount:
            return Look(subject, False, "too-short", {**said, "have": run, "need": wanted.amount})
    return Look(subject, True, "holds", said)


def _newest(
    measures: Measures, name: str, org: str, periods: Sequence[Period]
) -> tuple[int, Cell | None]:
    for index, period in enumerate(periods):
        cell = measures.cell(name, org, period)
        if cell.value is not None:
            return index, cell
    return 0, None


def _figure(measures: Measures, alert: Alert, cell: Cell, key: str) -> Subject:
    definition = measures.definition(cell.indicator, cell.period)
    target = measures.target(definition, cell.org, cell.period)
    last_year = measures.last_year(cell.indicator, cell.org, cell.period)
    shown = measures.shown
    values = {
        "value": cell.value,
        "target": shown(definition, cell.org, cell.period, "target", target).value,
        "last_year": shown(definition, cell.org, cell.period, "actual", last_year).value,
        "level": cell.light,
        "org": cell.org,
        "indicator": cell.indicator,
        "period": cell.period,
    }
    return Subject(key, cell.org, values=values)


def _holds(view: Reading, alert: Alert, subject: Subject) -> bool:
    if alert.watch_levels and subject.values.get("level") not in alert.watch_levels:
        return False
    if alert.when is None:
        return True
    return bool(view.catalogue.closure(alert.when)(subject.environment(view)))


# --- records -------------------------------------------------------------------------------------


def look_at_records(
    view: Reading, alert: Alert, ids: Sequence[int] | None = None
) -> Iterator[Look]:
    """The records (rows) for which `when` holds; of named ones also those for which it does not."""
    form = view.catalogue.forms[alert.watch_form or ""]
    if alert.watch_each is None:
        holding = matching(view, form.name, alert.when, ids)
    else:
        holding = select_ids(view, form.name) if ids is None else list(ids)
    kept = set(holding)
    wanted = holding if ids is None else list(ids)
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        found = view.store.load(view.connection, form.name, part)
        for id_ in part:
            record = found.get(id_)
            if record is None or record["deleted_at"] is not None:
                gone = Subject(f"{form.name}/{id_}", None, form)
                yield Look(gone, False, "record-gone")
            elif alert.watch_each is None:
                subject = _record(view, form, record)
                yield Look(subject, id_ in kept, "holds" if id_ in kept else "condition-false")
            else:
                yield from _look_at_rows(view, alert, form, record)


def _record(
    view: Reading, form: Form, record: Mapping[str, Any], row: Mapping[str, Any] | None = None
) -> Subject:
    named = {**record, "display": display(view, form.name, record, "zh")}
    key = f"{form.name}/{record['id']}"
    if row is not None:
        key += f"/{row['id']}"
    return Subject(key, record.get("org"), form, named, row)


def _look_at_rows(
    view: Reading, alert: Alert, form: Form, record: Mapping[str, Any]
) -> Iterator[Look]:
    for row in record.get(alert.watch_each or "") or ():
        subject = _record(view, form, record, row)
        holds = alert.when is None or bool(
            view.catalogue.closure(alert.when)(subject.environment(view))
        )
        yield Look(subject, holds, "holds" if holds else "condition-false")


def matching(
    view: Reading, form: str, where: Formula | None, ids: Sequence[int] | None = None
) -> list[int]:
    """Ids of the living records of a form for which a condition of its own holds."""
    if where is None:
        return select_ids(view, form) if ids is None else list(ids)
    query = Query(
        form,
        ("id",),
        ALL_ROWS,
        where=view.catalogue.expression(where),
        ids=None if ids is None else tuple(ids),
        page=None,
        variables=variables(view),
    )
    try:
        return [row["id"] for row in view.store.select(view.connection, query).items]
    except NotInSql:
        return _matching_here(view, form, where, ids)


def _matching_here(
    view: Reading, form: str, where: Formula, ids: Sequence[int] | None
) -> list[int]:
    """What the database cannot judge is judged record by record."""
    holds = view.catalogue.closure(where)
    wanted = select_ids(view, form) if ids is None else list(ids)
    kept = []
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        found = view.store.load(view.connection, form, part)
        alive = [i for i in part if i in found and found[i]["deleted_at"] is None]
        kept += [i for i in alive if holds(environment(view, found[i]))]
    return kept
