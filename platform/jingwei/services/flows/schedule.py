"""Which timers an open step has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from jingwei.language.workflow import Step
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.rungs import has_fired, reminders
from jingwei.storage.flow_rows import RunRow, TimerRow

LOOK_AGAIN = timedelta(hours=1)


def timers_wanted(asks: WorldAsks, run: RunRow) -> list[TimerRow]:
    """Reminders, escalations and waits of a step that has just opened."""
    first = None if _asks_nobody(asks, run) else _reminder(asks, run, asks.view.now, 1)
    return [*([first] if first else []), *_by_time(asks, run)]


def timers_of_moved(
    asks: WorldAsks, runs: Mapping[int, RunRow], stood: Collection[int]
) -> list[TimerRow]:
    """All timers of a request that was moved to another version. What `stood` open before counts
    from when it was opened: what is past by now comes due at once, what fired does not again."""
    found = []
    for run in runs.values():
        if run.state != "open":
            continue
        if run.id not in stood:
            found += timers_wanted(asks, run)
            continue
        next_ = None
        if not _asks_nobody(asks, run):
            next_ = _reminder(asks, run, run.opened_at, reminders(run) + 1)
        found += [*([next_] if next_ else []), *_by_time(asks, run)]
    return found


def _asks_nobody(asks: WorldAsks, run: RunRow) -> bool:
    return asks.plan.step(run.step).kind not in ("fill", "approve", "acknowledge")


def _reminder(asks: WorldAsks, run: RunRow, since: datetime, number: int) -> TimerRow | None:
    """The so-manieth reminder, counted from a moment; None where the rule has no such one."""
    rule = remind_rule(asks, asks.plan.step(run.step)) or {}
    first, every = rule.get("first"), rule.get("every")
    if first is None or number > rule.get("max", 1) or (number > 1 and every is None):
        return None
    at = asks.after(since, first)
    for _ in range(number - 1):
        at = asks.after(at, every)
    return timer(asks, run, "remind", at, number=number)


def _by_time(asks: WorldAsks, run: RunRow) -> list[TimerRow]:
    """Escalations that have not fired, or what a wait waits for."""
    step = asks.plan.step(run.step)
    if step.kind == "wait":
        return _waits(asks, run, step)
    if run.due_at is None or _asks_nobody(asks, run):
        return []
    return [
        timer(asks, run, "overdue", asks.after(run.due_at, rung["after"]), number=number)
        for number, rung in enumerate(step.overdue)
        if not has_fired(run, rung)
    ]


def remind_rule(asks: WorldAsks, step: Step) -> Mapping[str, Any] | None:
    """The step's reminders, else the workflow's."""
    found = asks.plan.policy(step, "remind")
    return found if isinstance(found, Mapping) else None


def timer(asks: WorldAsks, run: RunRow, purpose: str, at: Any, **data: Any) -> TimerRow:
    return TimerRow(asks.next_id(), asks.flow.id, run.id, purpose, at, data)


def _waits(asks: WorldAsks, run: RunRow, step: Step) -> list[TimerRow]:
    found = []
    if step.wait_for is not None:
        found.append(timer(asks, run, "wait", asks.after(run.opened_at, step.wait_for)))
    if step.wait_until is not None:
        # a condition may also become true by the clock alone
        found.append(timer(asks, run, "wait", asks.view.now + LOOK_AGAIN, again=True))
    if step.at_most is not None:
        found.append(timer(asks, run, "at_most", asks.after(run.opened_at, step.at_most)))
    return found
