"""One command on one instance: lock, load, check, apply, append events, write, tell.

Everything happens in the transaction of the caller's `Work`; what is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jingwei.refusals import FieldRefusal, Malformed, NotFound, Refused
from jingwei.services import tasks
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import who
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.automatic import look_at_children, look_at_wait
from jingwei.services.flows.beside import cancel_receipts, ends_for_nothing
from jingwei.services.flows.bodies import foreign_keys
from jingwei.services.flows.flow_actions import HELD_BY
from jingwei.services.flows.pinned import pinned
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.record_status import move_record
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.row_fields import asked_about
from jingwei.services.flows.row_lanes import follow_rows
from jingwei.services.flows.schedule import timers_of_moved, timers_wanted
from jingwei.services.flows.state import State
from jingwei.services.flows.walk import Walk
from jingwei.services.people import may_sign_in
from jingwei.storage import flow_timers as timer_rows
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TERMINAL, EventRow, FlowRow, TaskRow
from jingwei.storage.people import find_people

MOST_SHOWN = 30  # of path and events, in the answer to an action; reading gives them all
MOST_TEXT = 5_000  # characters of a comment
MOST_PEOPLE = 200


# requests that a command of this context is changing: what it causes must not change them too
_AT_WORK: ContextVar[frozenset[int]] = ContextVar("flows_at_work", default=frozenset())


@contextmanager
def at_work(flow_id: int) -> Iterator[None]:
    """While a command changes a request, its own consequences leave it alone."""
    token = _AT_WORK.set(_AT_WORK.get() | {flow_id})
    try:
        yield
    finally:
        _AT_WORK.reset(token)


def is_at_work(flow_id: int) -> bool:
    return flow_id in _AT_WORK.get()


@dataclass(slots=True)
class Loaded:
    """An instance ready for a command. `view` has the catalogue with the pinned workflow.

    `beside`: its tasks that no step waits for (receipts). `fits`: False when the pinned workflow
    fits today's form no more, and `plan` is today's: it can only be looked at, ended or migrated.
    `events`: the newest that are known (MOST_SHOWN).
    """

    view: Any
    plan: FlowPlan
    asks: WorldAsks
    state: State
    beside: tuple[TaskRow, ...] = ()
    fits: bool = True
    events: Sequence[EventRow] = ()

    def walk(self, *, system: bool = False) -> Walk:
        view = self.view
        actor = None if system or view.actor.is_system else view.actor.login
        behalf = getattr(view, "on_behalf_of", None)
        on_behalf = behalf.login if behalf is not None and actor is not None else None
        return Walk(self.plan, self.state, self.asks, view.now, actor, on_behalf)


def load(
    view: Reading,
    flow_id: int,
    *,
    lock: bool = False,
    though_it_fits_no_more: bool = False,
    whole: bool = False,
) -> Loaded:
    """The instance; with `lock`, simultaneous commands queue here. Raises NotFound, and Refused
    `flow-needs-migration` unless what does not fit will do (see `Loaded.fits`)."""
    flow = rows.find_flow(view.connection, tasks.books(view), flow_id, lock=lock)
    if flow is None:
        raise NotFound("no-such-flow")
    return loaded(view, flow, though_it_fits_no_more, whole)


def loaded(
    view: Reading,
    flow: FlowRow,
    though_it_fits_no_more: bool = False,
    whole: bool = False,
    read: Any = None,
) -> Loaded:
    """The same for a row that is known; `whole`: see `rows.runs_with_tasks`; `read`: its answer."""
    books = tasks.books(view)
    runs, found = read or rows.runs_with_tasks(view.connection, books, flow, whole=whole)
    known = of_state(view, State(flow, runs, found), though_it_fits_no_more)
    if whole or known.plan.gives_receipts:
        known.beside = tuple(task_rows.tasks_beside(view.connection, books, flow.id))
    return known


def of_state(view: Reading, state: State, though_it_fits_no_more: bool = False) -> Loaded:
    """What is known of an instance under the workflow it began with."""
    fits = True
    try:
        own, plan = pinned(view, state.flow)
    except Refused:
        today = view.catalogue.workflows.get(state.flow.workflow)
        if today is None or not though_it_fits_no_more:
            raise
        own, plan, fits = view, FlowPlan(today), False
    return Loaded(own, plan, WorldAsks(own, plan, state.flow), state, (), fits)


def may_see(view: Reading, state: State) -> bool:
    """Who was asked, who began it, who administers it, who may read the record."""
    if view.actor.is_system or view.actor.login == state.flow.initiator:
        return True
    if any(view.actor.login in (t.person, t.acting) for t in state.tasks.values()):
        return True
    record = view.store.load(view.connection, state.flow.form, [state.flow.record])
    found = record.get(state.flow.record)
    return found is not None and (
        view.rights.may_read(view, state.flow.form, found).allowed or is_administrator(view, found)
    )


def is_administrator(view: Reading, record: Mapping[str, Any]) -> bool:
    """Whether the actor holds `flow_admin` at the record's org or above it."""
    if view.actor.is_system:
        return True
    org = record.get("org")
    if org not in view.catalogue.orgs:
        return False
    above = view.catalogue.tree.ancestors(str(org), view.today)
    return any(view.actor.has_role(who.FLOW_ADMIN, code) for code in above)


