"""The status of a record follows its request, and what the workflow does at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jingwei.services import records
from jingwei.services.commands import Work
from jingwei.services.events import Changed
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.resolve import run_effects
from jingwei.services.flows.returns import came_back
from jingwei.services.flows.state import State
from jingwei.services.flows.truth import ended_by_system, sent_back_by_system
from jingwei.services.flows.walk import Walk
from jingwei.services.people import SYSTEM
from jingwei.services.versions import IN_FORCE
from jingwei.storage.flow_rows import TERMINAL, FlowRow

if TYPE_CHECKING:
    from jingwei.services.flows.runtime import Loaded

APPROVED = "approved"
IN_APPROVAL = "in_approval"
_ACTION_NAMES = {IN_APPROVAL: "submitted"}


def is_another_since(flow: FlowRow, record: Mapping[str, Any]) -> bool:
    """Whether a record is not any more what this request approved: it is being amended, or was
    decided about again."""
    return flow.status == APPROVED and record["status"] not in IN_FORCE


def status_of(plan: FlowPlan, state: State) -> str:
    """The status of the record: returned while its initiator corrects it, or his successor."""
    flow = state.flow
    if flow.status in TERMINAL:
        return flow.status
    if flow.round > 1:
        for task in state.tasks.values():
            if task.kind != "fill" or task.state != "open":
                continue
            run = state.runs.get(task.run or 0)
            if task.person == flow.initiator or (run is not None and came_back(state, run)):
                return "returned"
    return IN_APPROVAL


def move_record(work: Work, loaded: Loaded, walk: Walk, before: State, after: State) -> None:
    """The record's status follows; then what the workflow does at its end. What was no person's
    decision is booked as the system's."""
    flow = after.flow
    status = status_of(loaded.plan, after)
    ends = flow.status in TERMINAL and before.flow.status not in TERMINAL
    record = loaded.asks.held() if ends else loaded.asks.record
    if not record or record["deleted_at"] is not None:
        return
    if record["status"] != status or record.get("flow") != flow.id:
        was = record
        begins = before.flow.revision == 0
        if begins and status != IN_APPROVAL:  # who submitted did so before the rules decided
            _set_status(work, loaded, record, flow.id, IN_APPROVAL)
        by_system = ended_by_system(walk.events) if ends else _comes_back(status, walk)
        by = replace(work, actor=SYSTEM, on_behalf_of=None) if by_system else work
        now = _set_status(by, loaded, loaded.asks.record, flow.id, status)
        if begins:
            work.tell(Changed("record.submitted", flow.form, flow.record, was, now, "flow"))
    if ends:
        _end(work, loaded, record, status)


def _comes_back(status: str, walk: Walk) -> bool:
    return status == "returned" and sent_back_by_system(walk.events)


def _set_status(
    work: Work, loaded: Loaded, record: Mapping[str, Any], flow: int, status: str
) -> Mapping[str, Any]:
    now = records.set_system(
        replace(work, origin=f"flow:{flow}"),
        loaded.state.flow.form,
        loaded.state.flow.record,
        action=_ACTION_NAMES.get(status, status),
        held=record if loaded.asks.holds_record else None,
        status=status,
        flow=flow,
    )
    loaded.asks.keep(now)
    return now


def _end(work: Work, loaded: Loaded, record: Mapping[str, Any], status: str) -> None:
    flow = loaded.state.flow
    effects = loaded.plan.workflow.end.get(flow.status, ())
    kind = f"record.{flow.status}"
    work.tell(Changed(kind, flow.form, flow.record, record, {**record, "status": status}))
    run_effects(loaded.view, effects, flow, path=f"end/{flow.status}/{flow.id}")
    if effects:
        loaded.asks.forget()
