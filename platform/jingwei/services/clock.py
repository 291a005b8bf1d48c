"""The one clock: nothing else asks what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

_OFFSETS = {"min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Clock(Protocol):
    """What time it is, for timers, periods and tests alike."""

    zone: ZoneInfo

    def now(self) -> datetime:
        """UTC, to the millisecond."""

    def today(self) -> date:
        """The day in the installation's zone."""


class SystemClock:
    """The machine's time, or what a clock file says (tests of timers; refused in production)."""

    def __init__(self, zone: str = "Asia/Shanghai", file: Path | None = None) -> None:
        self.zone = ZoneInfo(zone)
        self._file = file

    def now(self) -> datetime:
        now = datetime.now(UTC)
        if self._file is not None:
            now = told_by(self._file, now)
        return to_milliseconds(now)

    def today(self) -> date:
        return self.now().astimezone(self.zone).date()


class FixedClock:
    """Stands still until it is told otherwise."""

    def __init__(self, at: datetime, zone: str = "Asia/Shanghai") -> None:
        self.zone = ZoneInfo(zone)
        self.at = at if at.tzinfo else at.replace(tzinfo=self.zone)

    def now(self) -> datetime:
        return to_milliseconds(self.at.astimezone(UTC))

    def today(self) -> date:
        return self.at.astimezone(self.zone).date()

    def move(self, by: timedelta) -> None:
        self.at += by


def to_milliseconds(at: datetime) -> datetime:
    """Instants are kept to the millisecond."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def told_by(file: Path, now: datetime) -> datetime:
    """An ISO instant or a signed offset (`+2d`, `-3h`). Raises ValueError for anything else."""
    words = file.read_text(encoding="utf-8").strip()
    if not words:
        return now
    if words[0] in "+-":
        for unit, seconds in _OFFSETS.items():
            digits = words[1:].removesuffix(unit)
            if words.endswith(unit) and digits.isascii() and digits.isdigit():
                sign = -1 if words[0] == "-" else 1
                return now + timedelta(seconds=sign * int(digits) * seconds)
        raise ValueError(words)
    at = datetime.fromisoformat(words)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
