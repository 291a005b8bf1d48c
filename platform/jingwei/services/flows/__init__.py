"""Approvals: submit, act on a task, act on a request, and what a screen shows of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from jingwei.language.workflow import StepFields
from jingwei.refusals import (
    Conflict,
    FieldRefusal,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    Refused,
    Stale,
)
from jingwei.services import readiness, records, tasks
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import flow_actions, runtime, signing, step_values
from jingwei.services.flows.actions import act as act_in_walk
from jingwei.services.flows.begin import MAY_SUBMIT, begin, workflow_of
from jingwei.services.flows.bodies import BEGIN
from jingwei.services.flows.correcting import fields_now
from jingwei.services.flows.flow_actions import act_on_flow as act_on_walk
from jingwei.services.flows.leaving import hand_over, hand_over_by
from jingwei.services.flows.migrate import migrate
from jingwei.services.flows.operations import OF_ADMINISTRATORS, check_open, suspended
from jingwei.services.flows.record_status import is_another_since
from jingwei.services.flows.returns import came_back
from jingwei.services.flows.row_fields import in_table, table_of
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.state import State
from jingwei.services.flows.view import flow_json, flow_view
from jingwei.services.flows.words import action_word
from jingwei.services.opened import Hidden
from jingwei.services.rights import Viewing
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TERMINAL, FlowRow, RunRow, TaskRow

__all__ = [
    "act",
    "act_on_flow",
    "closes",
    "flow_view",
    "gives",
    "hand_over",
    "hand_over_by",
    "latest_flow",
    "opens",
    "step_fields",
    "submit",
]


def submit(
    work: Work,
    form: str,
    record_id: int,
    comment: str | None = None,
    body: Mapping[str, Any] | None = None,
    revision: int | None = None,
) -> dict[str, Any]:
    """Start the form's flow, or answer the fill of a returned request: the flow as JSON. A form
    with `submit:` and no workflow gives its record (raw). `revision`: of the record, as the actor
    saw it. Raises NotFound, Invalid, Conflict, Stale."""
    definition = work.catalogue.forms.get(form)
    if definition is None:
        raise NotFound("no-such-form")
    found = work.store.load(work.connection, form, [record_id]).get(record_id)
    if found is None or found["deleted_at"] is not None:
        raise NotFound("no-such-record")
    if not work.rights.may_read(work, form, found).allowed:
        raise NotFound("no-such-record")
    _check_revision(found, revision)
    work = work.of(found["org"])
    definition = work.catalogue.forms[form]
    if workflow_of(work, definition, found) is None:
        _check_revision(records.locked(work, form, record_id), revision)
        return dict(records.submit_without_flow(work, form, record_id))
    given = {**(body or {}), **({"comment": comment} if comment else {})}
    if found["status"] == "returned":
        return _resubmit(work, form, found, given)
    record = records.locked(work, form, record_id)
    _check_revision(record, revision)  # again: it may have been changed until it was locked
    if record["status"] not in MAY_SUBMIT:
        raise Conflict("already-submitted", status=record["status"])
    wish = runtime.wish_of(work, given, BEGIN)
    return _shown(work, begin(work, definition, record, wish), predicts=True)


def _check_revision(record: Mapping[str, Any], seen: int | None) -> None:
    if seen is not None and record.get("revision") != seen:
        raise Stale("stale", revision=record.get("revision") or 0)


def _shown(work: Work, found: Loaded, *, predicts: bool = False) -> dict[str, Any]:
    return flow_json(work, found, runtime.MOST_SHOWN, predicts=predicts)


def _resubmit(
    work: Work, form: str, record: Mapping[str, Any], body: Mapping[str, Any]
) -> dict[str, Any]:
    mine = task_rows.tasks_on(
        work.connection,
        tasks.books(work),
        record["id"],
        acting=work.actor.id,
        kinds=("fill",),
        state="open",
    )
    if not mine:
        raise NotAllowed("not-allowed", action="submit")
    return act(work, mine[-1].id, "submit", body)


def act(
    work: Work, task_id: int, action: str, body: Mapping[str, Any], revision: int | None = None
) -> dict[str, Any]:
    """Do something with a task: the flow as JSON (the task itself, for one without a flow).
    `revision`: of the record, as the actor saw it."""
    books = tasks.books(work)
    held = rows.held_by_task(work.connection, books, task_id, runtime.MOST_SHOWN)
    if held is None:
        task = tasks.task_row(work, task_id)
        done = tasks.act_simply(work, task, action, body)
        return done if task.flow is None else flow_view(work, task.flow)
    flow, read, events = held
    with runtime.at_work(flow.id):
        found = runtime.loaded(work, flow, read=read)
        found.events = events
        return _act(work, found, task_id, action, body, revision)


def _act(
    work: Work,
    found: Loaded,
    task_id: int,
    action: str,
    body: Mapping[str, Any],
    revision: int | None,
) -> dict[str, Any]:
    if task_id not in found.state.tasks:  # of a round long gone
        found = runtime.loaded(work, found.state.flow, whole=True)
    task = found.state.tasks[task_id]
    administers = action in OF_ADMINISTRATORS and runtime.is_administrator(work, found.asks.record)
    if work.actor.login not in (task.person, task.acting) and not administers:
        tasks.task_row(work, task_id)
    wish = runtime.wish_of(work, body, action, of_task=True)
    if wish.to and action in ("transfer", "delegate", "add_sign", "reassign"):
        runtime.check_people(work, [wish.to])
    walk = found.walk()
    work = _in_place_of(work, task)
    if task.state == "open" and revision is not None:
        _check_revision(found.asks.record, revision)
    given = bool(body.get("fields"))
    if action in ("approve", "submit", "add_sign") or (given and action in ("reject", "return")):
        _write(work, found, task, action, body)
    elif given:
        raise Refused("flow-not-offered", action=action_word(action))
    act_in_walk(walk, task.id, action, wish, administrator=administers)
    if action == "take_back" and task.outcome == "approved":
        run = found.state.runs[task.run or 0]
        signing.withdraw(work, found, run, walk.tasks.values())
    runtime.commit(work, found, walk)
    return _shown(work, found)


def _in_place_of(work: Work, task: TaskRow) -> Work:
    """Who stands in does what he does for another: the record's history names both."""
    if task.person == task.acting or work.actor.login != task.acting:
        return work
    return replace(work, on_behalf_of=work.people.find(work.connection, task.person, work.today))


