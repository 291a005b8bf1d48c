"""One org's facts of a year along time: what a month, a quarter or the year to date comes to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from jingwei.cube.figures import NO_FACT, Entry, Figure, Mode
from jingwei.language.data_versions import Wanted
from jingwei.language.measures import TimeRule
from jingwei.language.periods import GRAINS, Grain, Period

_MONTHS: Mapping[Grain, int] = {"year": 12, "half": 6, "quarter": 3, "month": 1}


@dataclass(frozen=True, slots=True)
class Point:
    version: int
    value: float
    at: datetime


class Points:
    """The facts of one org and one year in the version that is wanted, by period."""

    def __init__(self, year: int, entries: Mapping[int, list[Entry]], wanted: Wanted) -> None:
        self._year = year
        self._points: dict[int, Point] = {}
        for key, versions in entries.items():
            best = wanted.best([(version, (value, at)) for version, value, at in versions])
            if best is not None:
                self._points[key] = Point(best[0], *best[1])

    def __bool__(self) -> bool:
        return bool(self._points)

    def exactly(self, period: Period) -> Point | None:
        return self._points.get(period.key)

    def at_end(self, month: int) -> Point | None:
        """The fact of whatever period ends with this month, the shortest first."""
        for grain in reversed(GRAINS):
            if month % _MONTHS[grain] == 0:
                found = self._points.get(Period(self._year, grain, month // _MONTHS[grain]).key)
                if found is not None:
                    return found
        return None

    def latest_before(self, month: int) -> Point | None:
        """The last cumulative fact that ends before this month."""
        found = (self.at_end(earlier) for earlier in range(month - 1, 0, -1))
        return next((point for point in found if point is not None), None)

    def cover(
        self, first: int, last: int, grain: Grain = "year"
    ) -> Iterator[tuple[Period, Point | None]]:
        """The months from `first` to `last` cut into the longest periods that have a fact, and
        the single months that have none."""
        size = _MONTHS[grain]
        start = first
        while start <= last:
            number = (start - 1) // size + 1
            end = min(number * size, last)
            whole = start == (number - 1) * size + 1 and end == number * size
            point = self.exactly(Period(self._year, grain, number)) if whole else None
            if point is not None or grain == "month":
                yield Period(self._year, grain, number), point
            else:
                yield from self.cover(start, end, GRAINS[GRAINS.index(grain) + 1])
            start = end + 1


def own_figure(points: Points, rule: TimeRule, period: Period, mode: Mode) -> Figure:
    """What the org itself reported for the period (or the year to its end)."""
    first, last = span(period, mode)
    match rule.kind:
        case "flow_ytd":
            return _difference(points, first, last)
        case "flow" | "event":
            return _sum(points, first, last)
        case "average_balance":
            return _average(points, first, last)
    return _at_a_time(points, rule, period)


def adjustment(points: Points, rule: TimeRule, period: Period, mode: Mode) -> Figure | None:
    """The entries of the period; where none was made there is none to make."""
    first, last = span(period, mode)
    if rule.kind == "flow_ytd":
        point = points.at_end(last)
        before = points.latest_before(first) if first > 1 else None
        if point is None or before is None:
            return None if point is None else _figure(point.value, point)
        return _figure(point.value - before.value, point, before)
    if rule.kind in ("flow", "event"):
        found = [point for _, point in points.cover(first, last) if point is not None]
        return _figure(math.fsum(p.value for p in found), *found) if found else None
    point = points.at_end(last)
    return None if point is None else _figure(point.value, point)


def span(period: Period, mode: Mode) -> tuple[int, int]:
    """First and last month."""
    return (1 if mode == "ytd" else period.start.month, period.last_month)


def _figure(value: float, *points: Point) -> Figure:
    return Figure(
        value,
        source="reported",
        versions=frozenset(p.version for p in points),
        as_of=max(p.at for p in points),
    )


def _with(figure: Figure, status: str, periods: tuple[Period, ...] = ()) -> Figure:
    return Figure(
        figure.value,
        "gap" if status == "gap" else "partial",
        status,
        figure.source,
        (),
        periods,
        figure.versions,
        figure.as_of,
    )


def _difference(points: Points, first: int, last: int) -> Figure:
    end = points.at_end(last)
    if end is None:
        return NO_FACT
    if first == 1:
        return _figure(end.value, end)
    before = points.at_end(first - 1)
    if before is not None:
        return _figure(end.value - before.value, end, before)
    earlier = points.latest_before(first)
    if earlier is None:
        return _with(_figure(end.value, end), "gap")
    return _with(_figure(end.value - earlier.value, end, earlier), "gap")


def _sum(points: Points, first: int, last: int) -> Figure:
    pieces = list(points.cover(first, last))
    found = [point for _, point in pieces if point is not None]
    if not found:
        return NO_FACT
    figure = _figure(math.fsum(p.value for p in found), *found)
    absent = tuple(period for period, point in pieces if point is None)
    return _with(figure, "partial", absent) if absent else figure


def _average(points: Points, first: int, last: int) -> Figure:
    """Weighted by months."""
    pieces = list(points.cover(first, last))
    found = [(point, _MONTHS[period.grain]) for period, point in pieces if point is not None]
    if not found:
        end = points.at_end(last)
        return NO_FACT if end is None else _figure(end.value, end)
    months = sum(weight for _, weight in found)
    value = math.fsum(point.value * weight for point, weight in found) / months
    figure = _figure(value, *(point for point, _ in found))
    absent = tuple(period for period, point in pieces if point is None)
    return _with(figure, "partial", absent) if absent else figure


def _at_a_time(points: Points, rule: TimeRule, period: Period) -> Figure:
    """A figure of a moment: of the period's end, unless the rule says otherwise."""
    first, last = span(period, "period")
    coarse = GRAINS.index(period.grain) < GRAINS.index(rule.grain)
    way = (rule.coarser or rule.at) if coarse else "last"
    step = _MONTHS[rule.grain]
    if way in ("average", "sum"):
        ends = list(range(first + step - 1, last + 1, step))
        found = [(month, points.at_end(month)) for month in ends]
        there = [point for _, point in found if point is not None]
        if not there:
            return NO_FACT
        total = math.fsum(point.value for point in there)
        figure = _figure(total / len(there) if way == "average" else total, *there)
        absent = tuple(Period(period.year, "month", m) for m, point in found if point is None)
        return _with(figure, "partial", absent) if absent else figure
    point = points.at_end(first + step - 1 if way == "first" else last)
    return NO_FACT if point is None else _figure(point.value, point)
