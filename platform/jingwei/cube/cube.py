"""The values of indicators for org, period, view and data version.

An org's own reported figure stands; where it has none, its figure is made from the orgs that stand
below it on the last day of the period. Ratios divide aggregates, over the same orgs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from jingwei.catalogue.catalogue import Catalogue
from jingwei.cube import time
from jingwei.cube.figures import NO_FACT, NOT_APPLICABLE, Facts, Figure, Mode, together
from jingwei.cube.formulas import OrgWorld, formula_value, inputs_of, lineage
from jingwei.language.data_versions import MOST_TRUSTED, Wanted
from jingwei.language.expressions.environment import Environment
from jingwei.language.measures import Indicator
from jingwei.language.periods import Grain, Period

FLOWS = frozenset(("flow", "flow_ytd", "event"))
ADDITIVE = frozenset(("sum", "sum_with_elimination"))
# Nothing below makes such a figure.
APART = frozenset(("none", "reported", "ratio_of_aggregates"))
MOST_YEARS = 40  # that a window over everything looks back
_WINDOW_MONTHS = {"mo": 1, "q": 3, "y": 12}


class Asked(NamedTuple):
    """One question. `day`: the tree is as of that day."""

    indicator: str
    org: str
    period: Period
    view: str
    mode: Mode
    day: date


class Cube:
    """Computes on demand and keeps what it computed: one per request, never shared."""

    def __init__(
        self,
        catalogue: Catalogue,
        facts: Facts,
        wanted: Wanted = MOST_TRUSTED,
        known: Callable[[Asked], Figure | None] | None = None,
    ) -> None:
        """`known`: figures that were computed before, in the same data version."""
        self.catalogue = catalogue
        self.wanted = wanted
        self._before = known
        self._facts = facts
        self._figures: dict[Asked, Figure] = {}
        self._points: dict[tuple[str, str, str, int, bool], time.Points | None] = {}
        self._serves: dict[tuple[str, str, date], bool] = {}

    def figure(
        self,
        indicator: str,
        org: str,
        period: Period,
        view: str = "actual",
        mode: Mode | None = None,
    ) -> Figure:
        """`mode`: the period by itself or the year to its end; the indicator's own when None."""
        asked = self.question(indicator, org, period, view, mode)
        return self.answer(asked)

    def question(
        self, indicator: str, org: str, period: Period, view: str, mode: Mode | None
    ) -> Asked:
        mode = mode or self.catalogue.indicators[indicator].time.default_view
        return Asked(indicator, org, period, view, mode, period.end - timedelta(days=1))

    def answer(self, asked: Asked) -> Figure:
        known = self._figures.get(asked)
        if known is None and self._before is not None:
            known = self._before(asked)
        if known is None:
            known = self._figures[asked] = self._computed(asked)
        return known

    def variant(self, asked: Asked) -> Indicator:
        return variant(self.catalogue.indicators[asked.indicator], asked.period)

    # --- which way ------------------------------------------------------------------------------

    def _computed(self, asked: Asked) -> Figure:
        indicator = self.variant(asked)
        if not self.serves(indicator, asked.org, asked.day):
            return NOT_APPLICABLE
        if asked.view != "actual" and indicator.type in ("ratio", "derived", "cumulative"):
            own = self.own(indicator, asked)  # a target of a rate is set, not computed
            if own.value is not None:
                return own
        match indicator.type:
            case "ratio":
                return self._ratio(indicator, asked)
            case "derived":
                return self._derived(indicator, asked)
            case "cumulative":
                return self._cumulative(indicator, asked)
        return self._stored(indicator, asked)

    def applies(self, indicator: Indicator, org: str, day: date) -> bool:
        """Whether the org itself reports this indicator."""
        if indicator.levels and self.catalogue.orgs[org].type not in indicator.levels:
            return False
        if indicator.applies_to is None:
            return True
        world = OrgWorld(self.catalogue, day)
        environment = Environment(variables={"org": org, "today": day, "me": None}, world=world)
        return bool(self.catalogue.closure(indicator.applies_to)(environment))

    def serves(self, indicator: Indicator, org: str, day: date) -> bool:
        """Whether it, or an org below it, does."""
        if not indicator.levels and indicator.applies_to is None:
            return True
        key = (indicator.name, org, day)
        if key not in self._serves:
            self._serves[key] = self.applies(indicator, org, day) or any(
                self.serves(indicator, child, day)
                for child in self.catalogue.tree.children(org, day)
            )
        return self._serves[key]

    def children(self, indicator: Indicator, asked: Asked) -> list[Asked]:
        """The same question to the orgs directly below that the indicator concerns."""
        return [
            asked._replace(org=child)
            for child in self.catalogue.tree.children(asked.org, asked.day)
            if self.serves(indicator, child, asked.day)
        ]

    def orgs_with_facts(self, indicator: str, view: str, year: int) -> set[str]:
        """The orgs that a figure of the year may be made for: those with a fact or an entry of
        anything it is computed from, and all that ever stood above them."""
        found: set[str] = set()
        years = range(year - MOST_YEARS, year + 1) if self._looks_back(indicator) else (year,)
        for name in lineage(self.catalogue, indicator):
            for one in years:
                found.update(self._facts.facts(name, view, one))
                found.update(self._facts.adjustments(name, view, one))
        waiting = list(found)
        for org in waiting:
            definition = self.catalogue.orgs.get(org)
            if definition is None:
                continue
            parents = {definition.parent, *(move.parent for move in definition.moves)}
            fresh = {one for one in parents if one is not None} - found
            found |= fresh
            waiting.extend(fresh)
        return found

    def _looks_back(self, indicator: str) -> bool:
        """Whether facts of earlier years are part of it: formulas may shift, windows reach back."""
        kinds = {self.catalogue.indicators[n].type for n in lineage(self.catalogue, indicator)}
        return bool(kinds & {"derived", "cumulative"})

    def concerns_always(self, indicator: str, org: str, year: int) -> bool:
        """Whether the indicator concerns the org in each month, so that no fact means just that."""
        definition = self.catalogue.indicators[indicator]
        if not definition.levels and definition.applies_to is None:
            return True
        return all(
            self.serves(definition, org, Period(year, "month", m).end - timedelta(days=1))
            for m in range(1, 13)
        )

    # --- what is stored -------------------------------------------------------------------------

    def own(self, indicator: Indicator, asked: Asked) -> Figure:
        """What the org itself reported."""
        points = self._points_of(asked, adjustments=False)
        if points is None or not self.applies(indicator, asked.org, asked.day):
            return NO_FACT
        return time.own_figure(points, indicator.time, asked.period, asked.mode)

    def adjustment(self, indicator: Indicator, asked: Asked) -> Figure | None:
        """The entries between the orgs below and the org."""
        if indicator.org_agg != "sum_with_elimination":
            return None
        points = self._points_of(asked, adjustments=True)
        if points is None:
            return None
        return time.adjustment(points, indicator.time, asked.period, asked.mode)

    def _points_of(self, asked: Asked, *, adjustments: bool) -> time.Points | None:
        year = asked.period.year
        key = (asked.indicator, asked.org, asked.view, year, adjustments)
        if key not in self._points:
            read = self._facts.adjustments if adjustments else self._facts.facts
            entries = read(asked.indicator, asked.view, year).get(asked.org)
            self._points[key] = time.Points(year, entries, self.wanted) if entries else None
        return self._points[key]

    def _stored(self, indicator: Indicator, asked: Asked) -> Figure:
        own = self.own(indicator, asked)
        if own.status == "ok" or indicator.org_agg in APART:
            return own
        difference = self._difference(indicator, asked)
        if difference is not None:
            return difference
        rolled = self.rolled_up(indicator, asked)
        return rolled if own.value is None or rolled.status == "ok" else own

    def _difference(self, indicator: Indicator, asked: Asked) -> Figure | None:
        """A period's share of two cumulative figures of the same orgs; None where they differ."""
        first, last = time.span(asked.period, asked.mode)
        if indicator.time.kind != "flow_ytd" or first == 1:
            return None
        year = asked.period.year
        end = self.answer(asked._replace(mode="ytd", period=Period(year, "month", last)))
        before = self.answer(asked._replace(mode="ytd", period=Period(year, "month", first - 1)))
        if end.value is None or before.value is None or set(end.missing) != set(before.missing):
            return None
        return together(end.value - before.value, end.source or "computed", (end, before))

    def rolled_up(self, indicator: Indicator, asked: Asked) -> Figure:
        """The figure made from the orgs below."""
        children = self.children(indicator, asked)
        figures = [(child.org, self.answer(child)) for child in children]
        there = [(org, figure) for org, figure in figures if figure.value is not None]
        if not there:
            return NO_FACT
        absent = [
            org
            for org, figure in figures
            if figure.value is None and figure.reason != "not-applicable"
        ]
        if indicator.org_agg == "weighted_average":
            return self._weighted(indicator, asked, there, absent)
        parts = [figure for _, figure in there]
        entries = self.adjustment(indicator, asked)
        if entries is not None:
            parts.append(entries)
        return together(_fold(indicator, parts), "rolled-up", parts, absent)

    def _weighted(
        self,
        indicator: Indicator,
        asked: Asked,
        there: list[tuple[str, Figure]],
        absent: list[str],
    ) -> Figure:
        weighed: list[tuple[Figure, float]] = []
        for org, figure in there:
            weight = self.answer(asked._replace(org=org, indicator=indicator.weight or ""))
            if weight.value is None:
                absent.append(org)
            else:
                weighed.append((figure, weight.value))
        total = math.fsum(weight for _, weight in weighed)
        if not weighed:
            return NO_FACT
        if total == 0:
            return Figure(None, "missing", "division-by-zero")
        value = math.fsum((figure.value or 0.0) * weight for figure, weight in weighed) / total
        return together(value, "rolled-up", [figure for figure, _ in weighed], absent)

    # --- what is computed -----------------------------------------------------------------------

    def _ratio(self, indicator: Indicator, asked: Asked) -> Figure:
        own = self.own(indicator, asked)
        if indicator.org_agg == "weighted_average" and self.children(indicator, asked):
            return own if own.status == "ok" else self.rolled_up(indicator, asked)
        made = self._divided(indicator, asked)
        apart = indicator.org_agg in ("none", "reported") and made.source == "rolled-up"
        if made.value is None or apart or (made.status != "ok" and own.status == "ok"):
            return own if own.value is not None or apart else made
        return replace(made, source="computed")

    def _divided(self, indicator: Indicator, asked: Asked) -> Figure:
        pair = self.pair(indicator, asked)
        if pair is None:
            parts = [self.answer(part) for part in self.parts(indicator, asked)]
            reasons = [part.reason for part in parts if part.value is None]
            return Figure(None, "missing", reasons[0] if reasons else "no-fact")
        numerator, denominator = pair
        assert numerator.value is not None and denominator.value is not None
        if denominator.value == 0:
            return Figure(None, "missing", "division-by-zero")
        value = numerator.value / denominator.value
        if indicator.time.annualize and asked.mode == "ytd":
            value *= 12 / asked.period.last_month
        rolled = "rolled-up" in (numerator.source, denominator.source)
        return together(value, "rolled-up" if rolled else "computed", pair)

    def parts(self, indicator: Indicator, asked: Asked) -> tuple[Asked, Asked]:
        """Numerator and denominator, as questions."""
        return (
            asked._replace(indicator=indicator.numerator or ""),
            asked._replace(indicator=indicator.denominator or ""),
        )

    def pair(self, indicator: Indicator, asked: Asked) -> tuple[Figure, Figure] | None:
        """Both parts over the same orgs: where one lacks orgs that the other has, only the orgs
        that have both count."""
        questions = self.parts(indicator, asked)
        numerator, denominator = (self.answer(question) for question in questions)
        if numerator.value is None or denominator.value is None:
            return None
        if set(numerator.missing) == set(denominator.missing):
            return numerator, denominator
        kinds = [self.variant(question) for question in questions]
        if any(kind.org_agg not in ADDITIVE for kind in kinds):
            return None
        pairs: list[tuple[Figure, Figure]] = []
        absent: list[str] = []
        for child in self.children(indicator, asked):
            found = self.pair(indicator, child)
            if found is None:
                absent.append(child.org)
            else:
                pairs.append(found)
        if not pairs:
            return None
        sides = []
        for place, question in enumerate(questions):
            figures = [found[place] for found in pairs]
            entries = self.adjustment(kinds[place], question)
            if entries is not None:
                figures.append(entries)
            total = math.fsum(figure.value or 0.0 for figure in figures)
            sides.append(together(total, "rolled-up", figures, absent))
        return sides[0], sides[1]

    def _derived(self, indicator: Indicator, asked: Asked) -> Figure:
        used = inputs_of(self.catalogue, indicator)
        children = self.children(indicator, asked) if indicator.org_agg in ADDITIVE else []
        if children:
            bare = [self.answer(asked._replace(indicator=name)) for name in used]
            if not all(figure.source == "reported" for figure in bare):
                rolled = self.rolled_up(indicator, asked)
                if rolled.value is not None:
                    return rolled
        made = formula_value(self, indicator, asked)
        if made.value is None:
            own = self.own(indicator, asked)
            return own if own.value is not None else made
        return made

    def _cumulative(self, indicator: Indicator, asked: Asked) -> Figure:
        """Sums of another indicator over a window that ends with the period."""
        of = asked._replace(indicator=indicator.of or "")
        if self.variant(of).time.kind not in FLOWS:
            return NOT_APPLICABLE
        last = asked.period.last_month
        if indicator.to_date is not None:
            grain: Grain = indicator.to_date  # type: ignore[assignment]  # month, quarter or year
            months = last - asked.period.of_grain(grain).start.month + 1
        else:
            months = window_months(indicator.window)
        spans = _spans(asked.period.year, last, months)
        return self._over(of, spans, strict=months <= MOST_YEARS * 12)

    def _over(self, of: Asked, spans: Iterable[tuple[int, int, int]], *, strict: bool) -> Figure:
        """The sum over spans of months (year, first, last)."""
        found: list[Figure] = []
        total = 0.0
        for year, first, last in spans:
            end = self.answer(of._replace(mode="ytd", period=Period(year, "month", last)))
            if end.value is None:
                if strict:
                    return end
                continue
            total += end.value
            found.append(end)
            if first > 1:
                before = self.answer(
                    of._replace(mode="ytd", period=Period(year, "month", first - 1))
                )
                if before.value is None:
                    return before
                total -= before.value
                found.append(before)
        return together(total, "computed", found) if found else NO_FACT


