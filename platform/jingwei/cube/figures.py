"""What computing yields: a value, or the reason why there is none. Never a silent zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, Protocol

from jingwei.language.periods import Period

Status = Literal["ok", "partial", "gap", "missing"]
Mode = Literal["period", "ytd"]
Source = Literal["reported", "rolled-up", "computed"]
PERCENT_UNITS = frozenset(("percent", "%"))

# One fact as the cube reads it: (data version, value, when it came).
Entry = tuple[int, float, datetime]
# org → key of the period → entries, of one indicator, view and year.
YearOfFacts = Mapping[str, Mapping[int, list[Entry]]]


class Facts(Protocol):
    """Where the cube gets facts from."""

    def facts(self, indicator: str, view: str, year: int) -> YearOfFacts: ...
    def adjustments(self, indicator: str, view: str, year: int) -> YearOfFacts: ...


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of an indicator at an org in a period.

    `status`: ok; partial: of those who reported, without `missing` (orgs) or `missing_periods`;
    gap: the difference spans more than the period, because the cumulative figure before it is
    missing; missing: none, for `reason` (no-fact, not-applicable, division-by-zero).
    """

    value: float | None
    status: Status = "ok"
    reason: str | None = None
    source: Source | None = None
    missing: tuple[str, ...] = ()
    missing_periods: tuple[Period, ...] = ()
    versions: frozenset[int] = frozenset()
    as_of: datetime | None = None


NO_FACT = Figure(None, "missing", "no-fact")
NOT_APPLICABLE = Figure(None, "missing", "not-applicable")


def together(
    value: float | None,
    source: Source,
    figures: Iterable[Figure],
    missing: Iterable[str] = (),
) -> Figure:
    """The figure made from others: their gaps, their versions and the newest of their times."""
    given = [f for f in figures if f.value is not None]
    orgs = tuple(dict.fromkeys((*missing, *(org for f in given for org in f.missing))))
    periods = tuple(dict.fromkeys(p for f in given for p in f.missing_periods))
    times = [f.as_of for f in given if f.as_of is not None]
    status: Status = "ok"
    if orgs or any(f.status == "partial" for f in given):
        status = "partial"
    elif any(f.status == "gap" for f in given):
        status = "gap"
    return Figure(
        value,
        status,
        None if status == "ok" else status,
        source,
        orgs,
        periods,
        frozenset().union(*(f.versions for f in given)),
        max(times, default=None),
    )


def rounded(value: float, unit: str, precision: int) -> Decimal:
    """As it leaves the cube: half-up to the shown digits; a percent is a fraction."""
    places = precision + 2 if unit in PERCENT_UNITS else precision
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
