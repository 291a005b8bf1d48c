"""Days, periods, lengths of time and places as people say them, in the language of a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jingwei.language.periods import Period
from jingwei.texts import text

_WEEK = 604_800  # seconds
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def duration(seconds: int, words: str) -> str:
    if seconds and seconds % _WEEK == 0:
        return text("screens.durations.w", words, count=seconds // _WEEK)
    left, parts = abs(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "min" and not seconds):
            parts.append(text(f"screens.durations.{unit}", words, count=count))
    sign = "-" if seconds < 0 else ""
    return sign + text("screens.durations.joint", words).join(parts)


def period(written: str, words: str) -> str:
    try:
        period = Period.parse(written)
    except ValueError:
        return written
    if words == "en":
        holes = {"number": period.number, "month": _MONTHS[(period.number - 1) % 12]}
    else:
        holes = {"number": period.number, "month": str(period.number)}
    if period.grain == "half" and words == "zh":
        holes["number"] = text(f"screens.periods.half_{period.number}", words)
    return text(f"screens.periods.{period.grain}", words, year=period.year, **holes)


def day(written: str, words: str) -> str:
    try:
        day = date.fromisoformat(written[:10])
    except ValueError:
        return written
    if words == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return day.isoformat()


def place(value: Mapping[str, Any], words: str) -> str:
    """By its latitude and longitude."""
    holes = {}
    for name, sides in (("lat", "ns"), ("lon", "ew")):
        number = Decimal(str(value.get(name) or 0))
        side = text(f"screens.places.{sides[number < 0]}", words)
        holes[name] = text(f"screens.places.{name}", words, side=side, number=f"{abs(number):f}")
    return text("screens.places.both", words, **holes)
