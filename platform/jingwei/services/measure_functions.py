"""What functions about measures answer: `fact() members() benchmark() attainment()` and others.

They run as the definition: a stored value must not depend on who saved it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from jingwei.catalogue.catalogue import Catalogue
from jingwei.cube.comparisons import attainment as attained
from jingwei.cube.comparisons import ranks
from jingwei.cube.cube import variant
from jingwei.cube.figures import rounded
from jingwei.language.expressions.environment import Environment
from jingwei.language.periods import Period
from jingwei.services.benchmarks import standard_value
from jingwei.services.beyond import Answer
from jingwei.services.commands import Reading
from jingwei.services.lights import place_in
from jingwei.services.measures import Measures, members_of
from jingwei.services.people import SYSTEM
from jingwei.services.rights import Viewing
from jingwei.services.scores import make_sheet

PLACES = Decimal("0.0000000001")  # ten decimals, as every quotient of the language


def fact(view: Viewing, arguments: Sequence[Any], around: Environment) -> Decimal | None:
    """`fact(indicator, org, period, "actual")`: None where nothing is known."""
    indicator, org, period, *more = arguments
    kind = more[0] if more else "actual"
    reading = cast(Reading, view)
    known = reading.catalogue
    if indicator not in known.indicators or org not in known.orgs or period is None:
        return None
    definition = variant(known.indicators[indicator], period)
    figure = Measures(reading).figure(indicator, org, period, kind)
    if figure.value is None:
        return None
    return rounded(figure.value, definition.unit, definition.precision)


def members(view: Viewing, arguments: Sequence[Any], around: Environment) -> list[str]:
    """`members(set, period)`: the indicators of a set in force at the end of the period."""
    name, period = arguments
    reading = cast(Reading, view)
    if name not in reading.catalogue.indicator_sets or period is None:
        return []
    return members_of(reading, name, period)


def attainment(view: Viewing, arguments: Sequence[Any], around: Environment) -> Decimal | None:
    """`attainment(actual, target, "lower_better")`. Source: domain, time semantics."""
    actual, target, *more = arguments
    if actual is None or target is None:
        return None
    found = attained(float(actual), float(target), more[0] if more else "higher_better")
    return None if found is None else Decimal(repr(found)).quantize(PLACES)


def time_progress(view: Viewing, arguments: Sequence[Any], around: Environment) -> Decimal | None:
    """`time_progress(period)`: the share of its days that are over; 0 before, 1 after it."""
    period: Period | None = arguments[0]
    if period is None:
        return None
    days = (period.end - period.start).days
    over = min(max((view.today - period.start).days, 0), days)
    return (Decimal(over) / Decimal(days)).quantize(PLACES)


def benchmark(view: Viewing, arguments: Sequence[Any], around: Environment) -> Decimal | None:
    """`benchmark(tier, indicator, org, period)`; what is left out is that of the place: of an
    indicator's thresholds, its own."""
    tier, *more = arguments
    names = ("indicator", "org", "period")
    indicator, org, period = (
        more[place] if place < len(more) else around.variables.get(name)
        for place, name in enumerate(names)
    )
    if tier is None or indicator is None or org is None or period is None:
        return None
    return standard_value(view, tier, indicator, org, period)


def score(view: Viewing, arguments: Sequence[Any], around: Environment) -> Decimal | None:
    """`score(scheme, org, period, item)`: the total, or one item; None while it is pending."""
    name, org, period, *more = arguments
    reading = replace(cast(Reading, view), actor=SYSTEM)
    scheme = reading.catalogue.scorings.get(name or "")
    if scheme is None or org not in reading.catalogue.orgs or period is None:
        return None
    sheet = make_sheet(reading, Measures(reading), scheme, org, period)
    if not more:
        return sheet.total
    return next((line.score for line in sheet.lines if line.item.name == more[0]), None)


def rank(view: Viewing, arguments: Sequence[Any], around: Environment) -> Decimal | None:
    """`rank(indicator, org, period, "actual")`: the place, 1 for the best, among the orgs of its
    type directly below the same org; None without a figure."""
    indicator, org, period, *more = arguments
    reading = cast(Reading, view)
    known = reading.catalogue
    if indicator not in known.indicators or org not in known.orgs or period is None:
        return None
    last = period.end - timedelta(days=1)
    above = known.tree.parent(org, last)
    beside = known.tree.children(above, last) if above is not None else (org,)
    measures = Measures(reading)
    kind = more[0] if more else "actual"
    values = {
        one: measures.figure(indicator, one, period, kind).value
        for one in beside
        if known.tree.type_of(one) == known.tree.type_of(org)
    }
    place = ranks(values, variant(known.indicators[indicator], period).direction).get(org)
    return None if place is None else Decimal(place)


def worst(view: Viewing, arguments: Sequence[Any], around: Environment) -> str | None:
    """`worst(set, org, period)`: the most severe light of the set's indicators; None where none
    of them is judged."""
    name, org, period = arguments
    reading = cast(Reading, view)
    known = reading.catalogue
    if name not in known.indicator_sets or org not in known.orgs or period is None:
        return None
    measures = Measures(reading)
    of_set = members_of(reading, name, period)
    lights = [measures.light(measures.definition(one, period), org, period) for one in of_set]
    place = place_in(_severity(known, of_set))
    return min((light for light in lights if light is not None), key=place, default=None)


def _severity(catalogue: Catalogue, indicators: Sequence[str]) -> list[str]:
    """The levels of these indicators, the most severe first: as the longest of their thresholds
    have them, then what only others know."""
    orders = [
        [level.level for level in one.levels]
        for name in indicators
        for one in catalogue.indicators[name].thresholds
    ]
    profiles = catalogue.profiles.values()
    orders += [
        list(p.thresholds[name]) for p in profiles for name in indicators if name in p.thresholds
    ]
    orders.sort(key=len, reverse=True)
    return [*dict.fromkeys(level for order in orders for level in order), "green"]


ANSWERS: Mapping[str, Answer] = {
    "fact": fact,
    "members": members,
    "benchmark": benchmark,
    "score": score,
    "rank": rank,
    "worst": worst,
    "attainment": attainment,
    "time_progress": time_progress,
}
