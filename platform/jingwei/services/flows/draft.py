"""The state of one instance while a command changes it: a copy, and the events that tell how."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jingwei.language.workflow import Step
from jingwei.services.flows.asks import Asks, Rows
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.state import Noted, State, plain, telling
from jingwei.storage.flow_rows import NEVER_ASKED, RunRow, TaskRow


class Draft:
    """What changes is noted in the newest event, so that the log replays to the same state."""

    def __init__(
        self,
        plan: FlowPlan,
        state: State,
        asks: Asks,
        now: datetime,
        actor: str | None,
        on_behalf_of: str | None = None,
    ) -> None:
        self.plan = plan
        self.asks = asks
        self.now = now
        self.actor = actor
        self.on_behalf_of = on_behalf_of
        self.flow = state.flow
        self.runs = dict(state.runs)
        self.tasks = dict(state.tasks)
        self.events: list[Noted] = []
        self.receipts: list[tuple[Step, str]] = []  # wanted without holding up the flow
        self.urged: list[TaskRow] = []
        self._queue: deque[Callable[[], object]] = deque()
        self._started = 0
        self.chooses = False  # the command of a person who may name people for the next step

    @property
    def state(self) -> State:
        return State(self.flow, self.runs, self.tasks)

    # --- changing

    def note(
        self, type_: str, *, step: str | None = None, comment: str | None = None, **data: Any
    ) -> None:
        """Begin an event of the actor."""
        self.events.append(Noted(type_, self.actor, self.on_behalf_of, step, comment, data))

    def note_system(self, type_: str, *, step: str | None = None, **data: Any) -> None:
        """Begin an event that no person did."""
        self.events.append(Noted(type_, None, None, step, None, data))

    def set_flow(self, **values: Any) -> None:
        self.flow = self.flow._replace(**values)
        self.events[-1].changes.setdefault("flow", {}).update(plain(self.flow, values))

    def remember(self, **values: Any) -> None:
        self.set_flow(memory={**self.flow.memory, **values})

    def add_run(self, run: RunRow) -> RunRow:
        self.runs[run.id] = run
        self.events[-1].changes.setdefault("runs", {})[str(run.id)] = telling(run)
        return run

    def set_run(self, run: int, **values: Any) -> RunRow:
        changed = self.runs[run] = self.runs[run]._replace(**values)
        kept = self.events[-1].changes.setdefault("runs", {}).setdefault(str(run), {})
        kept.update(plain(changed, values))
        return changed

    def add_task(self, task: TaskRow) -> TaskRow:
        self.tasks[task.id] = task
        self.events[-1].changes.setdefault("tasks", {})[str(task.id)] = telling(task)
        return task

    def set_task(self, task: int, **values: Any) -> TaskRow:
        changed = self.tasks[task] = self.tasks[task]._replace(**values)
        kept = self.events[-1].changes.setdefault("tasks", {}).setdefault(str(task), {})
        kept.update(plain(changed, values))
        return changed

    def close_task(
        self, task: int, outcome: str, *, by: str | None, reason: str | None = None, **more: Any
    ) -> TaskRow:
        """`by` None: the system, for `reason`. Who waited for a turn was never asked: from then on
        the task says so, and opens nothing."""
        if by is None and self._never_came(self.tasks[task]):
            reason = NEVER_ASKED
        return self.set_task(
            task,
            state="closed",
            outcome=outcome,
            closed_at=self.now,
            closed_by=by,
            reason=reason,
            **more,
        )

    def _never_came(self, task: TaskRow) -> bool:
        """Whether it waits for a turn, and not for somebody whom its holder asked."""
        asked = ("before", "delegate")
        return task.state == "waiting" and not any(
            t.origin == task.id and t.position in asked for t in self.tasks.values()
        )

    # --- looking

    def tasks_of(self, run: int) -> list[TaskRow]:
        """Without the copies that somebody asked gave of it: who has one is asked nothing."""
        here = self.runs.get(run)
        tells = here is not None and here.kind == "cc"
        return [t for t in self.tasks.values() if t.run == run and (tells or t.kind != "cc")]

    def live_tasks(self, run: int) -> list[TaskRow]:
        return [t for t in self.tasks_of(run) if t.state in ("open", "waiting")]

    def children(self, run: int | None) -> list[RunRow]:
        return [r for r in self.runs.values() if r.parent == run]

    def ancestors(self, run: RunRow) -> list[tuple[RunRow, str]]:
        """The block runs around a run from outside in, each with the lane that leads to it."""
        found: list[tuple[RunRow, str]] = []
        while run.parent is not None:
            parent = self.runs[run.parent]
            found.append((parent, run.lane or ""))
            run = parent
        return found[::-1]

    def rows(self, parent: int | None, lane: str | None) -> Rows:
        """The rows of `each` blocks around a lane."""
        found: list[tuple[str, str]] = []
        while parent is not None:
            run = self.runs[parent]
            if run.kind == "each":
                found.append((run.step, lane or ""))
            parent, lane = run.parent, run.lane
        return tuple(found[::-1])

    def rows_of(self, run: RunRow) -> Rows:
        return self.rows(run.parent, run.lane)

    def in_rows(self, run: RunRow) -> int | None:
        """A run inside `each`, as an event names which one it is about; None for any other."""
        return run.id if self.rows_of(run) else None

    def step_of(self, run: RunRow) -> Step:
        return self.plan.step(run.step)

    def below(self, run: int) -> list[int]:
        """A run and everything inside it."""
        found = [run]
        for key in found:
            found += [child.id for child in self.children(key)]
        return found

    def beside(self, one: RunRow, other: RunRow) -> bool:
        """Whether two runs stand in different lanes of the same block run."""
        lanes = {block.id: lane for block, lane in self.ancestors(one)}
        return any(lanes.get(block.id, lane) != lane for block, lane in self.ancestors(other))
