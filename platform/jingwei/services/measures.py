"""Figures of indicators as a person may see them: values, lights, comparisons, and why not.

Figures are computed from facts by the cube. Nobody is granted figures by name: they belong to the
orgs. A person reads the figures of the orgs at or below those where he holds a post or a role, on
today's tree, and of references that stand beside the tree; a role that excludes others keeps the
system and reads no business. Everything else is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from jingwei.cube.alike import alike
from jingwei.cube.comparisons import (
    COMPARISONS,
    LAST_PERIOD,
    LAST_YEAR,
    TARGET,
    Compared,
    compared,
)
from jingwei.cube.cube import Asked, Cube, variant
from jingwei.cube.figures import Figure, Mode, rounded
from jingwei.cube.formulas import lineage
from jingwei.language.data_versions import Wanted, version_name
from jingwei.language.measures import Indicator, ThresholdSet
from jingwei.language.periods import Period
from jingwei.language.values import Due
from jingwei.refusals import Malformed
from jingwei.services import workdays
from jingwei.services.benchmarks import standards_of
from jingwei.services.commands import Reading
from jingwei.services.cube_blocks import StoredYears
from jingwei.services.lights import as_org_has, in_force, is_judged, place_in
from jingwei.services.stored_facts import StoredFacts
from jingwei.services.world import environment

Base = Literal["restated", "as_reported"]
SETS = "set."
MOST_CELLS = 1_000_000
MOST_BACK = 24  # periods that a level may have been raised or held before
# Figures of a moment or a rate: the year's target is that of each of its months.
_STANDING = frozenset(("balance", "average_balance", "rate"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as it leaves the platform, rounded to its shown digits.

    `status`: ok, partial, gap, missing, not_due. `missing_reason`: no-fact, not-due,
    not-applicable, division-by-zero. `light`: a level of the thresholds, green, or None where
    there are none or nothing to judge.
    """

    indicator: str
    org: str
    period: Period
    view: str
    value: Decimal | None
    unit: str
    status: str
    light: str | None = None
    as_of: datetime | None = None
    version: str | None = None
    missing_reason: str | None = None
    source: str | None = None
    missing: tuple[str, ...] = ()
    annualized: bool = False
    compare: Mapping[str, Compared] = field(default_factory=dict)


