"""What the timers of a run have done, by what its definition says and not by where it stands there:
a rung that is taken out, or moves, makes no other one fire early or again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jingwei.language.values import Duration
from jingwei.language.who import Who, Whos
from jingwei.storage.flow_rows import RunRow

FIRED = "fired"  # in the data of a run: the keys of its rungs, and under `remind` a number


def rung_key(rung: Mapping[str, Any]) -> str:
    """When a rung of `overdue` fires and what it does."""
    return "; ".join(f"{name} {_said(rung[name])}" for name in sorted(rung))


def _said(value: Any) -> str:
    if isinstance(value, Duration):
        return f"{value.amount}{value.unit}"
    return value if isinstance(value, str) else repr(rules(value))


def rules(whos: Sequence[Who]) -> tuple[object, ...]:
    """Rules of people without the places where they are written."""
    return tuple(
        (
            one.kind,
            one.name,
            one.org.source if one.org else None,
            one.covering.source if one.covering else None,
            rules(one.of),
            one.levels,
            one.up_to,
            rules(one.exclude),
            one.weight,
        )
        for one in whos
    )


def same_people(whos: Whos, others: Whos) -> bool:
    """Whether rules name the same people, whatever these weigh in a vote."""
    return rules([replace(one, weight=None) for one in whos]) == rules(
        [replace(one, weight=None) for one in others]
    )


def has_fired(run: RunRow, rung: Mapping[str, Any]) -> bool:
    return rung_key(rung) in run.data.get(FIRED, {}).get("rungs", ())


def reminders(run: RunRow) -> int:
    """How many of its reminders were sent or skipped."""
    return int(run.data.get(FIRED, {}).get("remind", 0))


def with_rung(run: RunRow, rung: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a run once this rung has fired."""
    fired = run.data.get(FIRED, {})
    known = dict.fromkeys([*fired.get("rungs", ()), rung_key(rung)])
    return {**run.data, FIRED: {**fired, "rungs": list(known)}}


def with_reminders(run: RunRow, number: int) -> dict[str, Any]:
    """The data of a run once so many of its reminders were sent or skipped."""
    return {**run.data, FIRED: {**run.data.get(FIRED, {}), "remind": number}}
