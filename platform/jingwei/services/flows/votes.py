"""When a step with people is decided: one, any, all, sequential, vote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any, Literal

from jingwei.language.vote import Passing, passing
from jingwei.language.workflow import Step
from jingwei.storage.flow_rows import RunRow, TaskRow

VOTE = "vote"  # in the data of a run, see `vote_data`
Verdict = Literal["approved", "rejected", "pending", "gone"]
SAME = "same-person"
HALF = Passing(Fraction(1, 2), of_all=True)


def verdict(tasks: Iterable[TaskRow]) -> Verdict:
    """What one seat says: its newest decision, `pending` while somebody may still decide."""
    found: Verdict = "gone"
    for task in tasks:
        if task.position == "delegate":
            continue
        if task.state in ("open", "waiting"):
            return "pending"
        if task.outcome in ("approved", "submitted", "acknowledged"):
            found = "approved"
        elif task.outcome == "rejected":
            found = "rejected"
        elif task.outcome == "skipped" and task.reason == SAME:
            found = "approved"
    return found


def seats_of(tasks: Iterable[TaskRow]) -> dict[int, list[TaskRow]]:
    """Tasks by seat. A seat of which one holder decided asks nobody else."""
    seats: dict[int, list[TaskRow]] = {}
    for task in tasks:
        seats.setdefault(task.seat, []).append(task)
    return seats


def decided(step: Step, tasks: Iterable[TaskRow]) -> Literal["approved", "rejected"] | None:
    """The outcome of a step, once it can no longer change."""
    seats = seats_of(tasks)
    said = {seat: verdict(found) for seat, found in seats.items()}
    added = {
        seat
        for seat, found in seats.items()
        if all(t.position in ("before", "after", "with", "delegate") for t in found)
    }
    if step.mode == "vote":
        added = {s for s in added if any(t.position != "with" for t in seats[s])}
    if step.reject_needs == "all" and step.mode != "vote":
        return _base(step, seats, _with_added(seats, said, added))
    own = {seat: word for seat, word in said.items() if seat not in added and word != "gone"}
    extra = [said[seat] for seat in added if said[seat] != "gone"]
    if "rejected" in extra and step.reject_needs == "one":
        return "rejected"
    base = _base(step, seats, own)
    if base != "approved":
        return base
    return None if "pending" in extra else "approved"


def _with_added(
    seats: Mapping[int, list[TaskRow]], said: Mapping[int, Verdict], added: Collection[int]
) -> dict[int, Verdict]:
    """What each seat says together with the signers that its holder added: all of them are asked,
    and one of them who rejects is a rejection of this seat alone."""
    seat_of = {task.id: seat for seat, found in seats.items() for task in found}
    words: dict[int, list[Verdict]] = {}
    for seat, word in said.items():
        own = seat
        while own in added:  # who was added may have added others
            above = seat_of.get(seats[own][0].origin or 0)
            if above is None:
                break
            own = above
        if word != "gone":
            words.setdefault(own, []).append(word)
    return {
        seat: "pending" if "pending" in found else "rejected" if "rejected" in found else "approved"
        for seat, found in words.items()
    }


def _base(
    step: Step, seats: Mapping[int, list[TaskRow]], said: Mapping[int, Verdict]
) -> Literal["approved", "rejected"] | None:
    words = list(said.values())
    if step.mode == "vote":
        return _vote(step, seats, said)
    if not words:
        return "approved"
    if step.mode in ("one", "any"):
        return _first(step, words)
    if step.reject_needs == "one":
        if "rejected" in words:
            return "rejected"
        return None if "pending" in words else "approved"
    if "pending" in words:
        return None
    return "rejected" if "approved" not in words else "approved"


def _first(step: Step, words: list[Verdict]) -> Literal["approved", "rejected"] | None:
    if "approved" in words:
        return "approved"
    if "rejected" in words and (step.reject_needs == "one" or "pending" not in words):
        return "rejected"
    return None


def _vote(
    step: Step, seats: Mapping[int, list[TaskRow]], said: Mapping[int, Verdict]
) -> Literal["approved", "rejected"] | None:
    """Closed as soon as the result can no longer change; exactly reachable stays open."""
    weights = {seat: max(t.weight for t in seats[seat]) for seat in said}
    total = sum(weights.values())
    if total == 0:
        return "approved"
    rule = rule_of(step)
    yes = sum(weights[s] for s, word in said.items() if word == "approved")
    open_ = sum(weights[s] for s, word in said.items() if word == "pending")
    if rule.reached(yes, total):
        return "approved"
    return None if rule.reached(yes + open_, total) else "rejected"


# --- how a vote passes, and what its seats weigh --------------------------------------------------


def vote_data(passes: str | None, rules: Sequence[int]) -> dict[str, Any]:
    """What a run keeps of its vote: how it passes, and for each of its first seats the number of
    the rule that gave it (none: they are not those of the workflow). The weights of its tasks are
    of the same version of the workflow."""
    return {VOTE: {"pass": passes, "rules": list(rules)}}


def counted_by(step: Step, run: RunRow) -> Step:
    """The step with the way to pass that belongs to the weights of this run."""
    kept = run.data.get(VOTE, {}).get("pass")
    return step if kept is None or step.mode != "vote" else replace(step, pass_share=kept)


def rule_of(step: Step) -> Passing:
    return passing(step.pass_share or "") or HALF


def weight_lacking(step: Step, weights: Iterable[int]) -> int:
    """What these seats lack to pass though all of them say yes; 0 without any seat."""
    rule, total = rule_of(step), sum(weights)
    if total == 0 or rule.of_all or rule.reached(total, total):
        return 0
    return floor(rule.amount) + int(rule.more) - total


def weights_of(tasks: Iterable[TaskRow]) -> list[int]:
    """The weights of the seats that count: without those that nobody has any more."""
    seats = seats_of(tasks)
    return [max(t.weight for t in found) for found in seats.values() if verdict(found) != "gone"]