class Measures:
    """The figures of one reader at one moment; made for one request and thrown away."""

    def __init__(self, view: Reading, base: Base = "restated") -> None:
        self.view = view
        self.base = base
        self.facts = StoredFacts(view)
        self.years = StoredYears(view)
        self.cube = Cube(view.catalogue, self.facts, known=self.years.figure)
        self._bases: dict[Period, Cube] = {}
        self._orgs = readable_orgs(view)
        self._lights: dict[tuple[str, str, Period, Mode | None], str | None] = {}

    # --- whose ----------------------------------------------------------------------------------

    def may_read(self, org: str) -> bool:
        return self._orgs is None or org in self._orgs

    # --- figures --------------------------------------------------------------------------------

    def prefetch(
        self, indicators: Iterable[str], views: Iterable[str], periods: Iterable[Period]
    ) -> None:
        """Read at once what these questions need: the years asked about and those before."""
        asked = set(indicators)
        names = {one for name in asked for one in lineage(self.view.catalogue, name)}
        years = {year for period in periods for year in (period.year, period.year - 1)}
        keys = [(name, view, year) for name in names for view in views for year in years]
        self.years.read(keys)
        last = {period.year for period in periods}
        if any(
            self.years.year(name, view, year) is None
            for name in asked
            for view in views
            for year in last
        ):
            self.facts.read(keys)

    def figure(
        self, indicator: str, org: str, period: Period, view: str, mode: Mode | None = None
    ) -> Figure:
        return self.cube.figure(indicator, org, period, view, mode)

    def cell(
        self,
        indicator: str,
        org: str,
        period: Period,
        view: str = "actual",
        compare: Sequence[str] = (),
        mode: Mode | None = None,
    ) -> Cell:
        """One figure; of an org that this person may not read, as of one that says nothing."""
        definition = self.definition(indicator, period)
        if not self.may_read(org):
            return Cell(
                indicator, org, period, view, None, definition.unit, "missing",
                missing_reason="not-readable",
            )  # fmt: skip
        figure = self.figure(indicator, org, period, view, mode)
        cell = self.shown(definition, org, period, view, figure, mode)
        light = self.light(definition, org, period, mode) if view == "actual" else None
        beside = {word: self.compared(word, definition, org, period, mode) for word in compare}
        return replace(cell, light=light, compare=beside)

    def definition(self, indicator: str, period: Period) -> Indicator:
        """As it is in force for the period."""
        return variant(self.view.catalogue.indicators[indicator], period)

    def shown(
        self,
        definition: Indicator,
        org: str,
        period: Period,
        view: str,
        figure: Figure,
        mode: Mode | None = None,
    ) -> Cell:
        """A figure of the cube as a cell, without light and comparisons."""
        value, status, reason = figure.value, str(figure.status), figure.reason
        if value is None and reason == "no-fact" and not self.is_due(definition, org, period):
            status, reason = "not_due", "not-due"
        used = mode or definition.time.default_view
        return Cell(
            definition.name,
            org,
            period,
            view,
            None if value is None else rounded(value, definition.unit, definition.precision),
            definition.unit,
            status,
            None,
            figure.as_of,
            _version(figure.versions),
            reason if value is None else None,
            figure.source,
            figure.missing,
            definition.time.annualize and used == "ytd" and period.last_month < 12,
        )

    def is_due(self, definition: Indicator, org: str, period: Period) -> bool:
        """Whether the figure should be there by now."""
        day = due_day(self.view, definition.availability, period, org)
        return self.view.today > day

    # --- comparisons ----------------------------------------------------------------------------

    def compared(
        self,
        word: str,
        definition: Indicator,
        org: str,
        period: Period,
        mode: Mode | None = None,
    ) -> Compared:
        """One comparison; the words of `cube/comparisons.py`."""
        name = definition.name
        if word == "tier":
            return self._tier(definition, org, period, mode)
        if word in LAST_PERIOD:
            mode = "period"  # of single periods: the year to date always grows
        asked = self.cube.question(name, org, period, "actual", mode)
        cube = self._base(period)
        if word in LAST_YEAR:
            before = self.cube.question(name, org, period.years_back(1), "actual", mode)
        elif word in LAST_PERIOD:
            before = self.cube.question(name, org, period.shifted(-1), "actual", mode)
        elif word in TARGET:
            cube = self.cube
            before = self._target(definition, org, period, mode, yearly=word == "attainment")
        else:
            raise Malformed("unknown-comparison", value=word, known=", ".join(COMPARISONS))
        pair = alike(self.cube, asked, cube, before)
        if pair is None:
            return Compared(None, "different-orgs", partial=True)
        return compared(word, *pair, definition.unit, definition.precision, definition.direction)

    def _tier(self, definition: Indicator, org: str, period: Period, mode: Mode | None) -> Compared:
        """Where the figure stands among standard values."""
        value = _plain(self.figure(definition.name, org, period, "actual", mode), definition)
        if value is None:
            return Compared(None, "no-fact")
        standards = standards_of(self.view, definition, org, period)
        if standards is None:
            return Compared(None, "no-standards", None, value)
        found = standards.standing(value, definition.direction)
        base = None if found.next is None else standards.values[found.next]
        reason = None
        if found.tier is None:
            # a book that was cut short does not say what lies below its last value
            whole = standards.benchmark.tiers[-1] in standards.values
            reason = "below-all-tiers" if whole else "no-standards"
        return Compared(found.gap, reason, base, value, tier=found.tier)

    def last_year(
        self, indicator: str, org: str, period: Period, mode: Mode | None = None
    ) -> Figure:
        """The base of a comparison with last year, as known by the end of this period."""
        return self._base(period).figure(indicator, org, period.years_back(1), "actual", mode)

    def _base(self, period: Period) -> Cube:
        """Figures as the base of a comparison made for a period."""
        if self.base == "as_reported":
            return self.cube
        if period not in self._bases:
            wanted = Wanted(known_at=period)
            self._bases[period] = Cube(self.view.catalogue, self.facts, wanted)
        return self._bases[period]

    def target(
        self, definition: Indicator, org: str, period: Period, mode: Mode | None = None
    ) -> Figure:
        """The target that the figure of the period is judged by."""
        return self.cube.answer(self._target(definition, org, period, mode))

    def _target(
        self,
        definition: Indicator,
        org: str,
        period: Period,
        mode: Mode | None = None,
        *,
        yearly: bool = False,
    ) -> Asked:
        """The target of the period; of the year, where that is all there is and it holds for each
        of its months (balances, rates), or where `yearly` says that a share of it is wanted."""
        asked = self.cube.question(definition.name, org, period, "target", mode)
        standing = definition.time.kind in _STANDING
        there = self.cube.answer(asked).value is not None
        if there or period.grain == "year" or not (standing or yearly):
            return asked
        return self.cube.question(definition.name, org, period.of_grain("year"), "target", mode)

    # --- lights ---------------------------------------------------------------------------------

    def light(
        self, definition: Indicator, org: str, period: Period, mode: Mode | None = None
    ) -> str | None:
        """The level of the figure; green where no threshold holds; None where nothing is to be
        judged: no thresholds, no value, not due."""
        if not is_judged(self.view.catalogue, definition):
            return None
        key = (definition.name, org, period, mode)
        if key not in self._lights:
            self._lights[key] = self._judged(definition, org, period, mode)
        return self._lights[key]

    def _judged(
        self,
        definition: Indicator,
        org: str,
        period: Period,
        mode: Mode | None,
        back: int = MOST_BACK,
    ) -> str | None:
        """`back`: how many periods may still be looked back on."""
        reached = self._reached(definition, org, period, mode)
        if reached is None:
            return None
        levels, level, released = reached
        order = [*(one.level for one in levels.levels), "green"]
        if levels.for_ is not None:
            for past in range(1, min(levels.for_.amount, MOST_BACK)):
                before = self._reached_before(definition.name, org, period.shifted(-past), mode)
                level = max(level, before, key=place_in(order))  # the mildest of these periods
        if levels.release is None or released or not back:
            return level
        earlier = period.shifted(-1)
        was = self._judged(self.definition(definition.name, earlier), org, earlier, mode, back - 1)
        return level if was is None else min(level, was, key=place_in(order))

    def _reached_before(self, name: str, org: str, period: Period, mode: Mode | None) -> str:
        """The level that the figure of an earlier period reached by itself."""
        reached = self._reached(self.definition(name, period), org, period, mode)
        return "green" if reached is None else reached[1]

    def _reached(
        self, definition: Indicator, org: str, period: Period, mode: Mode | None
    ) -> tuple[ThresholdSet, str, bool] | None:
        """The thresholds in force, the first level that holds, and whether a level that was
        raised before is released by this figure."""
        figure = self.figure(definition.name, org, period, "actual", mode)
        if figure.value is None:
            return None
        last_year = self.last_year(definition.name, org, period, mode)
        target = self.target(definition, org, period, mode)
        around = environment(
            self.view,
            {},
            value=_plain(figure, definition),
            target=_plain(target, definition),
            last_year=_plain(last_year, definition),
            org=org,
            period=period,
            indicator=definition.name,
            today=self.view.today,
        )
        catalogue, own = as_org_has(self.view, definition, org, period)
        levels = in_force(catalogue, own, org, period, around)
        if levels is None:
            return None
        closure = catalogue.closure
        level = next((one.level for one in levels.levels if closure(one.when)(around)), "green")
        released = levels.release is not None and bool(closure(levels.release)(around))
        return levels, level, released


