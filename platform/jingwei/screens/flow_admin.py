"""For administrators of flows: `/flows` with what runs, is late or stuck and how long steps take,
`/flows/ID` for one request, `/flows/migrate` to today's workflow, `/flows/hand-over` of a leaver.

What is done goes through the API; these pages only show and ask.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from jingwei.language.small import whole_number
from jingwei.refusals import NotAllowed, NotFound, Refused
from jingwei.screens.approval import flow_words, shown_flow
from jingwei.screens.cells import Cells
from jingwei.screens.flow_buttons import of_administrators
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.screens.tasks import flow_screen_words, org_choices
from jingwei.screens.timeline import flow_moments
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.flows import overview
from jingwei.services.flows.moves import Move, moves
from jingwei.services.flows.offers import drawn
from jingwei.services.record_views import record
from jingwei.texts import text
from jingwei.web import locale

SIZE = 20
MOST_BARS = 12
WORDS = (
    "running", "none_running", "state", "request", "waits_for", "since", "step", "statistics",
    "workflow", "runs", "median", "mean", "return_rate", "late", "manage_flows", "hand_over",
    "migrate", "org", "any", "by_org", "choose_workflow", "as_table", "open_record", "from_version",
    "to_step", "nothing_to_move", "move_one", "move_all", "moved_sum", "results", "cannot_move",
    "asked_afresh", "leaver", "heir", "heir_hint", "look", "hand_over_all", "hand_over_sure",
    "handed_over", "handed_to", "nothing_open", "no_leaver", "due", "events", "move_hint",
    "move_sure", "move_reason", "choose", "results_close",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/flows", "flows", show)
    blueprint.add_url_rule("/flows/<int:id>", "one_flow", one)
    blueprint.add_url_rule("/flows/migrate", "migrate_flows", migrate)
    blueprint.add_url_rule("/flows/hand-over", "hand_over", hand_over)


def _administrators_only(view: Reading) -> None:
    if not overview.administers_anything(view):
        raise NotAllowed("flow-administrators-only", action="flows")


# --- what runs, and figures ----------------------------------------------------------------------


def show() -> Any:
    given = request.args
    number = whole_number(given.get("page", ""), 7) or 1
    with reading() as view:
        _administrators_only(view)
        state = given.get("state", "all")
        state = state if state in overview.STATES else "all"
        workflow = given.get("workflow") or None
        workflow = workflow if workflow in view.catalogue.workflows else None
        wish = overview.Wish(workflow, state, given.get("org") or None)
        found = overview.running(view, wish, max(1, number), SIZE)
        cells = Cells(view)
        cells.learn_people(p for line in found["items"] for p in line["waiting_for"])
        figures = overview.statistics(view, workflow)
        by_org = overview.statistics_by_org(view, workflow) if workflow else []
        return page(
            view,
            "flows.html",
            words=flow_screen_words(WORDS),
            wish=wish,
            states=[
                (name, text(f"flow_screens.{name}", locale()), found["counts"][name])
                for name in overview.STATES
            ],
            workflows=_workflows(view),
            orgs=org_choices(view),
            box={
                **found,
                "items": [_line(cells, line) for line in found["items"]],
                "pages": max(1, math.ceil(found["total"] / SIZE)),
            },
            figures=[_rated(one) for one in figures],
            by_org=[_rated(one) for one in by_org],
            charts=_charts(figures, by_org),
        )


def _workflows(view: Reading) -> list[tuple[str, str]]:
    return [(name, one.title(locale())) for name, one in view.catalogue.workflows.items()]


def _rated(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "rate": f"{one['return_rate']:.0%}"}


def _charts(
    figures: Sequence[Mapping[str, Any]], by_org: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """The slowest steps, those that are returned most; per org, where one flow is chosen."""
    slow = sorted(figures, key=lambda one: -one["median_hours"])[:MOST_BARS]
    back = [one for one in figures if one["returned"]]
    back = sorted(back, key=lambda one: -one["return_rate"])[:MOST_BARS]
    orgs = sorted(by_org, key=lambda one: -one["median_hours"])[:MOST_BARS]
    found = [
        _chart("chart_median", slow, "median_hours", _step_name),
        _chart("chart_returns", back, "return_rate", _step_name),
        _chart("chart_orgs", orgs, "median_hours", lambda one: str(one["title"])),
    ]
    return [one for one in found if one is not None]


def _step_name(one: Mapping[str, Any]) -> str:
    return f"{one['workflow_title']} · {one['title']}"


def _chart(
    title: str, rows: Sequence[Mapping[str, Any]], what: str, name: Any
) -> dict[str, str] | None:
    if not any(one[what] for one in rows):
        return None
    share = what == "return_rate"
    values = [round(one[what] * 100, 1) if share else one[what] for one in rows]
    unit = "%" if share else text("flow_screens.hours", locale())
    words = text(f"flow_screens.{title}", locale())
    series = {
        "title": words,
        "unit": unit,
        "values": values,
        "texts": [f"{value}%" if share else str(value) for value in values],
    }
    model = {"chart": "hbar", "categories": [name(one) for one in rows], "series": [series]}
    return {"title": words, "model": json.dumps(model, ensure_ascii=False)}


def _line(cells: Cells, line: Mapping[str, Any]) -> dict[str, Any]:
    joint = text("screens.joint", locale())
    tags = [("blue", text("flows.statuses.running", locale()))]
    if line["state"] != "running":
        color = "red" if line["state"] == "stuck" else "grey"
        tags = [(color, text(f"flow_screens.{line['state']}", locale()))]
    for name in ("overdue", "old_version"):
        if line[name]:
            tags.append(("orange", text(f"flow_screens.{name}", locale())))
    return {
        "address": f"/flows/{line['id']}",
        "display": line["display"] or line["number"] or line["record"],
        "workflow": line["title"],
        "org": cells.title("org", str(line["org"])),
        "steps": joint.join(line["steps"]),
        "people": joint.join(cells.person(login) for login in line["waiting_for"]),
        "since": cells.moment(line["waiting_since"]),
        "tags": tags,
    }


# --- one request ---------------------------------------------------------------------------------


def one(id: int) -> Any:
    """A request by itself: an administrator may look after it without reading the record."""
    with reading() as view:
        flow = drawn(view, id)
        form = view.catalogue.forms.get(flow.json["form"])
        if form is None:
            raise NotFound("no-such-flow")
        cells = Cells(view)
        admin = of_administrators(flow)
        moves_to = "migrate" in flow.json["actions"]
        return page(
            view,
            "flow.html",
            words={**flow_screen_words(WORDS), **flow_words()},
            title=flow.json["title"],
            name=_display(view, form.name, flow.json["record"]),
            flow=shown_flow(view, cells, flow, form),
            flow_buttons=[],
            flow_admin=admin,
            migration=f"/flows/migrate?id={id}" if moves_to else "",
            moments=flow_moments(cells, flow.json),
            record_address=_readable(view, form.name, flow.json["record"]),
        )


def _display(view: Reading, form: str, id: int) -> str:
    """What the record is called, as the list of flows says it to administrators."""
    raw = view.store.load(view.connection, form, [id]).get(id)
    return display(view, form, raw, locale()) if raw is not None else f"#{id}"


def _readable(view: Reading, form: str, id: int) -> str:
    """Where the record is, for who may read it."""
    try:
        record(view, form, id)
    except Refused:
        return ""
    return f"/f/{form}/{id}"


# --- moving to the workflow of today -------------------------------------------------------------


def migrate() -> Any:
    """Which running requests still follow an older workflow, and what moving each would do."""
    with reading() as view:
        _administrators_only(view)
        only = request.args.get("id", "")
        workflow = request.args.get("workflow") or None
        found = moves(view, workflow, whole_number(only))
        cells = Cells(view)
        return page(
            view,
            "migrate.html",
            words=flow_screen_words(WORDS),
            workflows=_workflows(view),
            workflow=workflow,
            lines=[_move(cells, one) for one in found],
            only=only,
        )


def _move(cells: Cells, one: Move) -> dict[str, Any]:
    return {
        "id": one.flow,
        "display": one.display,
        "workflow": one.title,
        "address": f"/flows/{one.flow}",
        "steps": [{"from": a, "to": b, "afresh": afresh} for a, b, afresh in one.steps],
        "refused": one.refused.message(locale()) if one.refused is not None else "",
        "since": cells.moment(one.started_at),
    }


# --- handing over --------------------------------------------------------------------------------


def hand_over() -> Response | Any:
    """What waits for a person, and to whom it goes."""
    with reading() as view:
        _administrators_only(view)
        login = request.args.get("person", "").strip()[:64]
        cells = Cells(view)
        found: list[dict[str, Any]] = []
        refused = ""
        if login:
            try:
                found = overview.waiting_for(view, login)
            except Refused as problem:
                refused = problem.message(locale())
        return page(
            view,
            "hand_over.html",
            words=flow_screen_words(WORDS),
            login=login,
            leaver=cells.person(login) if login and not refused else "",
            refused=refused,
            reason=text("flow_screens.ask.reason", locale()),
            lines=[
                {
                    **task,
                    "address": f"/flows/{task['flow']}" if task["flow"] else "",
                    "since": cells.moment(task["opened_at"]),
                    "due": cells.moment(task["due_at"]) if task["due_at"] else "",
                    "form": cells.title("form", task["form"]),
                }
                for task in found
            ],
        )