def wish_of(view: Reading, body: Mapping[str, Any], action: str, *, of_task: bool = False) -> Wish:
    """The body of an action. Raises Malformed for keys that it does not know, and for values of the
    wrong shape, Refused for people who are unknown or disabled."""
    unknown = foreign_keys(action, body, of_task=of_task)
    wrong = [FieldRefusal(name, "unknown-field", {"name": name}) for name in unknown]
    for name in ("comment", "to", "position", "reason", "step"):
        wrong += _wrong_text(name, body.get(name))
    listed = body.get("people") or []
    wrong += _wrong_people("people", listed)
    named = body.get("chosen") or {}
    if not isinstance(named, Mapping):
        wrong.append(FieldRefusal("chosen", "not-people"))
        named = {}
    chosen = {step: [p] if isinstance(p, str) else p for step, p in named.items()}
    for people in chosen.values():
        wrong += _wrong_people("chosen", people)
    if not isinstance(body.get("map") or {}, Mapping):
        wrong.append(FieldRefusal("map", "not-json"))
    if not isinstance(body.get("dry_run", False), bool):
        wrong.append(FieldRefusal("dry_run", "not-yes-no"))
    if wrong:
        raise Malformed("not-writable-fields", fields=wrong)
    comment = body.get("comment") or body.get("reason")
    check_people(view, [*listed, *(p for people in chosen.values() for p in people)])
    return Wish(
        comment.strip() if comment else None,
        body.get("to") or body.get("step"),
        body.get("step"),
        tuple(listed),
        body.get("position"),
        {step: tuple(people) for step, people in chosen.items()},
    )


def _wrong_text(name: str, value: Any) -> list[FieldRefusal]:
    if not isinstance(value, str | None):
        return [FieldRefusal(name, "not-text")]
    if value is not None and len(value) > MOST_TEXT:
        return [FieldRefusal(name, "text-too-long", {"most": MOST_TEXT, "length": len(value)})]
    bad = any((c < " " and c not in "\n\r\t") or "\ud800" <= c <= "\udfff" for c in value or "")
    return [FieldRefusal(name, "text-control-character")] if bad else []


def _wrong_people(name: str, value: Any) -> list[FieldRefusal]:
    if not isinstance(value, list) or not all(
        isinstance(p, str) and 0 < len(p) <= 100 and p.isprintable() for p in value
    ):
        return [FieldRefusal(name, "not-people")]
    if len(value) > MOST_PEOPLE:
        return [FieldRefusal(name, "too-many-people", {"most": MOST_PEOPLE, "count": len(value)})]
    return []


def check_people(view: Reading, logins: Sequence[str]) -> None:
    """Raises Refused naming the first login that cannot be asked."""
    known = find_people(view.connection, set(logins)) if logins else {}
    for login in logins:
        if login not in known:
            raise Refused("flow-unknown-person", person=login)
        if not may_sign_in(known[login], view.today):
            named = f"{known[login].name} ({login})"
            raise Refused("flow-unknown-person", person=named)


# --- writing -------------------------------------------------------------------------------------