def _plain(figure: Figure, definition: Indicator) -> Decimal | None:
    """As it is shown: what is printed as 75.00 % is judged as 75 %."""
    if figure.value is None:
        return None
    return rounded(figure.value, definition.unit, definition.precision)


def _version(codes: Iterable[int]) -> str | None:
    return ", ".join(version_name(code) for code in sorted(codes)) or None


# --- whose figures -------------------------------------------------------------------------------


def readable_orgs(view: Reading) -> frozenset[str] | None:
    """The orgs whose figures this person may read; None: of all."""
    if view.actor.is_system:
        return None
    anchors = figure_anchors(view)
    if not anchors:
        return frozenset()
    tree = view.catalogue.tree
    found = {code for anchor in anchors for code in tree.under(anchor, view.today)}
    return frozenset(found | references(view))


def figure_anchors(view: Reading) -> frozenset[str]:
    """The orgs where the person holds a post or a role that is not apart from the business, and
    those that a post of his looks after."""
    apart = {name for name, role in view.catalogue.roles.items() if role.excludes}
    held = [org for _, org in (*view.actor.posts, *view.actor.covers)]
    held += [org for role, org in view.actor.roles if role not in apart]
    return frozenset(org for org in held if org in view.catalogue.orgs)


def references(view: Reading) -> set[str]:
    """Orgs beside the tree: peers and totals of a trade, published by others."""
    types = view.catalogue.org_types.types
    tree = view.catalogue.tree
    return {
        code
        for code, org in view.catalogue.orgs.items()
        if org.parent is None
        and not org.moves
        and code != tree.root
        and not types[org.type].above
        and not tree.children(code, view.today)
    }