def _write(work: Work, found: Loaded, task: TaskRow, action: str, body: Mapping[str, Any]) -> None:
    """The fields of the step, checked before anything is decided."""
    walk = found.walk()
    if walk.actor not in (task.person, task.acting):
        raise NotAllowed("flow-not-your-task")
    check_open(walk, task)
    if found.state.flow.status == "suspended":
        raise suspended(walk)
    if task.kind == "answer":
        _refuse_fields(body)
        return
    run = found.state.runs[task.run or 0]
    owes = action in ("approve", "submit")  # what decides nothing, or no, owes nothing
    signed = {}
    if action == "approve" or (action == "add_sign" and _adds_after(found, run, body)):
        signed = signing.at_decision(work, found, run, task)
    step_values.write_fields(work, found, run, body, owes=owes, signed=signed)
    if not owes:
        return
    step_values.check_required(found, run)
    own = task.kind == "fill" and task.person == found.state.flow.initiator
    if (own and task.acting == task.person) or came_back(found.state, run):
        readiness.check_submission(work, found.state.flow.form, found.asks.record)


def _adds_after(found: Loaded, run: RunRow, body: Mapping[str, Any]) -> bool:
    """Whether who adds signers has decided himself by that."""
    return (body.get("position") or "".join(found.plan.step(run.step).add_sign[:1])) == "after"


