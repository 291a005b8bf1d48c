"""Relative time in words: `in_period(date, "this month")`, `"last 30 days"`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from jingwei.language.periods import Grain, Period

_STEPS = {"last": -1, "this": 0, "next": 1}
_WORDS = re.compile(r"(last|this|next) (week|month|quarter|half|year)\Z")
_DAYS = re.compile(r"(last|next) (\d{1,4}) days\Z")
_SINGLE = {"yesterday": -1, "today": 0, "tomorrow": 1}


def is_relative(words: str) -> bool:
    """Whether the words name a span of days."""
    return words in _SINGLE or bool(_WORDS.match(words) or _DAYS.match(words))


@dataclass(frozen=True, slots=True)
class Steps:
    """Relative words as data: days from today, or so many weeks, months … from this one."""

    first: int
    last: int
    grain: str | None = None


def steps(words: str) -> Steps:
    """The words as data. Only for words that are relative."""
    if words in _SINGLE:
        return Steps(_SINGLE[words], _SINGLE[words])
    days = _DAYS.match(words)
    if days:
        count = int(days[2]) - 1
        return Steps(-count, 0) if days[1] == "last" else Steps(0, count)
    named = _WORDS.match(words)
    if named is None:
        raise ValueError(words)
    return Steps(_STEPS[named[1]], _STEPS[named[1]], named[2])


def span(words: str, today: date) -> tuple[date, date]:
    """First and last day (both included) of the words, seen from `today`."""
    found = steps(words)
    if found.grain is None:
        return today + timedelta(days=found.first), today + timedelta(days=found.last)
    if found.grain == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=found.first)
        return monday, monday + timedelta(days=6)
    return days_of(Period.containing(today, cast(Grain, found.grain)).shifted(found.first))


def days_of(period: Period) -> tuple[date, date]:
    """First and last day of a period."""
    return period.start, period.end - timedelta(days=1)
