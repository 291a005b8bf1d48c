"""What must hold of every request after every step (A1–A7 of the design, and four eyes: A8)."""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.services.flows.beside import OUTLIVED
from jingwei.services.flows.seats import (
    by_rule,
    for_want_of_others,
    has_decided,
    is_asked,
)
from jingwei.services.flows.state import State, replayed
from jingwei.storage.flow_rows import TERMINAL, EventRow, TaskRow, TimerRow

OUTCOMES = frozenset(
    {
        "approved", "rejected", "returned", "transferred", "delegated", "withdrawn", "cancelled",
        "superseded", "acknowledged", "submitted", "skipped", "dropped",
    }
)  # fmt: skip


def broken(
    state: State,
    events: Sequence[EventRow] = (),
    *,
    before: State | None = None,
    timers: Sequence[TimerRow] = (),
    beside: Sequence[TaskRow] = (),
) -> list[str]:
    """Sentences on what does not hold; empty when all is well. `timers`: those of the
    instance; `beside`: its receipts, for which no step waits."""
    return [
        *_one_end(state, before),
        *_never_stuck(state, timers),
        *_closed_tasks(state),
        *_replays(state, events),
        *_nothing_left(state, len(timers)),
        *_receipts(state, beside),
        *_joins(state),
        *_four_eyes(state),
        *_given_beside(state, events),
    ]


def _one_end(state: State, before: State | None) -> list[str]:
    was = None if before is None else (before.flow.status, before.flow.ended_at)
    is_now = state.flow.status, state.flow.ended_at  # a comment may still come after the end
    if before is not None and before.flow.status in TERMINAL and was != is_now:
        return [f"A1: {before.flow.status} became {state.flow.status}"]
    if (state.flow.status in TERMINAL) != (state.flow.ended_at is not None):
        return ["A1: ended without a moment"]
    return []


def _never_stuck(state: State, timers: Sequence[TimerRow]) -> list[str]:
    """A wait has a timer of its own, also where it waits for a condition, which the clock alone may
    make true."""
    if state.flow.status in TERMINAL:
        return []
    asked = any(t.state == "open" and t.kind != "cc" for t in state.tasks.values())
    waits = any(r.state == "open" and r.kind in ("wait", "subflow") for r in state.runs.values())
    found = [] if asked or waits else ["A2: nobody is asked and nothing is waited for"]
    for run in state.runs.values():
        people = run.kind in ("fill", "approve", "acknowledge")
        if run.state == "open" and people and not _open_task(state, run.id):
            found.append(f"A2: run {run.path} asks nobody")
        timed = any(timer.run == run.id for timer in timers)
        if run.state == "open" and run.kind == "wait" and not timed:
            found.append(f"A2: run {run.path} waits without a timer")
    return found


def _open_task(state: State, run: int) -> bool:
    return any(t.run == run and t.state == "open" for t in state.tasks.values())


def _closed_tasks(state: State) -> list[str]:
    found = []
    for task in state.tasks.values():
        if task.state == "closed":
            if task.outcome not in OUTCOMES:
                found.append(f"A3: task {task.id} closed as {task.outcome}")
            if task.closed_by is None and not task.reason:
                found.append(f"A3: task {task.id} closed by nobody without a reason")
        elif task.outcome is not None:
            found.append(f"A3: task {task.id} is {task.state} and yet {task.outcome}")
        run = state.runs.get(task.run or 0)
        if task.state in ("open", "waiting") and run is not None and run.state != "open":
            found.append(f"A6: task {task.id} is open in a run that is {run.state}")
    return found


def _replays(state: State, events: Sequence[EventRow]) -> list[str]:
    if not events:
        return []
    again = replayed(events)
    if [e.seq for e in events] != list(range(1, len(events) + 1)):
        return ["A4: the log has gaps"]
    if again is None or dict(again.runs) != dict(state.runs):
        return ["A4: the log gives other runs"]
    if dict(again.tasks) != dict(state.tasks):
        return ["A4: the log gives other tasks"]
    return [] if again.flow == state.flow else ["A4: the log gives another instance"]


def _nothing_left(state: State, timers: int) -> list[str]:
    if state.flow.status not in TERMINAL:
        return []
    found = [f"A6: {timers} timers of a closed request"] if timers else []
    if any(t.state in ("open", "waiting") for t in state.tasks.values()):
        found.append("A6: open tasks of a closed request")
    if any(r.state == "open" for r in state.runs.values()):
        found.append("A6: open runs of a closed request")
    return found


def _receipts(state: State, beside: Sequence[TaskRow]) -> list[str]:
    """The one exception of A6: what no step waits for may be acknowledged after an approval."""
    gone = state.flow.status in TERMINAL and state.flow.status != OUTLIVED
    left = gone and any(task.state in ("open", "waiting") for task in beside)
    return [f"A6: open receipts of a request that is {state.flow.status}"] if left else []


def _joins(state: State) -> list[str]:
    """An open block has an open lane with something in it; a closed one has none."""
    found = []
    for run in state.runs.values():
        inside = [r for r in state.runs.values() if r.parent == run.id and r.state == "open"]
        if run.state != "open" and inside:
            found.append(f"A2: {run.path} is {run.state} with open steps inside")
        if run.state == "open" and "lanes" in run.data:
            lanes = {lane for lane, word in run.data["lanes"].items() if word == "open"}
            if lanes != {r.lane for r in inside}:
                found.append(f"A2: lanes of {run.path}: {lanes} open, steps in {inside}")
    return found


def _four_eyes(state: State) -> list[str]:
    """Nobody holds or decided two seats of one run, unless the rule itself gave him both."""
    asked: dict[tuple[int, str], list[TaskRow]] = {}
    for task in state.tasks.values():
        if task.run in state.runs and task.kind == "approval":
            asked.setdefault((task.run or 0, task.person), []).append(task)
    found = []
    for (run, person), tasks in asked.items():
        seats = {
            t.seat
            for t in tasks
            if t.state in ("open", "waiting") or t.outcome in ("approved", "rejected")
        }
        if len(seats) > 1:
            known = [t for t in state.tasks.values() if t.run == run]
            seats = {seat for seat in seats if not for_want_of_others(known, person, seat)}
        if len(seats) > 1 and not all(by_rule(tasks, person, seat) for seat in seats):
            found.append(f"A8: {person} has seats {sorted(seats)} of run {state.runs[run].path}")
    return found


def _given_beside(state: State, events: Sequence[EventRow]) -> list[str]:
    """Who stands in votes once for each seat that rules give him; nobody gives him one more, but
    where he came to stand in for a task that was open before."""
    moved = {e.data.get("task") for e in events if e.type == "given_to_proxy"}
    known = [t for t in state.tasks.values() if t.run in state.runs and t.kind == "approval"]
    found = []
    for given in known:
        held = is_asked(given, given.person) or has_decided(given, given.person)
        if not held or (given.key is None and given.position is None):
            continue
        if for_want_of_others([t for t in known if t.run == given.run], given.person, given.seat):
            continue
        for task in known:
            stands_in = task.person != given.person and (
                is_asked(task, given.person) or has_decided(task, given.person)
            )
            if stands_in and task.run == given.run and task.id < given.id and task.id not in moved:
                path = state.runs[given.run or 0].path
                found.append(f"A8: {given.person} stands in at {path} and was given a seat")
    return found
