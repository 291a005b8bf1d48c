"""Days and instants moved by durations, in the installation's zone."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from jingwei.language.expressions.environment import Environment
from jingwei.language.values import Duration

_MONTHS = {"mo": 1, "q": 3, "y": 12}
_CLOCK = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}
_DAYS = {"d": 1, "w": 7}


def day_of(value: date | datetime, environment: Environment) -> date:
    """The calendar day of an instant, in the installation's zone; a day as it is."""
    if isinstance(value, datetime):
        return value.astimezone(environment.zone).date()
    return value


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last one: 31 January + 1 month is 28 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def shifted(
    value: date | datetime,
    by: Duration | int,
    back: bool,
    instant: bool,
    environment: Environment,
) -> Any:
    """`value` moved by a duration, or by the seconds of one that a field holds; an instant keeps
    its time of day when moved by days.

    Raises ArithmeticError beyond the calendar.
    """
    try:
        if not isinstance(by, Duration):
            return _instant(value, environment) + timedelta(seconds=-by if back else by)
        amount = -by.amount if back else by.amount
        if by.unit in _CLOCK:
            return _instant(value, environment) + _CLOCK[by.unit] * amount
        if not isinstance(value, datetime):
            return _day_shifted(value, amount, by.unit, environment)
        local = value.astimezone(environment.zone)
        day = _day_shifted(local.date(), amount, by.unit, environment)
        return datetime.combine(day, local.timetz()).astimezone(UTC)
    except (OverflowError, ValueError):
        raise ArithmeticError(f"{value} and {by} lie beyond the calendar") from None


def _day_shifted(day: date, amount: int, unit: str, environment: Environment) -> date:
    if unit in _MONTHS:
        return add_months(day, amount * _MONTHS[unit])
    if unit == "wd":
        moved: date = environment.world.call("add_workdays", (day, amount), environment)
        return moved
    return day + timedelta(days=amount * _DAYS[unit])


def _instant(value: date | datetime, environment: Environment) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), environment.zone).astimezone(UTC)
