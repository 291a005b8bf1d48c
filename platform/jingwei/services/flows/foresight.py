"""A request walked ahead on paper: each step to come is seated by the rules that will seat it, and
then taken as approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from jingwei.language.workflow import Step
from jingwei.refusals import Refused
from jingwei.services.flows.asks import Asks, Found, Rows
from jingwei.services.flows.seats import looked_back_at, open_people
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import Walk
from jingwei.storage.flow_rows import RunRow, TaskRow


class _PaperAsks:
    """The world as another one sees it, but that nothing of it is given an id."""

    def __init__(self, world: Asks) -> None:
        self._world = world
        self._made = 0
        self._people: dict[tuple[str, Rows, tuple[str, ...]], Found] = {}

    def next_id(self) -> int:
        self._made -= 1
        return self._made

    def people(self, step: Step, rows: Rows, chosen: Sequence[str]) -> Found:
        """Asked once a step: nothing changes meanwhile."""
        key = step.id, rows, tuple(chosen)
        found = self._people.get(key)
        if found is None:
            found = self._people[key] = self._world.people(step, rows, chosen)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


class Foresight(Walk):
    """A copy of a request on which nothing goes on by itself: `predict` leads it from step to step.

    Where only some of those who are asked will answer, nobody knows who: what the same-person rule
    makes of them later depends on that.
    """

    def __init__(self, walk: Walk) -> None:
        asks = cast(Asks, _PaperAsks(walk.asks))
        super().__init__(walk.plan, State(walk.flow, walk.runs, walk.tasks), asks, walk.now, None)
        self.note_system("foreseen")
        self._may_answer: dict[int, set[str]] = {}  # by run
        for run in [r for r in self.runs.values() if r.state == "open" and self.live_tasks(r.id)]:
            self._approve(run)

    def go_on(self, run: RunRow) -> None:
        """Nothing follows by itself."""

    def reject_run(self, run: int, reason: str | None = None) -> None:
        self.finish(run, "rejected", reason)

    def seat(
        self, step: Step, parent: int | None, lane: str | None
    ) -> tuple[RunRow, list[tuple[str, str]], bool]:
        """Open a step of people, and have it approved by those it asks: its run, done; whom it
        asked, each with whose seat that is; and whether that depends on who answers before. Raises
        Refused where the request would stand still."""
        run = open_people(self, step, parent, lane, self.rows(parent, lane))
        if step.kind == "acknowledge" and not step.wait:
            asked = [(person, person) for other, person in self.receipts if other.id == step.id]
            self.receipts.clear()
            return run, asked, False
        told = self.tasks_of(run.id) if step.kind == "cc" else self.live_tasks(run.id)
        depends = self._depends(run)
        if run.state == "open":
            self._approve(run)
        seats = list(dict.fromkeys((task.acting, task.person) for task in told))
        return self.runs[run.id], seats, depends

    def _depends(self, run: RunRow) -> bool:
        """Whether it depends on who answers before whom this step asks; looked at before its own
        people are taken to answer."""
        step = self.step_of(run)
        if step.kind != "approve":
            return False
        asked = {task.person for task in self.tasks_of(run.id)}
        return any(asked & self._may_answer.get(r.id, set()) for r in looked_back_at(self, run))

    def block(self, step: Step, parent: int | None, lane: str | None) -> RunRow:
        return self.new_run(step, parent, lane)

    def _approve(self, run: RunRow) -> None:
        live = self.live_tasks(run.id)
        everybody = _all_answer(self.step_of(run), live)
        for task in live:
            if everybody:
                self.close_task(task.id, "approved", by=task.acting)
            else:
                self._may_answer.setdefault(run.id, set()).add(task.person)
                self.close_task(task.id, "superseded", by=None, reason="step-decided")
        self.set_run(run.id, state="done", outcome="approved", closed_at=self.now)


def _all_answer(step: Step, live: Sequence[TaskRow]) -> bool:
    """Whether each of these tasks must be answered before the step is approved."""
    if step.kind != "approve" or step.mode in ("any", "vote"):
        return len(live) == 1
    return len({task.seat for task in live}) == len(live)


def stands_still(error: Refused) -> bool:
    """Whether a step could not be opened for want of somebody to ask."""
    return error.code in ("flow-nobody", "flow-self-approval")
