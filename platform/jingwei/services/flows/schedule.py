"""Which timers an open step has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jingwei.language.workflow import Step
from jingwei.services.flows.resolve import WorldAsks
from jingwei.storage.flow_rows import RunRow, TimerRow

LOOK_AGAIN = timedelta(hours=1)


def timers_wanted(asks: WorldAsks, run: RunRow) -> list[TimerRow]:
    """Reminders, escalations and waits of a step that has just opened."""
    step = asks.plan.step(run.step)
    if step.kind == "wait":
        return _waits(asks, run, step)
    if step.kind not in ("fill", "approve", "acknowledge"):
        return []
    found = []
    remind = remind_rule(asks, step)
    if remind and remind.get("first") is not None and remind.get("max", 1) > 0:
        found.append(
            timer(asks, run, "remind", asks.after(asks.view.now, remind["first"]), number=1)
        )
    if run.due_at is not None:
        for number, rung in enumerate(step.overdue):
            at = asks.after(run.due_at, rung["after"])
            found.append(timer(asks, run, "overdue", at, number=number))
    return found


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
