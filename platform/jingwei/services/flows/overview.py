"""What administrators look at: requests that run, those that are late or stuck, time per step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from statistics import median
from typing import Any

from jingwei.language.workflow import Workflow, walk
from jingwei.refusals import Malformed, NotAllowed
from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.flows.plan import START
from jingwei.services.flows.who import FLOW_ADMIN
from jingwei.services.flows.words import action_word, step_words
from jingwei.services.tasks import instant
from jingwei.services.workdays import calendar_of, is_workday, worked_time
from jingwei.storage import flow_figures
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_figures import ClosedRun
from jingwei.storage.flow_rows import FlowRow, TaskRow
from jingwei.storage.keys import records_in
from jingwei.storage.people import find_people
from jingwei.texts import text

STATES = ("all", "overdue", "suspended", "stuck")
MOST = 2_000  # running requests that one view looks through
STRETCH = 500  # of them, where all are gone through one stretch after the other
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Wish:
    """Which requests. `state`: one of STATES; `org`: this one and those below it; `q`: in what the
    record is called or numbered, its form, its flow, who began it or is waited for."""

    workflow: str | None = None
    state: str = "all"
    org: str | None = None
    q: str = ""


def administered(view: Reading) -> frozenset[str] | None:
    """Orgs whose requests the reader administers; None: all of them."""
    if view.actor.is_system:
        return None
    tree = view.catalogue.tree
    found: set[str] = set()
    for role, org in view.actor.roles:
        if role == FLOW_ADMIN and org in view.catalogue.orgs:
            found.update(tree.under(org, view.today))
    return frozenset(found)


def administers_anything(view: Reading) -> bool:
    found = administered(view)
    return found is None or bool(found)


def running(view: Reading, wish: Wish, page: int = 1, size: int = 20) -> dict[str, Any]:
    """A page of the running requests of the reader's orgs, the oldest first. `capped`: there are
    more than are looked through here. Raises NotAllowed for who administers none, Malformed for an
    unknown state."""
    wanted = _wanted(view, wish)
    flows = running_in(view, wanted, wish.workflow)
    looked = _looked_through(view, wish, wanted, flows)
    counts = dict.fromkeys(STATES, 0)
    for states in looked.states.values():
        for state in states & counts.keys():
            counts[state] += 1
    found = looked.matching(wish.state)
    start = (page - 1) * size
    return {
        "items": [looked.line(flow) for flow in found[start : start + size]],
        "total": len(found),
        "page": page,
        "size": size,
        "counts": counts,
        "capped": len(flows) == MOST,
    }


def stretch(view: Reading, wish: Wish, after: int, size: int) -> dict[str, Any]:
    """The next requests that match, of those that began later than `after`, however many there are
    in all: `items`, and after which to go on, None behind the last. Raises as `running`."""
    wanted = _wanted(view, wish)
    flows = running_in(view, wanted, wish.workflow, after, STRETCH)
    looked = _looked_through(view, wish, wanted, flows)
    found = looked.matching(wish.state)
    goes_on = None
    if len(found) > size:
        goes_on = str(found[size - 1].id)
    elif len(flows) == STRETCH:
        goes_on = str(flows[-1].id)
    items = [looked.line(flow) for flow in found[:size]]
    return {"items": items, "total": None, "page": 1, "size": size, "after": goes_on}


@dataclass(frozen=True, slots=True)
class _Looked:
    """Requests that match but for their state, with what is known of them; `states`: by id."""

    view: Reading
    flows: Sequence[FlowRow]
    states: Mapping[int, frozenset[str]]
    records: Mapping[int, Mapping[str, Any]]
    open_: Mapping[int, list[TaskRow]]
    waits: Collection[int]

    def matching(self, state: str) -> list[FlowRow]:
        return [flow for flow in self.flows if state in self.states[flow.id]]

    def line(self, flow: FlowRow) -> dict[str, Any]:
        record, open_ = self.records[flow.record], self.open_.get(flow.id, [])
        return _line(self.view, flow, record, open_, self.waits)


def _wanted(view: Reading, wish: Wish) -> frozenset[str] | None:
    """The orgs that are looked at; None: all."""
    if wish.state not in STATES:
        raise Malformed("parameter-choice", name="state", known=", ".join(STATES))
    orgs = administered(view)
    if orgs is not None and not orgs:
        raise NotAllowed("flow-administrators-only", action=action_word("flows"))
    return _orgs_wanted(view, orgs, wish.org)


def _looked_through(
    view: Reading, wish: Wish, wanted: frozenset[str] | None, flows: list[FlowRow]
) -> _Looked:
    open_ = _open_tasks(view, flows)
    records = _records(view, flows)
    asked = {f.id for f in flows if any(t.state == "open" for t in open_.get(f.id, ()))}
    waits = flow_figures.waiting(view.connection, {f.id for f in flows} - asked)
    speaks = _search(view, wish.q, flows, open_)
    found: list[FlowRow] = []
    states: dict[int, frozenset[str]] = {}
    for flow in flows:
        record = records.get(flow.record)
        if record is None or (wanted is not None and record.get("org") not in wanted):
            continue
        if not speaks(flow, record):
            continue
        stuck = flow.status == "running" and flow.id not in asked | waits
        late = _is_late(view, open_.get(flow.id, ()))
        states[flow.id] = frozenset({"all", _state(flow, stuck), *(["overdue"] if late else [])})
        found.append(flow)
    return _Looked(view, found, states, records, open_, waits)


def _search(
    view: Reading, q: str, flows: Sequence[FlowRow], open_: Mapping[int, Sequence[TaskRow]]
) -> Callable[[FlowRow, Mapping[str, Any]], bool]:
    """Whether a request is one of those that are looked for."""
    wanted = q.strip().lower()
    if not wanted:
        return lambda flow, record: True
    locale = view.actor.locale or "zh"
    concerned = {
        f.id: {f.initiator, *(n for t in open_.get(f.id, ()) for n in (t.acting, t.person))}
        for f in flows
    }
    people = find_people(view.connection, {n for names in concerned.values() for n in names})

    def speaks(flow: FlowRow, record: Mapping[str, Any]) -> bool:
        workflow = view.catalogue.workflows.get(flow.workflow)
        said = [
            display(view, flow.form, record, locale),
            str(record.get("number") or ""),
            view.catalogue.forms[flow.form].title(locale),
            workflow.title(locale) if workflow else flow.workflow,
        ]
        for login in concerned[flow.id]:
            said += [login, people[login].name if login in people else ""]
        return any(wanted in one.lower() for one in said)

    return speaks


def running_in(
    view: Reading,
    orgs: frozenset[str] | None,
    workflow: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[FlowRow]:
    """The oldest running requests that are about records of these orgs (None: of all), of those
    that began later than `after`."""
    books = tasks.books(view)
    among = None
    if orgs is not None:
        forms = rows.forms_of_flows(view.connection, books) & view.catalogue.forms.keys()
        among = records_in(view.store, forms, orgs)
        if among is None:
            return []
    return rows.running_flows(
        view.connection, books, workflow=workflow, among=among, after=after, limit=limit or MOST
    )


def _orgs_wanted(
    view: Reading, administered_: frozenset[str] | None, org: str | None
) -> frozenset[str] | None:
    if org not in view.catalogue.orgs:
        return administered_
    below = frozenset(view.catalogue.tree.under(str(org), view.today))
    return below if administered_ is None else below & administered_


def _state(flow: FlowRow, stuck: bool) -> str:
    if flow.status == "suspended":
        return "suspended"
    return "stuck" if stuck else "running"


def _is_late(view: Reading, open_: Sequence[TaskRow]) -> bool:
    return any(t.state == "open" and t.due_at is not None and t.due_at < view.now for t in open_)


def _open_tasks(view: Reading, flows: list[FlowRow]) -> dict[int, list[TaskRow]]:
    by_flow: dict[int, list[TaskRow]] = {}
    for task in task_rows.open_tasks_in(view.connection, tasks.books(view), [f.id for f in flows]):
        by_flow.setdefault(task.flow or 0, []).append(task)
    return by_flow


def _records(view: Reading, flows: list[FlowRow]) -> dict[int, Mapping[str, Any]]:
    by_form: dict[str, list[int]] = {}
    for flow in flows:
        by_form.setdefault(flow.form, []).append(flow.record)
    found: dict[int, Mapping[str, Any]] = {}
    for form, ids in by_form.items():
        if form in view.catalogue.forms:
            found.update(view.store.load(view.connection, form, list(dict.fromkeys(ids))))
    return found


def _line(
    view: Reading,
    flow: FlowRow,
    record: Mapping[str, Any],
    open_: list[TaskRow],
    waits: Collection[int],
) -> dict[str, Any]:
    locale = view.actor.locale or "zh"
    asked = [t for t in open_ if t.state == "open"]
    today = view.catalogue.workflows.get(flow.workflow)
    since = min((t.opened_at for t in asked), default=flow.started_at)
    stuck = flow.status == "running" and not asked and flow.id not in waits
    return {
        "id": flow.id,
        "form": flow.form,
        "record": flow.record,
        "number": record.get("number"),
        "org": record.get("org"),
        "display": display(view, flow.form, record, locale),
        "workflow": flow.workflow,
        "title": today.title(locale) if today else flow.workflow,
        "status": flow.status,
        "state": _state(flow, stuck),
        "old_version": today is None or today.fingerprint != flow.fingerprint,
        "round": flow.round,
        "initiator": flow.initiator,
        "started_at": instant(flow.started_at),
        "waiting_for": list(dict.fromkeys(t.acting for t in asked)),
        "waiting_since": instant(since),
        "tasks": [
            {"id": t.id, "person": t.acting, "title": t.title.get(locale, "")}
            for t in asked
            if t.kind in ("approval", "fill", "answer") and t.run is not None
        ],
        "steps": list(dict.fromkeys(t.title.get(locale, "") for t in asked)),
        "overdue": _is_late(view, asked),
    }


def statistics(view: Reading, workflow: str | None = None) -> list[dict[str, Any]]:
    """Per step of people: how often it was run, hours it took (middle and mean; `work_hours`: those
    on working days only), how often it was returned or late; of the orgs that the reader
    administers. Looks at the newest runs only (see flow_figures.MOST)."""
    orgs = administered(view)
    if orgs is not None and not orgs:
        raise NotAllowed("flow-administrators-only", action=action_word("statistics"))
    locale, worked = view.actor.locale or "zh", _worked_hours(view)
    found = []
    for name, definition in view.catalogue.workflows.items():
        if workflow not in (None, name):
            continue
        among = None if orgs is None else records_in(view.store, [definition.form], orgs)
        figures = flow_figures.closed_runs(view.connection, name, among)
        order = [step.id for step in walk(definition.steps)]
        gone = sorted(figures.keys() - set(order))
        called = _called(view, definition, gone)
        for step in [*(s for s in order if s in figures), *gone]:
            runs = figures[step]
            found.append(
                {
                    "workflow": name,
                    "workflow_title": definition.title(locale),
                    "step": step,
                    "title": called(step),
                    **_figures(runs, worked),
                }
            )
    return found


def _called(view: Reading, definition: Workflow, gone: Collection[str]) -> Callable[[str], str]:
    """Titles of steps; of those that the workflow has no more, what they were called."""
    locale = view.actor.locale or "zh"
    past = flow_figures.titles_of(view.connection, definition.name, gone) if gone else {}

    def called(step: str) -> str:
        known = definition.step(step)
        if known is not None:
            return step_words(known, locale)
        if step == START:
            return text("flows.start", locale)
        title = past.get(step, {}).get(locale) or ""
        return text("flows.step_gone", locale, title=title if title != step else step)

    return called


def statistics_by_org(view: Reading, workflow: str) -> list[dict[str, Any]]:
    """The same of one workflow, per org of the records that the reader administers."""
    orgs = administered(view)
    if orgs is not None and not orgs:
        raise NotAllowed("flow-administrators-only", action=action_word("statistics"))
    definition = view.catalogue.workflows.get(workflow)
    if definition is None:
        return []
    among = None if orgs is None else records_in(view.store, [definition.form], orgs)
    steps = flow_figures.closed_runs(view.connection, workflow, among)
    every = [run for runs in steps.values() for run in runs]
    ids = list(dict.fromkeys(run.record for run in every))
    records = view.store.load(view.connection, definition.form, ids)
    by_org: dict[str, list[ClosedRun]] = {}
    for run in every:
        org = (records.get(run.record) or {}).get("org")
        if org in view.catalogue.orgs and (orgs is None or org in orgs):
            by_org.setdefault(str(org), []).append(run)
    locale, worked = view.actor.locale or "zh", _worked_hours(view)
    return [
        {"org": org, "title": view.catalogue.orgs[org].title(locale), **_figures(runs, worked)}
        for org, runs in by_org.items()
    ]


def _worked_hours(view: Reading) -> Callable[[ClosedRun], float]:
    """How many hours of working days a run took, by the calendar of the reader's org."""
    calendar = calendar_of(view.catalogue, view.actor.org, view.today)
    is_worked = cache(partial(is_workday, calendar))
    zone = view.clock.zone
    return lambda run: (
        worked_time(is_worked, run.opened_at, run.closed_at, zone).total_seconds() / HOUR
    )


def _figures(runs: Sequence[ClosedRun], worked: Callable[[ClosedRun], float]) -> dict[str, Any]:
    hours = [max((r.closed_at - r.opened_at).total_seconds(), 0) / HOUR for r in runs]
    work_hours = [worked(run) for run in runs]
    back = sum(1 for r in runs if r.returned)
    return {
        "runs": len(runs),
        "median_hours": round(median(hours), 2),
        "mean_hours": round(sum(hours) / len(hours), 2),
        "median_work_hours": round(median(work_hours), 2),
        "mean_work_hours": round(sum(work_hours) / len(work_hours), 2),
        "returned": back,
        "return_rate": round(back / len(runs), 4),
        "late": sum(1 for r in runs if r.due_at is not None and r.closed_at > r.due_at),
    }
