"""Ladders of urging: when each rung is due, and whom it reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from jingwei.language.values import Duration, Rung
from jingwei.services import workdays
from jingwei.services.commands import Reading

HOUR = 8  # a rung that counts in days is due at this hour, in the installation's zone
HOURS = ("h", "min")


def rung_due(view: Reading, anchor: Any, offset: Duration, org: str | None) -> datetime:
    """When a rung is due: days count from the morning of the anchor's day, hours from the anchor
    itself (of a date: its midnight)."""
    zone = view.clock.zone
    hours = offset.unit in HOURS
    if isinstance(anchor, datetime) and hours:
        at = anchor
    else:
        day = anchor.astimezone(zone).date() if isinstance(anchor, datetime) else anchor
        assert isinstance(day, date)
        at = datetime.combine(day, time(0 if hours else HOUR), zone)
    return workdays.add_duration(view.catalogue, at, offset, org, zone)


def newest_due(
    view: Reading, rungs: Sequence[Rung], anchor: Any, org: str | None
) -> tuple[int, datetime] | None:
    """The rung (from 1) that was due last, and when; None before the first."""
    due = [(rung_due(view, anchor, rung.offset, org), n) for n, rung in enumerate(rungs, 1)]
    past = [(at, number) for at, number in due if at <= view.now]
    if not past:
        return None
    at, number = max(past)
    return number, at


def addressees(
    rungs: Sequence[Rung],
    number: int,
    first: Sequence[str],
    named: Callable[[Any, str | None], Sequence[str]],
) -> list[str]:
    """Whom a rung reaches. `named(who, of)` resolves a rule; `superior` is that of whom the rung
    before reached."""
    people = list(first)
    for rung in rungs[:number]:
        if rung.to:
            found = [p for login in people for p in named(rung.to, login)]
            people = found if people else list(named(rung.to, None))
    return list(dict.fromkeys(people))
