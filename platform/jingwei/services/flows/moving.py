"""What moving a running request to the workflow of today does to its tasks, tried on a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.effects import Effects
from jingwei.language.workflow import Step
from jingwei.services.commands import Reading
from jingwei.services.flows.asks import Rows
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import FlowRow, TaskRow


@dataclass(frozen=True, slots=True)
class MovedTask:
    """A task as the move would leave it. `fate`: `stays` with who has it, `closes`, or is `asked`
    afresh (then there is no `task` yet); `step`: its step afterwards, of one that closes before."""

    fate: str
    task: int | None
    step: str
    person: str
    acting: str

    def to_json(self) -> dict[str, Any]:
        return {
            "fate": self.fate,
            "task": self.task,
            "step": self.step,
            "person": self.person,
            "acting": self.acting,
        }


class TriedAsks(WorldAsks):
    """The world for a try: nothing is done in it."""

    def __init__(self, view: Reading, plan: FlowPlan, flow: FlowRow) -> None:
        super().__init__(view, plan, flow)
        self._made = 0

    def next_id(self) -> int:
        self._made -= 1
        return self._made

    def effects(self, effects: Effects, path: str, rows: Rows) -> None:
        return None

    def start_children(self, step: Step, path: str, rows: Rows, run: int) -> list[int]:
        return []


def new_lanes(walk: Walk, before: State) -> list[tuple[int, str]]:
    """The ways that parallel blocks which run have today and had not, by their runs, marked as
    open. Not a way in which these runs have walked: it is only called otherwise."""
    found = []
    for run in [r for r in walk.runs.values() if r.kind == "parallel" and r.state == "open"]:
        if run.id not in before.runs:
            continue
        known = run.data.get("lanes", {})
        inside = [walk.plan.places.get(child.step) for child in walk.children(run.id)]
        walked = {place.lane for place in inside if place is not None}
        names = [branch.name for branch in walk.step_of(run).branches]
        fresh = [name for name in names if name not in known and name not in walked]
        if fresh:
            walk.set_run(
                run.id, data={**run.data, "lanes": {**known, **dict.fromkeys(fresh, "open")}}
            )
        found += [(run.id, name) for name in fresh]
    return found


def tasks_moved(before: State, walk: Walk) -> list[MovedTask]:
    """What became of the tasks that were open or waited, then who is asked afresh."""
    found = []
    for old in before.tasks.values():
        if old.state in ("open", "waiting"):
            now = walk.tasks[old.id]
            stays = now.state in ("open", "waiting")
            step = walk.runs[now.run or 0].step if stays else before.runs[old.run or 0].step
            found.append(_moved("stays" if stays else "closes", old.id, step, now))
    fresh: Sequence[TaskRow] = [t for t in walk.tasks.values() if t.id not in before.tasks]
    for task in fresh:
        if task.state in ("open", "waiting"):
            found.append(_moved("asked", None, walk.runs[task.run or 0].step, task))
    return found


def _moved(fate: str, id_: int | None, step: str, task: TaskRow) -> MovedTask:
    return MovedTask(fate, id_, step, task.person, task.acting)
