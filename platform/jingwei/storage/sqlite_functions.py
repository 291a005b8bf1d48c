"""What SQLite lacks, as deterministic functions registered on every connection.

A number comes as two arguments: a scaled integer and its scale, or the text of a decimal and any
scale. Results are the shortest text of the decimal. SQLite has no decimals; its own arithmetic
turns big integers into floats without a word. What overflows raises OverflowError,
the only error that SQLite tells from others.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jingwei.language.expressions import numbers
from jingwei.language.expressions.closure_calls import BLANKS
from jingwei.language.expressions.closure_rows import percentile
from jingwei.language.expressions.days import add_months
from jingwei.language.periods import GRAINS, Period

Kept = int | str | None


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that translated expressions call."""
    for name, (function, arguments) in _FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, aggregate in _AGGREGATES.items():
        connection.create_aggregate(name, 2, aggregate)  # type: ignore[arg-type]  # generic protocol
    connection.create_aggregate("jw_percentile", 3, _Percentile)  # type: ignore[arg-type]  # as above


def number(value: Kept, scale: int) -> Decimal | None:
    """The decimal that two arguments stand for."""
    if value is None:
        return None
    return Decimal(value) if isinstance(value, str) else Decimal(value).scaleb(-scale)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else numbers.plain(value)


def _of_two(compute: Callable[[Decimal, Decimal], Decimal | None]) -> Callable[..., str | None]:
    def computed(a: Kept, a_scale: int, b: Kept, b_scale: int) -> str | None:
        left, right = number(a, a_scale), number(b, b_scale)
        if left is None or right is None:
            return None
        try:
            return _text(compute(left, right))
        except ArithmeticError:  # more digits than there are
            raise OverflowError(left, right) from None

    return computed


def _of_one(compute: Callable[[Decimal], Decimal]) -> Callable[..., str | None]:
    def computed(a: Kept, a_scale: int) -> str | None:
        value = number(a, a_scale)
        try:
            return None if value is None else _text(compute(value))
        except ArithmeticError:
            raise OverflowError(value) from None

    return computed


def _compare(a: Kept, a_scale: int, b: Kept, b_scale: int) -> int | None:
    left, right = number(a, a_scale), number(b, b_scale)
    if left is None or right is None:
        return None
    return (left > right) - (left < right)


def _same(a: Kept, a_scale: int, b: Kept, b_scale: int) -> int:
    return int(number(a, a_scale) == number(b, b_scale))


def _rounded(a: Kept, a_scale: int, places: int) -> str | None:
    value = number(a, a_scale)
    try:
        return None if value is None else _text(numbers.rounded(value, places))
    except ArithmeticError:
        raise OverflowError(value) from None


def _scaled(a: Kept, a_scale: int, scale: int) -> int | None:
    """As a column of `scale` keeps it, half-up."""
    value = number(a, a_scale)
    try:
        return None if value is None else int(numbers.rounded(value, scale).scaleb(scale))
    except ArithmeticError:
        raise OverflowError(value) from None


def _numbers(arguments: tuple[Any, ...]) -> list[Decimal]:
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return [n for n in (number(value, scale) for value, scale in pairs) if n is not None]


def _least_number(*arguments: Any) -> str | None:
    return _text(min(_numbers(arguments), default=None))


def _greatest_number(*arguments: Any) -> str | None:
    return _text(max(_numbers(arguments), default=None))


def _least(*values: Any) -> Any:
    return min((v for v in values if v is not None), default=None)


def _greatest(*values: Any) -> Any:
    return max((v for v in values if v is not None), default=None)


# -- days and periods


