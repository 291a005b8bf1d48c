"""The functions of the language in Python.

Most are strict: null in, null out (false, where a truth is asked). The others say what they do
with null in their own line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from jingwei.language.expressions import numbers, relative
from jingwei.language.expressions.days import add_months, day_of
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.tree import Call
from jingwei.language.periods import Grain, Period

Closure = Callable[[Environment], Any]

BLANKS = " \t\r\n\u00a0\u3000"
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = {upper: lower for lower, upper in _UPPER.items()}


def call_closure(node: Call, arguments: Sequence[Closure]) -> Closure:
    """The call as a closure over the closures of its arguments."""
    name = node.function
    if name in _STRICT:
        return _strict(_STRICT[name], arguments, node.type.name == "boolean")
    if name in _LENIENT:
        lenient = _LENIENT[name]
        return lambda environment: lenient([argument(environment) for argument in arguments])
    if name in _TIMELY:
        return _timely(_TIMELY[name], arguments, node.type.name == "boolean")
    boolean = FUNCTIONS[name].result == "boolean"

    def outside(environment: Environment) -> Any:
        values = [argument(environment) for argument in arguments]
        found = environment.world.call(name, values, environment)
        return bool(found) if boolean else found

    return outside


def _strict(function: Callable[..., Any], arguments: Sequence[Closure], truth: bool) -> Closure:
    def value(environment: Environment) -> Any:
        values = [argument(environment) for argument in arguments]
        if None in values:
            return False if truth else None
        return function(*values)

    return value


def _timely(function: Callable[..., Any], arguments: Sequence[Closure], truth: bool) -> Closure:
    """Functions that need today or the zone."""

    def value(environment: Environment) -> Any:
        values = [argument(environment) for argument in arguments]
        if None in values:
            return False if truth else None
        return function(environment, *values)

    return value


# -- text: an empty text is null, and null is an empty text


def _text(value: Any) -> str:
    """A value inside a text: as it is written in the language."""
    if value is None:
        return ""
    return numbers.plain(value) if isinstance(value, Decimal | int) else str(value)


def _length(values: list[Any]) -> Decimal:
    return Decimal(len(values[0]) if values[0] is not None else 0)


def _concat(values: list[Any]) -> str | None:
    return "".join(map(_text, values)) or None


def _trim(value: str) -> str | None:
    return value.strip(BLANKS) or None


# -- numbers


def _round(value: Any, places: Any = 0) -> Decimal:
    return numbers.rounded(value, int(places))


def _floor(value: Any) -> Decimal:
    return Decimal(value).to_integral_value(ROUND_FLOOR)


def _ceil(value: Any) -> Decimal:
    return Decimal(value).to_integral_value(ROUND_CEILING)


def _absolute(value: Any) -> Decimal:
    return numbers.absolute(Decimal(value))


def _order_key(value: Any) -> Any:
    return value.key if isinstance(value, Period) else value


def _least(values: list[Any]) -> Any:
    return min((v for v in values if v is not None), key=_order_key, default=None)


def _greatest(values: list[Any]) -> Any:
    return max((v for v in values if v is not None), key=_order_key, default=None)


def _coalesce(values: list[Any]) -> Any:
    return next((v for v in values if v is not None), None)


# -- time


def _year(environment: Environment, value: Any) -> Decimal:
    if isinstance(value, Period):
        return Decimal(value.year)
    return Decimal(day_of(value, environment).year)


def _month(environment: Environment, value: Any) -> Decimal:
    """Of a longer period the last month."""
    if isinstance(value, Period):
        return Decimal(value.last_month)
    return Decimal(day_of(value, environment).month)


def _quarter(environment: Environment, value: Any) -> Decimal:
    return (_month(environment, value) + 2) // 3


def _date(environment: Environment, value: date | datetime) -> date:
    return day_of(value, environment)


def _day(environment: Environment, value: Any) -> Decimal:
    return Decimal(day_of(value, environment).day)


def _days_between(environment: Environment, start: Any, end: Any) -> Decimal:
    return Decimal((day_of(end, environment) - day_of(start, environment)).days)


def _add_days(environment: Environment, value: Any, days: Any) -> date:
    try:
        return day_of(value, environment) + timedelta(days=int(days))
    except OverflowError:
        raise ArithmeticError(f"{value} and {days} days lie beyond the calendar") from None


def _add_months(environment: Environment, value: Any, months: Any) -> date:
    try:
        return add_months(day_of(value, environment), int(months))
    except (OverflowError, ValueError):
        raise ArithmeticError(f"{value} and {months} months lie beyond the calendar") from None


def _period(environment: Environment, value: Any, grain: Grain) -> Period:
    return Period.containing(day_of(value, environment), grain)


def _this(grain: Grain) -> Callable[[Environment], Period]:
    return lambda environment: Period.containing(environment.variables["today"], grain)


def _last_closed(environment: Environment, grain: Grain) -> Period:
    return Period.containing(environment.variables["today"], grain).shifted(-1)


def _in_period(environment: Environment, value: Any, period: Any) -> bool:
    day = day_of(value, environment)
    if isinstance(period, Period):
        return period.start <= day < period.end
    first, last = relative.span(period, environment.variables["today"])
    return first <= day <= last


_STRICT: dict[str, Callable[..., Any]] = {
    "lower": lambda text: text.translate(_LOWER),
    "upper": lambda text: text.translate(_UPPER),
    "trim": _trim,
    "contains": lambda text, part: part in text,
    "starts_with": lambda text, part: text.startswith(part),
    "ends_with": lambda text, part: text.endswith(part),
    "round": _round,
    "floor": _floor,
    "ceil": _ceil,
    "abs": _absolute,
    "percent_change": numbers.percent_change,
    "previous": lambda period: period.shifted(-1),
    "same_period_last_year": lambda period: period.years_back(1),
    "start": lambda period: period.start,
    "end": lambda period: relative.days_of(period)[1],
}
_LENIENT: dict[str, Callable[[list[Any]], Any]] = {
    "len": _length,  # of nothing: 0
    "concat": _concat,  # nothing adds nothing
    "min": _least,  # nulls are left out
    "max": _greatest,
    "coalesce": _coalesce,
}
_TIMELY: dict[str, Callable[..., Any]] = {
    "date": _date,
    "year": _year,
    "month": _month,
    "quarter": _quarter,
    "day": _day,
    "days_between": _days_between,
    "add_days": _add_days,
    "add_months": _add_months,
    "period": _period,
    "this_year": _this("year"),
    "this_quarter": _this("quarter"),
    "this_month": _this("month"),
    "last_closed_period": _last_closed,
    "in_period": _in_period,
}