# --- sets, due dates -----------------------------------------------------------------------------


def members_of(view: Reading, name: str, period: Period) -> list[str]:
    """The members of a set that are in force at the end of a period, in their order."""
    found = view.catalogue.indicator_sets[name]
    last = period.end - timedelta(days=1)
    members = [
        member
        for member in found.members.values()
        if (member.from_ is None or member.from_ <= last)
        and (member.to is None or last <= member.to)
    ]
    return [member.indicator for member in sorted(members, key=lambda one: one.order)]


def indicators_of(view: Reading, names: Iterable[str], period: Period) -> list[str]:
    """Indicators by name, sets as their members at that time."""
    found: list[str] = []
    for name in names:
        if name.startswith(SETS):
            found += members_of(view, name.removeprefix(SETS), period)
        else:
            found.append(name)
    return list(dict.fromkeys(found))


def due_day(view: Reading, due: Due | None, period: Period, org: str) -> date:
    """The last day on which a figure of the period need not be there yet."""
    last = period.end - timedelta(days=1)
    if due is None:
        return last
    if due.date is not None:
        found = view.catalogue.closure(due.date)(environment(view, {}, org=org, period=period))
        return found if isinstance(found, date) else last
    day = last
    if due.lag is not None:
        day = _later(view, last, due, org)
    if due.day is not None:
        first = day.replace(day=1)
        day = first + timedelta(days=min(due.day, _days_of(first)) - 1)
    if due.shift == "next_workday":
        day = workdays.next_workday(view.catalogue, day, org)
    return day


def _later(view: Reading, day: date, due: Due, org: str) -> date:
    assert due.lag is not None
    amount, unit = due.lag.amount, due.lag.unit
    match unit:
        case "d":
            return day + timedelta(days=amount)
        case "w":
            return day + timedelta(weeks=amount)
        case "wd":
            return workdays.add_workdays(view.catalogue, day, amount, org)
        case "mo" | "q" | "y":
            # `lag: 1mo, day: 12` of March is a day of April, whatever March's last day is
            return workdays.add_months(day, amount * {"mo": 1, "q": 3, "y": 12}[unit])
    return day


def _days_of(first: date) -> int:
    return (workdays.add_months(first, 1) - first).days
