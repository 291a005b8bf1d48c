"""`/flows`: what runs, is late or stuck; searched, narrowed, and acted on several at once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request

from jingwei.language.small import whole_number
from jingwei.screens.awaited import waited
from jingwei.screens.cells import Cells
from jingwei.screens.flow_admin import administrators_only, workflow_choices
from jingwei.screens.frame import here, page
from jingwei.screens.session import reading
from jingwei.screens.tasks import flow_screen_words, org_choices
from jingwei.services.commands import Reading
from jingwei.services.flows import overview
from jingwei.texts import text
from jingwei.web import locale

SIZE = 20
BULK = ("urge", "reassign", "suspend", "resume", "terminate")
WORDS = (
    "running", "none_running", "none_such", "state", "request", "waits_for", "since", "step",
    "statistics", "workflow", "manage_flows", "hand_over", "migrate", "org", "any", "look",
    "clear", "search_flows", "filters", "choose", "choose_all", "results", "results_close",
    "bulk_done", "bulk_flows", "bulk_every", "gathering", "whose",
    "everybody", "no_task", "without",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/flows", "flows", show)


def show() -> Any:
    number = whole_number(request.args.get("page", ""), 7) or 1
    with reading() as view:
        administrators_only(view)
        wish = _wish(view)
        found = overview.running(view, wish, max(1, number), SIZE)
        cells = Cells(view)
        cells.learn_people(p for line in found["items"] for p in _people(line))
        return page(
            view,
            "flows.html",
            words=flow_screen_words(WORDS),
            wish=wish,
            states=[
                (name, text(f"flow_screens.{name}", locale()), found["counts"][name])
                for name in overview.STATES
            ],
            workflows=workflow_choices(view),
            orgs=org_choices(view),
            chips=_chips(view, wish),
            bulk=[_bulk(action) for action in BULK],
            every=_every(found),
            query=_query(wish),
            box={
                **found,
                "items": [_line(cells, line) for line in found["items"]],
                "pages": max(1, math.ceil(found["total"] / SIZE)),
            },
            narrowed=wish != overview.Wish(),
        )


def _wish(view: Reading) -> overview.Wish:
    given = request.args
    state, workflow, org = given.get("state", "all"), given.get("workflow"), given.get("org")
    return overview.Wish(
        workflow if workflow in view.catalogue.workflows else None,
        state if state in overview.STATES else "all",
        org if org in view.catalogue.orgs else None,
        given.get("q", "").strip()[:100],
    )


def _every(found: Mapping[str, Any]) -> str:
    """What chooses all that match; of more than the page knows of, it cannot say how many."""
    key = "every_flow_more" if found["capped"] else "every_flow"
    return text(f"flow_screens.{key}", locale(), count=found["total"])


def _query(wish: overview.Wish) -> str:
    """The same requests, as the API is asked for them."""
    given = {"state": wish.state, "workflow": wish.workflow, "org": wish.org, "q": wish.q}
    return urlencode({name: value for name, value in given.items() if value})


def _people(line: Mapping[str, Any]) -> list[str]:
    return [line["initiator"], *line["waiting_for"]]


def _chips(view: Reading, wish: overview.Wish) -> list[tuple[str, str]]:
    """What narrows the list, each with the address of the list without it."""
    found = []
    if wish.q:
        found.append((f"“{wish.q}”", here(q=None, page=None)))
    if wish.workflow:
        title = view.catalogue.workflows[wish.workflow].title(locale())
        found.append((title, here(workflow=None, page=None)))
    if wish.org:
        found.append((view.catalogue.orgs[wish.org].title(locale()), here(org=None, page=None)))
    return found


def _bulk(action: str) -> dict[str, Any]:
    """A button for the chosen requests, and what it asks."""
    owed = action != "urge"
    title = text(f"flow_screens.ask.{'reason' if owed else 'comment'}", locale())
    key = "reason" if owed else "comment"
    ask = [{"name": key, "title": title, "type": "long_text", "required": owed}]
    if action == "reassign":
        whom = text("flow_screens.ask.to_whom", locale())
        ask.insert(0, {"name": "to", "title": whom, "type": "person", "required": True})
    return {
        "name": action,
        "title": text(f"flows.actions.{action}", locale()),
        "hint": text(f"flow_screens.hints.{action}", locale()),
        "ask": json.dumps(ask, ensure_ascii=False),
        "danger": action == "terminate",
    }


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
        "people": joint.join(cells.person(login) for login in line["waiting_for"])
        or (text("flow_screens.asks_nobody", locale()) if line["state"] == "running" else ""),
        "since": cells.moment(line["waiting_since"]),
        "long": waited(cells.view, line["waiting_since"]),
        "tags": tags,
        "id": line["id"],
        "suspended": line["status"] == "suspended",
        "by": text("flow_screens.begun_by", locale(), who=cells.person(line["initiator"])),
        "tasks": json.dumps(
            [{**one, "name": cells.person(one["person"])} for one in line["tasks"]],
            ensure_ascii=False,
        ),
    }
