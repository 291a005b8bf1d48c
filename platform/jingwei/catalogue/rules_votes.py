"""What must hold of votes: a way to pass that can be reached, and weights that count."""

from __future__ import annotations

from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.vote import meant, passing
from jingwei.language.who import Who
from jingwei.language.workflow import Step
from jingwei.problems import Problems

_ONE_PERSON = frozenset({"initiator", "me", "superior", "person"})
_SHARED = frozenset({"post", "role"})  # one seat for all holders, where one of them claims it
_ONE_ORG = frozenset({"org", "group"})  # each has one head
MOST_WEIGHT = 1_000_000


def check_vote(step: Step, places: StepPlaces, problems: Problems) -> None:
    if step.kind != "approve":
        return
    _check_weights(step, places, problems)
    if step.reject_needs == "all" and step.mode in ("one", "vote"):
        at = places.key(step, "approve", "reject_needs")
        problems.add("reject-needs-any", at, severity="warning", id=step.id, mode=step.mode)
    if step.mode != "vote":
        if step.pass_share is not None:
            at = places.key(step, "approve", "pass")
            problems.add("pass-without-vote", at, key="pass", id=step.id, mode=step.mode)
        return
    if step.pass_share is None:
        problems.add("vote-without-pass", step.at, id=step.id)
        return
    at = places.of(step, "approve", "pass")
    rule = passing(step.pass_share)
    if rule is None:
        problems.add("bad-share", at, suggestion=meant(step.pass_share), value=step.pass_share)
        return
    most = most_weight(step)
    if most is not None and not rule.reached(most, most):
        problems.add("vote-never-passes", at, value=step.pass_share, id=step.id, most=most)


def _check_weights(step: Step, places: StepPlaces, problems: Problems) -> None:
    for number, who in enumerate(step.who):
        if who.weight is None:
            continue
        at = places.of(step, "approve", "who", number, "weight")
        if at == step.at:  # a single rule, written without a list
            at = places.of(step, "approve", "who", "weight")
        if step.mode != "vote":
            problems.add("pass-without-vote", at, key="weight", id=step.id, mode=step.mode)
        elif not 1 <= who.weight <= MOST_WEIGHT:
            problems.add("out-of-range", at, value=who.weight, low=1, high=MOST_WEIGHT)


def most_weight(step: Step) -> int | None:
    """What all who may vote weigh together; None where only the people of a day can tell."""
    known = [_most_seats(step, who) for who in step.who]
    if any(seats is None for seats in known):
        return None
    return sum((seats or 0) * (who.weight or 1) for seats, who in zip(known, step.who, strict=True))


def _most_seats(step: Step, who: Who) -> int | None:
    if who.kind in _ONE_PERSON:
        return 1
    if who.kind in _SHARED and step.holders == "claim":
        return 1
    if who.kind == "head_of" and who.org is not None and who.org.source.strip() in _ONE_ORG:
        return 1
    if who.kind == "superior_of" and len(who.of) == 1:
        return _most_seats(step, who.of[0])
    if who.kind == "any_of":
        inner = [_most_seats(step, one) for one in who.of]
        return None if None in inner else sum(one or 0 for one in inner)
    return None
