"""An administrator moves a request: the whole of it, or what stands at one step alone."""

from __future__ import annotations

from jingwei.refusals import Refused
from jingwei.services.flows.plan import ASKS_PEOPLE, BLOCKS, START, FlowPlan
from jingwei.services.flows.returns import asks_initiator, goto
from jingwei.services.flows.undoing import JUMPED
from jingwei.services.flows.walk import Walk
from jingwei.services.flows.words import step_word, steps_word
from jingwei.storage.flow_rows import RunRow


def jump_targets(plan: FlowPlan) -> list[str]:
    """Where a whole request may be moved to, in the order of the workflow: steps of people and
    blocks, none of them inside rows."""
    return [
        step_id
        for step_id, place in plan.places.items()
        if step_id != START
        and place.step.kind in (*ASKS_PEOPLE, *BLOCKS)
        and _rows_around(plan, step_id) is None
    ]


def jump(walk: Walk, target: str) -> None:
    """Move the whole request to any step that stands in no row of `each`."""
    _check_step(walk, target)
    rows = _rows_around(walk.plan, target)
    if rows is not None:
        raise _into_rows(walk, target, rows)
    left = max(walk.runs, default=0)
    walk.set_flow(round=walk.flow.round + 1)
    walk.cancel([r.id for r in walk.runs.values()], "cancelled", "jumped")
    walk.remember(**{"resume": {}, JUMPED: left})
    goto(walk, _path(walk.plan.chain(target), target))


def jump_from(walk: Walk, source: str, target: str) -> None:
    """Move only what stands at one step. To a later or earlier step of the same lane; out of the
    lane, whose block then waits for the others; into another lane of a block around it; anywhere
    else the whole request moves."""
    _check_step(walk, target)
    if source not in walk.plan.places:
        raise Refused("flow-no-such-step", step=source)
    runs = [r for r in walk.runs.values() if r.step == source and r.state == "open"]
    if not runs:
        raise Refused("flow-step-not-open", step=step_word(walk.plan, source))
    there, here = walk.plan.places[target], walk.plan.places[source]
    same_lane = (there.block, there.lane) == (here.block, here.lane)
    if same_lane and there.index <= here.index:
        walk.set_flow(round=walk.flow.round + 1)  # who agreed there before is asked again
    for run in runs:
        parting = _parting(walk, run, target)
        if same_lane:
            walk.cancel(walk.below(run.id), "cancelled", "jumped")
            walk.start_step(there.step, run.parent, run.lane, whatever=True)
        elif run.parent is not None and target in _after_blocks(walk, run):
            walk.cancel(walk.below(run.id), "cancelled", "jumped")
            walk.lane_done(run.parent, run.lane or "")
        elif parting is not None:
            _go_into(walk, run, parting, target)
            walk.cancel(walk.below(run.id), "cancelled", "jumped")
            _leave_lanes(walk, run, parting)
        else:
            jump(walk, target)
            return


def _check_step(walk: Walk, target: str) -> None:
    """Raises Refused for what is no step, and for the step that stands in for a missing `fill`."""
    if target not in walk.plan.places:
        raise Refused("flow-no-such-step", step=target)
    first = walk.plan.workflow.steps[0]
    if target == START and asks_initiator(first):
        raise Refused("flow-jump-start", step=first.title, id=first.id)


def _rows_around(plan: FlowPlan, target: str) -> str | None:
    """The outermost `each` around a step."""
    return next((block for block, lane in plan.chain(target) if lane is None), None)


def _into_rows(walk: Walk, target: str, rows: str) -> Refused:
    named = step_word(walk.plan, target)
    return Refused("flow-jump-into-rows", step=named, rows=step_word(walk.plan, rows), id=rows)


def _path(chain: list[tuple[str, str | None]], target: str) -> str:
    return "/".join([*(part or "" for way in chain for part in way), target])


def _after_blocks(walk: Walk, run: RunRow) -> list[str]:
    """The steps that come right after the blocks around a run."""
    following = [walk.plan.next_of(block.step) for block, _ in walk.ancestors(run)]
    return [step.id for step in following if step is not None]


def _parting(walk: Walk, run: RunRow, target: str) -> RunRow | None:
    """The block run around a run in another lane of which the step stands."""
    for (block, lane), (around, into) in zip(
        walk.plan.chain(target), walk.ancestors(run), strict=False
    ):
        if block != around.step:
            return None
        if lane is not None and lane != into:
            return around
    return None


def _go_into(walk: Walk, run: RunRow, parting: RunRow, target: str) -> None:
    """Open the step in the other lane, unless that stands there already; where it stands elsewhere
    it stays: nobody moves two lanes at once."""
    deep = len(walk.ancestors(parting))
    chain = walk.plan.chain(target)
    lane = chain[deep][1] or ""
    inside = chain[deep + 1 :]
    prefix = f"{parting.path}/{lane}/"
    open_ = [r for r in walk.runs.values() if r.state == "open" and r.path.startswith(prefix)]
    if any(r.step == target for r in open_):
        return
    if open_:
        steps = dict.fromkeys(r.step for r in open_ if r.kind not in BLOCKS)
        there = steps_word(walk.plan, steps)
        raise Refused("flow-jump-beside", step=step_word(walk.plan, target), there=there)
    rows = next((block for block, way in inside if way is None), None)
    if rows is not None:
        raise _into_rows(walk, target, rows)
    walk.set_flow(round=walk.flow.round + 1)
    goto(walk, prefix + _path(inside, target))


def _leave_lanes(walk: Walk, run: RunRow, parting: RunRow) -> None:
    """The lanes around a run that was left have come to their end, up to the block that goes on in
    another lane; but for one in which something else is open."""
    for block, lane in reversed(walk.ancestors(run)):
        lanes = {**walk.runs[block.id].data.get("lanes", {}), lane: "done"}
        if block.id != parting.id and "waiting" in lanes.values():
            walk.lane_done(block.id, lane)  # the next row has its turn
            return
        walk.set_run(block.id, data={**walk.runs[block.id].data, "lanes": lanes})
        if block.id == parting.id or set(lanes.values()) != {"done"}:
            return
        walk.set_run(block.id, state="done", outcome="passed", closed_at=walk.now)