def _refuse_fields(body: Mapping[str, Any]) -> None:
    """An opinion comes in words: who asked for it decides, and writes the fields of the step."""
    fields = body.get("fields") or {}
    if fields:
        names = fields if isinstance(fields, Mapping) else ("fields",)
        wrong = [FieldRefusal(name, "not-writable", {"name": name}) for name in names]
        raise Malformed("not-writable-fields", fields=wrong)


def act_on_flow(
    work: Work, flow_id: int, action: str, body: Mapping[str, Any], revision: int | None = None
) -> dict[str, Any]:
    """Do something with a whole request: the flow as JSON (of the new instance, for `reopen`; the
    list of what would happen, for `migrate` with `dry_run`)."""
    with runtime.at_work(flow_id):
        return _act_on_flow(work, flow_id, action, body, revision)


def _act_on_flow(
    work: Work, flow_id: int, action: str, body: Mapping[str, Any], revision: int | None
) -> dict[str, Any]:
    blocked = action in ("migrate", "terminate")  # the ways out of what fits no more
    whole = action == "migrate"  # what stands in the ways of its blocks is moved along, all of it
    found = runtime.load(work, flow_id, lock=True, though_it_fits_no_more=blocked, whole=whole)
    if not runtime.may_see(work, found.state):
        raise NotFound("no-such-flow")
    if revision is not None:
        _check_revision(found.asks.record, revision)
    administers = runtime.is_administrator(work, found.asks.record)
    if action in flow_actions.ADMINISTRATORS and not administers:
        raise NotAllowed("flow-administrators-only", action=action_word(action))
    wish = runtime.wish_of(work, body, action)
    if action in flow_actions.ADMINISTRATORS:
        looks = action == "migrate" and body.get("dry_run") is True
        _check_reason("looks" if looks else wish.comment)
    if action == "migrate":
        return migrate(work, found, wish, body)
    if action == "reopen":
        return _reopen(work, found, wish)
    walk = found.walk()
    act_on_walk(walk, action, wish, administrator=administers)
    runtime.commit(work, found, walk)
    return _shown(work, found)


def _check_reason(reason: str | None) -> None:
    if not (reason or "").strip():
        raise Invalid("invalid", fields=[FieldRefusal("reason", "required")])


def _reopen(work: Work, found: Loaded, wish: Any) -> dict[str, Any]:
    """A new instance linked to the old one: nothing that was approved is undone."""
    flow = found.state.flow
    if flow.status not in TERMINAL:
        raise Conflict("flow-not-ended")
    if rows.running_flows(work.connection, tasks.books(work), record=flow.record):
        raise Conflict("already-submitted", status="in_approval")
    record = records.locked(work, flow.form, flow.record)
    if is_another_since(flow, record):
        raise Conflict("flow-reopen-another")
    work = work.of(record["org"])
    form = work.catalogue.forms[flow.form]
    workflow = work.catalogue.workflows.get(flow.workflow)
    who = flow.initiator
    fresh = begin(work, form, record, wish, previous=flow.id, workflow=workflow, initiator=who)
    return _shown(work, fresh, predicts=True)


def latest_flow(reading: Reading, form: str, record_id: int) -> int | None:
    """The newest instance of a record."""
    return rows.latest_flow(reading.connection, record_id)


def opens(view: Viewing, records: Collection[int]) -> Collection[int]:
    """Which of these records a task, or having begun a request, opens to the actor."""
    return task_rows.opened_among(view.connection, records, view.actor.id)


