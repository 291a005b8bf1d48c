"""Running requests that a publication touches, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.language.workflow import Workflow
from jingwei.problems import DefinitionErrors
from jingwei.services.flows.plan import START, FlowPlan
from jingwei.services.releases.plan import FlowTouch
from jingwei.storage import flows as rows
from jingwei.storage.database import Connection
from jingwei.storage.flow_kinds import Books
from jingwei.storage.flow_rows import FlowRow, RunRow
from jingwei.storage.plan_step import Step

MOST_FLOWS = 200  # that are told one by one
MOST_TEXTS = 4  # pinned workflows that are compiled to see whether they still fit


def touched_flows(
    connection: Connection, books: Books, before: Catalogue, after: Catalogue
) -> tuple[list[FlowTouch], list[Step]]:
    """Requests whose workflow, or its form, is another one after the publication."""
    changed = _changed(before, after)
    found: list[FlowTouch] = []
    fits: dict[tuple[str, str], bool] = {}
    for workflow in sorted(changed):
        for flow in rows.running_flows(connection, books, workflow=workflow):
            today = after.workflows.get(workflow)
            if today is not None and today.fingerprint == flow.fingerprint:
                continue  # the workflow it began with is the one that is published
            key = (workflow, flow.fingerprint)
            if key not in fits:
                fits[key] = len(fits) >= MOST_TEXTS or _fits(connection, after, flow)
            open_ = [r for r in rows.runs_of(connection, books, flow.id) if r.state == "open"]
            found.append(_touch(connection, flow, open_, today, fits[key]))
    return found[:MOST_FLOWS], _steps(found)


def _changed(before: Catalogue, after: Catalogue) -> set[str]:
    """Workflows that change, or that decide of a form that changes."""
    found = {
        name
        for name, workflow in before.workflows.items()
        if name not in after.workflows or after.workflows[name].fingerprint != workflow.fingerprint
    }
    for name, form in before.forms.items():
        now = after.forms.get(name)
        if now is None or now.fingerprint != form.fingerprint:
            found |= {w for w in (form.workflow, *form.workflows.values()) if w}
    return found


def _fits(connection: Connection, after: Catalogue, flow: FlowRow) -> bool:
    """Whether the text the request began with still fits the forms."""
    text = rows.pinned_text(connection, flow.fingerprint)
    today = after.workflows.get(flow.workflow)
    if text is None:
        return False
    path = today.origin.file if today is not None else f"workflows/{flow.workflow}.yaml"
    try:
        compile_texts({**after.files, path: text})
    except DefinitionErrors:
        return False
    return True


def _touch(
    connection: Connection,
    flow: FlowRow,
    open_: Sequence[RunRow],
    today: Workflow | None,
    fits: bool,
) -> FlowTouch:
    steps = tuple(dict.fromkeys(run.step for run in open_ if run.step != START))
    stuck = steps if today is None else _stuck(open_, today)
    return FlowTouch(
        flow.id,
        flow.workflow,
        flow.form,
        flow.record,
        None,
        steps,
        "goes_on" if fits else "needs_migration",
        today is not None and not stuck,
        stuck,
        today is None,
    )


def _stuck(open_: Sequence[RunRow], today: Workflow) -> tuple[str, ...]:
    """The open steps that have no counterpart; `migrate --dry-run` looks closer."""
    places, words = FlowPlan(today).places, today.migrate
    found = []
    for run in (run for run in open_ if run.step != START):
        place = places.get(words.get(run.step, run.step))
        if place is None or place.step.kind != run.kind:
            found.append(run.step)
    return tuple(dict.fromkeys(found))


def _steps(found: Sequence[FlowTouch]) -> list[Step]:
    by_fate: dict[tuple[str, str], int] = {}
    for flow in found:
        key = (flow.workflow, flow.fate)
        by_fate[key] = by_fate.get(key, 0) + 1
    return [_step(workflow, fate, number) for (workflow, fate), number in sorted(by_fate.items())]


def _step(workflow: str, fate: str, number: int) -> Step:
    holes: Mapping[str, object] = {"workflow": workflow}
    path = f"workflow/{workflow}"
    if fate == "goes_on":
        return Step("safe", "flows_touched", holes, number, topic="flows", path=path)
    return Step("needs_data", "flows_wait", holes, number, topic="flows", path=path)
