"""Facts come in: from tables of rows, from other systems, from the records of forms.

Every row is judged and all problems are told at once; nothing is kept of a batch with a problem.
A fact is its key, so the same batch again changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, get_args

from jingwei.cube.figures import PERCENT_UNITS
from jingwei.cube.formulas import dependents
from jingwei.language.data_versions import AS_REPORTED, VIEWS, View, version_code
from jingwei.language.form import FactRule
from jingwei.language.measures import Indicator
from jingwei.language.periods import Period
from jingwei.refusals import FieldRefusal, Invalid, NotAllowed
from jingwei.services import versions
from jingwei.services.commands import Work
from jingwei.services.events import Changed, Record
from jingwei.services.rights import anchors_of
from jingwei.services.units import factor
from jingwei.services.world import environment
from jingwei.storage import facts as store
from jingwei.storage.changes import ChangeRow
from jingwei.storage.facts import AdjustmentRow, Batch, FactRow

CHANGED = "fact.changed"
KINDS = ("elimination", "reclass", "scope", "audit")
MOST_ROWS = 100_000
MOST_FRACTION = Decimal(10)  # a percent above 1000 % was meant in points
_LARGEST = Decimal(10) ** 18

Row = Mapping[str, Any]
Problems = list[FieldRefusal]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a batch did."""

    created: int
    changed: int
    unchanged: int

    def to_json(self) -> dict[str, Any]:
        return {"created": self.created, "changed": self.changed, "unchanged": self.unchanged}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row comes from."""

    source: str
    source_url: str | None = None
    note: str | None = None


Sourced = tuple[FactRow, Origin]


# --- tables of rows -----------------------------------------------------------------------------


def import_facts(work: Work, rows: Iterable[Row], source: str = "import") -> Imported:
    """Rows with `indicator org period value`, and as wished `view data_version unit source
    source_url note`. `source` is that of rows that name none.

    Raises Invalid `facts-invalid`; paths are `ROW.COLUMN`, rows from 0.
    """
    judged = _judge(work, rows, lambda row, note: _fact_of(work, row, note), source)
    return put(work, _without_doubles(judged, lambda fact: (fact.key, fact.value)))


def import_adjustments(work: Work, rows: Iterable[Row], source: str = "import") -> Imported:
    """Rows with `indicator org period kind value reason`, and as wished `view data_version unit
    counterpart source source_url note`. Raises as `import_facts` does."""
    judged = _judge(work, rows, lambda row, note: _entry_of(work, row, note), source)
    entries = _without_doubles(judged, lambda entry: (entry.key, entry.value))
    there = store.adjustments_by_key(
        work.connection, work.installation.book, [entry for entry, _ in entries]
    )
    fresh = [
        (entry, origin)
        for entry, origin in entries
        if entry.key not in there or there[entry.key].value != entry.value
    ]
    if fresh:
        store.enter_facts(work.connection)
        batches = _batches(work, [origin for _, origin in fresh])
        ids = work.store.next_ids(work.connection, len(fresh))
        placed = [
            replace(entry, id=id_, batch=batches[origin].id)
            for id_, (entry, origin) in zip(ids, fresh, strict=True)
        ]
        store.put_adjustments(work.connection, work.installation.book, placed)
        _told(work, batches, placed)
    changed = sum(entry.key in there for entry, _ in fresh)
    return Imported(len(fresh) - changed, changed, len(entries) - len(fresh))


def post_facts(
    work: Work, rows: Sequence[Row], adjustments: Sequence[Row], source: str
) -> dict[str, Any]:
    """Facts and adjustments that a person brings, as one batch: of indicators whose owner he is,
    for orgs at or below the one where he is it.

    Raises NotAllowed at the first row that is not his, Invalid as `import_facts` does.
    """
    for row in (*rows, *adjustments):
        _require_owner(work, row)
    found = import_facts(work, rows, source).to_json()
    if adjustments:
        found["adjustments"] = import_adjustments(work, adjustments, source).to_json()
    return found


def _require_owner(work: Work, row: Row) -> None:
    name, org = row.get("indicator"), row.get("org")
    if work.actor.is_system or not isinstance(name, str) or not isinstance(org, str):
        return
    indicator = work.catalogue.indicators.get(name)
    if indicator is None or org not in work.catalogue.orgs:
        return  # said with the other problems of the batch; nothing is kept of it
    anchors = anchors_of(work, indicator.owner)
    if not anchors & set(work.catalogue.tree.ancestors(org, work.today)):
        raise NotAllowed("facts-not-allowed", org=org)


def _judge(
    work: Work,
    rows: Iterable[Row],
    made: Callable[[Row, Callable[..., None]], T | None],
    source: str,
) -> list[tuple[T, Origin]]:
    problems: Problems = []
    found: list[tuple[T, Origin]] = []
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            raise Invalid("too-many-facts", most=MOST_ROWS)

        def note(column: str, code: str, *, at: int = number, **holes: object) -> None:
            problems.append(FieldRefusal(f"{at}.{column}", code, holes))

        one = made(row, note)
        if one is not None:
            found.append((one, _origin(row, source)))
    if problems:
        raise Invalid("facts-invalid", fields=problems, count=len(problems))
    return found


def _origin(row: Row, source: str) -> Origin:
    return Origin(
        str(row.get("source") or source), row.get("source_url") or None, row.get("note") or None
    )


def _without_doubles(
    rows: Sequence[tuple[T, Origin]], key_and_value: Callable[[T], tuple[Any, float]]
) -> list[tuple[T, Origin]]:
    """One row a key. Raises Invalid where two rows say different things of the same."""
    seen: dict[Any, tuple[int, float]] = {}
    kept: list[tuple[T, Origin]] = []
    problems: Problems = []
    for number, row in enumerate(rows):
        key, value = key_and_value(row[0])
        if key not in seen:
            seen[key] = (number, value)
            kept.append(row)
        elif seen[key][1] != value:
            holes: dict[str, object] = {"row": seen[key][0] + 1}
            problems.append(FieldRefusal(f"{number}.value", "fact-twice", holes))
    if problems:
        raise Invalid("facts-invalid", fields=problems, count=len(problems))
    return kept


def _fact_of(work: Work, row: Row, note: Callable[..., None]) -> FactRow | None:
    indicator = _indicator(work, row, note)
    org = _org(work, row, note)
    period = _period(row, note)
    view = _view(row, note)
    version = _version(row, note)
    if org is not None and period is not None:
        _there(work, org, period, note)
    value = _value(row, indicator, note) if indicator is not None else None
    if None in (indicator, org, period, view, version, value):
        return None
    assert indicator and org and period and view and version and value is not None
    return FactRow(indicator.name, org, period, value, view, version)


def _entry_of(work: Work, row: Row, note: Callable[..., None]) -> AdjustmentRow | None:
    fact = _fact_of(work, row, note)
    kind, reason = row.get("kind"), str(row.get("reason") or "").strip()
    if kind not in KINDS:
        note("kind", "adjustment-kind", value=kind, known=", ".join(KINDS))
    if not reason:
        note("reason", "required")
    if fact is None or kind not in KINDS or not reason:
        return None
    if work.catalogue.indicators[fact.indicator].org_agg != "sum_with_elimination":
        note("indicator", "no-adjustments", indicator=fact.indicator)
        return None
    counterpart = row.get("counterpart") or None
    if counterpart is not None and counterpart not in work.catalogue.orgs:
        note("counterpart", "unknown-org", name=counterpart)
        return None
    return AdjustmentRow(
        fact.indicator,
        fact.org,
        fact.period,
        fact.value,
        kind,
        reason,
        fact.view,
        fact.version,
        counterpart,
    )


# --- single cells of a row ----------------------------------------------------------------------


def _indicator(work: Work, row: Row, note: Callable[..., None]) -> Indicator | None:
    name = row.get("indicator")
    found = work.catalogue.indicators.get(name) if isinstance(name, str) else None
    if found is None:
        note("indicator", "unknown-indicator", name=name)
    return found


def _org(work: Work, row: Row, note: Callable[..., None]) -> str | None:
    code = row.get("org")
    if not isinstance(code, str) or code not in work.catalogue.orgs:
        note("org", "unknown-org", name=code)
        return None
    return code


def _period(row: Row, note: Callable[..., None]) -> Period | None:
    given = row.get("period")
    if isinstance(given, Period):
        return given
    try:
        return Period.parse(str(given))
    except ValueError:
        note("period", "not-a-period", example="2026-03")
        return None


def _there(work: Work, org: str, period: Period, note: Callable[..., None]) -> None:
    last = period.end - timedelta(days=1)
    tree = work.catalogue.tree
    if not tree.exists(org, last) and not tree.exists(org, period.start):
        note("org", "org-not-there", org=org, period=period)


def _view(row: Row, note: Callable[..., None]) -> View | None:
    given = row.get("view") or "actual"
    if given not in VIEWS:
        note("view", "unknown-view", value=given, known=", ".join(get_args(View)))
        return None
    found: View = given
    return found


def _version(row: Row, note: Callable[..., None]) -> str | None:
    given = str(row.get("data_version") or AS_REPORTED)
    try:
        version_code(given)
    except ValueError:
        note("data_version", "unknown-data-version", value=given)
        return None
    return given


def _value(row: Row, indicator: Indicator, note: Callable[..., None]) -> float | None:
    unit = str(row.get("unit") or "").strip()
    many = factor(unit, indicator.unit)
    if many is None:
        note("unit", "wrong-unit", value=unit, unit=indicator.unit)
    number = _number(row.get("value"))
    if number is None:
        note("value", "not-a-number")
    if many is None or number is None:
        return None
    number *= many
    if abs(number) >= _LARGEST:
        note("value", "fact-too-large")
        return None
    points_meant = many == 1 and indicator.unit in PERCENT_UNITS and abs(number) > MOST_FRACTION
    if points_meant:
        note("value", "percent-as-points", value=row.get("value"))
        return None
    return float(number)


def _number(given: Any) -> Decimal | None:
    if isinstance(given, bool) or given is None:
        return None
    try:
        number = Decimal(str(given).replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


# --- keeping them -------------------------------------------------------------------------------


def put_facts(work: Work, facts: Iterable[FactRow], source: str) -> Imported:
    """Keep facts that need no judging: of forms and of sources the platform reads itself."""
    return put(work, [(fact, Origin(source)) for fact in facts])


def put(work: Work, facts: Sequence[Sourced]) -> Imported:
    """Insert what is new, overwrite what differs, leave the rest alone."""
    facts = list({fact.key: (fact, origin) for fact, origin in facts}.values())
    book = work.installation.book
    there = store.facts_by_key(work.connection, book, [fact for fact, _ in facts])
    fresh = [(fact, origin) for fact, origin in facts if _differs(there.get(fact.key), fact)]
    if fresh:
        store.enter_facts(work.connection)
        batches = _batches(work, [origin for _, origin in fresh])
        placed = [replace(fact, batch=batches[origin].id) for fact, origin in fresh]
        store.put_facts(work.connection, book, placed)
        _told(work, batches, placed)
    changed = sum(fact.key in there for fact, _ in fresh)
    return Imported(len(fresh) - changed, changed, len(facts) - len(fresh))


def withdraw(work: Work, facts: Sequence[FactRow]) -> None:
    """Facts that no longer hold are gone; the log keeps that they were there."""
    if not facts:
        return
    store.enter_facts(work.connection)
    store.delete_facts(work.connection, work.installation.book, facts)
    _told(work, {}, facts, action="withdrawn")


def _differs(there: FactRow | None, fact: FactRow) -> bool:
    if there is None:
        return True
    same = math.isclose(there.value, fact.value, rel_tol=0, abs_tol=0)
    return not same or (there.form, there.record) != (fact.form, fact.record)


def _batches(work: Work, origins: Iterable[Origin]) -> dict[Origin, Batch]:
    """One batch for what comes from the same place."""
    distinct = list(dict.fromkeys(origins))
    ids = work.store.next_ids(work.connection, len(distinct))
    person = None if work.actor.is_system else work.actor.login
    made = {
        origin: Batch(id_, origin.source, work.now, origin.source_url, origin.note, person)
        for id_, origin in zip(ids, distinct, strict=True)
    }
    store.insert_batches(work.connection, work.store.people, list(made.values()))
    return made


def _told(
    work: Work,
    batches: Mapping[Origin, Batch],
    rows: Sequence[FactRow | AdjustmentRow],
    action: str = "put",
) -> None:
    """Blocks that are no longer true are dropped now; what follows from it comes later."""
    indicators = {row.indicator for row in rows}
    views: set[View] = {row.view for row in rows}
    touched = dependents(work.catalogue, indicators)
    store.drop_blocks(work.connection, work.installation.book, touched, views)
    work.outbox.add(
        CHANGED,
        {
            "indicators": sorted(touched),
            "views": sorted(views),
            "years": sorted({row.period.year for row in rows}),
            "orgs": sorted({row.org for row in rows}),
        },
    )
    body = {
        "indicators": [None, sorted(indicators)],
        "rows": [None, len(rows)],
        "source": [None, sorted({origin.source for origin in batches})],
    }
    work.log(
        ChangeRow(
            at=work.now,
            actor=None if work.actor.is_system else work.actor.login,
            action=f"facts.{action}",
            kind="facts",
            object=next((batch.id for batch in batches.values()), None),
            body=body,
            release=work.installation.release.id,
            request=work.request_id,
        )
    )


# --- facts of records ---------------------------------------------------------------------------


def on_changed(work: Work, changed: Changed) -> None:
    """Make the facts of a record what its form's `facts` now say; what fell away is withdrawn."""
    form = work.catalogue.forms.get(changed.form)
    if form is None or not form.facts:
        return
    if changed.after is not None and versions.is_amending(work, form, changed.after):
        return  # what is in force is the newest version, not its working copy
    wanted = {fact.key: fact for fact in facts_of(work, changed.form, changed.id, changed.after)}
    book = work.installation.book
    there = store.facts_of_record(work.connection, book, changed.id)
    withdraw(work, [fact for fact in there if fact.key not in wanted])
    put(work, [(fact, Origin(f"form:{changed.form}")) for fact in wanted.values()])


def facts_of(work: Work, form: str, id: int, record: Record | None) -> list[FactRow]:
    """The facts that a record states now; none when it is not there."""
    if record is None:
        return []
    found: list[FactRow] = []
    for rule in work.catalogue.forms[form].facts.values():
        rows: Iterable[Mapping[str, Any] | None] = (
            record.get(rule.each) or () if rule.each else (None,)
        )
        for row in rows:
            fact = _stated(work, rule, record, row)
            if fact is not None:
                found.append(replace(fact, form=form, record=id))
    return found


def _stated(
    work: Work, rule: FactRule, record: Record, row: Mapping[str, Any] | None
) -> FactRow | None:
    around = environment(work, record, row=row)

    def of(formula: Any) -> Any:
        return work.catalogue.closure(formula)(around)

    if not of(rule.when):
        return None
    value, indicator = of(rule.value), of(rule.indicator)
    org = record.get("org") if rule.org is None else of(rule.org)
    period = record.get("period") if rule.period is None else of(rule.period)
    if value is None or indicator is None or org is None or not isinstance(period, Period):
        return None
    version = rule.data_version or AS_REPORTED
    return FactRow(str(indicator), str(org), period, float(value), rule.view, version)