def _fold(indicator: Indicator, parts: list[Figure]) -> float:
    values = [part.value for part in parts if part.value is not None]
    match indicator.org_agg:
        case "max":
            return max(values)
        case "min":
            return min(values)
        case "count":
            return float(sum(p.value or 0 if p.source == "rolled-up" else 1 for p in parts))
        case "last":
            newest = max(parts, key=lambda p: p.as_of.timestamp() if p.as_of else 0.0)
            return newest.value or 0.0
    return math.fsum(values)


def _spans(year: int, last: int, months: int) -> list[tuple[int, int, int]]:
    """The months of a window that ends with a month, year by year: (year, first, last)."""
    spans: list[tuple[int, int, int]] = []
    while months > 0 and len(spans) < MOST_YEARS:
        first = max(1, last - months + 1)
        spans.append((year, first, last))
        months -= last - first + 1
        year, last = year - 1, 12
    return spans


def window_months(window: str | None) -> int:
    """`12mo`, `4q`, `1y`; `all` and none given: everything there is."""
    if window is None or window == "all":
        return (MOST_YEARS + 1) * 12
    for unit, months in _WINDOW_MONTHS.items():
        if window.endswith(unit) and window[: -len(unit)].isdigit():
            return int(window[: -len(unit)]) * months
    raise ValueError(window)


def variant(indicator: Indicator, period: Period) -> Indicator:
    """The definition in force for a period: its `versions` change single keys."""
    if not indicator.versions:
        return indicator
    day = period.end - timedelta(days=1)
    for version in indicator.versions:
        since, until = version.get("valid_from"), version.get("valid_to")
        if (since is None or since <= day) and (until is None or day <= until):
            keys = {k: v for k, v in version.items() if k in _CHANGEABLE}
            return replace(indicator, **keys) if keys else indicator
    return indicator


# Keys of a version that hold plain words; what holds an expression cannot differ.
_CHANGEABLE = frozenset(
    ("numerator", "denominator", "of", "weight", "unit", "precision", "direction", "org_agg")
)

__all__ = ["Asked", "Cube", "variant"]
