"""Starting a request: rights, conditions, what the record owes, its number, the first step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.form import Form
from jingwei.language.workflow import Workflow
from jingwei.refusals import Conflict, Invalid, NotAllowed, NotFound, Refused
from jingwei.services import readiness, records, versions
from jingwei.services.commands import Reading, Work
from jingwei.services.flows import predict, runtime, step_values
from jingwei.services.flows.actions import Wish, act
from jingwei.services.flows.choices import check_initiator_chose, keep_chosen
from jingwei.services.flows.pinned import keep_text
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.resolve import WorldAsks
from jingwei.services.flows.runtime import Loaded
from jingwei.services.flows.state import State, plain
from jingwei.services.flows.walk import Walk
from jingwei.services.numbers import next_number
from jingwei.services.people import SYSTEM
from jingwei.storage.flow_rows import FlowRow

MAY_SUBMIT = frozenset({"draft", "recalled", "rejected", "terminated"})


def workflow_of(
    work: Any, form: Form, record: Mapping[str, Any], purpose: str = "submit"
) -> Workflow | None:
    """The workflow in force: the one of the org's profile, else the form's own; the `amend` one
    for a record that is being amended."""
    catalogue = work.catalogue
    if purpose == "submit" and versions.is_amending(work, form, record):
        purpose = "amend"
    name = form.workflows.get(purpose) or form.workflow
    org = record.get("org")
    profile = catalogue.tree.profile(org, work.today) if org in catalogue.orgs else None
    if profile in catalogue.profiles:
        name = catalogue.profiles[profile].workflows.get(form.name) or name
    return catalogue.workflows.get(name) if name else None


def begin(
    work: Work,
    form: Form,
    record: Mapping[str, Any],
    wish: Wish,
    *,
    previous: int | None = None,
    workflow: Workflow | None = None,
    parent: tuple[int, int] | None = None,
    initiator: str | None = None,
) -> Loaded:
    """Start a request on a locked record. Raises Refused, Invalid, Conflict or NotAllowed.

    `parent`: the instance and the run of its step that begins this one; that and reopening
    (`previous`) ask for no rights of the `initiator`, who else is the actor.
    """
    workflow = workflow or workflow_of(work, form, record)
    if workflow is None:
        raise NotFound("no-flow")
    keep_text(work, workflow)
    initiator = initiator or _initiator(work, record)
    id_ = work.store.next_ids(work.connection, 1)[0]
    found = _fresh(work, id_, record, workflow, initiator, previous, parent)
    flow = found.state.flow
    if previous is None and parent is None:
        found.asks.keep(record)
        _check_start(work, found, record)
        readiness.check_submission(work, form.name, record)
    elif parent is not None and workflow.steps[0].kind != "fill":  # else people fill it in first
        readiness.check_submission(work, form.name, record)
    if record["number"] is None and form.number is not None:
        number = next_number(work, form, record)
        now = records.set_system(work, form.name, record["id"], number=number)
        found.asks.keep(now)
    walk = found.walk()
    reason = _begun_by_system(work, previous, parent)
    above = parent[0] if parent else None
    word = "started" if previous is None else "reopened"
    walk.note(word, comment=wish.comment, reason=reason, parent=above)
    walk.set_flow(**plain_values(flow))
    if parent is None:  # the answer tells who is asked later, too
        found.asks.foresee()
    keep_chosen(walk, wish.chosen)
    if previous is None and parent is None:
        check_initiator_chose(walk)
    _check_somebody(walk)
    with runtime.at_work(flow.id):
        walk.begin()
        walk.settle()
        _complete_first_fill(found, walk, wish, reason)
        runtime.commit(work, found, walk, fresh=True)
    return found


def _fresh(
    view: Reading,
    id: int,
    record: Mapping[str, Any],
    workflow: Workflow,
    initiator: str,
    previous: int | None = None,
    parent: tuple[int, int] | None = None,
) -> Loaded:
    """A request of a record before anything happens in it."""
    flow = FlowRow(
        id,
        workflow.form,
        record["id"],
        workflow.name,
        workflow.fingerprint,
        view.installation.release.id,
        "running",
        initiator,
        view.now,
        previous=previous,
        parent=parent[0] if parent else None,
        parent_run=parent[1] if parent else None,
    )
    plan = FlowPlan(workflow)
    return Loaded(view, plan, WorldAsks(view, plan, flow), State(flow))


def check_may_begin(view: Reading, form: Form, record: Mapping[str, Any]) -> None:
    """Raises Refused where the actor may not submit the record now, whatever stands in it."""
    workflow = workflow_of(view, form, record)
    if workflow is None:
        raise NotFound("no-flow")
    found = _fresh(view, 0, record, workflow, view.actor.login)
    found.asks.keep(record)
    _check_start(view, found, record)


def begin_child(work: Work, workflow: Workflow, parent: FlowRow, run: int, record_id: int) -> int:
    """The request of one record of a subflow: the system begins it, for the parent's initiator."""
    record = records.locked(work, workflow.form, record_id)
    work = work.of(record["org"])
    form = work.catalogue.forms[workflow.form]
    workflow = work.catalogue.workflows.get(workflow.name, workflow)
    own = replace(work, actor=SYSTEM, on_behalf_of=None)
    above = (parent.id, run)
    found = begin(
        own, form, record, Wish(), workflow=workflow, parent=above, initiator=parent.initiator
    )
    return found.state.flow.id


