"""Periods: `2026`, `2026H1`, `2026Q1`, `2026-03`; stored as one integer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

Grain = Literal["year", "half", "quarter", "month"]
GRAINS: tuple[Grain, ...] = ("year", "half", "quarter", "month")
FIRST_YEAR, LAST_YEAR = 1000, 9998
_PER_YEAR = {"year": 1, "half": 2, "quarter": 4, "month": 12}
_SHAPE = re.compile(r"(\d{4})(?:(H[12])|(Q[1-4])|-(0[1-9]|1[0-2]))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar period. `number` counts from 1 within the year (1 for a year)."""

    year: int
    grain: Grain
    number: int = 1

    def __str__(self) -> str:
        if self.grain == "year":
            return f"{self.year:04d}"
        if self.grain == "half":
            return f"{self.year:04d}H{self.number}"
        if self.grain == "quarter":
            return f"{self.year:04d}Q{self.number}"
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def key(self) -> int:
        """As stored: year * 1000 + grain * 100 + number; a year ends in 000."""
        index = GRAINS.index(self.grain)
        return self.year * 1000 + (index * 100 + self.number if index else 0)

    @property
    def start(self) -> date:
        return date(self.year, (self.number - 1) * (12 // _PER_YEAR[self.grain]) + 1, 1)

    @property
    def last_month(self) -> int:
        return self.number * (12 // _PER_YEAR[self.grain])

    @property
    def end(self) -> date:
        """The first day after the period (exclusive)."""
        year, month = divmod(self.year * 12 + self.last_month, 12)
        return date(year, month + 1, 1)

    def shifted(self, by: int) -> Period:
        count = _PER_YEAR[self.grain]
        index = self.year * count + self.number - 1 + by
        return Period(index // count, self.grain, index % count + 1)

    def years_back(self, years: int) -> Period:
        return Period(self.year - years, self.grain, self.number)

    def of_grain(self, grain: Grain) -> Period:
        """The period of another grain that ends this one (2026Q1 → 2026-03), or holds it."""
        return Period(self.year, grain, -(-self.last_month * _PER_YEAR[grain] // 12))

    @classmethod
    def containing(cls, day: date, grain: Grain) -> Period:
        return cls(day.year, grain, (day.month - 1) * _PER_YEAR[grain] // 12 + 1)

    @classmethod
    def parse(cls, text: str) -> Period:
        """Raises ValueError for anything but the four forms, and for years whose neighbours no
        calendar has."""
        match = _SHAPE.match(text)
        if not match or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
            raise ValueError(text)
        year, half, quarter, month = match.groups()
        if half:
            return cls(int(year), "half", int(half[1]))
        if quarter:
            return cls(int(year), "quarter", int(quarter[1]))
        if month:
            return cls(int(year), "month", int(month))
        return cls(int(year), "year")

    @classmethod
    def from_key(cls, key: int) -> Period:
        year, rest = divmod(key, 1000)
        return cls(year, GRAINS[rest // 100], rest % 100 or 1)