def commit(
    work: Work, loaded: Loaded, walk: Walk, *, fresh: bool = False, key: str | None = None
) -> State:
    """Keep what the walk did: instance, runs, tasks, events, timers, messages, the record's
    status."""
    before = State(loaded.state.flow) if fresh else loaded.state
    if loaded.fits:
        follow_rows(walk)
        look_at_waits(walk)
    walk.set_flow(revision=before.flow.revision + 1, seq=before.flow.seq + len(walk.events))
    after = walk.state
    books = tasks.books(work)
    connection = work.connection
    runs = [r for r in after.runs.values() if before.runs.get(r.id) != r]
    changed = [t for t in after.tasks.values() if before.tasks.get(t.id) != t]
    events = _events(work, walk, key)
    opens = any(
        t.state in ("open", "told") and t.id not in before.tasks for t in walk.tasks.values()
    )
    _tell(work, loaded, before, after, walk, loaded.asks.record if opens else None)
    new = {*(after.runs.keys() - before.runs.keys()), *(after.tasks.keys() - before.tasks.keys())}
    rows.write_flow(connection, books, after.flow, runs, changed, events, work.outbox, new)
    loaded.events = [*_before(loaded, before), *events][-MOST_SHOWN:]
    _write_timers(work, loaded, before, after)
    for step, person in walk.receipts:
        tasks.open_todo(
            work,
            person,
            after.flow.form,
            after.flow.record,
            {"zh": step.title.zh, "en": step.title.en},
            kind="receipt",
            key=f"receipt:{after.flow.id}:{after.flow.round}:{step.id}:{person}",
            flow=after.flow.id,
        )
    in_vain = ends_for_nothing(before, after)
    if in_vain:
        cancel_receipts(work, after.flow.id)
    if walk.receipts or (in_vain and loaded.beside):
        loaded.beside = tuple(task_rows.tasks_beside(connection, books, after.flow.id))
    if walk.urged:
        tasks.told(work, walk.urged, "urge", loaded.asks.record, about=row_of(loaded, after))
    loaded.state = after
    move_record(work, loaded, walk, before, after)
    _end_children(work, loaded, before, after)
    _hold_children(work, before, after)
    _tell_parent(work, before, after)
    return after


def _before(loaded: Loaded, before: State) -> Sequence[EventRow]:
    """The events until now, as far as they are known without a gap."""
    known = loaded.events
    return known if known and known[-1].seq == before.flow.seq else ()


def _end_children(work: Work, loaded: Loaded, before: State, after: State) -> None:
    """A step that began other requests and waits no more ends those that still run."""
    closed = {
        run.id
        for run in before.runs.values()
        if run.kind == "subflow" and run.state == "open" and after.runs[run.id].state != "open"
    }
    if not closed:
        return
    for child in rows.children_of(work.connection, tasks.books(work), after.flow.id):
        if child.parent_run in closed and child.status not in TERMINAL:
            with at_work(after.flow.id), at_work(child.id):
                found = load(work, child.id, lock=True, though_it_fits_no_more=True)
                if found.state.flow.status in TERMINAL:  # while this waited for the lock
                    continue
                walk = found.walk(system=True)
                walk.note_system("terminated", reason="parent-ended")
                walk.end("terminated", noted=True)
                commit(work, found, walk)


def _hold_children(work: Work, before: State, after: State) -> None:
    """What a step waits for is suspended and resumed with the request that waits; not what an
    administrator suspended by itself."""
    change = before.flow.status, after.flow.status
    if change not in (("running", "suspended"), ("suspended", "running")):
        return
    awaited = {r.id for r in after.runs.values() if r.kind == "subflow" and r.state == "open"}
    if not awaited:
        return
    above = after.flow.id
    for child in rows.children_of(work.connection, tasks.books(work), above):
        if child.parent_run not in awaited or child.status in TERMINAL:
            continue
        with at_work(above), at_work(child.id):
            found = load(work, child.id, lock=True, though_it_fits_no_more=True)
            flow = found.state.flow
            walk = found.walk(system=True)
            if change[1] == "suspended" and flow.status == "running":
                walk.note_system("suspended", reason="parent-suspended")
                walk.set_flow(status="suspended", memory={**flow.memory, HELD_BY: above})
            elif change[1] == "running" and flow.memory.get(HELD_BY) == above:
                walk.note_system("resumed_by_administrator", reason="parent-resumed")
                kept = {name: word for name, word in flow.memory.items() if name != HELD_BY}
                walk.set_flow(status="running", memory=kept)
                if found.fits:  # else it goes on when it is migrated
                    for run in [r for r in walk.runs.values() if r.kind == "subflow"]:
                        if run.state == "open":
                            look_at_children(walk, run.id)
                    walk.settle()
            if walk.events:
                commit(work, found, walk)


def _tell_parent(work: Work, before: State, after: State) -> None:
    """The request that waits for this one goes on, unless it is the one that acts now."""
    flow = after.flow
    ended = flow.status in TERMINAL and before.flow.status not in TERMINAL
    if not ended or flow.parent is None or is_at_work(flow.parent):
        return
    with at_work(flow.parent):
        found = load(work, flow.parent, lock=True, though_it_fits_no_more=True)
        run = found.state.runs.get(flow.parent_run or 0)
        if run is None or run.state != "open" or found.state.flow.status != "running":
            return  # a suspended one looks again when it is resumed
        walk = found.walk(system=True)
        if found.fits:
            look_at_children(walk, run.id)
            walk.settle()
        else:  # what its step would make of it is asked when it is migrated
            walk.note_system("children_ended", step=run.step, reason="needs-migration")
        if walk.events:
            commit(work, found, walk)


