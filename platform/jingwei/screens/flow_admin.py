"""For administrators of flows: `/flows` with what runs, is late or stuck and how long steps take,
`/flows/ID` for one request, `/flows/migrate` to today's workflow, `/flows/hand-over` of a leaver.

What is done goes through the API; these pages only show and ask.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, request
from werkzeug.wrappers import Response

from jingwei.language.small import whole_number
from jingwei.refusals import NotAllowed, NotFound, Refused
from jingwei.screens.approval import flow_words, shown_flow
from jingwei.screens.awaited import waited
from jingwei.screens.cells import Cells
from jingwei.screens.flow_buttons import of_administrators
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.screens.tasks import flow_screen_words, org_choices
from jingwei.screens.timeline import flow_moments
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.flows import overview
from jingwei.services.flows.leaving import foreseen
from jingwei.services.flows.moves import Move, moves
from jingwei.services.flows.offers import drawn
from jingwei.services.record_views import record
from jingwei.texts import text
from jingwei.web import locale

SIZE = 20
MOST_BARS = 12
LONG_HOURS = 48  # from here on the page counts in working days
WORDS = (
    "running", "none_running", "state", "request", "waits_for", "since", "step", "statistics",
    "workflow", "runs", "median", "mean", "return_rate", "late", "manage_flows", "hand_over",
    "migrate", "org", "any", "by_org", "choose_workflow", "as_table", "open_record", "from_version",
    "to_step", "nothing_to_move", "move_one", "move_all", "moved_sum", "results", "cannot_move",
    "asked_afresh", "leaver", "heir", "heir_hint", "look", "hand_over_all", "hand_over_sure",
    "handed_over", "handed_to", "nothing_open", "no_leaver", "due", "events", "move_hint",
    "none_such", "no_figures", "figures_hint", "move_sure", "move_reason",
    "choose", "results_close", "clear", "will_get", "stays", "nobody_gets", "stay_hint",
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
        unit = _unit([*figures, *by_org])
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
            narrowed=wish != overview.Wish(),
            unit=text(f"flow_screens.{unit.name}", locale()),
            figures=[_rated(one, unit) for one in figures],
            by_org=[_rated(one, unit) for one in by_org],
            charts=_charts(figures, by_org, unit),
        )


def _workflows(view: Reading) -> list[tuple[str, str]]:
    return [(name, one.title(locale())) for name, one in view.catalogue.workflows.items()]


class Unit(NamedTuple):
    """In what the page says how long steps take; the time of days off does not count."""

    name: str
    hours: int

    def of(self, hours: float) -> float:
        return round(hours / self.hours, 1)

    def said(self, hours: float) -> str:
        """What is too short to be counted is not nothing."""
        value = self.of(hours)
        return f"{value:g}" if value or not hours else "< 0.1"


def _unit(figures: Sequence[Mapping[str, Any]]) -> Unit:
    """Working days, where any step takes some."""
    longest = max((one["median_work_hours"] for one in figures), default=0)
    return Unit("workdays", 24) if longest >= LONG_HOURS else Unit("hours", 1)


def _rated(one: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    return {
        **one,
        "median": unit.said(one["median_work_hours"]),
        "mean": unit.said(one["mean_work_hours"]),
        "rate": f"{round(one['return_rate'] * 100, 1):g}%",
    }


def _charts(
    figures: Sequence[Mapping[str, Any]], by_org: Sequence[Mapping[str, Any]], unit: Unit
) -> list[dict[str, str]]:
    """The slowest steps, those that are returned most; per org, where one flow is chosen."""
    slow = sorted(figures, key=lambda one: -one["median_work_hours"])
    back = [one for one in figures if one["returned"]]
    back = sorted(back, key=lambda one: -one["return_rate"])
    orgs = sorted(by_org, key=lambda one: -one["median_work_hours"])
    many = len({one["workflow"] for one in figures}) > 1
    found = [
        _chart("chart_median", slow, _times(unit), lambda one: _step_name(one, many)),
        _chart("chart_returns", back, _share, lambda one: _step_name(one, many)),
        _chart("chart_orgs", orgs, _times(unit), lambda one: str(one["title"])),
    ]
    return [one for one in found if one is not None]


def _step_name(one: Mapping[str, Any], many: bool) -> str:
    return f"{one['title']} · {one['workflow_title']}" if many else str(one["title"])


Measured = tuple[float, str]  # how long the bar is, and what stands beside it


def _times(unit: Unit) -> Callable[[Mapping[str, Any]], Measured]:
    def measured(one: Mapping[str, Any]) -> Measured:
        value = unit.of(one["median_work_hours"])
        return value, text(f"flow_screens.count_{unit.name}", locale(), count=f"{value:g}")

    return measured


def _share(one: Mapping[str, Any]) -> Measured:
    value = round(one["return_rate"] * 100, 1)
    holes = {"rate": f"{value:g}%", "returned": one["returned"], "runs": one["runs"]}
    return value, text("flow_screens.rate_of", locale(), **holes)


def _chart(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    measured: Callable[[Mapping[str, Any]], Measured],
    name: Callable[[Mapping[str, Any]], str],
) -> dict[str, str] | None:
    """Bars with their values beside them, those that have a length. None: nothing has."""
    bars = [(name(one), *measured(one)) for one in rows[:MOST_BARS]]
    bars = [bar for bar in bars if bar[1]]
    if not bars:
        return None
    words = text(f"flow_screens.{title}", locale())
    series = {
        "title": words,
        "unit": "",
        "values": [value for _, value, _ in bars],
        "texts": [said for _, _, said in bars],
    }
    model = {
        "chart": "hbar",
        "labels": True,
        "categories": [called for called, _, _ in bars],
        "series": [series],
    }
    said = text("screens.joint", locale()).join(f"{called} {value}" for called, _, value in bars)
    return {"title": words, "said": said, "model": json.dumps(model, ensure_ascii=False)}


def _line(cells: Cells, line: Mapping[str, Any]) -> dict[str, Any]:
    called = line["display"] or line["number"] or str(line["record"])
    number = str(line["number"] or "")
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
        "display": called,
        "number": "" if number in called else number,
        "form": cells.title("form", line["form"]),
        "workflow": line["title"],
        "org": cells.title("org", str(line["org"])),
        "steps": joint.join(line["steps"]),
        "people": joint.join(cells.person(login) for login in line["waiting_for"]),
        "since": cells.moment(line["waiting_since"]),
        "long": waited(cells.view, line["waiting_since"]),
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
    """What waits for a person, and to whom each piece would go."""
    login = request.args.get("person", "").strip()[:64]
    to = request.args.get("to", "").strip()[:64] or None
    with reading() as view:
        _administrators_only(view)
        cells = Cells(view)
        found: list[dict[str, Any]] = []
        refused = ""
        if login:
            try:
                found = foreseen(view, login, to if to != login else None)
            except Refused as problem:
                refused = problem.message(locale())
        return page(
            view,
            "hand_over.html",
            words=flow_screen_words(WORDS),
            login=login,
            to=to or "",
            heir=cells.person(to) if to and not refused else "",
            leaver=cells.person(login) if login and not refused else "",
            refused=refused,
            reason=text("flow_screens.ask.reason", locale()),
            lines=[_waiting(cells, one) for one in found],
            going=sum(bool(one["to"]) and not one["stays"] for one in found),
        )


def _waiting(cells: Cells, task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **task,
        "address": f"/flows/{task['flow']}" if task["flow"] else "",
        "since": cells.moment(task["opened_at"]),
        "due": cells.moment(task["due_at"]) if task["due_at"] else "",
        "form": cells.title("form", task["form"]),
    }
