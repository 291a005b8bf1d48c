"""What moving a request to the workflow of today makes of its open votes: the weights of their
seats and the way to pass belong together, and are of one version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from jingwei.language.who import Whos
from jingwei.language.workflow import Step
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.rungs import rules
from jingwei.services.flows.seats import fill_up
from jingwei.services.flows.state import State
from jingwei.services.flows.votes import VOTE, counted_by, vote_data, weight_lacking, weights_of
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import RunRow, TaskRow

HALF = "50%"
ALL = "100%"
ONE = "1"


@dataclass(frozen=True, slots=True)
class MovedVote:
    """An open vote that is counted otherwise after the move, or, `kept`, as in the version before,
    because its seats are not those of today. `passes`: how it passes before and after (the same
    where it is kept); `weights`: (person, before, after) of each whose vote weighs something else.
    """

    step: str
    kept: bool
    passes: tuple[str, str]
    weights: tuple[tuple[str, int, int], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "kept": self.kept,
            "pass": {"from": self.passes[0], "to": self.passes[1]},
            "weights": [{"person": who, "from": a, "to": b} for who, a, b in self.weights],
        }


def reweigh(walk: Walk, before: State, was: FlowPlan | None) -> None:
    """Count the open votes by the version of today, where they are of the same rules of people;
    else as they were counted. `was`: the workflow before, None where it fits no more."""
    for run in _open(walk, before):
        step = walk.step_of(run)
        place = was.places.get(before.runs[run.id].step) if was is not None else None
        if step.mode != "vote":
            if VOTE in run.data:
                kept = {name: value for name, value in run.data.items() if name != VOTE}
                walk.set_run(run.id, data=kept)
            continue
        old = place.step if place is not None else None
        given = _rule_by_seat(walk, run, old)
        now = None if old is None else _counterparts(old.who, step.who)
        if given is None or now is None:
            _keep(walk, run, old)
        else:
            _count_anew(walk, run, step, [now[number] for number in given])


def votes_moved(before: State, walk: Walk, was: FlowPlan | None) -> list[MovedVote]:
    """What `reweigh` did, and what it left as it was though today's version says otherwise."""
    found = []
    for run in _open(walk, before):
        step, old = walk.step_of(run), before.runs[run.id]
        if step.mode != "vote":
            continue
        now = counted_by(step, run).pass_share or HALF
        place = was.places.get(old.step) if was is not None else None
        then = now if place is None else _passed_by(counted_by(place.step, old))
        weights = tuple(
            (task.person, before.tasks[task.id].weight, task.weight)
            for task in walk.live_tasks(run.id)
            if task.id in before.tasks and before.tasks[task.id].weight != task.weight
        )
        kept = VOTE in run.data and not run.data[VOTE]["rules"]
        if kept or weights or then != now:
            found.append(MovedVote(run.step, kept, (then, now), weights))
    return found


def _open(walk: Walk, before: State) -> list[RunRow]:
    return [
        run
        for run in walk.runs.values()
        if run.state == "open" and run.kind == "approve" and run.id in before.runs
    ]


def _rule_by_seat(walk: Walk, run: RunRow, old: Step | None) -> list[int] | None:
    """For each seat the number of the rule that gave it; None where that is not known."""
    if VOTE in run.data:
        return list(run.data[VOTE]["rules"]) or None
    seats = {task.seat for task in walk.tasks_of(run.id) if task.position is None}
    if old is None or not seats:
        return None
    if len(old.who) == 1:
        return [0] * (max(seats) + 1)
    return list(range(len(old.who))) if seats == set(range(len(old.who))) else None


def _counterparts(old: Whos, new: Whos) -> list[int] | None:
    """For each rule of people the number of the same rule today, whatever it weighs; None where
    they are not the same rules."""
    left = {number: rules((replace(one, weight=None),)) for number, one in enumerate(new)}
    found = []
    for one in old:
        same = rules((replace(one, weight=None),))
        number = next((n for n, other in left.items() if other == same), None)
        if number is None:
            return None
        del left[number]
        found.append(number)
    return None if left else found


def _keep(walk: Walk, run: RunRow, old: Step | None) -> None:
    """From now on its seats are those of no version that is known."""
    passes = run.data.get(VOTE, {}).get("pass") or (_passed_by(old) if old is not None else None)
    if passes is not None:
        walk.set_run(run.id, data={**run.data, **vote_data(passes, ())})


def _passed_by(step: Step) -> str:
    """How a step passes, were it a vote whose seats all weigh the same."""
    if step.mode == "vote":
        return step.pass_share or HALF
    return ALL if step.mode in ("all", "sequential") else ONE


def _count_anew(walk: Walk, run: RunRow, step: Step, given: Sequence[int]) -> None:
    data = {**run.data, **vote_data(step.pass_share, given)}
    run = walk.set_run(run.id, data=data)
    filling: list[TaskRow] = []  # of votes that were wanting
    for task in walk.tasks_of(run.id):
        if task.position is not None:
            continue
        if task.seat >= len(given):
            filling.append(task)
            continue
        weight = step.who[given[task.seat]].weight or 1
        if task.weight != weight:
            walk.set_task(task.id, weight=weight)
    others = [task for task in walk.tasks_of(run.id) if task not in filling]
    lacking = weight_lacking(step, weights_of(others))
    for task in filling:
        walk.set_task(task.id, weight=lacking)
        if not lacking and task.state in ("open", "waiting"):
            walk.close_task(task.id, "cancelled", by=None, reason="migrated")
    if lacking and not filling:
        seats = [task.seat for task in walk.tasks_of(run.id)]
        fill_up(walk, step, run, max(seats, default=-1) + 1, set())
