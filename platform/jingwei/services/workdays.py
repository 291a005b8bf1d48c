"""Working days: the calendar of an org with 调休, durations, due dates."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays

from jingwei.catalogue.org_tree import OrgTree
from jingwei.language.organisation import Calendar
from jingwei.language.values import Due, Duration
from jingwei.refusals import OutOfRange

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = {"mo": 1, "q": 3, "y": 12}
FURTHEST = 10_000  # working days in one step; beyond it a date means nothing


class Calendars(Protocol):
    """What of a catalogue the arithmetic needs."""

    @property
    def calendars(self) -> Mapping[str, Calendar]: ...
    @property
    def tree(self) -> OrgTree: ...


@lru_cache(maxsize=64)
def _public(base: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Public holidays of a country in a year, and the weekend days worked in exchange."""
    found = holidays.country_holidays(base, years=year)
    return frozenset(found.keys()), frozenset(getattr(found, "weekend_workdays", ()))


def is_workday(calendar: Calendar | None, day: date) -> bool:
    """Whether this day is worked. Without a calendar: Monday to Friday."""
    weekend = ("sat", "sun") if calendar is None else calendar.weekend
    if calendar is not None:
        if day in calendar.workdays:
            return True
        if any(first <= day <= last for first, last in calendar.holidays):
            return False
        if calendar.base is not None:
            off, worked = _public(calendar.base, day.year)
            if day in worked:
                return True
            if day in off:
                return False
    return _WEEKDAYS[day.weekday()] not in weekend


def calendar_of(catalogue: Calendars, org: str | None, day: date) -> Calendar | None:
    """The calendar in force at an org: its own, the nearest above, the only one there is."""
    name = catalogue.tree.calendar(org, day) if org else None
    if name is None and len(catalogue.calendars) == 1:
        name = next(iter(catalogue.calendars))
    return catalogue.calendars.get(name) if name else None


def add_workdays(catalogue: Calendars, day: date, count: int, org: str | None) -> date:
    """`count` working days after (before, when negative) a day; 0 is the day itself.

    Raises OutOfRange for more than 10,000, and beyond the calendar.
    """
    if abs(count) > FURTHEST:
        raise OutOfRange
    calendar = calendar_of(catalogue, org, day)
    step = timedelta(days=1 if count >= 0 else -1)
    left = abs(count)
    try:
        while left:
            day += step
            if is_workday(calendar, day):
                left -= 1
    except OverflowError:
        raise OutOfRange from None
    return day


def working_days(catalogue: Calendars, start: date, end: date, org: str | None) -> int:
    """Working days from `start` to `end`, both counted; negative when the end comes first."""
    if end < start:
        return -working_days(catalogue, end, start, org)
    calendar = calendar_of(catalogue, org, start)
    days = min((end - start).days + 1, 40 * 366)
    return sum(is_workday(calendar, start + timedelta(days=n)) for n in range(days))


def worked_time(
    is_worked: Callable[[date], bool], start: datetime, end: datetime, zone: ZoneInfo
) -> timedelta:
    """How much of the time between two instants falls on working days, each of 24 hours, as
    durations in `wd` count them; nothing when the end comes first. `is_worked`: `is_workday` of a
    calendar, best with a memory."""
    begins, ends = (at.astimezone(zone).replace(tzinfo=None) for at in (start, end))
    found = timedelta()
    while begins < ends:
        midnight = datetime.combine(begins.date() + timedelta(days=1), time())
        if is_worked(begins.date()):
            found += min(midnight, ends) - begins
        begins = midnight
    return found


def next_workday(catalogue: Calendars, day: date, org: str | None) -> date:
    """This day, or the first working day after it."""
    calendar = calendar_of(catalogue, org, day)
    while not is_workday(calendar, day):
        day += timedelta(days=1)
    return day


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_to_day(catalogue: Calendars, day: date, duration: Duration, org: str | None) -> date:
    """A day moved by days, working days, weeks, months, quarters or years.

    Raises ValueError for a duration in hours, minutes or periods.
    """
    match duration.unit:
        case "d":
            return day + timedelta(days=duration.amount)
        case "w":
            return day + timedelta(weeks=duration.amount)
        case "wd":
            return add_workdays(catalogue, day, duration.amount, org)
        case "mo" | "q" | "y":
            return add_months(day, duration.amount * _MONTHS[duration.unit])
    raise ValueError(duration.unit)


def add_duration(
    catalogue: Calendars, at: datetime, duration: Duration, org: str | None, zone: ZoneInfo
) -> datetime:
    """An instant (UTC) moved by a duration; days keep the local time of day."""
    if duration.unit == "min":
        return at + timedelta(minutes=duration.amount)
    if duration.unit == "h":
        return at + timedelta(hours=duration.amount)
    local = at.astimezone(zone)
    day = add_to_day(catalogue, local.date(), duration, org)
    return datetime.combine(day, local.time(), zone).astimezone(UTC)


def due_day(catalogue: Calendars, due: Due, start: date, org: str | None) -> date:
    """The last day of a due rule that counts from `start` (the end of a period, an opening).

    `{lag: 1mo, day: 12}`: the 12th of the month one month after the month of `start`.
    Raises ValueError for a rule that is a date expression: its value is the caller's to work out.
    """
    if due.date is not None:
        raise ValueError("a date expression")
    day = start
    if due.lag is not None:
        if due.day is not None and due.lag.unit in _MONTHS:
            day = add_months(day.replace(day=1), due.lag.amount * _MONTHS[due.lag.unit])
        else:
            day = add_to_day(catalogue, day, due.lag, org)
    if due.day is not None:
        day = day.replace(day=min(due.day, monthrange(day.year, day.month)[1]))
    return next_workday(catalogue, day, org) if due.shift == "next_workday" else day


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last moment of a day in the installation's zone, as an instant."""
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
