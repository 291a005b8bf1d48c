"""`/f/FORM/ID`: one record to read, what may be done with it, and everything that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint

from jingwei.language.form import Field, Form, Section
from jingwei.language.text import Text
from jingwei.refusals import Refused
from jingwei.screens.cells import EMPTY, Cell, Cells, Column, form_or_404
from jingwei.screens.forms import edit_rights
from jingwei.screens.frame import page, service
from jingwei.screens.relations import Relation, relations
from jingwei.screens.session import reading
from jingwei.services import followers, snapshots, versions
from jingwei.services.commands import Reading
from jingwei.services.display import rendered
from jingwei.services.listing import RecordView, history, record
from jingwei.services.plans import form_plan
from jingwei.services.report_asked import of_record
from jingwei.services.world import environment
from jingwei.storage.comments import comments_of
from jingwei.texts import has_text, text
from jingwei.web import locale

SYSTEM_SHOWN = ("org", "owner", "created_at", "updated_at")
MOST_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of the page: a value, or a table of rows."""

    title: str
    cell: Cell
    type: str
    wide: bool = False
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    totals: tuple[Cell, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """One section."""

    title: str
    columns: int
    fields: tuple[Shown, ...]
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """Something that may be done. `method`, `address`: of the API; `confirm`: asked first."""

    name: str
    title: str
    address: str
    method: str = "POST"
    confirm: str = ""
    style: str = ""
    opinion: bool = False
    ask: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline."""

    at: Any
    when: str
    who: str
    what: str
    kind: str
    body: str = ""
    changes: tuple[tuple[str, Cell, Cell], ...] = ()
    sort: tuple[str, int] = field(default=("", 0))


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/f/<form>/<int:id>", "record", show)


def show(form: str, id: int) -> Any:
    with reading() as view:
        definition = form_or_404_or_opened(view, form, id)
        shown = record(view, form, id)
        cells = Cells(view)
        flow = flow_of(view, form, id)
        may_edit = edit_rights(view, definition, shown.raw)[0] is not None
        task = _my_task(view, flow)
        return page(
            view,
            "record.html",
            form=definition,
            title=definition.title(locale()),
            name=cells.record_title(form, id),
            record=shown.json,
            blocks=shown_blocks(view, definition, shown, cells),
            facts=_facts(cells, definition, shown),
            status=cells.status(shown.json["status"]) if shown.json.get("status") else None,
            state=cells.state(definition, shown.json["state"]) if shown.json["state"] else None,
            may_edit=may_edit,
            may_comment=_may(view, definition, "comment", shown),
            documents=of_record(view, form, shown.raw),
            flow=shown_flow(view, cells, flow),
            task=task,
            task_buttons=task_buttons(task) if task else [],
            buttons=_buttons(view, definition, shown, flow),
            moments=_moments(view, definition, shown, cells, flow),
            following=followers.followers(view, form, id),
            versions=len(snapshots.versions(view, form, id)),
        )


def form_or_404_or_opened(view: Reading, form: str, id: int) -> Form:
    """A record may be open to a person (by a task, a share) who has nothing else of its form."""
    if form in view.catalogue.forms and view.rights.opened(view, form, id):
        return view.catalogue.forms[form]
    return form_or_404(view, form)


def _may(view: Reading, form: Form, action: str, shown: RecordView) -> bool:
    return view.rights.decide(view, form.name, action, shown.raw).allowed


# --- what it says --------------------------------------------------------------------------------


def shown_blocks(view: Reading, form: Form, shown: RecordView, cells: Cells) -> list[ShownBlock]:
    """The layout, without what is hidden now."""
    plan = form_plan(view.store, view.catalogue, form.name)
    env = environment(view, shown.raw)
    linked = relations(view, form, shown, cells)
    sections = form.layout or (Section(title=Text.plain(""), columns=2, rows=_by_itself(form)),)
    blocks = []
    for section in sections:
        if section.visible_if is not None and not view.catalogue.closure(section.visible_if)(env):
            continue
        found = []
        for name in (name for row in section.rows for name in row):
            one = plan.fields.get(name)
            if one is None or name not in shown.json:
                continue
            if one.visible_if is not None and not one.visible_if(env):
                continue
            found.append(_shown(cells, form, one.field, shown))
        relation = linked.pop(section.related, None) if section.related else None
        if found or relation is not None:
            columns = max(1, min(section.columns, 4))
            blocks.append(ShownBlock(section.title(cells.words), columns, tuple(found), relation))
    blocks += [ShownBlock(one.title, 1, (), one) for one in linked.values() if one.rows]
    return blocks


def _by_itself(form: Form) -> tuple[tuple[str, ...], ...]:
    """The rows of a form without a layout."""
    return tuple((name,) for name in form.fields)


def _shown(cells: Cells, form: Form, f: Field, shown: RecordView) -> Shown:
    title = f.title(cells.words)
    value = shown.json.get(f.name)
    if f.type == "table":
        return _table(cells, form, f, value or [], shown)
    wide = f.type in ("long_text", "markdown", "rich_text", "code", "json")
    return Shown(title, cells.value(f, value), f.type, wide, unit=cells.unit(f))


def _table(
    cells: Cells, form: Form, f: Field, rows: Sequence[Mapping[str, Any]], shown: RecordView
) -> Shown:
    columns = tuple(
        Column(c.path, c.title(cells.words), c.type, c, unit=cells.unit(c))
        for name, c in f.fields.items()
        if c.path in shown.rights.visible
    )
    names = [c.field.name for c in columns if c.field is not None]
    body = tuple(
        tuple(
            cells.value(c.field, row.get(name))
            for c, name in zip(columns, names, strict=True)
            if c.field is not None
        )
        for row in rows
    )
    totals: tuple[Cell, ...] = ()
    if f.totals and rows:
        totals = tuple(_total(cells, f, c, rows) for c in columns)
    return Shown(f.title(cells.words), EMPTY, "table", True, columns, body, totals)


def _total(cells: Cells, f: Field, column: Column, rows: Sequence[Mapping[str, Any]]) -> Cell:
    if column.field is None or column.field.name not in f.totals:
        return Cell("")
    values = [row.get(column.field.name) for row in rows]
    return cells.value(column.field, sum((v for v in values if v is not None), start=0))


def _facts(cells: Cells, form: Form, shown: RecordView) -> list[tuple[str, str]]:
    """Small print of the head: whose it is and how old."""
    found = []
    for name in SYSTEM_SHOWN:
        if name in form.fields:
            continue
        column = cells.column(form, name)
        found.append((column.title, cells.cell(form, column, shown.json.get(name)).text))
    return found


# --- what may be done ----------------------------------------------------------------------------


def _buttons(
    view: Reading, form: Form, shown: RecordView, flow: Mapping[str, Any] | None
) -> list[Button]:
    base = f"/api/v1/forms/{form.name}/records/{shown.json['id']}"
    found: list[Button] = []
    status = shown.json.get("status")
    fresh = status in ("draft", "returned", "recalled")
    if fresh and _may(view, form, "submit", shown):
        found.append(Button("submit", _word("submit"), f"{base}/submit", style="primary"))
    found += _own_actions(view, form, shown, base)
    if flow is not None and flow.get("status") == "running" and _is_mine(view, flow):
        address = f"/api/v1/flows/{flow['id']}/recall"
        found.append(Button("recall", _word("recall"), address, confirm=_word("recall_sure")))
    found += _amending(view, form, shown, base)
    cancellable = status == "submitted" and (form.submit or {}).get("cancel")
    if cancellable and _may(view, form, "cancel", shown):
        address = f"{base}/cancel"
        found.append(Button("cancel", _word("cancel"), address, confirm=_word("cancel_sure")))
    if status in (None, "draft", "recalled") and _may(view, form, "delete", shown):
        found.append(
            Button("delete", _word("delete"), base, "DELETE", _word("delete_sure"), "danger")
        )
    return found


def _amending(view: Reading, form: Form, shown: RecordView, base: str) -> list[Button]:
    """Open what is in force for amendment, or drop the amendment."""
    can = versions.keeps_versions(form) or bool((form.submit or {}).get("amend"))
    if not can or not _may(view, form, "amend", shown):
        return []
    status = shown.json.get("status")
    if status in versions.IN_FORCE:
        return [Button("amend", _word("amend"), f"{base}/amend", confirm=_word("amend_sure"))]
    if status in versions.MAY_DISCARD and versions.is_amending(view, form, shown.raw):
        sure = _word("discard_sure")
        return [Button("discard", _word("discard"), f"{base}/discard", "POST", sure, "danger")]
    return []


def _own_actions(view: Reading, form: Form, shown: RecordView, base: str) -> list[Button]:
    actions = service("actions")
    if actions is None:
        return []
    found = []
    for action in actions.offered(view, form, shown.raw):
        confirm = ""
        if action.confirm is not None:
            confirm = rendered(view, action.confirm, shown.raw, locale())
        ask = tuple(
            {"name": f.name, "title": f.title(locale()), "type": f.type, "required": f.required}
            for f in action.ask.values()
        )
        address = f"{base}/actions/{action.name}"
        found.append(Button(action.name, action.title(locale()), address, confirm=confirm, ask=ask))
    return found


def _is_mine(view: Reading, flow: Mapping[str, Any]) -> bool:
    return flow.get("initiator") == view.actor.login


def _word(name: str) -> str:
    return text(f"screens.record.{name}", locale())


# --- the flow ------------------------------------------------------------------------------------


def flow_of(view: Reading, form: str, id: int) -> Mapping[str, Any] | None:
    """The record's latest flow as the API shows it, where there are flows."""
    flows = service("flows")
    if flows is None or not hasattr(flows, "latest_flow"):
        return None
    latest = flows.latest_flow(view, form, id)
    if latest is None:
        return None
    try:
        found: Mapping[str, Any] = flows.flow_view(view, latest)
    except Refused:
        return None
    return found


def _my_task(view: Reading, flow: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    mine = (
        task
        for task in (flow or {}).get("open", ())
        if view.actor.login == task.get("person") and task.get("actions")
    )
    found: Mapping[str, Any] | None = next(mine, None)
    return found


# the order of the buttons, and how each looks; the rest is under “more”
TASK_STYLES: Mapping[str, str] = {
    "approve": "primary",
    "submit": "primary",
    "acknowledge": "primary",
    "return": "",
    "reject": "danger",
}
OWED = frozenset(("return", "reject"))


def task_buttons(task: Mapping[str, Any]) -> list[Button]:
    """Buttons of one task, those that decide it."""
    offered = task.get("actions") or ()
    return [
        Button(
            action,
            text(f"flows.actions.{action}", locale()),
            f"/api/v1/tasks/{task['id']}/{action}",
            style=TASK_STYLES[action],
            opinion=action in OWED,
        )
        for action in TASK_STYLES
        if action in offered
    ]


def shown_flow(
    view: Reading, cells: Cells, flow: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The flow for the page: the path so far, then what is foreseen."""
    if flow is None:
        return None
    steps = [_step(cells, step) for step in flow.get("path", ())]
    ahead = [] if flow.get("status") != "running" else list(flow.get("prediction") or ())
    for one in ahead:
        steps.append(
            {
                "title": _step_title(one),
                "state": "ahead",
                "outcome": "",
                "people": text("screens.joint", locale()).join(
                    cells.person(login) for login in _logins(one.get("people"))
                ),
                "certain": one.get("certain", True),
            }
        )
    status = str(flow.get("status"))
    return {
        "id": flow["id"],
        "status": _flow_status(status),
        "running": status == "running",
        "steps": steps,
    }


def _flow_status(status: str) -> Cell:
    colors = {"running": "blue", "approved": "green", "rejected": "red", "terminated": "red"}
    key = f"flows.statuses.{status}"
    words = text(key, locale()) if has_text(key) else status
    return Cell(words, badge=colors.get(status, "grey"))


def _step(cells: Cells, step: Mapping[str, Any]) -> dict[str, Any]:
    outcome = str(step.get("outcome") or "")
    key = f"flows.outcomes.{outcome}"
    people = text("screens.joint", locale()).join(
        cells.person(login) for login in _logins(step.get("people"))
    )
    return {
        "title": _step_title(step),
        "state": str(step.get("state")),
        "outcome": text(key, locale()) if has_text(key) else outcome,
        "bad": outcome in ("rejected", "returned", "terminated"),
        "people": people,
        "round": step.get("round"),
        "certain": True,
    }


def _step_title(step: Mapping[str, Any]) -> str:
    title = step.get("title") or step.get("step") or ""
    if isinstance(title, Mapping):
        return str(title.get(locale()) or next(iter(title.values()), ""))
    return str(title)


def _logins(people: Any) -> list[str]:
    """Logins of a list of logins, or of objects that name a person."""
    found = []
    for one in people or ():
        login = one.get("person") or one.get("login") if isinstance(one, Mapping) else one
        if login is not None:
            found.append(str(login))
    return list(dict.fromkeys(found))


# --- the timeline --------------------------------------------------------------------------------


def _moments(
    view: Reading,
    form: Form,
    shown: RecordView,
    cells: Cells,
    flow: Mapping[str, Any] | None,
) -> list[Moment]:
    """Changes, comments and decisions as one line of time, newest first."""
    entries = history(view, form.name, shown.json["id"], limit=MOST_HISTORY)
    cells.learn_people(entry["actor"] for entry in entries)
    found = [_change(cells, form, entry) for entry in entries]
    for comment in comments_of(view.connection, shown.json["id"]):
        found.append(
            Moment(
                comment.at,
                cells.moment(comment.at),
                comment.name,
                _word("commented"),
                "comment",
                comment.body,
                sort=(_sortable(comment.at), comment.id),
            )
        )
    flow = flow or {}
    steps = {step.get("step"): _step_title(step) for step in flow.get("path", ())}
    found += [m for event in flow.get("events", ()) if (m := _event(cells, event, steps))]
    return sorted(found, key=lambda m: m.sort, reverse=True)


def _sortable(at: Any) -> str:
    written = at if isinstance(at, str) else at.isoformat()
    return written.replace("+00:00", "").rstrip("Z").split(".")[0]


def _change(cells: Cells, form: Form, entry: Mapping[str, Any]) -> Moment:
    what = _what_happened(form, str(entry["action"]))
    changes = () if entry["action"] == "created" else _changes(cells, form, entry["changes"])
    who = cells.person(entry["actor"])
    if entry.get("on_behalf_of"):
        who = text(
            "screens.for_other", locale(), who=who, other=cells.person(entry["on_behalf_of"])
        )
    at = entry["at"]
    return Moment(at, cells.moment(at), who, what, "change", "", changes,
                  (_sortable(at), entry["id"]))  # fmt: skip


def _what_happened(form: Form, action: str) -> str:
    """A change in words: the product's own, the button's title, the status it led to."""
    if action in form.actions:
        return form.actions[action].title(locale())
    for key in (f"screens.history.{action}", f"statuses.{action}"):
        if has_text(key):
            return text(key, locale())
    return action


def _done_word(form: Form, action: str) -> str:
    """What a change is called: ours, or the form's own button."""
    key = f"screens.history.{action}"
    if has_text(key):
        return text(key, locale())
    own = form.actions.get(action)
    return own.title(locale()) if own is not None else action


def _changes(
    cells: Cells, form: Form, body: Mapping[str, Any]
) -> tuple[tuple[str, Cell, Cell], ...]:
    found: list[tuple[str, Cell, Cell]] = []
    for name, pair in body.items():
        f = form.fields.get(name)
        if isinstance(pair, list) and len(pair) == 2:
            column = cells.column(form, name)
            found.append(
                (column.title, cells.cell(form, column, pair[0]),
                 cells.cell(form, column, pair[1]))
            )  # fmt: skip
        elif isinstance(pair, Mapping) and f is not None and f.type == "table":
            found += _row_changes(cells, f, pair)
    return tuple(found)


def _row_changes(
    cells: Cells, table: Field, rows: Mapping[str, Any]
) -> list[tuple[str, Cell, Cell]]:
    found = []
    for columns in rows.values():
        for name, pair in columns.items():
            column = table.fields.get(name)
            if column is None or not isinstance(pair, list) or len(pair) != 2:
                continue
            title = f"{table.title(cells.words)} · {column.title(cells.words)}"
            found.append((title, cells.value(column, pair[0]), cells.value(column, pair[1])))
    return found


# What the path shows already, and what the flow only notes for itself.
QUIET = frozenset(
    ("started", "submitted", "step_opened", "step_skipped", "resumed", "reminded", "lane_done")
)


def _event(cells: Cells, event: Mapping[str, Any], steps: Mapping[Any, str]) -> Moment | None:
    """What people decided, and what was done for them."""
    key = f"flows.events.{event.get('type')}"
    if event.get("type") in QUIET or not has_text(key):
        return None
    who = cells.person(event.get("actor"))
    if event.get("on_behalf_of"):
        other = cells.person(event["on_behalf_of"])
        who = text("screens.for_other", locale(), who=who, other=other)
    title = steps.get(event.get("step")) or ""
    what = text(key, locale())
    if title:
        what = text("screens.flow.at_step", locale(), what=what, step=title)
    at = event.get("at") or ""
    return Moment(
        at,
        cells.moment(at),
        who,
        what,
        "flow",
        str(event.get("comment") or ""),
        sort=(_sortable(at), int(event.get("seq") or 0)),
    )
