"""What a request waits for where nobody is asked: a moment, a condition, other requests; and what
became of those that it waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.workflow import Step
from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.flows.runtime import Loaded, is_administrator
from jingwei.services.tasks import instant
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import FlowRow, RunRow

NOT_APPROVED = frozenset({"rejected", "recalled", "terminated"})  # statuses, and events
MOST_LOOKED_AT = 20  # of the newest events of a request: its end is among them


def awaited(view: Reading, found: Loaded) -> list[dict[str, Any]]:
    """One entry for each open `wait` and `subflow`: since when, until when or until what, or for
    which requests."""
    open_ = [
        run
        for run in found.state.runs.values()
        if run.kind in ("wait", "subflow") and run.state == "open"
    ]
    if not open_ or not found.fits:
        return []
    children = {}
    if any(run.kind == "subflow" for run in open_):
        begun = rows.children_of(view.connection, tasks.books(view), found.state.flow.id)
        children = _children(view, begun)
    return [_entry(view, found, run, children) for run in open_]


def _entry(
    view: Reading, found: Loaded, run: RunRow, children: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    step = found.plan.step(run.step)
    about = {
        "kind": run.kind,
        "step": run.step,
        "title": step.title(view.actor.locale or "zh"),
        "since": instant(run.opened_at),
    }
    if run.kind == "wait":
        return {**about, **_moments(found, step, run)}
    begun = _of_run(run, children)
    return {**about, "for": (step.subflow or {}).get("wait", "all"), "requests": begun}


def _of_run(run: RunRow, children: Mapping[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [children[key] for key in run.data.get("children", ()) if key in children]


def begun_requests(
    view: Reading, found: Loaded, runs: Sequence[RunRow]
) -> dict[int, list[dict[str, Any]]]:
    """By run of a `subflow` among these: the requests that it began."""
    steps = [run for run in runs if run.kind == "subflow"]
    if not steps:
        return {}
    begun = rows.children_of(view.connection, tasks.books(view), found.state.flow.id)
    ids = {key for run in steps for key in run.data.get("children", ())}
    children = _children(view, [flow for flow in begun if flow.id in ids])
    return {run.id: _of_run(run, children) for run in steps}


def _moments(found: Loaded, step: Step, run: RunRow) -> dict[str, Any]:
    """`until` and `at_most` are instants, `condition` is what else has to become true."""
    until = None if step.wait_for is None else found.asks.after(run.opened_at, step.wait_for)
    most = None if step.at_most is None else found.asks.after(run.opened_at, step.at_most)
    return {
        "until": instant(until),
        "condition": None if step.wait_until is None else step.wait_until.source,
        "at_most": instant(most),
    }


def _children(view: Reading, begun: Sequence[FlowRow]) -> dict[int, dict[str, Any]]:
    """Requests that steps of this one began. What they are about, and for whom they wait, only
    where the reader may see it."""
    people: dict[int, list[str]] = {}
    ids = [flow.id for flow in begun]
    for task in task_rows.open_tasks_in(view.connection, tasks.books(view), ids):
        if task.state == "open" and task.kind != "cc":
            people.setdefault(task.flow or 0, []).append(task.acting)
    by_form: dict[str, list[int]] = {}
    for flow in begun:
        by_form.setdefault(flow.form, []).append(flow.record)
    records: dict[int, Mapping[str, Any]] = {}
    for form, wanted in by_form.items():
        if form in view.catalogue.forms:
            records.update(view.store.load(view.connection, form, wanted))
    shown = {}
    for flow in begun:
        record = records.get(flow.record)
        sees = record is not None and _sees(view, flow, record)
        locale = view.actor.locale or "zh"
        shown[flow.id] = {
            "flow": flow.id,
            "form": flow.form,
            "record": flow.record,
            "status": flow.status,
            "display": display(view, flow.form, record, locale) if sees and record else None,
            "waiting_for": list(dict.fromkeys(people.get(flow.id, ()))) if sees else [],
            "decided": _decided(view, flow) if sees else None,
        }
    return shown


def _decided(view: Reading, flow: FlowRow) -> dict[str, Any] | None:
    """Who ended a request that was not approved, when and in which words; `by` None: the system,
    for `reason`."""
    if flow.status not in NOT_APPROVED:
        return None
    events = rows.events_shown(view.connection, tasks.books(view), flow.id, MOST_LOOKED_AT)
    ends = [e for e in events if e.type in NOT_APPROVED or e.type == "ended"]
    if not ends:
        return None
    said = [e for e in ends if e.actor is not None and e.at == ends[-1].at] or ends[-1:]
    last = said[-1]
    return {
        "by": last.actor,
        "on_behalf_of": last.on_behalf_of,
        "at": instant(last.at),
        "comment": last.comment,
        "reason": last.data.get("reason"),
    }


def _sees(view: Reading, flow: FlowRow, record: Mapping[str, Any]) -> bool:
    return (
        view.actor.login == flow.initiator
        or view.rights.may_read(view, flow.form, record).allowed
        or is_administrator(view, record)
    )
