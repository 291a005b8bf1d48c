"""Small values that definitions are made of: expressions, durations, times of day, due dates."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from jingwei.problems import Position


@dataclass(frozen=True, slots=True)
class Formula:
    """The text of an expression and where it stands. The catalogue holds its typed tree."""

    source: str
    at: Position


@dataclass(frozen=True, slots=True)
class Literal_:
    """A value written in a definition, typed by its key."""

    value: Any
    at: Position


# `V` of keys.md: a value, or an expression when it begins with `=`
Value = Literal_ | Formula

DurationUnit = Literal["min", "h", "d", "wd", "w", "mo", "q", "y", "periods"]


@dataclass(frozen=True, slots=True)
class Duration:
    """`15min 8h 3d 3wd 2w 1mo 1q 1y`, signed as an offset."""

    amount: int
    unit: DurationUnit


@dataclass(frozen=True, slots=True)
class Due:
    """`{lag: 1mo, day: 12, shift: next_workday}`, a duration, or a date expression."""

    lag: Duration | None = None
    day: int | None = None
    shift: Literal["next_workday"] | None = None
    date: Formula | None = None


@dataclass(frozen=True, slots=True)
class At:
    """When a schedule fires, as a five-field cron in the installation's zone; `text` as written."""

    cron: str
    text: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of an urging ladder."""

    offset: Duration
    to: Any = None  # Who | None: additional addressees
    channels: tuple[str, ...] = ()


Number = Decimal