def look_at_waits(walk: Walk) -> None:
    """What this command changed may be what a step waits for."""
    if walk.flow.status != "running":
        return
    for run in [r for r in walk.runs.values() if r.kind == "wait" and r.state == "open"]:
        if walk.step_of(run).wait_until is not None:
            look_at_wait(walk, run.id)
    walk.settle()


def _events(work: Work, walk: Walk, key: str | None) -> list[EventRow]:
    first = walk.flow.seq - len(walk.events) + 1
    found = []
    for number, noted in enumerate(walk.events, first):
        data = {name: value for name, value in noted.data.items() if value is not None}
        found.append(
            EventRow(
                walk.flow.id,
                number,
                work.now,
                noted.type,
                noted.actor,
                noted.on_behalf_of,
                noted.step,
                noted.comment,
                data,
                noted.changes,
                key if number == first else None,
            )
        )
    return found


def _write_timers(work: Work, loaded: Loaded, before: State, after: State) -> None:
    open_ = {r.id for r in after.runs.values() if r.state == "open"}
    was = {r.id for r in before.runs.values() if r.state == "open"}
    over = after.flow.status in TERMINAL
    if over:
        if before.flow.status not in TERMINAL:
            timer_rows.drop_timers(work.connection, after.flow.id)
        return
    moved = before.flow.fingerprint != after.flow.fingerprint
    if not moved and (open_ == was or not loaded.plan.has_timers):
        return
    timers = timer_rows.timers_of(work.connection, after.flow.id)
    if moved:
        fresh = timers_of_moved(loaded.asks, after.runs, was)
        timer_rows.write_timers(work.connection, fresh, [t.id for t in timers])
        return
    gone = [t.id for t in timers if t.run is not None and t.run not in open_]
    wanted = [after.runs[key] for key in after.runs if key in open_ - was]
    fresh = [timer for run in wanted for timer in timers_wanted(loaded.asks, run)]
    timer_rows.write_timers(work.connection, fresh, gone)


def _tell(
    work: Work,
    loaded: Loaded,
    before: State,
    after: State,
    walk: Walk,
    record: Mapping[str, Any] | None,
) -> None:
    flow = after.flow
    about = {"flow": flow.id, "form": flow.form, "id": flow.record}
    add: Callable[..., None] = work.outbox.add
    if before.flow.revision == 0:
        add("flow.started", about, key=f"flow.started:{flow.id}")
    for run in after.runs.values():
        if run.id not in before.runs and run.kind in ("fill", "approve", "acknowledge", "cc"):
            step = {**about, "step": run.step, "run": run.id, "round": run.round}
            add("flow.step_opened", step, key=f"flow.step_opened:{run.id}")
    if flow.round > before.flow.round and any(e.type == "sent_back" for e in walk.events):
        add("flow.returned", {**about, "round": flow.round}, key=f"flow.returned:{flow.id}:"
            f"{flow.round}")  # fmt: skip
    if flow.status in TERMINAL and before.flow.status not in TERMINAL:
        add("flow.ended", {**about, "status": flow.status}, key=f"flow.ended:{flow.id}")
    opened = []
    for task in after.tasks.values():
        old = before.tasks.get(task.id)
        was_asked = old is not None and old.state in ("open", "told") and old.acting == task.acting
        if task.state in ("open", "told") and not was_asked:
            opened.append(task)
        if task.state == "closed" and (old is None or old.outcome != task.outcome):
            tasks.closed_message(work, task)
    if opened:
        rows_ = row_of(loaded, after)
        known = loaded.asks.known
        tasks.told(
            work, opened, record=record, known=known, about=rows_, hides=_hides(loaded, after)
        )


def _hides(loaded: Loaded, state: State) -> Callable[[TaskRow], Collection[str]]:
    """Tells of a task what its step hides."""

    def hidden(task: TaskRow) -> Collection[str]:
        place = loaded.plan.places.get(state.runs[task.run].step) if task.run else None
        return place.step.fields.hide if place is not None else ()

    return hidden


def row_of(loaded: Loaded, state: State) -> Callable[[TaskRow], Any]:
    """Tells of a task which row it is about."""
    catalogue, plan = loaded.view.catalogue, loaded.plan
    return lambda task: asked_about(catalogue, plan, state.runs[task.run]) if task.run else None
