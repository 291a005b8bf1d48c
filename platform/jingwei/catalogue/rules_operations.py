"""Which operations the people of a step have, and what `can` names of them."""

from __future__ import annotations

from collections.abc import Mapping

from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.workflow import Step
from jingwei.problems import Problems

# by kind of step; `can` limits these, but for what answers a `fill` or an `acknowledge`
OF_STEP: Mapping[str, tuple[str, ...]] = {
    "approve": (
        "approve", "reject", "return", "transfer", "delegate", "add_sign", "drop_sign", "claim",
        "cc", "urge", "comment", "take_back",
    ),
    "fill": ("submit", "transfer", "claim", "cc", "urge", "comment", "take_back"),
    "acknowledge": ("acknowledge", "urge", "comment"),
    "cc": ("comment",),
}  # fmt: skip
ALWAYS = frozenset({"submit", "acknowledge"})


def check_operations(step: Step, places: StepPlaces, problems: Problems) -> None:
    """Warns of operations that `can` names and that a step of this kind has not."""
    known = OF_STEP.get(step.kind, ())
    for index, operation in enumerate(step.can or ()):
        if operation not in known:
            problems.add(
                "operation-not-there",
                places.of(step, "can", index),
                severity="warning",
                id=step.id,
                kind=step.kind,
                operation=operation,
                known=", ".join(known) or "–",
            )
