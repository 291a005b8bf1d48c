"""Small values as they are written: durations, times of schedules, due dates."""

from __future__ import annotations

import re
from typing import cast

from jingwei.language.values import At, Duration, DurationUnit

_DURATION = re.compile(r"([+-]?)([0-9]{1,5})(?:(min|h|d|wd|w|mo|q|y)| (periods?))", re.ASCII)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0}
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def whole_number(text: str, digits: int = 18) -> int | None:
    """`12`; None for anything else: a sign, other digits than these ten, more of them than asked
    for. `int` takes more than people mean by a number, and fails for what `isdigit` takes."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def parse_duration(text: str) -> Duration | None:
    """`3wd`, `-2d`, `2 periods`; None for anything else."""
    match = _DURATION.fullmatch(text)
    if not match:
        return None
    sign, amount, unit, _ = match.groups()
    number = -int(amount) if sign == "-" else int(amount)
    return Duration(number, cast(DurationUnit, unit or "periods"))


def parse_at(text: str) -> At | None:
    """`daily 08:00`, `weekly mon 08:00`, `monthly 12 06:00`, `yearly 01-05 09:00`, or cron."""
    words = text.split()
    if len(words) == 5:
        return At(text, text) if _is_cron(words) else None
    clock = _CLOCK.fullmatch(words[-1]) if words else None
    if not clock:
        return None
    time = f"{int(clock[2])} {int(clock[1])}"
    if words[0] == "daily" and len(words) == 2:
        return At(f"{time} * * *", text)
    if len(words) != 3:
        return None
    if words[0] == "weekly" and words[1] in _DAYS:
        return At(f"{time} * * {_DAYS[words[1]]}", text)
    if words[0] == "monthly" and _within(words[1], 1, 31):
        return At(f"{time} {int(words[1])} * *", text)
    if words[0] == "yearly":
        month, dash, day = words[1].partition("-")
        if dash and _within(month, 1, 12) and _within(day, 1, 31):
            return At(f"{time} {int(day)} {int(month)} *", text)
    return None


_MOST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def never_fires(at: At) -> bool:
    """Whether none of its months has any of its days, such as 30 February."""
    _, _, days, months, weekdays = at.cron.split()
    if days.startswith("*") or months.startswith("*") or weekdays != "*":
        return False
    first = min(int(re.split("[-/]", part)[0]) for part in days.split(","))
    spans = (re.split("[-/]", part) for part in months.split(","))
    every = {m for span in spans for m in range(int(span[0]), int(span[-1]) + 1)}
    return all(first > _MOST_DAYS[month - 1] for month in every if month <= 12)


def _within(text: str, low: int, high: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 2 and low <= int(text) <= high


def _is_cron(words: list[str]) -> bool:
    return all(
        all(_is_cron_part(part, low, high) for part in word.split(","))
        for word, (low, high) in zip(words, _CRON_RANGES, strict=True)
    )


def _is_cron_part(part: str, low: int, high: int) -> bool:
    span, slash, step = part.partition("/")
    if slash and not _within(step, 1, 59):
        return False
    if span == "*":
        return True
    first, dash, last = span.partition("-")
    if not _within(first, low, high):
        return False
    return not dash or (_within(last, low, high) and int(first) <= int(last))
