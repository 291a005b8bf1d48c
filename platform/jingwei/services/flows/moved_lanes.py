"""Which way of a block is which after its workflow changed: the steps inside say so, wherever the
way stands and whatever its condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jingwei.language.workflow import Branch
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.state import State
from jingwei.storage.flow_rows import RunRow

Lanes = Mapping[str, Mapping[str, str]]
"""By the path of a block, as it was: what its lanes are called today."""
GONE = "-"  # behind the name of a lane that is no more, so that it is taken for no other


def lanes_moved(
    state: State, was: FlowPlan | None, plan: FlowPlan, words: Mapping[str, str]
) -> Lanes:
    """`was`: the plan before, where it is known; `words`: old step id → new one."""
    blocks: dict[str, list[RunRow]] = {}
    for run in state.runs.values():
        if run.kind in ("branch", "inclusive", "parallel"):
            blocks.setdefault(run.path, []).append(run)
    return {path: _of_block(state, runs, was, plan, words) for path, runs in blocks.items()}


def _of_block(
    state: State,
    runs: list[RunRow],
    was: FlowPlan | None,
    plan: FlowPlan,
    words: Mapping[str, str],
) -> dict[str, str]:
    old = runs[0].step
    new = words.get(old, old)
    if new not in plan.places or plan.step(new).kind != runs[0].kind:
        return {}
    known = was is not None and old in was.places
    before = _named(was.step(old).branches, runs[0].kind) if was is not None and known else {}
    inside = {lane: [step.id for step in branch.steps] for lane, branch in before.items()}
    ids = {run.id for run in runs}
    for run in state.runs.values():
        if run.parent in ids:
            inside.setdefault(run.lane or "", []).append(run.step)
    for run in runs:
        inside.update((lane, []) for lane in run.data.get("lanes", {}) if lane not in inside)
    return _matched(inside, before, _named(plan.step(new).branches, runs[0].kind), words)


def _named(branches: Iterable[Branch], kind: str) -> dict[str, Branch]:
    """Ways as a run calls them: those of a parallel block have names, others are numbered."""
    named = kind == "parallel"
    return {b.name if named else str(number): b for number, b in enumerate(branches)}


def _matched(
    inside: Mapping[str, list[str]],
    before: Mapping[str, Branch],
    today: Mapping[str, Branch],
    words: Mapping[str, str],
) -> dict[str, str]:
    home = {step.id: lane for lane, branch in today.items() for step in branch.steps}
    found: dict[str, str] = {}
    for lane, steps in inside.items():
        there = next((home[s] for s in (words.get(s, s) for s in steps) if s in home), None)
        if there is not None and there not in found.values():
            found[lane] = there
    for lane in inside:  # whose steps say nothing: of the same condition, or the same name
        if lane not in found:
            free = [name for name in today if name not in found.values()]
            old = before.get(lane)
            same = [name for name in free if _alike(name, today[name], lane, old)]
            found[lane] = same[0] if same else lane + GONE
    return found


def _alike(name: str, one: Branch, lane: str, old: Branch | None) -> bool:
    if old is None or old.name:
        return name == lane
    if one.when is None or old.when is None:
        return one.when is old.when
    return one.when.source == old.when.source


def moved_path(path: str, steps: Mapping[str, str], lanes: Lanes) -> str:
    """A path of step, lane, step … by today's ids and lanes."""
    parts = path.split("/")
    return "/".join(
        steps.get(part, part)
        if number % 2 == 0
        else lanes.get("/".join(parts[:number]), {}).get(part, part)
        for number, part in enumerate(parts)
    )
