"""Walking a workflow: opening steps, asking people, joining lanes, ending. No database here.

A join counts the lanes of its own block run, so that no token can go stale and no join can hang.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from jingwei.language.workflow import Step
from jingwei.refusals import Refused
from jingwei.services.flows.asks import Asks, Found, Rows
from jingwei.services.flows.plan import ASKS_PEOPLE, BLOCKS, FlowPlan
from jingwei.services.flows.state import Noted, State, plain
from jingwei.services.flows.votes import SAME, decided
from jingwei.storage.flow_rows import TERMINAL, RunRow, TaskRow

MOST_STEPS = 500  # automatic steps of one command: beyond it the workflow runs in circles
SELF = "self-approval"
EMPTY = "nobody-found"
DONE = ("submitted", "approved", "acknowledged")
TASK_KINDS = {"fill": "fill", "approve": "approval", "acknowledge": "receipt"}


class Walk:
    """One command at work on a copy of the state."""

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
        self.flow = replace(self.flow, **values)
        self.events[-1].changes.setdefault("flow", {}).update(plain(self.flow, values))

    def remember(self, **values: Any) -> None:
        self.set_flow(memory={**self.flow.memory, **values})

    def add_run(self, run: RunRow) -> RunRow:
        self.runs[run.id] = run
        self.events[-1].changes.setdefault("runs", {})[str(run.id)] = plain(run)
        return run

    def set_run(self, run: int, **values: Any) -> RunRow:
        changed = self.runs[run] = replace(self.runs[run], **values)
        kept = self.events[-1].changes.setdefault("runs", {}).setdefault(str(run), {})
        kept.update(plain(changed, values))
        return changed

    def add_task(self, task: TaskRow) -> TaskRow:
        self.tasks[task.id] = task
        self.events[-1].changes.setdefault("tasks", {})[str(task.id)] = plain(task)
        return task

    def set_task(self, task: int, **values: Any) -> TaskRow:
        changed = self.tasks[task] = replace(self.tasks[task], **values)
        kept = self.events[-1].changes.setdefault("tasks", {}).setdefault(str(task), {})
        kept.update(plain(changed, values))
        return changed

    def close_task(
        self, task: int, outcome: str, *, by: str | None, reason: str | None = None, **more: Any
    ) -> TaskRow:
        """`by` None: the system, for `reason`."""
        return self.set_task(
            task,
            state="closed",
            outcome=outcome,
            closed_at=self.now,
            closed_by=by,
            reason=reason,
            **more,
        )

    # --- looking

    def tasks_of(self, run: int) -> list[TaskRow]:
        return [task for task in self.tasks.values() if task.run == run]

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

    def step_of(self, run: RunRow) -> Step:
        return self.plan.step(run.step)

    # --- going on

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
            return self._open_people(step, parent, lane, rows)
        self.note_system("step_opened", step=step.id)
        run = self.new_run(step, parent, lane)
        if step.kind in BLOCKS:
            self._open_block(step, run, rows)
        else:
            self._automatic(step, run, rows)
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

    def finish(self, run: int, outcome: str) -> None:
        """A run is done; what comes after it is looked for later."""
        done = self.set_run(run, state="done", outcome=outcome, closed_at=self.now)
        for task in self.live_tasks(run):
            word = "superseded" if outcome in DONE else "cancelled"
            self.close_task(task.id, word, by=None, reason="step-decided")
        self.later(lambda: self.go_on(done))

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
        """The one terminal state; whatever is open is cancelled."""
        if not noted:
            self.note_system("ended", outcome=status, reason=reason)
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

    def below(self, run: int) -> list[int]:
        """A run and everything inside it."""
        found = [run]
        for key in found:
            found += [child.id for child in self.children(key)]
        return found

    # --- blocks

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

    def open_lanes(self, block: int, lanes: Sequence[str], skip: str | None = None) -> None:
        """Open lanes of a block run; `skip` is marked open, but its steps are opened elsewhere."""
        run = self.runs[block]
        step = self.step_of(run)
        one_by_one = step.kind == "each" and step.order == "one_by_one" and skip is None
        words = {lane: "waiting" if one_by_one and n else "open" for n, lane in enumerate(lanes)}
        self.set_run(block, data={**run.data, "lanes": words})
        if not lanes:
            self.finish(block, "passed")
        for lane, word in words.items():
            if word == "open" and lane != skip:
                self.open_lane(step, block, lane)

    def open_lane(self, step: Step, block: int, lane: str) -> None:
        steps = self.plan.lane_steps(step, lane)
        if steps:
            self.later(lambda: self._start_first(steps[0], block, lane))
        else:
            self.later(lambda: self.lane_done(block, lane))

    def _start_first(self, step: Step, block: int, lane: str) -> None:
        self.start_step(step, block, lane)

    # --- steps without people

    def _automatic(self, step: Step, run: RunRow, rows: Rows) -> None:
        match step.kind:
            case "wait":
                self.look_at_wait(run.id)
            case "do":
                self.asks.effects(step.do, f"{run.path}:{run.id}", rows)
                self.finish(run.id, "passed")
            case "subflow":
                made = self.asks.start_children(step, f"{run.path}:{run.id}", rows, run.id)
                self.set_run(run.id, data={"children": made})
                self.look_at_children(run.id)
            case "return":
                self._automatic_return(step, run)
            case "end":
                self.set_run(run.id, state="done", outcome=step.outcome, closed_at=self.now)
                self.end(step.outcome or "approved", reason=step.reason.zh if step.reason else None)
            case _:
                raise Refused("flow-step-not-yet", step=step.id, kind=step.kind)

    def look_at_wait(self, run: int) -> bool:
        """Go on when what the step waits for is there."""
        waiting = self.runs[run]
        over = self.asks.wait_over(self.step_of(waiting), self.rows_of(waiting), waiting.opened_at)
        if over:
            if not self.events:
                self.note_system("wait_over", step=waiting.step)
            self.finish(run, "passed")
        return over

    def look_at_children(self, run: int) -> None:
        """Go on when the requests that a subflow began are decided: `all` or `any` of them
        approved; one that was recalled or terminated counts no more."""
        waiting = self.runs[run]
        step = self.step_of(waiting)
        wait = (step.subflow or {}).get("wait", "all")
        children = waiting.data.get("children", ())
        words = list(self.asks.statuses(children).values()) if children else []
        open_ = any(word not in TERMINAL for word in words)
        approved = "approved" in words
        if wait == "none" or not words:
            outcome = "passed"
        elif wait == "any":
            outcome = "passed" if approved else "" if open_ else "rejected"
        elif "rejected" in words:
            outcome = "rejected"
        else:
            outcome = "" if open_ else "passed" if approved else "rejected"
        if not outcome:
            return
        if not self.events:
            self.note_system("children_ended", step=step.id)
        if outcome == "passed":
            self.finish(run, "passed")
        else:
            self.set_run(run, state="done", outcome="rejected", closed_at=self.now)
            self.end("rejected", reason="subflow")

    def _automatic_return(self, step: Step, run: RunRow) -> None:
        from jingwei.services.flows.returns import send_back

        counts = dict(self.flow.memory.get("returns", {}))
        counts[step.id] = counts.get(step.id, 0) + 1
        if step.max is not None and counts[step.id] > step.max:
            self.finish(run.id, "passed")
            return
        self.remember(returns=counts)
        send_back(self, run, step.return_to or "initiator", resumes=False)

    # --- steps with people

    def _open_people(self, step: Step, parent: int | None, lane: str | None, rows: Rows) -> RunRow:
        chosen = self.flow.memory.get("chosen", {}).get(step.id, ())
        found = self.asks.people(step, rows, chosen)
        self.note_system("step_opened", step=step.id)
        run = self.new_run(step, parent, lane)
        due = self.asks.due(step, rows)
        run = self.set_run(run.id, due_at=due, data={"found": dict(found.how)})
        if step.kind == "cc":
            self._tell(step, run, found)
        elif step.kind == "acknowledge" and not step.wait:
            self.receipts += [(step, person) for person in _everybody(found)]
            self.finish(run.id, "passed")
        else:
            self._seat(step, run, found)
            self.look_at(run.id)
        return self.runs[run.id]

    def _tell(self, step: Step, run: RunRow, found: Found) -> None:
        for person in _everybody(found):
            self._ask(step, run, person, 0, kind="cc", state="told")
        self.finish(run.id, "passed")

    def _ask(self, step: Step, run: RunRow, person: str, seat: int, **more: Any) -> TaskRow:
        values: dict[str, Any] = {
            "kind": TASK_KINDS.get(step.kind, "approval"),
            "state": "open",
            **more,
        }
        values.setdefault("acting", self.acting_for(step, values["kind"], person))
        return self.add_task(
            TaskRow(
                self.asks.next_id(),
                run.id,
                person,
                opened_at=self.now,
                title={"zh": step.title.zh, "en": step.title.en},
                seat=seat,
                due_at=run.due_at,
                flow=self.flow.id,
                form=self.flow.form,
                record=self.flow.record,
                **values,
            )
        )

    def acting_for(self, step: Step, kind: str, person: str) -> str:
        """Who is asked in a person's place: never the initiator about his own request, and nobody
        to correct it but himself."""
        if kind == "cc" or (kind == "fill" and person == self.flow.initiator):
            return person
        found = self.asks.stand_in(person)
        if found.loops:
            self.note_system("proxy_loop", step=step.id, person=person, chain=list(found.via))
        own = found.acting == self.flow.initiator and step.kind == "approve"
        if own and self.plan.policy(step, "self_approval") != "allow":
            return person
        return found.acting

    def ask_more(self, run: int, person: str, seat: int, **more: Any) -> TaskRow:
        """Another task of a run that is open."""
        row = self.runs[run]
        return self._ask(self.step_of(row), row, person, seat, **more)

    def _seat(self, step: Step, run: RunRow, found: Found) -> None:
        seats = seats_wanted(step, found)
        seats = self._without_empty(step, run, seats)
        if self.runs[run.id].state != "open":
            return
        seen: set[str] = set()
        for number, (people, weight) in enumerate(seats):
            for person in dict.fromkeys(people):
                self._take_seat(step, run, person, number, weight, seen)
        if step.mode == "sequential" and step.kind == "approve":
            self._queue_up(run.id)

    def _take_seat(
        self, step: Step, run: RunRow, person: str, seat: int, weight: int, seen: set[str]
    ) -> bool:
        if step.kind != "approve":
            self._ask(step, run, person, seat, weight=weight)
            return True
        if person == self.flow.initiator:
            rule = self.plan.policy(step, "self_approval")
            if rule == "skip":
                self._skip(step, run, person, seat, weight, SELF)
                return False
            if rule in ("superior", "forbid"):
                above = self.asks.superior(person) if rule == "superior" else None
                others = [above] if above else self.asks.flow_admins()
                others = [other for other in others if other != person]
                if not others:
                    raise Refused("flow-self-approval", step=step.title)
                asked = False
                for other in others:
                    asked |= self._take_seat(step, run, other, seat, weight, seen)
                return asked
        if person in seen:
            if step.mode == "vote":
                self._ask(step, run, person, seat, weight=weight)
            return step.mode == "vote"
        seen.add(person)
        if self._decided_before(step, run, person):
            self._skip(step, run, person, seat, weight, SAME)
            return False
        self._ask(step, run, person, seat, weight=weight)
        return True

    def _skip(
        self, step: Step, run: RunRow, person: str, seat: int, weight: int, reason: str
    ) -> None:
        task = self._ask(step, run, person, seat, weight=weight, acting=person)
        self.close_task(task.id, "skipped", by=None, reason=reason)

    def _without_empty(
        self, step: Step, run: RunRow, seats: list[tuple[tuple[str, ...], int]]
    ) -> list[tuple[tuple[str, ...], int]]:
        """The empty rule: for each seat where all must decide, else when nobody was found."""
        each = step.kind == "approve" and step.mode in ("all", "sequential")
        empty = [n for n, (people, _) in enumerate(seats) if not people]
        if not empty and seats:
            return seats
        if not each and len(empty) < len(seats):
            return [seat for seat in seats if seat[0]]
        seats = seats or [((), 1)]
        rule = self.plan.policy(step, "empty")
        if rule == "pass" and step.kind != "fill":
            self.note_system("seat_empty", step=step.id, rule="pass")
            left = [seat for seat in seats if seat[0]]
            if not left:
                self.finish(run.id, "approved" if step.kind == "approve" else "acknowledged")
            return left
        if rule == "reject" and step.kind == "approve":
            self.note_system("seat_empty", step=step.id, rule="reject")
            self.reject_run(run.id)
            return []
        stand_ins: list[str] = []
        if isinstance(rule, tuple):
            stand_ins = self.asks.persons(rule, self.rows_of(run))
        stand_ins = stand_ins or self.asks.flow_admins()
        if not stand_ins:
            raise Refused("flow-nobody", step=step.title)
        self.note_system("seat_empty", step=step.id, rule="flow_admin", people=stand_ins)
        return [seat if seat[0] else (tuple(stand_ins), seat[1]) for seat in seats]

    def _decided_before(self, step: Step, run: RunRow, person: str) -> bool:
        """Whether the same-person rule lets the earlier approval of this round stand."""
        rule = self.plan.policy(step, "same_person")
        if rule == "keep_last":
            return self._asked_later(step, run, person)
        if rule not in ("consecutive", "any_earlier"):
            return False
        earlier = [
            r
            for r in self.runs.values()
            if r.kind == "approve"
            and r.id != run.id
            and r.round == self.flow.round
            and r.state == "done"
            and r.outcome == "approved"
            and not self.beside(r, run)
        ]
        if rule == "consecutive":
            earlier = earlier[-1:]
        return any(
            task.person == person
            and (task.outcome == "approved" or (task.outcome == "skipped" and task.reason == SAME))
            and not asks_more(step, self.step_of(r))
            for r in earlier
            for task in self.tasks_of(r.id)
        )

    def _asked_later(self, step: Step, run: RunRow, person: str) -> bool:
        """Whether a later step that is sure to come asks the same person."""
        step_id: str | None = step.id
        while step_id is not None:
            place = self.plan.places[step_id]
            for later in place.beside[place.index + 1 :]:
                if later.kind == "approve" and later.when is None and not asks_more(step, later):
                    found = self.asks.people(later, self.rows_of(run), ())
                    if person in _everybody(found):
                        return True
            step_id = place.block
        return False

    def beside(self, one: RunRow, other: RunRow) -> bool:
        """Whether two runs stand in different lanes of the same block run."""
        lanes = {block.id: lane for block, lane in self.ancestors(one)}
        return any(lanes.get(block.id, lane) != lane for block, lane in self.ancestors(other))

    def _queue_up(self, run: int) -> None:
        """In a sequential step one seat is asked at a time."""
        live = sorted(self.live_tasks(run), key=lambda t: (t.seat, t.id))
        for task in live:
            if task.seat != live[0].seat and task.state == "open" and task.position is None:
                self.set_task(task.id, state="waiting")

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
                    self.set_task(task.id, state="open", opened_at=self.now)

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
            outcome = decided(step, self.tasks_of(run))
        else:
            outcome = None if self.live_tasks(run) else "approved"
        if outcome is None:
            self.next_turn(run)
        elif outcome == "rejected":
            self.reject_run(run)
        else:
            word = {"fill": "submitted", "acknowledge": "acknowledged"}.get(step.kind, "approved")
            if not any(t.outcome in DONE for t in self.tasks_of(run)):
                self.note_system("step_passed", step=step.id, reason=SAME)
            self.finish(run, word)

    def reject_run(self, run: int) -> None:
        """A step said no: the flow ends, or goes back."""
        from jingwei.services.flows.returns import send_back

        row = self.runs[run]
        step = self.step_of(row)
        for task in self.live_tasks(run):
            self.close_task(task.id, "cancelled", by=None, reason="step-rejected")
        self.set_run(run, state="done", outcome="rejected", closed_at=self.now)
        if step.on_reject == "end":
            self.end("rejected")
        else:
            send_back(self, self.runs[run], step.on_reject)


def asks_more(step: Step, other: Step) -> bool:
    """Whether a step asks a person for something that the other one does not: fields to write, an
    opinion, a signature. Then an answer there is none here."""
    owed = step.opinion == "required" and other.opinion != "required"
    signs = step.signature is not None and other.signature != step.signature
    fields = {*step.fields.write, *step.fields.require}
    return owed or signs or not fields <= {*other.fields.write, *other.fields.require}


def _everybody(found: Found) -> list[str]:
    return list(dict.fromkeys(person for group in found.groups for person in group.people))


def seats_wanted(step: Step, found: Found) -> list[tuple[tuple[str, ...], int]]:
    """The seats of a step before any rule: (people who may take it, weight)."""
    if step.kind == "acknowledge" or (step.kind == "approve" and step.mode == "any"):
        return [((person,), 1) for person in _everybody(found)]
    if step.kind == "fill":
        return [(g.people, 1) for g in found.groups] if found.groups else []
    if step.mode == "one":
        return [(tuple(_everybody(found)), 1)]
    seats: list[tuple[tuple[str, ...], int]] = []
    for group in found.groups:
        vote = step.mode == "vote" and step.holders != "claim"
        shared = group.shared and step.holders != "all" and not vote
        if shared or not group.people:
            seats.append((group.people, group.weight))
        else:
            seats += [((person,), group.weight) for person in group.people]
    return seats
