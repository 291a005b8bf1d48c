"""Undoing a decision that was taken back: whether it still may be, and who is asked again."""

from __future__ import annotations

from jingwei.refusals import Conflict
from jingwei.services.flows.seats import ask_more, sits_elsewhere
from jingwei.services.flows.votes import seats_of, verdict
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import RunRow, TaskRow

JUMPED = "jumped"  # in the memory of a request: the newest run that an administrator's jump left


def check_nobody_after(walk: Walk, run: RunRow, task: TaskRow) -> None:
    """In a sequence the next seat must not have answered, nor asked somebody; signers added after
    me neither."""
    step = walk.step_of(run)
    for other in walk.tasks_of(run.id):
        later = other.seat > task.seat and step.mode == "sequential"
        added = other.origin == task.id
        asked_by = walk.tasks.get(other.origin or 0)
        asks = later and asked_by is not None and asked_by.seat > task.seat
        if asks or ((later or added) and other.closed_by is not None):
            raise Conflict("flow-too-late")


def check_untouched(walk: Walk, run: RunRow) -> None:
    """Nobody after this step has acted, also not by asking somebody (an opinion, an added signer),
    nothing automatic was done that stays done, and an administrator has not moved the request. What
    happened in another way of the same block does not depend on this step."""
    if run.outcome != "approved" or run.id <= walk.flow.memory.get(JUMPED, 0):
        raise Conflict("flow-too-late")
    if any(block.state == "cancelled" for block, _ in walk.ancestors(run)):  # it was sent back
        raise Conflict("flow-too-late")
    for after in _after(walk, run):
        tasks = walk.tasks_of(after.id)
        if after.outcome in ("returned", "rejected"):  # by a rule, or late: a round began anew
            raise Conflict("flow-too-late")
        if any(t.closed_by is not None or t.origin is not None for t in tasks):
            raise Conflict("flow-too-late")
        if after.kind in ("do", "subflow", "end", "return"):
            raise Conflict("flow-went-on", step=walk.step_of(after).title)


def _after(walk: Walk, run: RunRow) -> list[RunRow]:
    around = {block.id for block, _ in walk.ancestors(run)}
    return [
        r
        for r in walk.runs.values()
        if r.id > run.id
        and r.id not in around
        and (not walk.beside(r, run) or _takes_turns(walk, r, run))
    ]


def _takes_turns(walk: Walk, one: RunRow, other: RunRow) -> bool:
    """Whether two runs are of different rows that are asked one after the other."""
    lanes = {block.id: lane for block, lane in walk.ancestors(one)}
    parting = (b for b, lane in walk.ancestors(other) if lanes.get(b.id, lane) != lane)
    return any(walk.step_of(block).order == "one_by_one" for block in parting)


def reopen(walk: Walk, run: RunRow) -> None:
    walk.cancel([r.id for r in _after(walk, run)], "cancelled", "taken-back")
    for block, lane in walk.ancestors(run):
        lanes = {**block.data.get("lanes", {}), lane: "open"}
        if walk.step_of(block).order == "one_by_one":  # those after it have their turn again
            order = list(lanes)
            lanes.update(dict.fromkeys(order[order.index(lane) + 1 :], "waiting"))
        walk.set_run(
            block.id,
            state="open",
            outcome=None,
            closed_at=None,
            data={**block.data, "lanes": lanes},
        )
    walk.set_run(run.id, state="open", outcome=None, closed_at=None)


def ask_again(walk: Walk, run: RunRow, task: TaskRow) -> None:
    """The seat is free again, for all who shared it; so are seats that the decision closed."""
    step = walk.step_of(run)
    for seat, found in seats_of(walk.tasks_of(run.id)).items():
        if verdict(found) != "gone":
            continue
        people = {
            t.person: t
            for t in found
            if t.id == task.id
            or t.outcome == "cancelled"
            or (t.outcome == "superseded" and not sits_elsewhere(walk, t))
        }
        for person, old in people.items():
            ask_more(
                walk,
                run.id,
                person,
                seat,
                weight=old.weight,
                origin=old.origin,
                position=old.position,
            )
    if step.mode == "sequential":
        for later in walk.live_tasks(run.id):
            if later.seat > task.seat and later.position is None and later.state == "open":
                walk.set_task(later.id, state="waiting")
