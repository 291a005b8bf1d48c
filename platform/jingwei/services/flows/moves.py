"""Running requests that follow an older workflow, and what moving each to today's would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from jingwei.refusals import Refused
from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.flows.migrate import counterparts, planned, rehearsed
from jingwei.services.flows.moving import MovedTask
from jingwei.services.flows.overview import administered, running_in
from jingwei.services.flows.plan import FlowPlan
from jingwei.services.flows.retiming import MovedTime
from jingwei.services.flows.reweighing import MovedVote
from jingwei.services.flows.runtime import Loaded, load
from jingwei.storage import flows as rows
from jingwei.storage.flow_rows import FlowRow

MOST_MOVES = 100  # requests that are rehearsed at a time, the oldest first


@dataclass(frozen=True, slots=True)
class Move:
    """One request. `steps`: for each open step what it is called, what it becomes, and whether it
    asks its people afresh; `tasks`: whose stay, close and are asked afresh, and `times`: which
    moments become others, `votes`: which are counted otherwise, each with the title of the step;
    `refused`: why it cannot be moved;
    `choices`: for each open step that has no counterpart its id, what it is called, and which steps
    could stand for it, each with its title."""

    flow: int
    workflow: str
    display: str
    title: str
    started_at: datetime
    steps: tuple[tuple[str, str, bool], ...] = ()
    refused: Refused | None = None
    tasks: tuple[tuple[MovedTask, str], ...] = ()
    times: tuple[tuple[MovedTime, str], ...] = ()
    votes: tuple[tuple[MovedVote, str], ...] = ()
    choices: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = ()


def moves(
    view: Reading,
    workflow: str | None = None,
    only: int | None = None,
    chosen: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Move]:
    """Those in the orgs that the reader administers; one alone, where `only` names it. `chosen`: by
    workflow which step of today stands for one that has no counterpart."""
    orgs = administered(view)
    found = []
    for flow in _running(view, orgs, workflow, only):
        today = view.catalogue.workflows.get(flow.workflow)
        if today is None or today.fingerprint == flow.fingerprint:
            continue
        loaded = load(view, flow.id, though_it_fits_no_more=True, whole=True)
        found.append(_move(view, flow, loaded, (chosen or {}).get(flow.workflow, {})))
        if len(found) == MOST_MOVES:
            break
    return found


def _running(
    view: Reading, orgs: frozenset[str] | None, workflow: str | None, only: int | None
) -> list[FlowRow]:
    if only is None:
        return running_in(view, orgs, workflow)
    flow = rows.find_flow(view.connection, tasks.books(view), only)
    if flow is None or flow.status not in ("running", "suspended"):
        return []
    if workflow not in (None, flow.workflow) or flow.form not in view.catalogue.forms:
        return []
    record = view.store.load(view.connection, flow.form, [flow.record]).get(flow.record, {})
    return [flow] if orgs is None or record.get("org") in orgs else []


def _move(view: Reading, flow: FlowRow, loaded: Loaded, chosen: Mapping[str, str]) -> Move:
    locale = view.actor.locale or "zh"
    today = view.catalogue.workflows[flow.workflow]
    known = Move(
        flow.id,
        flow.workflow,
        display(view, flow.form, loaded.asks.record, locale),
        today.title(locale),
        flow.started_at,
        choices=_choices(view, loaded, chosen, locale),
    )
    try:
        to = planned(view, loaded, chosen)
        moved, times, votes = rehearsed(view, loaded, to)
    except Refused as refused:
        return replace(known, refused=refused)
    afresh = {run.id for run in to.opens}
    steps = []
    for run in loaded.state.runs.values():
        new = to.steps.get(run.step)
        if run.state != "open" or new is None:
            continue
        place = loaded.plan.places.get(run.step)
        old = place.step.title(locale) if place is not None else run.step
        steps.append((old, to.plan.step(new).title(locale), run.id in afresh))
    found = tuple((one, _title(one.step, to.plan, loaded.plan, locale)) for one in moved)
    moments = tuple((one, _title(one.step, to.plan, loaded.plan, locale)) for one in times)
    counted = tuple((one, _title(one.step, to.plan, loaded.plan, locale)) for one in votes)
    return replace(known, steps=tuple(steps), tasks=found, times=moments, votes=counted)


def _choices(
    view: Reading, loaded: Loaded, chosen: Mapping[str, str], locale: str
) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    plan = FlowPlan(view.catalogue.workflows[loaded.state.flow.workflow])
    return tuple(
        (
            step,
            _title(step, loaded.plan, plan, locale),
            tuple((one, _title(one, plan, plan, locale)) for one in fits),
        )
        for step, fits in counterparts(view, loaded, chosen).items()
    )


def _title(step: str, new: FlowPlan, old: FlowPlan, locale: str) -> str:
    """Of a step of today, else of the workflow it followed."""
    place = new.places.get(step) or old.places.get(step)
    return step if place is None else str(place.step.title(locale))
