"""`/tasks`: the inbox. To do, with others, done, begun by me, copies; approve or return from the
list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request

from jingwei.refusals import Refused
from jingwei.screens.awaited import awaited_of
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.frame import here, page
from jingwei.screens.session import reading
from jingwei.services import personal, tasks
from jingwei.services.commands import Reading
from jingwei.services.flows import overview
from jingwei.services.inbox import BoxWish, box_page, forms_in
from jingwei.services.record_views import RecordView, record
from jingwei.services.row_titles import with_rows
from jingwei.texts import has_text, text
from jingwei.web import locale

BOXES = ("todo", "waiting", "done", "mine", "cc")
SIZE = 20
MOST_FACTS = 4
SOON_DAYS = 3
MOST_ORGS = 200
BULK = ("approve", "acknowledge")  # what several tasks at once may be answered with
WORDS = (
    "chosen", "chosen_done", "choose_all", "running", "search", "form", "org", "any", "overdue",
    "urged", "since_day", "until_day", "first_page", "next_page", "incomplete", "results",
    "results_close", "bulk_sure", "filters", "clear", "none_found", "manage_flows",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/tasks", "tasks", show)


def show() -> Any:
    box = request.args.get("box", "todo")
    box = box if box in BOXES else "todo"
    with reading() as view:
        wish = wish_of(request.args)
        context: dict[str, Any] = {
            "boxes": BOXES,
            "counts": tasks.counts(view),
            "which": box,
            "words": flow_screen_words(WORDS),
            "wish": wish,
            "filters": _filters(view),
            "box": box_view(view, box, wish, SIZE, choosing=box == "todo"),
            "phrases": personal.phrases(view),
            "administers": overview.administers_anything(view),
        }
        if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
            body = render_template("parts/tasks.html", **context)
            return body, 200, {"Cache-Control": "no-store"}
        return page(view, "tasks.html", **context)


def flow_screen_words(names: tuple[str, ...]) -> dict[str, str]:
    return {name: text(f"flow_screens.{name}", locale()) for name in names}


def wish_of(given: Mapping[str, str]) -> BoxWish:
    """The filters of the address; what cannot be read narrows nothing."""
    return BoxWish(
        form=given.get("form") or None,
        org=given.get("org") or None,
        overdue=given.get("overdue") == "1",
        urged=given.get("urged") == "1",
        since=day_of(given.get("since")),
        until=day_of(given.get("until")),
        q=given.get("q", "").strip()[:100],
        behind=given.get("behind", ""),
    )


def day_of(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        return None


def _filters(view: Reading) -> dict[str, Any]:
    forms = [(name, view.catalogue.forms[name].title(locale())) for name in forms_in(view)]
    return {"forms": forms, "orgs": org_choices(view)}


def org_choices(view: Reading) -> list[tuple[str, str]]:
    """Orgs to narrow by, indented by depth; of a large group only those that have orgs below."""
    tree, orgs = view.catalogue.tree, view.catalogue.orgs
    found = []
    for code, org in orgs.items():
        depth = len(tree.ancestors(code, view.today)) - 1
        if len(orgs) <= MOST_ORGS or tree.below(code, view.today):
            found.append((tree.ancestors(code, view.today)[::-1], depth, code, org))
    found.sort(key=lambda one: one[0])
    return [(code, "\u3000" * depth + org.title(locale())) for _, depth, code, org in found]


# --- one box -------------------------------------------------------------------------------------


def box_view(
    view: Reading, box: str, wish: BoxWish, size: int, *, choosing: bool = False
) -> dict[str, Any]:
    """One page of a box, ready to show. `choosing`: several may be answered at once."""
    found = box_page(view, box, wish, size)
    cells = Cells(view)
    cells.learn_people(one["initiator"] for one in found.items if one["initiator"])
    items = [_item(view, cells, one, choosing) for one in found.items]
    return {
        "items": items,
        "which": box,
        "next": here(behind=found.next) if found.next else "",
        "first": here(behind=None) if wish.behind else "",
        "incomplete": found.incomplete,
        "choosing": any(one["choose"] for one in items),
    }


def _item(view: Reading, cells: Cells, task: Mapping[str, Any], choosing: bool) -> dict[str, Any]:
    from jingwei.screens.buttons import task_buttons

    form = view.catalogue.forms.get(str(task.get("form")))
    due = task.get("due_at")
    outcome = str(task.get("outcome") or task.get("status") or "")
    key = f"flows.outcomes.{outcome}"
    status = f"flows.statuses.{outcome}"
    bulk = _bulk(task) if choosing else ""
    urged = task.get("urged_at")
    return {
        "id": task["id"],
        "display": task.get("display") or "",
        "number": task.get("number") or "",
        "form": form.title(locale()) if form else task.get("form"),
        "title": with_rows(
            _words(task.get("title")) or _words(task.get("step")), task.get("rows") or (), locale()
        ),
        "kind": str(task.get("kind") or ""),
        "address": _address(task),
        "opened": cells.moment(task["opened_at"]) if task.get("opened_at") else "",
        "closed": cells.moment(task["closed_at"]) if task.get("closed_at") else "",
        "due": cells.moment(due) if due else "",
        "overdue": bool(task.get("overdue")),
        "soon": _is_soon(view, due),
        "urged": text("flow_screens.urged_at", locale(), at=cells.moment(urged)) if urged else "",
        "by": _begun_by(view, cells, task),
        "suspended": text("flow_screens.suspended", locale()) if task.get("suspended") else "",
        "behalf": cells.person(task["on_behalf_of"]) if task.get("on_behalf_of") else "",
        "outcome": text(key if has_text(key) else status, locale())
        if outcome and (has_text(key) or has_text(status))
        else outcome,
        "outcome_color": _outcome_color(outcome),
        "waits": _waits(cells, task),
        "awaits": _awaits(view, cells, task),
        "buttons": task_buttons(task),
        "fill": _fill(task),
        "fill_words": text("flow_screens.fill_and_decide", locale()),
        "bulk": bulk,
        "choose": text("flow_screens.choose", locale(), title=task.get("display") or "")
        if bulk
        else "",
        "facts": _facts(view, cells, task) if task.get("actions") else [],
    }


def _is_soon(view: Reading, due: str | None) -> bool:
    """Whether it is due within a few days, or was already."""
    return due is not None and datetime.fromisoformat(due) <= view.now + timedelta(days=SOON_DAYS)


def _begun_by(view: Reading, cells: Cells, task: Mapping[str, Any]) -> str:
    """Who began it, where that is somebody else."""
    login = task.get("initiator")
    if not login or login == view.actor.login:
        return ""
    return text("flow_screens.begun_by", locale(), who=cells.person(login))


def _waits(cells: Cells, task: Mapping[str, Any]) -> str:
    """Of a request that one began, or of a task that waits: for whom."""
    running = task.get("status", "running") == "running"
    names = [cells.person(login) for login in task.get("waiting_for") or ()] if running else []
    return text("screens.joint", locale()).join(names)


def _awaits(view: Reading, cells: Cells, task: Mapping[str, Any]) -> list[str]:
    """Of a request that one began and that waits for nobody: the moment, the condition or the
    requests that it waits for."""
    form = view.catalogue.forms.get(str(task.get("form")))
    if task.get("status") != "running" or form is None or not task.get("waiting"):
        return []
    names = {f.path: f.title(locale()) for f in form.fields.values()}
    return [one.briefly for one in awaited_of(view, cells, task, names)]


def _fill(task: Mapping[str, Any]) -> str:
    """Where somebody decides who has to fill in something first: the page of the record."""
    fields = task.get("fields") or {}
    if not fields.get("require") or "approve" not in (task.get("actions") or ()):
        return ""
    return f"{_address(task)}#decide-title"


def _address(task: Mapping[str, Any]) -> str:
    """The page of the record; of a task about rows, that task on it: there may be several."""
    address = f"/f/{task.get('form')}/{task.get('record')}"
    return f"{address}?task={task['id']}" if task.get("rows") and task.get("id") else address


def _bulk(task: Mapping[str, Any]) -> str:
    """What it may be answered with beside others: nothing where a field or an opinion is owed."""
    owed = (task.get("fields") or {}).get("require") or task.get("opinion") == "required"
    offered = task.get("actions") or ()
    return "" if owed else next((action for action in BULK if action in offered), "")


def _outcome_color(outcome: str) -> str:
    if outcome in ("approved", "submitted", "acknowledged"):
        return "green"
    if outcome in ("rejected", "terminated"):
        return "red"
    if outcome == "running":
        return "blue"
    return "orange" if outcome in ("returned", "suspended") else "grey"


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
