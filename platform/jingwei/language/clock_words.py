"""Times of day and lengths of time as people write them: `12:30`, `1h30min`."""

from __future__ import annotations

import re
from datetime import time

TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(r"(\d{1,9})(min|[smhdw])", re.ASCII)
_SHAPE = re.compile(rf"(?:{_PART.pattern}){{1,6}}", re.ASCII)


def time_of(text: str) -> time | None:
    """The time of day that `12:30` or `12:30:15` names; None of anything else."""
    return time.fromisoformat(text) if TIME.fullmatch(text) else None


def time_text(value: time) -> str:
    """With its seconds only where there are some, as records carry it."""
    return value.isoformat("seconds" if value.second else "minutes")


def seconds_of(text: str) -> int | None:
    """The seconds of `90min`, `1h30min`, `8h`, `3d`, `2w`; None of anything else."""
    if not _SHAPE.fullmatch(text):
        return None
    return sum(int(count) * SECONDS[unit] for count, unit in _PART.findall(text))


def duration_text(seconds: int) -> str:
    """`1h30min`, which `seconds_of` reads back."""
    parts, left = [], seconds
    for unit in ("d", "h", "min", "s"):
        count, left = divmod(left, SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0min"
