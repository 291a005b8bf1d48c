"""Walking a workflow: opening steps, asking people, joining lanes, ending. No database here.

A join counts the lanes of its own block run, so that no token can go stale and no join can hang.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from jingwei.language.workflow import Step
from jingwei.refusals import Refused
from jingwei.services.flows.asks import Rows
from jingwei.services.flows.automatic import run_automatic
from jingwei.services.flows.draft import Draft
from jingwei.services.flows.plan import ASKS_PEOPLE, BLOCKS
from jingwei.services.flows.seats import acting_for, open_people
from jingwei.services.flows.truth import decided_by_system
from jingwei.services.flows.votes import SAME, counted_by, decided
from jingwei.storage.flow_rows import TERMINAL, RunRow, TaskRow

MOST_STEPS = 500  # automatic steps of one command: beyond it the workflow runs in circles
DONE = ("submitted", "approved", "acknowledged")
ANSWERED = (*DONE, "rejected")
OVERDUE = "overdue"
GOES_ON = "goes_on"  # in the data of a block run: the path of a step, by the lane to begin with it


class Walk(Draft):
    """One command at work on a copy of the state."""

    def settle(self) -> None:
        """Run to the next wait."""
        while self._queue and self.flow.status not in TERMINAL:
            self._queue.popleft()()
        self._queue.clear()

    def later(self, deed: Callable[[], object]) -> None:
        self._queue.append(deed)

    def begin(self) -> None:
        """Open the first step."""
        steps = self.plan.workflow.steps
        self.later(lambda: self.start_step(steps[0], None, None))

    def start_step(
        self, step: Step, parent: int | None, lane: str | None, *, whatever: bool = False
    ) -> RunRow | None:
        """Open one step. `whatever`: its `when` was true before and is not asked again."""
        self._started += 1
        if self._started > MOST_STEPS:
            raise Refused("flow-runs-in-circles", most=MOST_STEPS)
        if parent is not None and self.runs[parent].state != "open":
            return None
        rows = self.rows(parent, lane)
        if step.when is not None and not whatever and not self.asks.holds(step.when, rows):
            self.note_system("step_skipped", step=step.id, reason="condition")
            run = self.new_run(step, parent, lane)
            self.finish(run.id, "skipped")
            return run
        if step.kind in ASKS_PEOPLE or step.kind == "cc":
            return open_people(self, step, parent, lane, rows)
        self.note_system("step_opened", step=step.id)
        run = self.new_run(step, parent, lane)
        if step.kind in BLOCKS:
            self._open_block(step, run, rows)
        else:
            run_automatic(self, step, run, rows)
        return self.runs[run.id]

    def new_run(self, step: Step, parent: int | None, lane: str | None) -> RunRow:
        path = step.id
        if parent is not None:
            path = f"{self.runs[parent].path}/{lane}/{step.id}"
        return self.add_run(
            RunRow(
                self.asks.next_id(),
                step.id,
                step.kind,
                path,
                parent,
                lane,
                self.flow.round,
                "open",
                self.now,
            )
        )

    def finish(self, run: int, outcome: str, reason: str | None = None) -> None:
        """A run is done; what comes after it is looked for later. `reason`: why the system decided
        it."""
        done = self.set_run(
            run, state="done", outcome=outcome, closed_at=self.now, **self._why(run, reason)
        )
        # who was outvoted before voting was answered for by nobody
        voted = self.step_of(done).mode == "vote"
        word = "superseded" if outcome in DONE and not voted else "cancelled"
        for task in self.live_tasks(run):
            self.close_task(task.id, word, by=None, reason="step-decided")
        self.later(lambda: self.go_on(done))

    def _why(self, run: int, reason: str | None) -> dict[str, Any]:
        return {} if reason is None else {"data": {**self.runs[run].data, "reason": reason}}

    def go_on(self, run: RunRow) -> None:
        """What comes after a run: where a returned request came from, the next step, the join."""
        if run.parent is not None and self.runs[run.parent].state != "open":
            return
        if run.outcome in DONE and self._resumes(run):
            return
        following = self.plan.next_of(run.step)
        if following is not None:
            self.start_step(following, run.parent, run.lane)
        elif run.parent is None:
            self.end("approved")
        else:
            self.lane_done(run.parent, run.lane or "")

    def _resumes(self, run: RunRow) -> bool:
        from jingwei.services.flows.returns import resume

        return resume(self, run)

    def lane_done(self, block: int, lane: str) -> None:
        """A lane of a block run has come to its end."""
        run = self.runs[block]
        lanes = {**run.data.get("lanes", {}), lane: "done"}
        if not self.events:
            self.note_system("lane_done")
        waiting = [name for name, word in lanes.items() if word == "waiting"]
        if waiting and "open" not in lanes.values():
            lanes[waiting[0]] = "open"
            self.set_run(block, data={**run.data, "lanes": lanes})
            self.open_lane(self.step_of(run), block, waiting[0])
            return
        self.set_run(block, data={**run.data, "lanes": lanes})
        if set(lanes.values()) <= {"done"}:
            self.finish(block, "passed")

    def end(self, status: str, *, reason: str | None = None, noted: bool = False) -> None:
        """The one terminal state; whatever is open is cancelled. `reason`: why the system ended
        it."""
        if not noted:
            self.note_system(
                "ended", outcome=status, reason=reason or decided_by_system(self.events)
            )
        self.cancel(self.runs, "cancelled", "flow-ended")
        self.set_flow(status=status, ended_at=self.now, memory={})
        self._queue.clear()

    def cancel(self, runs: Iterable[int], outcome: str, reason: str) -> None:
        """Close runs and their tasks without a decision."""
        for key in list(runs):
            for task in self.live_tasks(key):
                self.close_task(task.id, "cancelled", by=None, reason=reason)
            if self.runs[key].state == "open":
                self.set_run(key, state="cancelled", outcome=outcome, closed_at=self.now)

    def _open_block(self, step: Step, run: RunRow, rows: Rows) -> None:
        lanes = self.lanes_of(step, rows)
        self.open_lanes(run.id, lanes)

    def lanes_of(self, step: Step, rows: Rows) -> list[str]:
        """The lanes that this block takes now."""
        if step.kind == "each":
            return self.asks.lanes(step, rows)
        if step.kind == "parallel":
            return [branch.name for branch in step.branches]
        taken = [
            str(number)
            for number, branch in enumerate(step.branches)
            if branch.when is not None and self.asks.holds(branch.when, rows)
        ]
        otherwise = [str(n) for n, b in enumerate(step.branches) if b.when is None]
        if not taken:
            return otherwise[:1]
        return taken if step.kind == "inclusive" else taken[:1]

    def open_lanes(
        self,
        block: int,
        lanes: Sequence[str],
        skip: Collection[str] = (),
        done: Collection[str] = (),
    ) -> None:
        """Open lanes of a block run. Those to `skip` are marked open, but their steps are opened
        elsewhere; those that are `done` stay so."""
        run = self.runs[block]
        step = self.step_of(run)
        words = dict.fromkeys(lanes, "open")
        if step.order == "one_by_one":
            first = [lane for lane in lanes if lane in skip] or lanes[:1]
            words.update((lane, "waiting") for lane in lanes if lane not in first)
        words.update((lane, "done") for lane in lanes if lane in done and lane not in skip)
        self.set_run(block, data={**run.data, "lanes": words})
        if not lanes:
            self.finish(block, "passed")
        for lane, word in words.items():
            if word == "open" and lane not in skip:
                self.open_lane(step, block, lane)

    def open_lane(self, step: Step, block: int, lane: str) -> None:
        steps = self.plan.lane_steps(step, lane)
        path = self.runs[block].data.get(GOES_ON, {}).get(lane)
        if path is not None:
            self.later(lambda: self._goes_on(path))
        elif steps:
            self.later(lambda: self._start_first(steps[0], block, lane))
        else:
            self.later(lambda: self.lane_done(block, lane))

    def _start_first(self, step: Step, block: int, lane: str) -> None:
        self.start_step(step, block, lane)

    def _goes_on(self, path: str) -> None:
        from jingwei.services.flows.returns import goto

        goto(self, path, keeps=True)

    def next_turn(self, run: int) -> None:
        """Wake who waits: an adder whose signers are done, or the next seat of a sequence."""
        for task in self.live_tasks(run):
            if task.state == "waiting" and self._asked(task) and not self._still(task):
                self.set_task(task.id, state="open", opened_at=self.now)
        live = self.live_tasks(run)
        if live and not any(t.state == "open" for t in live):
            first = min(t.seat for t in live if t.state == "waiting")
            for task in live:
                if task.seat == first and not self._still(task):
                    # whoever was absent when the step opened may be back at his turn, or away now
                    acting = acting_for(self, self.step_of(self.runs[run]), task.kind, task.person)
                    self.set_task(task.id, state="open", opened_at=self.now, acting=acting)

    def _asked(self, task: TaskRow) -> list[TaskRow]:
        return [
            t
            for t in self.tasks.values()
            if t.origin == task.id and t.position in ("before", "delegate")
        ]

    def _still(self, task: TaskRow) -> bool:
        return any(t.state in ("open", "waiting") for t in self._asked(task))

    def look_at(self, run: int) -> None:
        """Close a step with people when it is decided."""
        row = self.runs[run]
        if row.state != "open":
            return
        step = self.step_of(row)
        if step.kind == "approve":
            outcome = decided(counted_by(step, row), self.tasks_of(run))
        else:
            outcome = None if self.live_tasks(run) else "approved"
        if outcome is None:
            self.next_turn(run)
        elif outcome == "rejected":
            self.reject_run(run)
        else:
            word = {"fill": "submitted", "acknowledge": "acknowledged"}.get(step.kind, "approved")
            reason = self._nobody_answered(run)
            if reason == OVERDUE:
                pass  # its event says so
            elif reason is not None:
                self.note_system("step_passed", step=step.id, reason=reason, run=self.in_rows(row))
            self.finish(run, word, reason)

    def _nobody_answered(self, run: int) -> str | None:
        """Why the system decided a step; None where a person did."""
        found = self.tasks_of(run)
        if any(t.outcome in ANSWERED and t.closed_by is not None for t in found):
            return None
        reasons = [t.reason for t in found if t.reason and t.outcome in (*ANSWERED, "skipped")]
        return OVERDUE if OVERDUE in reasons else reasons[-1] if reasons else SAME

    def reject_run(self, run: int, reason: str | None = None) -> None:
        """A step said no: the flow ends, or goes back. `reason`: why the system said so."""
        from jingwei.services.flows.returns import send_back

        row = self.runs[run]
        step = self.step_of(row)
        for task in self.live_tasks(run):
            self.close_task(task.id, "cancelled", by=None, reason="step-rejected")
        reason = reason or self._nobody_answered(run)
        why = self._why(run, reason)
        self.set_run(run, state="done", outcome="rejected", closed_at=self.now, **why)
        if step.on_reject == "end":
            self.end("rejected", reason=reason)
        else:
            send_back(self, self.runs[run], step.on_reject)
