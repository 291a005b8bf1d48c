"""Deadlines, reminders and waits of a request that moves to another version: counted anew from when
each step was opened, and told before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jingwei.language.values import Due
from jingwei.services.flows.plan import ASKS_PEOPLE, FlowPlan
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.rungs import (
    has_fired,
    reminders,
    rung_key,
    with_reminders,
    with_rung,
)
from jingwei.services.flows.schedule import timers_of_moved
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import Walk
from jingwei.services.tasks import instant
from jingwei.storage.flow_rows import RunRow, TimerRow

DUE = "due"


@dataclass(frozen=True, slots=True)
class MovedTime:
    """A moment of an open step that the move changes. `purpose`: due, remind (the next one),
    overdue, wait or at_most; `does`: what happens then, of overdue; None: there is none."""

    step: str
    purpose: str
    does: str | None
    old: datetime | None
    new: datetime | None

    def to_json(self, now: datetime) -> dict[str, Any]:
        """`at_once`: the moment is past, and it happens with the next look at the clock."""
        return {
            "step": self.step,
            "purpose": self.purpose,
            "does": self.does,
            "from": instant(self.old),
            "to": instant(self.new),
            "at_once": self.is_past(now) and self.purpose != DUE,
        }

    def is_past(self, now: datetime) -> bool:
        return self.new is not None and self.new <= now


def move_deadlines(walk: Walk, old: FlowPlan | None, steps: Mapping[str, str]) -> None:
    """Where the new version says another `due`, it is counted from when the step was opened. What
    it says as before stays, also where the date it reads has changed since. `old` None: nobody
    knows what the version before said."""
    places = old.places if old is not None else {}
    was = {new: places[name].step.due for name, new in steps.items() if name in places}
    for run in [r for r in walk.runs.values() if r.state == "open" and r.kind in ASKS_PEOPLE]:
        step = walk.step_of(run)
        if run.step in was and _said(was[run.step]) == _said(step.due):
            continue
        due = walk.asks.due(step, walk.rows_of(run), run.opened_at)
        if due == run.due_at:
            continue
        walk.set_run(run.id, due_at=due)
        for task in walk.live_tasks(run.id):
            walk.set_task(task.id, due_at=due)


def remember_fired(walk: Walk, old: FlowPlan | None, timers: Sequence[TimerRow]) -> None:
    """Rungs and reminders that happened before runs remembered them, by the timers that are left:
    an open step has one of each rung that is still to come, and one of the next reminder. `old`
    None: nobody knows which there were, and only the number of the next reminder tells."""
    places = old.places if old is not None else {}
    for run in [r for r in walk.runs.values() if r.state == "open" and r.kind in ASKS_PEOPLE]:
        mine = [one for one in timers if one.run == run.id]
        to_come = {one.data["number"] for one in mine if one.purpose == "overdue"}
        step = places[run.step].step if run.step in places else None
        rungs = step.overdue if step is not None and run.due_at is not None else ()
        for number, rung in enumerate(rungs):
            if number not in to_come and not has_fired(run, rung):
                run = walk.set_run(run.id, data=with_rung(run, rung))
        next_ = [one.data.get("number", 1) for one in mine if one.purpose == "remind"]
        rule = old.policy(step, "remind") if old is not None and step is not None else None
        sent = next_[0] - 1 if next_ else _most(rule)
        if sent > reminders(run):
            walk.set_run(run.id, data=with_reminders(run, sent))


def _most(rule: Any) -> int:
    """How many reminders a rule sends."""
    if not isinstance(rule, Mapping) or rule.get("first") is None:
        return 0
    return int(rule.get("max", 1)) if rule.get("every") is not None else min(rule.get("max", 1), 1)


def _said(due: Due | None) -> object:
    """A deadline without the place where it is written."""
    if due is None:
        return None
    return due.lag, due.day, due.shift, due.date.source if due.date is not None else None


def times_moved(
    before: State,
    walk: Walk,
    asks: WorldAsks,
    old: FlowPlan | None,
    timers: Sequence[TimerRow],
) -> list[MovedTime]:
    """The moments of the steps that stay open, as far as they become others."""
    stood = {r.id for r in before.runs.values() if r.state == "open"}
    stays = {key: walk.runs[key] for key in stood if walk.runs[key].state == "open"}
    was = _moments(timers, before.runs, old)
    then = _moments(timers_of_moved(asks, stays, stood), stays, asks.plan)
    for id_, run in stays.items():
        was[id_, DUE, None], then[id_, DUE, None] = before.runs[id_].due_at, run.due_at
    found = []
    for run_id, purpose, rung in sorted({*was, *then}, key=str):
        a, b = was.get((run_id, purpose, rung)), then.get((run_id, purpose, rung))
        if run_id in stays and a != b:
            does = rung.split("|")[0] if rung else None
            found.append(MovedTime(stays[run_id].step, purpose, does, a, b))
    return found


def _moments(
    timers: Sequence[TimerRow], runs: Mapping[int, RunRow], plan: FlowPlan | None
) -> dict[tuple[int, str, str | None], datetime | None]:
    """By run, purpose and, of a rung, what it does; looking again at a condition is none."""
    found: dict[tuple[int, str, str | None], datetime | None] = {}
    for one in timers:
        run, rung = runs.get(one.run or 0), None
        if run is None or one.data.get("again"):
            continue
        if one.purpose == "overdue" and plan is not None and run.step in plan.places:
            rungs, number = plan.step(run.step).overdue, one.data["number"]
            if number >= len(rungs):
                continue
            said = rungs[number]
            does = next((verb for verb in said if verb != "after"), "notify")
            rung = f"{does}|{rung_key(said)}"
        found[run.id, one.purpose, rung] = one.due_at
    return found
