"""Scores: what an org earns in a period by a scheme, item by item, and why.

A score is computed, not kept: from figures as they are now and the scheme as it runs, whose
fingerprint is part of the answer. What cannot be told is pending, zero or left out, as the scheme
says, and never guessed. Figures are the system's; who may read them is asked of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from jingwei.catalogue.rules_standards import benchmark_of
from jingwei.cube.comparisons import attainment as attained
from jingwei.cube.figures import rounded
from jingwei.cube.formulas import lineage
from jingwei.cube.scoring import Earned, Given, earned, excess, grade_of, places_of, rounded_score
from jingwei.language.expressions.environment import Environment, Values
from jingwei.language.expressions.tree import Node, Source
from jingwei.language.measures import Indicator
from jingwei.language.output import DataBlock
from jingwei.language.periods import Period
from jingwei.language.standards import Scoring, ScoringItem
from jingwei.language.values import Formula
from jingwei.refusals import FieldRefusal, Invalid, NotFound
from jingwei.services.benchmarks import standards_of
from jingwei.services.block_rows import run_form_block
from jingwei.services.commands import Reading
from jingwei.services.measures import Measures
from jingwei.services.people import SYSTEM
from jingwei.services.world import StoredWorld, environment

ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(slots=True)
class Line:
    """One item of a score sheet. `score` None: pending, for `reason`."""

    item: ScoringItem
    weight: Decimal
    actual: Decimal | None = None
    base: Decimal | None = None
    target: Decimal | None = None
    attainment: Decimal | None = None
    unit: str | None = None
    automatic: Decimal | None = None
    score: Decimal | None = None
    step: str = ""
    holes: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    version: str | None = None


@dataclass(slots=True)
class Sheet:
    """A whole score. `total` None: pending."""

    scheme: Scoring
    org: str
    period: Period
    lines: list[Line]
    items_total: Decimal | None = None
    multiplier: Decimal = ONE
    deducted: Decimal = ZERO
    beyond: Decimal = ZERO  # what the items score above `bonus_max`
    total: Decimal | None = None
    grade: str | None = None
    guards: list[int] = field(default_factory=list)
    vetoes: list[int] = field(default_factory=list)
    rank: int | None = None
    ranked: int = 0
    excluded: bool = False


# --- asking --------------------------------------------------------------------------------------


def score_of(view: Reading, scheme: str, org: str, period: Period) -> Sheet:
    """The score of an org with its place. Raises NotFound for what this person may not read,
    Invalid where the scheme does not apply."""
    definition = _scheme(view, scheme)
    if org not in view.catalogue.orgs or not Measures(view).may_read(org):
        raise NotFound("no-such-org", name=org[:60])
    system = replace(view, actor=SYSTEM)
    if not applies(system, definition, org, period):
        refused = FieldRefusal("org", "scheme-not-for-org", {"scheme": scheme, "org": org})
        raise Invalid("invalid", fields=[refused])
    sheets = {one.org: one for one in ranked(system, definition, org, period)}
    return sheets[org]


def scores_of(view: Reading, scheme: str, period: Period) -> list[Sheet]:
    """The scores of all orgs that this person may read, best first."""
    definition = _scheme(view, scheme)
    measures = Measures(view)
    system = replace(view, actor=SYSTEM)
    found = [one for one in ranked(system, definition, None, period) if measures.may_read(one.org)]
    return sorted(found, key=lambda one: (one.rank is None, one.rank or 0, one.org))


def _scheme(view: Reading, name: str) -> Scoring:
    found = view.catalogue.scorings.get(name)
    if found is None:
        raise NotFound("no-such-scheme", name=name[:60])
    return found


def applies(view: Reading, scheme: Scoring, org: str, period: Period) -> bool:
    if not view.catalogue.tree.exists(org, period.end - timedelta(days=1)):
        return False
    if scheme.applies_to is None:
        return view.catalogue.orgs[org].parent is not None
    return bool(view.catalogue.closure(scheme.applies_to)(_around(view, org, period)))


def ranked(view: Reading, scheme: Scoring, org: str | None, period: Period) -> list[Sheet]:
    """The sheets of everyone an org is ranked with (`org` None: of all), with their places."""
    measures = Measures(view)
    within = scheme.rank.get("within")
    orgs = [one for one in view.catalogue.orgs if applies(view, scheme, one, period)]
    if org is not None and not scheme.rank:
        orgs = [org]
    groups: dict[Any, list[Sheet]] = {}
    for one in orgs:
        group = _group(view, one, within, period)
        if org is not None and group != _group(view, org, within, period):
            continue
        sheet = make_sheet(view, measures, scheme, one, period)
        exclude = scheme.rank.get("exclude")
        if exclude is not None:
            sheet.excluded = bool(view.catalogue.closure(exclude)(_around(view, one, period)))
        groups.setdefault(group, []).append(sheet)
    for sheets in groups.values():
        _place(scheme, sheets)
    return [sheet for sheets in groups.values() for sheet in sheets]


def _group(view: Reading, org: str, within: str | None, period: Period) -> Any:
    if within is None:
        return None
    last = period.end - timedelta(days=1)
    return StoredWorld(replace(view, today=last)).org_member(org, within)


def _place(scheme: Scoring, sheets: Sequence[Sheet]) -> None:
    if not scheme.rank:
        return
    breakers = scheme.rank.get("tiebreak", ())
    known: dict[str, list[Decimal]] = {}
    for sheet in sheets:
        if sheet.total is None or sheet.excluded:
            continue
        scores = {line.item.name: line.score or ZERO for line in sheet.lines}
        known[sheet.org] = [sheet.total, *(scores[name] for name in breakers)]
    places = places_of(known, scheme.rank.get("ties", "competition"))
    for sheet in sheets:
        sheet.rank = places.get(sheet.org)
        sheet.ranked = len(places)


# --- one sheet -----------------------------------------------------------------------------------


def make_sheet(
    view: Reading, measures: Measures, scheme: Scoring, org: str, period: Period
) -> Sheet:
    """Every item scored, then guards, multiplier, deductions, vetoes, as the scheme orders."""
    sheet = Sheet(scheme, org, period, lines_of(view, measures, scheme, org, period))
    sheet.multiplier = multiplier_of(view, sheet)
    sheet.deducted = deductions_of(view, scheme, org, period)
    return concluded(view, sheet)


def lines_of(
    view: Reading, measures: Measures, scheme: Scoring, org: str, period: Period
) -> list[Line]:
    """Every item with what it earns by itself."""
    _read_ahead(view, measures, scheme, period)
    return [_line(view, measures, scheme, item, org, period) for item in scheme.items.values()]


def _read_ahead(view: Reading, measures: Measures, scheme: Scoring, period: Period) -> None:
    """Read what the items ask of facts at once, not item by item."""
    items = [one for one in scheme.items.values() if one.name in view.catalogue.indicators]
    names = [item.name for item in items if item.value is None]
    if period.grain == "month":  # which may be kept as it was computed
        measures.prefetch(names, ("actual", "target"), (period,))
        return
    before = [item.name for item in items if item.base == "last_year"]
    asked = [(name, view_, period.year) for name in names for view_ in ("actual", "target")]
    asked += [(name, "actual", period.year - 1) for name in before]
    measures.facts.read(
        {
            (below, view_, year)
            for name, view_, year in asked
            for below in lineage(view.catalogue, name)
        }
    )


def multiplier_of(view: Reading, sheet: Sheet) -> Decimal:
    """What the items are multiplied by before guards are looked at."""
    if sheet.scheme.multiplier is None:
        return ONE
    around = _around(view, sheet.org, sheet.period, items=sheet.lines)
    value = view.catalogue.closure(sheet.scheme.multiplier)(around)
    return ONE if value is None else Decimal(value)


def concluded(view: Reading, sheet: Sheet) -> Sheet:
    """The sheet with what its items make together: guards, total, vetoes, grade."""
    scheme, lines = sheet.scheme, sheet.lines
    around = _around(view, sheet.org, sheet.period, items=lines)
    _guard(view, sheet, around)
    sheet.items_total = _sum(scheme, lines)
    if sheet.items_total is not None:
        sheet.beyond = excess([(o.score, o.weight) for o in lines], scheme.bonus_max)
        sheet.items_total -= sheet.beyond
        total = sheet.items_total * sheet.multiplier - sheet.deducted
        sheet.total = rounded_score(max(total, ZERO), scheme.total_places)
    closure = view.catalogue.closure
    sheet.vetoes = [n for n, one in enumerate(scheme.veto) if closure(one.when)(around)]
    if sheet.total is not None:
        sheet.grade = grade_of(sheet.total, scheme.grades, _worst_allowed(sheet))
    return sheet


def _worst_allowed(sheet: Sheet) -> str | None:
    names = [name for name, _ in sheet.scheme.grades]
    caps = [sheet.scheme.veto[number].grade_max for number in sheet.vetoes]
    return max(caps, key=names.index, default=None)


def _guard(view: Reading, sheet: Sheet, around: Environment) -> None:
    """What holds of the items changes them: all of them no more than their basic score, or another
    multiplier."""
    for number, guard in enumerate(sheet.scheme.guards):
        if not view.catalogue.closure(guard.when)(around):
            continue
        sheet.guards.append(number)
        if guard.others_capped:
            for line in sheet.lines:
                if line.score is not None and line.score > line.weight:
                    line.score = line.weight
        if guard.multiplier is not None:
            sheet.multiplier = guard.multiplier


def _sum(scheme: Scoring, lines: Sequence[Line]) -> Decimal | None:
    """The sum of the items; what is missing counts as the scheme says."""
    known = [line for line in lines if line.score is not None]
    if len(known) == len(lines) or scheme.missing == "zero":
        return sum((line.score or ZERO for line in known), ZERO)
    if scheme.missing == "pending":
        return None
    weight = sum((line.weight for line in known), ZERO)
    whole = sum((line.weight for line in lines), ZERO)
    if weight == 0:
        return None
    return sum((line.score or ZERO for line in known), ZERO) * whole / weight


def _line(
    view: Reading,
    measures: Measures,
    scheme: Scoring,
    item: ScoringItem,
    org: str,
    period: Period,
) -> Line:
    line = Line(item, item.weight)
    if item.is_manual and item.rule is None:
        line.reason = "by-hand"
        return line
    indicator = view.catalogue.indicators.get(item.name)
    _measure(view, measures, item, indicator, line, org, period)
    assert item.rule is not None
    if item.rule.type == "formula" and item.rule.score is not None:
        made = _by_formula(view, item, line, org, period)
    else:
        made = earned(item.rule, _given(view, item, indicator, line, org, period))
    line.step, line.holes, line.reason = made.step, made.holes, made.reason
    if made.score is not None:
        line.automatic = rounded_score(made.score, scheme.item_places)
        line.score = line.automatic
    return line


def _measure(
    view: Reading,
    measures: Measures,
    item: ScoringItem,
    indicator: Indicator | None,
    line: Line,
    org: str,
    period: Period,
) -> None:
    """Actual, target, base and attainment of an item."""
    if item.value is not None:
        line.actual = _from_form(view, item, org, period)
    elif indicator is not None:
        definition = measures.definition(indicator.name, period)
        figure = measures.figure(indicator.name, org, period, "actual")
        cell = measures.shown(definition, org, period, "actual", figure)  # its light is not asked
        line.actual, line.unit, line.version = cell.value, definition.unit, cell.version
        target = measures.target(definition, org, period).value
        if target is not None:
            line.target = rounded(target, definition.unit, definition.precision)
    line.base = _base(view, measures, item, indicator, line, org, period)
    direction = indicator.direction if indicator is not None else "higher_better"
    against = line.target if line.target is not None else line.base
    if line.actual is not None and against is not None:
        share = attained(float(line.actual), float(against), direction)
        line.attainment = None if share is None else Decimal(repr(round(share, 10)))


def _base(
    view: Reading,
    measures: Measures,
    item: ScoringItem,
    indicator: Indicator | None,
    line: Line,
    org: str,
    period: Period,
) -> Decimal | None:
    if item.base_tier is not None and indicator is not None:
        found = standards_of(view, indicator, org, period, benchmark_of(view.catalogue, item))
        return None if found is None else found.values.get(item.base_tier)
    if isinstance(item.base, Formula):
        value = view.catalogue.closure(item.base)(_around(view, org, period, line=line))
        return None if value is None else Decimal(value)
    if item.base == "last_year" and indicator is not None:
        definition = measures.definition(indicator.name, period)
        before = measures.last_year(indicator.name, org, period).value
        return None if before is None else rounded(before, definition.unit, definition.precision)
    return line.target


def _given(
    view: Reading,
    item: ScoringItem,
    indicator: Indicator | None,
    line: Line,
    org: str,
    period: Period,
) -> Given:
    given = Given(
        item.weight,
        line.actual,
        line.base,
        line.attainment,
        indicator.direction if indicator is not None else "higher_better",
    )
    assert item.rule is not None
    if item.rule.type != "efficiency_coefficient" or indicator is None:
        return given
    found = standards_of(view, indicator, org, period, benchmark_of(view.catalogue, item))
    if found is None:
        return given
    return replace(given, tier_names=found.benchmark.tiers, tiers=found.values)


def _by_formula(view: Reading, item: ScoringItem, line: Line, org: str, period: Period) -> Earned:
    assert item.rule is not None and item.rule.score is not None
    value = view.catalogue.closure(item.rule.score)(_around(view, org, period, line=line))
    if value is None:
        return Earned(None, reason="no-actual")
    return Earned(Decimal(value), "formula", {"formula": item.rule.score.source})


# --- rows of forms -------------------------------------------------------------------------------


def _from_form(view: Reading, item: ScoringItem, org: str, period: Period) -> Decimal | None:
    """An item whose value is an aggregate over records, of this org and year as `where` says."""
    assert item.value is not None and item.value_form is not None
    block = DataBlock(
        at=item.value.at,
        form=item.value_form,
        where=item.value_where,
        values={"value": item.value},
    )
    rows = run_form_block(view, block, {"this": _this(org, period)}).rows
    value = rows[0].get("value") if rows else None
    return None if value is None else Decimal(value)


def deductions_of(view: Reading, scheme: Scoring, org: str, period: Period) -> Decimal:
    """The points of the events that count against the org."""
    given = scheme.deductions
    if given is None:
        return ZERO
    block = DataBlock(
        at=given["points"].at,
        form=given["form"],
        where=given.get("where"),
        columns=(("points", given["points"]),),
    )
    rows = run_form_block(view, block, {"this": _this(org, period)}).rows
    return sum((abs(Decimal(r["points"])) for r in rows if r["points"] is not None), ZERO)


def _this(org: str, period: Period) -> dict[str, Any]:
    return {"org": org, "year": Decimal(period.year), "period": period}


class _ItemsWorld(StoredWorld):
    """The world in which `items` are the lines of the sheet."""

    def __init__(self, view: Reading, lines: Sequence[Line]) -> None:
        super().__init__(view)
        self._lines = lines

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        if source.origin != "block":
            return super().rows(source, where, environment)
        return [(_row(line), None) for line in self._lines]


def _row(line: Line) -> dict[str, Any]:
    return {
        "item": line.item.name,
        "weight": line.weight,
        "target": line.target,
        "base": line.base,
        "actual": line.actual,
        "attainment": line.attainment,
        "automatic": line.automatic,
        "score": line.score,
    }


def _around(
    view: Reading,
    org: str,
    period: Period,
    *,
    items: Sequence[Line] = (),
    line: Line | None = None,
) -> Environment:
    """`org year period this`; of an item `value target base last_year attainment weight`."""
    more: dict[str, Any] = dict(_this(org, period))
    if line is not None:
        more |= {
            "value": line.actual,
            "target": line.target,
            "base": line.base,
            "attainment": line.attainment,
            "weight": line.weight,
        }
    around = environment(view, {}, this=_this(org, period), **more)
    if items:
        around.world = _ItemsWorld(view, items)
    return around
