"""`/tasks`: the inbox. To do, done, begun by me, copies; approve or return from the list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from jingwei.refusals import Refused
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.services import tasks
from jingwei.services.commands import Reading
from jingwei.services.flows import overview
from jingwei.services.record_views import RecordView, record
from jingwei.texts import has_text, text
from jingwei.web import locale

BOXES = ("todo", "done", "mine", "cc")
SIZE = 20
MOST_FACTS = 4
WORDS = (
    "chosen", "chosen_done", "running", "none_running", "state", "request", "waits_for", "since",
    "step", "statistics", "workflow", "runs", "median", "mean", "return_rate", "late",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/tasks", "tasks", show)


def show() -> Any:
    box = request.args.get("box", "todo")
    number = request.args.get("page", "1")
    page_number = int(number) if number.isdigit() else 1
    with reading() as view:
        boxes = (*BOXES, "flows") if overview.administers_anything(view) else BOXES
        box = box if box in boxes else "todo"
        context: dict[str, Any] = {
            "boxes": boxes,
            "counts": tasks.counts(view),
            "which": box,
            "words": {name: text(f"flow_screens.{name}", locale()) for name in WORDS},
        }
        if box == "flows":
            context |= overview_view(view, request.args.get("state", "all"), page_number)
        else:
            context["box"] = box_view(view, box, page_number, SIZE, choosing=True)
        if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
            body = render_template("parts/tasks.html", **context)
            return body, 200, {"Cache-Control": "no-store"}
        return page(view, "tasks.html", **context)


def overview_view(view: Reading, state: str, number: int) -> dict[str, Any]:
    """What runs in the orgs that the reader administers, and how long its steps take."""
    state = state if state in overview.STATES else "all"
    found = overview.running(view, overview.Wish(state=state), number, SIZE)
    cells = Cells(view)
    return {
        "state": state,
        "states": [(name, text(f"flow_screens.{name}", locale())) for name in overview.STATES],
        "box": {
            **found,
            "items": [_line(cells, line) for line in found["items"]],
            "pages": max(1, math.ceil(found["total"] / SIZE)),
        },
        "figures": [
            {**one, "rate": f"{one['return_rate']:.0%}"} for one in overview.statistics(view)
        ],
    }


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
        "address": f"/f/{line['form']}/{line['record']}",
        "display": line["display"] or line["number"] or line["record"],
        "workflow": line["title"],
        "steps": joint.join(line["steps"]),
        "people": joint.join(cells.person(login) for login in line["waiting_for"]),
        "since": cells.moment(line["waiting_since"]),
        "tags": tags,
    }


def box_view(
    view: Reading, box: str, number: int, size: int, *, choosing: bool = False
) -> dict[str, Any]:
    """One page of a box, ready to show. `choosing`: several may be approved at once."""
    found = tasks.inbox(view, box, page=number, size=size)
    cells = Cells(view)
    return {
        "items": [_item(view, cells, one, choosing) for one in found["items"]],
        "total": found["total"],
        "page": found["page"],
        "pages": max(1, math.ceil(found["total"] / size)),
        "which": box,
    }


def _item(view: Reading, cells: Cells, task: Mapping[str, Any], choosing: bool) -> dict[str, Any]:
    from jingwei.screens.buttons import task_buttons

    form = view.catalogue.forms.get(str(task.get("form")))
    due = task.get("due_at")
    outcome = str(task.get("outcome") or task.get("status") or "")
    key = f"flows.outcomes.{outcome}"
    buttons = task_buttons(task)
    return {
        "id": task["id"],
        "display": task.get("display") or "",
        "number": task.get("number") or "",
        "form": form.title(locale()) if form else task.get("form"),
        "title": _words(task.get("title")) or _words(task.get("step")),
        "kind": str(task.get("kind") or ""),
        "address": f"/f/{task.get('form')}/{task.get('record')}",
        "opened": cells.moment(task["opened_at"]) if task.get("opened_at") else "",
        "closed": cells.moment(task["closed_at"]) if task.get("closed_at") else "",
        "due": cells.moment(due) if due else "",
        "overdue": bool(task.get("overdue")),
        "behalf": cells.person(task["on_behalf_of"]) if task.get("on_behalf_of") else "",
        "outcome": text(key, locale()) if outcome and has_text(key) else outcome,
        "outcome_color": _outcome_color(outcome),
        "buttons": buttons,
        "choose": text("flow_screens.choose", locale(), title=task.get("display") or "")
        if choosing and _may_be_chosen(task)
        else "",
        "facts": _facts(view, cells, task) if task.get("actions") else [],
    }


def _may_be_chosen(task: Mapping[str, Any]) -> bool:
    """Whether approving it with others at once leaves nothing out: no field is owed."""
    owed = (task.get("fields") or {}).get("require")
    return "approve" in (task.get("actions") or ()) and not owed


def _outcome_color(outcome: str) -> str:
    if outcome in ("approved", "submitted", "acknowledged"):
        return "green"
    if outcome in ("rejected", "terminated"):
        return "red"
    return "orange" if outcome == "returned" else "grey"


def _facts(view: Reading, cells: Cells, task: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    """The few fields that one decides by: those of the list, without what the head says."""
    form = view.catalogue.forms.get(str(task.get("form")))
    if form is None:
        return []
    try:
        shown: RecordView = record(view, form.name, int(task["record"]))
    except Refused:
        return []
    found = []
    for path in form.list.columns or tuple(form.fields):
        f = form.fields.get(path)
        if f is None or f.type == "table" or path not in shown.json:
            continue
        cell = cells.value(f, shown.json[path])
        if cell.empty:
            continue
        column = cells.column(form, path)
        found.append((column.heading, cell))
    return found[:MOST_FACTS]


def _words(title: Any) -> str:
    if isinstance(title, Mapping):
        return str(title.get(locale()) or next(iter(title.values()), ""))
    return str(title or "")
