"""`/tasks`: the inbox. To do, done, begun by me, copies; approve or return from the list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from jingwei.refusals import Refused
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.frame import page, service
from jingwei.screens.session import reading
from jingwei.services.commands import Reading
from jingwei.services.listing import RecordView, record
from jingwei.texts import has_text, text
from jingwei.web import locale

BOXES = ("todo", "done", "mine", "cc")
SIZE = 20
MOST_FACTS = 4


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/tasks", "tasks", show)


def show() -> Any:
    box = request.args.get("box", "todo")
    box = box if box in BOXES else "todo"
    number = request.args.get("page", "1")
    with reading() as view:
        tasks = service("tasks")
        found = box_view(view, box, int(number) if number.isdigit() else 1, SIZE)
        counts = tasks.counts(view) if tasks else {}
        context: dict[str, Any] = {"box": found, "boxes": BOXES, "counts": counts, "which": box}
        if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
            body = render_template("parts/tasks.html", **context)
            return body, 200, {"Cache-Control": "no-store"}
        return page(view, "tasks.html", **context)


def box_view(view: Reading, box: str, number: int, size: int) -> dict[str, Any]:
    """One page of a box, ready to show."""
    tasks = service("tasks")
    if tasks is None:
        return {"items": [], "total": 0, "page": 1, "pages": 1}
    found = tasks.inbox(view, box, page=number, size=size)
    cells = Cells(view)
    return {
        "items": [_item(view, cells, one) for one in found["items"]],
        "total": found["total"],
        "page": found["page"],
        "pages": max(1, math.ceil(found["total"] / size)),
        "which": box,
    }


def _item(view: Reading, cells: Cells, task: Mapping[str, Any]) -> dict[str, Any]:
    from jingwei.screens.records import task_buttons

    form = view.catalogue.forms.get(str(task.get("form")))
    due = task.get("due_at")
    outcome = str(task.get("outcome") or task.get("status") or "")
    key = f"flows.outcomes.{outcome}"
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
        "buttons": task_buttons(task),
        "facts": _facts(view, cells, task) if task.get("actions") else [],
    }


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
