"""What must hold of due dates: somebody is asked by then, and being late has an effect."""

from __future__ import annotations

from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.workflow import Step
from jingwei.problems import Problems

_ASKED = frozenset({"fill", "approve", "acknowledge"})
_DEEDS = ("notify", "urge", "transfer", "return_to", "decide")


def check_lateness(step: Step, places: StepPlaces, problems: Problems) -> None:
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