@lru_cache(16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _day(instant: str | None, zone: str) -> str | None:
    if instant is None:
        return None
    return datetime.fromisoformat(instant).astimezone(_zone(zone)).date().isoformat()


def _add_days(day: str | None, days: Kept, scale: int) -> str | None:
    count = number(days, scale)
    if day is None or count is None:
        return None
    return (date.fromisoformat(day) + timedelta(days=int(count))).isoformat()


def _add_months(day: str | None, months: Kept, scale: int) -> str | None:
    count = number(months, scale)
    if day is None or count is None:
        return None
    try:
        return add_months(date.fromisoformat(day), int(count)).isoformat()
    except ValueError:  # a year there is not
        raise OverflowError(count) from None


def _days_between(start: str | None, end: str | None) -> int | None:
    if start is None or end is None:
        return None
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def _period(day: str | None, grain: int) -> int | None:
    return None if day is None else Period.containing(date.fromisoformat(day), GRAINS[grain]).key


def _of_period(compute: Callable[[Period], Any]) -> Callable[..., Any]:
    return lambda key: None if key is None else compute(Period.from_key(key))


def _shifted(key: int | None, by: int) -> int | None:
    try:
        return None if key is None else Period.from_key(key).shifted(by).key
    except ValueError:  # a year there is not
        raise OverflowError(by) from None


def _monday(day: str | None) -> str | None:
    if day is None:
        return None
    found = date.fromisoformat(day)
    return (found - timedelta(days=found.weekday())).isoformat()


def _trim(text: str | None) -> str | None:
    return None if text is None else text.strip(BLANKS) or None


# -- aggregates


class _Sum:
    def __init__(self) -> None:
        self.values: list[Decimal] = []

    def step(self, value: Kept, scale: int) -> None:
        known = number(value, scale)
        if known is not None:
            self.values.append(known)

    def total(self) -> Decimal:
        total = Decimal(0)
        try:
            for value in self.values:
                total = numbers.add(total, value)
        except ArithmeticError:
            raise OverflowError(total) from None
        return total

    def finalize(self) -> str | None:
        return _text(self.total())


class _Average(_Sum):
    def finalize(self) -> str | None:
        return _text(numbers.divide(self.total(), len(self.values)))


class _Least(_Sum):
    def finalize(self) -> str | None:
        return _text(min(self.values, default=None))


class _Greatest(_Sum):
    def finalize(self) -> str | None:
        return _text(max(self.values, default=None))


class _Median(_Sum):
    def finalize(self) -> str | None:
        if not self.values:
            return None
        low, high = statistics.median_low(self.values), statistics.median_high(self.values)
        return _text(numbers.divide(numbers.add(low, high), 2))


class _Percentile:
    def __init__(self) -> None:
        self.values: list[Decimal | None] = []
        self.share = Decimal(0)

    def step(self, value: Kept, scale: int, share: str) -> None:
        self.values.append(number(value, scale))
        self.share = Decimal(share)

    def finalize(self) -> str | None:
        return _text(percentile(self.share, self.values))


_AGGREGATES: dict[str, type[_Sum]] = {
    "jw_sum": _Sum,
    "jw_avg": _Average,
    "jw_min": _Least,
    "jw_max": _Greatest,
    "jw_median": _Median,
}


def _joined(upper: int | None, lower: int | None, scale: int) -> Kept:
    """A sum whose halves were added up apart; the text of the decimal where 64 bits are too few."""
    if upper is None or lower is None:
        return None
    total = (upper << 32) + lower
    return total if -(2**63) <= total < 2**63 else _text(Decimal(total).scaleb(-scale))


_FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "jw_joined": (_joined, 3),
    "jw_add": (_of_two(numbers.add), 4),
    "jw_subtract": (_of_two(numbers.subtract), 4),
    "jw_multiply": (_of_two(numbers.multiply), 4),
    "jw_divide": (_of_two(numbers.divide), 4),
    "jw_percent_change": (_of_two(numbers.percent_change), 4),
    "jw_compare": (_compare, 4),
    "jw_same": (_same, 4),
    "jw_plain": (_of_one(numbers.checked), 2),
    "jw_negative": (_of_one(numbers.negative), 2),
    "jw_absolute": (_of_one(numbers.absolute), 2),
    "jw_floor": (_of_one(lambda v: v.to_integral_value(ROUND_FLOOR)), 2),
    "jw_ceil": (_of_one(lambda v: v.to_integral_value(ROUND_CEILING)), 2),
    "jw_round": (_rounded, 3),
    "jw_scaled": (_scaled, 3),
    "jw_least_number": (_least_number, -1),
    "jw_greatest_number": (_greatest_number, -1),
    "jw_least": (_least, -1),
    "jw_greatest": (_greatest, -1),
    "jw_day": (_day, 2),
    "jw_add_days": (_add_days, 3),
    "jw_add_months": (_add_months, 3),
    "jw_days_between": (_days_between, 2),
    "jw_period": (_period, 2),
    "jw_shifted": (_shifted, 2),
    "jw_monday": (_monday, 1),
    "jw_period_text": (_of_period(str), 1),
    "jw_start": (_of_period(lambda p: p.start.isoformat()), 1),
    "jw_end": (_of_period(lambda p: (p.end - timedelta(days=1)).isoformat()), 1),
    "jw_last_month": (_of_period(lambda p: p.last_month), 1),
    "jw_trim": (_trim, 1),
}
