"""Whom a person names for steps to come (`chosen_by`): kept, or refused by the step's title."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jingwei.language.workflow import Step
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services.flows import predict
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import step_word

Chosen = Mapping[str, Sequence[str]]


def keep_chosen(walk: Walk, chosen: Chosen) -> None:
    """Keep the choice of the actor. Raises Invalid for a step that asks for no choice of his, and
    for people whom its rule does not offer."""
    wrong = [refusal for step, people in chosen.items() for refusal in _wrong(walk, step, people)]
    if wrong:
        raise Invalid("invalid", fields=wrong)
    walk.chooses = True
    if chosen:
        kept = {step: list(people) for step, people in chosen.items()}
        walk.remember(chosen={**walk.flow.memory.get("chosen", {}), **kept})


def check_initiator_chose(walk: Walk) -> None:
    """Raises Invalid naming each step to come whose people the initiator must name and has not."""
    if not any("initiator" in _by(place.step) for place in walk.plan.places.values()):
        return
    kept = walk.flow.memory.get("chosen", {})
    steps = [one.step for one in predict.from_start(walk)]
    lacking = {s.id: s for s in steps if "initiator" in _by(s) and not kept.get(s.id) and owed(s)}
    if lacking:
        raise Invalid("invalid", fields=[_missing(step) for step in lacking.values()])


def owed(step: Step) -> bool:
    """Whether somebody must be named: only where no other rule of the step may find somebody and
    the step itself does not say what happens otherwise."""
    return "empty" not in step.policy and all(rule.kind == "chosen_by" for rule in step.who)


def _missing(step: Step) -> FieldRefusal:
    return FieldRefusal("chosen", "chosen-missing", {"step": step.title})


def _by(step: Step) -> set[str | None]:
    return {rule.name for rule in step.who if rule.kind == "chosen_by"}


def _wrong(walk: Walk, name: str, people: Sequence[str]) -> Iterator[FieldRefusal]:
    place = walk.plan.places.get(name)
    by = _by(place.step) if place is not None else set()
    initiates = walk.actor == walk.flow.initiator
    if place is None or not ("previous" in by or ("initiator" in by and initiates)):
        yield FieldRefusal("chosen", "chosen-no-step", {"step": step_word(walk.plan, name)})
        return
    inner = tuple(w for rule in place.step.who if rule.kind == "chosen_by" for w in rule.of)
    if not inner:
        return
    offered = walk.asks.persons(inner, ())
    for person in people:
        if person not in offered:
            holes = {"step": place.step.title, "person": walk.asks.named(person)}
            yield FieldRefusal("chosen", "chosen-not-offered", holes)