def closes(view: Viewing, records: Collection[int]) -> Mapping[int, Hidden]:
    """By record, the fields that every step which asked the actor about it hides from its people.

    Whoever began the request, or was asked otherwise too, is kept from nothing.
    """
    assert isinstance(view, Reading)
    books = tasks.books(view)
    told: dict[int, list[TaskRow]] = {}
    for task in task_rows.told_of(view.connection, books, records, view.actor.id):
        told.setdefault(task.record, []).append(task)
    told = {one: all_ for one, all_ in told.items() if all(t.flow and t.run for t in all_)}
    if not told:
        return {}
    instances, runs = _behind(view, told)
    begun = {flow.id for flow in instances.values() if flow.initiator == view.actor.login}
    told = {one: mine for one, mine in told.items() if not any(t.flow in begun for t in mine)}
    return {one: partial(_hidden, mine, instances, runs) for one, mine in told.items()}


def gives(view: Viewing, records: Collection[int]) -> Mapping[int, Hidden]:
    """By record, the fields that the actor's open tasks let him write: he sees them as long."""
    assert isinstance(view, Reading)
    asked: dict[int, list[TaskRow]] = {}
    for task in task_rows.to_fill_in(view.connection, tasks.books(view), records, view.actor.id):
        asked.setdefault(task.record, []).append(task)
    if not asked:
        return {}
    instances, runs = _behind(view, asked)
    return {one: partial(_written, mine, instances, runs) for one, mine in asked.items()}


def _behind(
    view: Reading, told: Mapping[int, Sequence[TaskRow]]
) -> tuple[Mapping[int, FlowRow], Mapping[int, RunRow]]:
    """The requests and runs that these tasks are of."""
    every = [task for mine in told.values() for task in mine]
    books = tasks.books(view)
    found = rows.flows_by_id(view.connection, books, {task.flow or 0 for task in every})
    runs = rows.some_runs(view.connection, books, {task.run or 0 for task in every})[0]
    return {flow.id: flow for flow in found}, runs


def _hidden(
    told: Sequence[TaskRow], flows: Mapping[int, FlowRow], runs: Mapping[int, RunRow], view: Viewing
) -> frozenset[str]:
    """What the steps of all these tasks hide."""
    assert isinstance(view, Reading)
    hidden = (_step(view, flows[t.flow or 0], runs[t.run or 0].step).hide for t in told)
    return frozenset.intersection(*map(frozenset, hidden))


def _written(
    mine: Sequence[TaskRow], flows: Mapping[int, FlowRow], runs: Mapping[int, RunRow], view: Viewing
) -> frozenset[str]:
    """What the steps of all these tasks open."""
    assert isinstance(view, Reading)
    steps = (_step(view, flows[t.flow or 0], runs[t.run or 0].step) for t in mine)
    return frozenset(name for step in steps for name in step.write)


def _step(view: Reading, flow: FlowRow, step: str) -> StepFields:
    """The field rights of a step; of a workflow that fits no more, as it is today."""
    known = runtime.of_state(view, State(flow), though_it_fits_no_more=True)
    place = known.plan.places.get(step)
    if place is None:
        return StepFields()
    return in_table(place.step.fields, table_of(known.view.catalogue, known.plan, step))


def step_fields(
    reading: Reading, form: str, record_id: int, kinds: Collection[str] = ("approval", "fill")
) -> StepFields | None:
    """What the actor's open tasks on this record let be written; None without one."""
    mine = task_rows.tasks_on(
        reading.connection,
        tasks.books(reading),
        record_id,
        acting=reading.actor.id,
        kinds=kinds,
        state="open",
    )
    found: StepFields | None = None
    for task in mine:
        if task.flow is None or task.run is None:
            continue
        instance = runtime.load(reading, task.flow)
        run = instance.state.runs[task.run]
        table = table_of(instance.view.catalogue, instance.plan, run.step)
        now = fields_now(reading, instance, run, instance.plan.step(run.step))
        fields = in_table(now, table)
        if found is None:
            found = fields
        else:
            found = StepFields(
                write=(*found.write, *fields.write),
                require=(*found.require, *fields.require),
                hide=tuple(name for name in found.hide if name in fields.hide),
            )
    return found
