"""Who will probably be asked from here on, were everything approved; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jingwei.language.workflow import Step
from jingwei.services.flows.asks import Rows
from jingwei.services.flows.seats import seats_wanted
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import RunRow

MOST = 100


@dataclass(frozen=True, slots=True)
class Ahead:
    """One step to come. `certain`: no condition stands before it."""

    step: Step
    people: tuple[str, ...]
    certain: bool


def ahead(walk: Walk) -> list[Ahead]:
    """The steps of people that follow the open ones, in the order of the workflow."""
    found: list[Ahead] = []
    seen: set[tuple[str, Rows]] = set()
    if walk.flow.status not in ("running", "suspended"):
        return found
    walk.asks.foresee()
    for run in [r for r in walk.runs.values() if r.state == "open"]:
        place = walk.plan.places[run.step]
        back = returner_of(walk, run)
        if back is not None and not _is_repeated(walk, back):
            for steps in _on_from(walk, back):
                _steps(walk, steps, (), True, found, seen)
            continue
        lanes = run.data.get("lanes")
        if lanes is None:
            after = place.beside[place.index + 1 :]
        elif set(lanes.values()) == {"done"}:
            after = ()
        else:
            after = place.beside[place.index + 1 :]
        _steps(walk, after, walk.rows_of(run), True, found, seen)
    order = list(walk.plan.places)
    return sorted(found, key=lambda one: order.index(one.step.id))[:MOST]


def returner_of(walk: Walk, run: RunRow) -> str | None:
    """The step that sent the request back here and gets it again, as the record is now."""
    entry = walk.flow.memory.get("resume", {}).get(run.path)
    if entry is None:
        return None
    snapshot = entry["snapshot"]
    return str(entry["step"]) if walk.asks.snapshot(list(snapshot)) == snapshot else None


def _on_from(walk: Walk, step: str) -> Iterator[Sequence[Step]]:
    """This step and what follows it, out of one block after the other."""
    place = walk.plan.places[step]
    yield place.beside[place.index :]
    for block, _ in reversed(walk.plan.chain(step)):
        around = walk.plan.places[block]
        yield around.beside[around.index + 1 :]


def _is_repeated(walk: Walk, step: str) -> bool:
    """Whether it stands in an `each`: then what follows depends on the row."""
    return any(walk.plan.step(block).kind == "each" for block, _ in walk.plan.chain(step))


def from_start(walk: Walk) -> list[Ahead]:
    """The same for a request that has not begun."""
    found: list[Ahead] = []
    walk.asks.foresee()
    _steps(walk, walk.plan.workflow.steps, (), True, found, set())
    return found


def _steps(
    walk: Walk,
    steps: Sequence[Step],
    rows: Rows,
    certain: bool,
    found: list[Ahead],
    seen: set[tuple[str, Rows]],
) -> None:
    for step in steps:
        if (step.id, rows) in seen or len(found) >= MOST:
            continue
        seen.add((step.id, rows))
        sure = certain and step.when is None
        if step.when is not None and not walk.asks.holds(step.when, rows):
            continue
        if step.kind in ("branch", "inclusive"):
            for lane in walk.lanes_of(step, rows):
                _steps(walk, walk.plan.lane_steps(step, lane), rows, False, found, seen)
        elif step.kind in ("parallel", "each"):
            for lane in walk.lanes_of(step, rows):
                inner = (*rows, (step.id, lane)) if step.kind == "each" else rows
                _steps(walk, walk.plan.lane_steps(step, lane), inner, sure, found, seen)
        elif step.kind in ("fill", "approve", "acknowledge", "cc"):
            people = walk.asks.people(step, rows, ())
            names = [p for seat, _ in seats_wanted(step, people) for p in seat]
            found.append(Ahead(step, tuple(dict.fromkeys(names)), sure))
        elif step.kind == "end":
            return
