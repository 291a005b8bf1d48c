"""What must hold of times: somebody is asked by then, being late has an effect, and no time is
nothing or less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.values import Duration
from jingwei.language.workflow import Step, Workflow
from jingwei.problems import Position, Problems

_ASKED = frozenset({"fill", "approve", "acknowledge"})
_ENDING = ("return_to", "then", "decide")  # of these, what closes the step
_DEEDS = ("notify", "urge", "transfer", "return_to", "then", "decide")


def check_lateness(step: Step, places: StepPlaces, problems: Problems) -> None:
    _check_times(step, places, problems)
    if step.kind not in _ASKED:
        for key, given in (("due", step.due), ("overdue", step.overdue or None)):
            if given is not None:
                at = places.key(step, key)
                problems.add("due-of-nobody", at, key=key, id=step.id, kind=step.kind)
        return
    if step.overdue and step.due is None:
        problems.add("overdue-without-due", places.key(step, "overdue"), id=step.id)
    for number, late in enumerate(step.overdue):
        if not any(deed in late for deed in _DEEDS):
            at = places.of(step, "overdue", number, "after")
            problems.add("overdue-does-nothing", at, id=step.id, known=", ".join(_DEEDS))
    _check_turns(step, places, problems)


def _check_turns(step: Step, places: StepPlaces, problems: Problems) -> None:
    """One line comes after the other, and none after the one that ends the step. Lengths of
    different units have no order."""
    ended: Duration | None = None
    before: Duration | None = None
    for number, late in enumerate(step.overdue):
        after: Duration = late["after"]
        at = places.of(step, "overdue", number, "after")
        if _is_before(ended, after, or_equal=True):
            problems.add("overdue-never", at, severity="warning", id=step.id, after=_said(ended))
        elif _is_before(after, before):
            problems.add("overdue-order", at, severity="warning", id=step.id, before=_said(before))
        elif after in [earlier["after"] for earlier in step.overdue[:number]]:
            problems.add("overdue-together", at, severity="warning", id=step.id, after=_said(after))
        if any(deed in late for deed in _ENDING) and (ended is None or _is_before(after, ended)):
            ended = after
        before = after


def _is_before(one: Duration | None, other: Duration | None, *, or_equal: bool = False) -> bool:
    if one is None or other is None or one.unit != other.unit:
        return False
    return one.amount < other.amount or (or_equal and one.amount == other.amount)


def _said(given: Duration | None) -> str:
    return f"{given.amount}{given.unit}" if given is not None else ""


def check_reminders(workflow: Workflow, problems: Problems) -> None:
    """`defaults: {remind: …}`."""
    remind = workflow.policy.remind or {}
    for key in ("first", "every"):
        at = workflow.origin.value("defaults", "remind", key)
        _check_time(remind.get(key), at, problems)
    _check_most(remind, workflow.origin.key("defaults", "remind", "max"), problems)


def _check_times(step: Step, places: StepPlaces, problems: Problems) -> None:
    lag = step.due.lag if step.due is not None else None
    if lag is not None and lag.amount < 0:  # 0d is today
        _check_time(lag, places.of(step, "due"), problems)
    for key, given in (("for", step.wait_for), ("at_most", step.at_most)):
        _check_time(given, places.of(step, "wait", key), problems)
    remind = step.policy.get("remind") or {}
    for key in ("first", "every"):
        _check_time(remind.get(key), places.of(step, "remind", key), problems)
    at = places.key(step, "remind", "max")
    if at != step.at:  # else it is the workflow's
        _check_most(remind, at, problems)


def _check_most(remind: Mapping[str, Any], at: Position, problems: Problems) -> None:
    """`max` counts what comes again: without `every` there is one reminder."""
    if "max" in remind and remind.get("every") is None:
        problems.add("remind-once", at, severity="warning")


def _check_time(given: Duration | None, at: Position, problems: Problems) -> None:
    if given is not None and given.amount <= 0:
        problems.add("no-time", at, value=f"{given.amount}{given.unit}")
