"""Standard values of an indicator for an org and a year, and where a figure stands among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from jingwei.catalogue.standard_values import StandardRow, standard_rows
from jingwei.cube.tiers import Standing, standing
from jingwei.language.measures import Indicator
from jingwei.language.periods import Period
from jingwei.language.small import whole_number
from jingwei.language.standards import Benchmark
from jingwei.language.values import Formula
from jingwei.services.rights import Viewing
from jingwei.services.world import environment

_ROWS: WeakKeyDictionary[Any, dict[str, Sequence[StandardRow]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Standards:
    """The tiers that an org is held against in a period. `year`: of the book they stand in."""

    benchmark: Benchmark
    values: Mapping[str, Decimal]
    year: int

    def standing(self, value: Decimal, direction: str) -> Standing:
        return standing(value, self.values, self.benchmark.tiers, direction)


def standards_of(
    view: Viewing, indicator: Indicator, org: str, period: Period, named: str | None = None
) -> Standards | None:
    """The standard values for an org: of its industry and size as the indicator says, in the newest
    book that is not of a later year. `named`: of another benchmark than the indicator's own."""
    wanted: Mapping[str, Any] = indicator.benchmark or {}
    name = named or wanted.get("set")
    benchmark = view.catalogue.benchmarks.get(name or "")
    if benchmark is None:
        return None
    keys = {"indicator": wanted.get("indicator") or indicator.name}
    for key in ("industry", "size"):
        formula = wanted.get(key)
        if isinstance(formula, Formula):
            around = environment(view, {}, org=org, period=period)
            value = view.catalogue.closure(formula)(around)
            keys[key] = "" if value is None else str(value)
    found: dict[int, StandardRow] = {}
    for row in _rows_of(view, benchmark):
        if any(row.keys.get(key) != value for key, value in keys.items() if key in row.keys):
            continue
        year = row.keys.get("year", "")
        number = whole_number(year, 4) or 0
        if number <= (period.end - timedelta(days=1)).year:
            found.setdefault(number, row)
    if not found:
        return None
    newest = max(found)
    return Standards(benchmark, found[newest].values, newest)


def _rows_of(view: Viewing, benchmark: Benchmark) -> Sequence[StandardRow]:
    """The sheet, read once a release."""
    known = _ROWS.setdefault(view.store, {})
    if benchmark.name not in known:
        known[benchmark.name] = standard_rows(view.catalogue, benchmark)
    return known[benchmark.name]


def standard_value(
    view: Viewing, tier: str, indicator: str, org: str, period: Period
) -> Decimal | None:
    """`benchmark(tier, indicator, org, period)`: None where the book has none."""
    definition = view.catalogue.indicators.get(indicator)
    if definition is None:
        return None
    found = standards_of(view, definition, org, period)
    return None if found is None else found.values.get(tier)
