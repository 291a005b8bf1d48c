"""Instances and their tasks as JSON, with what is still to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.workflow import StepFields
from jingwei.refusals import NotFound, Refused
from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.flows import predict
from jingwei.services.flows.correcting import fields_now
from jingwei.services.flows.flow_actions import offered_on_flow
from jingwei.services.flows.operations import asked_first, offered
from jingwei.services.flows.record_status import is_another_since
from jingwei.services.flows.returns import names_a_step
from jingwei.services.flows.row_fields import asked_about
from jingwei.services.flows.runtime import (
    Loaded,
    is_administrator,
    load,
    loaded,
    may_see,
    of_state,
)
from jingwei.services.flows.state import State
from jingwei.services.flows.waits import awaited, begun_requests
from jingwei.services.flows.walk import Walk
from jingwei.services.row_titles import RowTitles
from jingwei.services.tasks import instant, task_json
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TERMINAL, EventRow, FlowRow, RunRow, TaskRow

MOST_ROWS_TOLD = 20  # of an event: its step names them all
_SHOWN = frozenset({"fill", "approve", "acknowledge", "cc", "subflow"})


def flow_view(reading: Reading, flow_id: int) -> dict[str, Any]:
    """The shape `flow` of the interfaces. Raises NotFound."""
    found = load(reading, flow_id, though_it_fits_no_more=True, whole=True)
    if not may_see(reading, found.state):
        raise NotFound("no-such-flow")
    return flow_json(reading, found)


def flow_json(
    view: Reading, found: Loaded, most: int | None = None, *, predicts: bool = True
) -> dict[str, Any]:
    """An instance that the reader may see. `revision` is the record's.

    The answer to an action costs and weighs the same in every round: `most` of path and events,
    the newest, and where it `predicts` nothing no prediction (None), which asks for many people.
    """
    flow, locale = found.state.flow, view.actor.locale or "zh"
    books = tasks.books(view)
    runs = [run for run in found.state.runs.values() if run.kind in _SHOWN]
    runs = runs if most is None else runs[-most:]
    begun = begun_requests(view, found, runs)
    wanted = min(most or flow.seq, flow.seq)
    events = found.events
    if not events or len(events) < wanted or events[-1].seq != flow.seq:
        events = rows.events_shown(view.connection, books, flow.id, wanted)
    by_run: dict[int | None, list[TaskRow]] = {}
    for task in found.state.tasks.values():
        by_run.setdefault(task.run, []).append(task)
    titles = RowTitles(view, flow.form, found.asks.record, locale)
    about = {run.id: _about(found, run, titles) for run in runs}
    return {
        "id": flow.id,
        "flow": flow.id,
        "form": flow.form,
        "record": flow.record,
        "revision": found.asks.record.get("revision"),
        "workflow": flow.workflow,
        "title": found.plan.workflow.title(locale),
        "fingerprint": flow.fingerprint,
        "status": flow.status,
        "round": flow.round,
        "initiator": flow.initiator,
        "started_at": instant(flow.started_at),
        "ended_at": instant(flow.ended_at),
        "previous": flow.previous,
        "parent": flow.parent,
        "open": _open_json(view, found),
        "waiting": awaited(view, found),
        "path": [
            {
                **_run_json(found, run, locale, by_run.get(run.id, ())),
                **about[run.id],
                **({"requests": begun[run.id]} if run.id in begun else {}),
            }
            for run in runs
        ],
        "events": [
            {**_event_json(event), **_told_about(found, _run_of(found, event), titles, about)}
            for event in events
        ],
        "prediction": _prediction(found, locale) if predicts else None,
        "resumes": _resumes(found, locale) if predicts else None,
        "actions": _actions(view, found),
    }


def _open_json(view: Reading, found: Loaded) -> list[dict[str, Any]]:
    """What is open, receipts beside the flow included."""
    record = found.asks.record
    walk = found.walk()
    administers = is_administrator(view, record)
    shown = []
    for task in (*found.state.tasks.values(), *found.beside):
        if task.state != "open":
            continue
        in_step = task.run is not None
        more = _described(view, found, walk, task, administers) if in_step else None
        shown.append(task_json(view, task, record, more))
    return shown


def _described(
    view: Reading, found: Loaded, walk: Walk, task: TaskRow, administers: bool = False
) -> Mapping[str, Any]:
    run = found.state.runs[task.run or 0]
    place = found.plan.places.get(run.step)
    if not found.fits or place is None:
        return {"step": run.step}
    step = place.step
    locale = view.actor.locale or "zh"
    return {
        "step": run.step,
        "actions": offered(walk, task, view.actor.login, administrator=administers),
        "about": asked_about(found.view.catalogue, found.plan, run),
        "fields": fields_of(fields_now(view, found, run, step), task),
        "opinion": step.opinion,
        "labels": {action: words(locale) for action, words in step.labels.items()},
        **_waited_for(walk, task),
    }


def _about(found: Loaded, run: RunRow | None, titles: RowTitles) -> dict[str, Any]:
    """The rows that a run is about; `row` where it is one alone."""
    asked = None if run is None else asked_about(found.view.catalogue, found.plan, run)
    rows_ = [] if asked is None else titles.all(asked.table, asked.ids, asked.hide)
    return {"row": rows_[0] if len(rows_) == 1 else None, "rows": rows_}


def _told_about(
    found: Loaded, run: RunRow | None, titles: RowTitles, known: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    """The rows that an event is about, the first of many. `known`: of each run, told once."""
    if run is None:
        return {"rows": []}
    if run.id not in known:
        known[run.id] = _about(found, run, titles)
    rows_ = known[run.id]["rows"]
    more = len(rows_) - MOST_ROWS_TOLD
    return {"rows": rows_[:MOST_ROWS_TOLD], **({"more_rows": more} if more > 0 else {})}


def _waited_for(walk: Walk, task: TaskRow) -> Mapping[str, Any]:
    """Of a task that waits: for whom."""
    if task.state != "waiting":
        return {}
    return {"waiting_for": list(dict.fromkeys(t.acting for t in asked_first(walk, task)))}


def _run_json(found: Loaded, run: RunRow, locale: str, mine: Sequence[TaskRow]) -> dict[str, Any]:
    place = found.plan.places.get(run.step)
    asked = {t.id: t for t in mine}
    return {
        "step": run.step,
        "title": run.step if place is None else place.step.title(locale),
        "kind": run.kind,
        "path": run.path,
        "round": run.round,
        "state": run.state,
        "outcome": run.outcome,
        "opened_at": instant(run.opened_at),
        "closed_at": instant(run.closed_at),
        "due_at": instant(run.due_at),
        "reason": run.data.get("reason"),
        "people": [
            {
                "person": t.person,
                "acting": t.acting,
                "by": t.closed_by,
                "state": t.state,
                "outcome": t.outcome,
                "reason": t.reason,
                "comment": t.comment,
                "at": instant(t.closed_at),
                "position": t.position,
                "asked_by": asked[t.origin].acting if t.origin in asked else None,
                "to": _given_to(t, mine),
            }
            for t in mine
            if t.kind != "cc" or run.kind == "cc"
        ],
    }


def _given_to(task: TaskRow, mine: Sequence[TaskRow]) -> str | None:
    """Of a task that somebody else was given: who has its seat now."""
    if task.outcome != "transferred":
        return None
    later = [t for t in mine if t.seat == task.seat and t.id > task.id]
    return next((t.person for t in later if t.position == task.position), None)


def _run_of(found: Loaded, event: EventRow) -> RunRow | None:
    """The run that an event is about: of its task, or as it says itself."""
    task = found.state.tasks.get(event.data.get("task", 0))
    return found.state.runs.get((task.run if task is not None else event.data.get("run")) or 0)


def _event_json(event: Any) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": instant(event.at),
        "type": event.type,
        "actor": event.actor,
        "on_behalf_of": event.on_behalf_of,
        "step": event.step,
        "comment": event.comment,
        "data": event.data,
    }


def _prediction(found: Loaded, locale: str) -> list[dict[str, Any]]:
    """Best effort: what cannot be worked out now is left out."""
    if not found.fits:
        return []
    try:
        coming = predict.ahead(found.walk())
    except (Refused, LookupError, ArithmeticError):
        return []
    return [
        {
            "step": one.step.id,
            "title": one.step.title(locale),
            "kind": one.step.kind,
            "people": list(one.people),
            "on_behalf_of": {who: list(whose) for who, whose in one.on_behalf_of.items()},
            "certain": one.certain,
            "by_itself": one.by_itself,
        }
        for one in coming
    ]


def _resumes(found: Loaded, locale: str) -> dict[str, dict[str, Any]]:
    """By step that corrects a request which was sent back: where it then goes on, unless one of
    these fields is changed. Nothing for what walks again."""
    if not found.fits:
        return {}
    walk = found.walk()
    shown = {}
    for run in walk.runs.values():
        back = predict.returner_of(walk, run) if run.state == "open" else None
        if back is not None:
            watched = list(walk.flow.memory["resume"][run.path]["snapshot"])
            title = found.plan.step(back).title(locale)
            shown[run.step] = {"step": back, "title": title, "unless_changed": watched}
    return shown


def _actions(view: Reading, found: Loaded) -> list[str]:
    """What the reader may do with the whole request now."""
    flow = found.state.flow
    administers = is_administrator(view, found.asks.record)
    login = view.actor.login
    actions = offered_on_flow(found.walk(), login, administrator=administers)
    if not found.fits:  # it can only be ended, or moved to the workflow of today
        actions = [one for one in actions if one == "terminate"]
    if administers:
        today = view.catalogue.workflows.get(flow.workflow)
        moves = today is not None and today.fingerprint != flow.fingerprint
        actions += ["reopen"] if _may_reopen(view, found) else []
        actions += ["migrate"] if moves and flow.ended_at is None else []
    return actions


def _may_reopen(view: Reading, found: Loaded) -> bool:
    flow, record = found.state.flow, found.asks.record
    if flow.ended_at is None or not record or record["deleted_at"] is not None:
        return False
    if is_another_since(flow, record):
        return False
    return not rows.running_flows(view.connection, tasks.books(view), record=flow.record)


# --- tasks of flows, for the inbox ---------------------------------------------------------------


def describe(view: Reading, found: Sequence[TaskRow]) -> dict[int, Mapping[str, Any]]:
    """Step, actions and fields of tasks by id; nothing but its step for one whose flow cannot be
    read. Only the runs they belong to are looked at, but for a decision that the reader might take
    back. What administrators may do is said with the request."""
    if not found:
        return {}
    books = tasks.books(view)
    flows = {
        flow.id: flow
        for flow in rows.flows_by_id(view.connection, books, {t.flow or 0 for t in found})
    }
    runs, others = rows.some_runs(view.connection, books, {t.run or 0 for t in found})
    described: dict[int, Mapping[str, Any]] = {}
    for task in found:
        flow, run = flows[task.flow or 0], runs[task.run or 0]
        mine = {t.id: t for t in others.values() if t.run == run.id}
        state = State(flow, {run.id: run}, mine)
        try:
            known = of_state(view, state, though_it_fits_no_more=True)
            if _looks_around(view, known, run, task):
                every = rows.runs_with_tasks(view.connection, books, flow, whole=False)
                known.state = State(flow, *every)
        except Refused:
            described[task.id] = {"step": run.step}
            continue
        described[task.id] = _described(view, known, known.walk(), task)
    return described


def _looks_around(view: Reading, known: Loaded, run: RunRow, task: TaskRow) -> bool:
    """Whether what may be done depends on other steps: taking back on what came after, a return to
    a step that is named on whether it was walked."""
    flow = known.state.flow
    if flow.status != "running" or not known.fits:
        return False
    if task.state == "open":
        return task.kind == "approval" and names_a_step(known.plan, known.plan.step(run.step))
    mine = task.state == "closed" and task.closed_by == view.actor.login
    decided = run.state != "open" and task.outcome in ("approved", "rejected")
    return mine and decided and run.round == flow.round


def fields_of(fields: StepFields, task: TaskRow) -> Mapping[str, tuple[str, ...]]:
    """What the holder of an open task may write, must fill, and does not see."""
    answers = task.state == "open" and task.kind in ("approval", "fill")
    return {
        "write": fields.write if answers else (),
        "require": fields.require if answers else (),
        "hide": fields.hide,
    }


def mine(view: Reading, flows: Sequence[FlowRow]) -> list[dict[str, Any]]:
    """Own requests as entries of the inbox: the task that holds each up, else the request; with
    everybody who is waited for, and where that is nobody, what is (`waiting`, as of a request).
    Who only takes note is not waited for."""
    open_: dict[int, TaskRow] = {}
    waits: dict[int, list[str]] = {}
    for task in task_rows.open_tasks_in(view.connection, tasks.books(view), [f.id for f in flows]):
        if task.state == "open" and task.run is not None:
            open_.setdefault(task.flow or 0, task)
            waits.setdefault(task.flow or 0, []).append(task.acting)
    shown = {one["flow"]: one for one in tasks.tasks_json(view, list(open_.values()))}
    return [
        {
            **(shown.get(flow.id) or _ended(view, flow)),
            "flow": flow.id,
            "status": flow.status,
            "waiting_for": list(dict.fromkeys(waits.get(flow.id, ()))),
            "waiting": [] if flow.id in waits else _awaited(view, flow),
        }
        for flow in flows
    ]


def _awaited(view: Reading, flow: FlowRow) -> list[dict[str, Any]]:
    if flow.status in TERMINAL:
        return []
    try:
        return awaited(view, loaded(view, flow, though_it_fits_no_more=True))
    except Refused:  # of a workflow that is gone
        return []


def _ended(view: Reading, flow: FlowRow) -> dict[str, Any]:
    task = TaskRow(0, None, flow.initiator, flow.initiator, "todo", "closed", flow.started_at)
    locale = view.actor.locale or "zh"
    workflow = view.catalogue.workflows.get(flow.workflow)
    title = workflow.title(locale) if workflow else flow.workflow
    about = task._replace(form=flow.form, record=flow.record, title={locale: title}, flow=flow.id)
    return {**task_json(view, about), "id": None, "closed_at": instant(flow.ended_at)}