def _begun_by_system(
    work: Work, previous: int | None, parent: tuple[int, int] | None
) -> str | None:
    """Why nobody submitted this request himself; None where the actor did."""
    if parent is not None:
        return "begun-by-parent"
    if previous is not None:
        return "reopened"
    return "begun-by-rule" if work.actor.is_system else None


def plain_values(flow: FlowRow) -> dict[str, Any]:
    """Every field of the row, so that the first event holds the whole instance."""
    return {name: getattr(flow, name) for name in plain(flow)}


def _initiator(work: Work, record: Mapping[str, Any]) -> str:
    if not work.actor.is_system:
        return work.actor.login
    if work.on_behalf_of is not None and not work.on_behalf_of.is_system:
        return work.on_behalf_of.login
    owner = record.get("owner") or record.get("created_by")
    if owner is None:
        raise Refused("flow-may-not-start")
    return str(owner)


def _check_start(work: Reading, found: Loaded, record: Mapping[str, Any]) -> None:
    form = found.state.flow.form
    if not work.rights.decide(work, form, "submit", record).allowed:
        raise NotAllowed("not-allowed", action="submit")
    if record["status"] not in MAY_SUBMIT:
        raise Conflict("already-submitted", status=record["status"])
    workflow = found.plan.workflow
    if workflow.start_who and not work.actor.is_system:
        people = found.asks.persons(workflow.start_who, ())
        if work.actor.login not in people:
            raise NotAllowed("flow-may-not-start")
    if workflow.start_when is not None and not found.asks.holds(workflow.start_when, ()):
        raise Refused("flow-start-condition")


def _check_somebody(walk: Walk) -> None:
    """`empty: block_start`: nothing begins that would later ask nobody."""
    steps = walk.plan.places.values()
    if not any(walk.plan.policy(place.step, "empty") == "block_start" for place in steps):
        return
    for one in predict.from_start(walk):
        blocks = walk.plan.policy(one.step, "empty") == "block_start"
        if blocks and one.lacks and one.step.kind in ("fill", "approve"):
            raise Refused("flow-nobody-at-start", step=one.step.title)


def _complete_first_fill(found: Loaded, walk: Walk, wish: Wish, reason: str | None) -> None:
    """Submitting is the answer to a first `fill` of the initiator. `reason`: why nobody did; then
    what it lacks of a request below is asked for, not refused to the one above."""
    first = found.plan.workflow.steps[0]
    for task in list(walk.tasks.values()):
        run = walk.runs[task.run or 0]
        own = task.person == walk.flow.initiator and task.state == "open"
        if first.kind == "fill" and run.step == first.id and own:
            try:
                step_values.check_required(found, run)
            except Invalid:
                if found.state.flow.parent is None:
                    raise
                return
            if reason is None:
                act(walk, task.id, "submit", wish)
                return
            walk.note_system("submitted", step=run.step, task=task.id, reason=reason)
            walk.close_task(task.id, "submitted", by=None, reason=reason)
            walk.look_at(run.id)
            walk.settle()
            return
