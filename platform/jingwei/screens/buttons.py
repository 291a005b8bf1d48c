"""What may be done with a record and with a task on it: the buttons, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.language.form import Action, Form
from jingwei.screens.choosing import questions_of
from jingwei.services import actions, versions
from jingwei.services.commands import Reading
from jingwei.services.display import rendered
from jingwei.services.flows.begin import workflow_of
from jingwei.services.record_views import RecordView
from jingwei.texts import text
from jingwei.web import locale


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
    phone: str = ""  # first or hide


def buttons_of(view: Reading, form: Form, shown: RecordView) -> list[Button]:
    base = f"/api/v1/forms/{form.name}/records/{shown.json['id']}"
    found: list[Button] = []
    status = shown.json.get("status")
    fresh = status in ("draft", "returned", "recalled")
    if fresh and may(view, form, "submit", shown):
        title = submit_title(view, form, shown.raw)
        ask = questions_of(view, form, shown.raw)
        found.append(Button("submit", title, f"{base}/submit", style="primary", ask=ask))
    found += _own_actions(view, form, shown, base)
    found += _amending(view, form, shown, base)
    cancellable = status == "submitted" and (form.submit or {}).get("cancel")
    if cancellable and may(view, form, "cancel", shown):
        address = f"{base}/cancel"
        found.append(Button("cancel", _word("cancel"), address, confirm=_word("cancel_sure")))
    if may(view, form, "share", shown):
        whom = {"name": "person", "title": _word("share_with"), "type": "person", "required": True}
        last = {"name": "until", "title": _word("shares.last_day"), "type": "date"}
        found.append(Button("share", _word("share"), f"{base}/share", ask=(whom, last)))
    if status in (None, "draft", "recalled") and may(view, form, "delete", shown):
        found.append(
            Button("delete", _word("delete"), base, "DELETE", _word("delete_sure"), "danger")
        )
    return found


def _amending(view: Reading, form: Form, shown: RecordView, base: str) -> list[Button]:
    """Open what is in force for amendment, or drop the amendment."""
    can = versions.keeps_versions(form) or bool((form.submit or {}).get("amend"))
    if not can or not may(view, form, "amend", shown):
        return []
    status = shown.json.get("status")
    if status in versions.IN_FORCE and versions.ended_in(form, shown.raw) is not None:
        return []
    if status in versions.IN_FORCE:
        return [Button("amend", _word("amend"), f"{base}/amend", confirm=_word("amend_sure"))]
    if status in versions.MAY_DISCARD and versions.is_amending(view, form, shown.raw):
        sure = _word("discard_sure")
        return [Button("discard", _word("discard"), f"{base}/discard", "POST", sure, "danger")]
    return []


def _own_actions(view: Reading, form: Form, shown: RecordView, base: str) -> list[Button]:
    """The form's own buttons."""
    offered = actions.offered(view, form, shown.raw)
    return [_pressed(view, one, shown.raw, f"{base}/actions/{one.name}") for one in offered]


def row_buttons(view: Reading, form: Form, shown: RecordView, table: str) -> list[list[Button]]:
    """Those of each row of a table, in the order of the rows; nothing where no row has any."""
    if not any(action.place == f"row {table}" for action in form.actions.values()):
        return []
    base = f"/api/v1/forms/{form.name}/records/{shown.json['id']}/rows/{table}"
    found = []
    for row in shown.raw.get(table) or ():
        offered = [
            one
            for one in actions.offered(view, form, shown.raw, row)
            if one.place == f"row {table}"
        ]
        found.append(
            [_pressed(view, o, shown.raw, f"{base}/{row['id']}/actions/{o.name}") for o in offered]
        )
    return found


def _pressed(view: Reading, action: Action, record: Mapping[str, Any], address: str) -> Button:
    """A button of the form: what it asks first, and where it goes."""
    confirm = ""
    if action.confirm is not None:
        confirm = rendered(view, action.confirm, record, locale())
    phone = action.phone or ""
    title = action.title(locale())
    return Button(action.name, title, address, confirm=confirm, ask=_ask(action), phone=phone)


def for_many(view: Reading, action: Action) -> Button:
    """A button of the form over the chosen records of a list. What it asks first to be confirmed is
    of one record where it names something of it; then how many are meant must do."""
    confirm = text("screens.list.shape.press_sure", locale(), title=action.title(locale()))
    if action.confirm is not None:
        pieces = action.confirm.pieces(locale())
        if all(isinstance(piece, str) for piece in pieces):
            confirm = "".join(str(piece) for piece in pieces)
    return Button(action.name, action.title(locale()), "", confirm=confirm, ask=_ask(action))


def _ask(action: Action) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"name": f.name, "title": f.title(locale()), "type": f.type, "required": f.required}
        for f in action.ask.values()
    )


def submit_title(view: Reading, form: Form, record: Mapping[str, Any]) -> str:
    """What submitting is called: as the workflow labels the first step of its initiator."""
    workflow = workflow_of(view, form, record)
    for step in workflow.steps[:1] if workflow is not None else ():
        label = step.labels.get("submit")
        if step.kind == "fill" and label is not None:
            return label(locale())
    return _word("submit")


def _word(name: str) -> str:
    return text(f"screens.record.{name}", locale())


def may(view: Reading, form: Form, action: str, shown: RecordView) -> bool:
    return view.rights.decide(view, form.name, action, shown.raw).allowed


# --- of a task ---------------------------------------------------------------------------------

# the order of the buttons, and how each looks; the rest is under “more”
TASK_STYLES: Mapping[str, str] = {
    "approve": "primary",
    "submit": "primary",
    "acknowledge": "primary",
    "return": "",
    "reject": "danger",
}
OWED = frozenset(("return", "reject"))


def opinion_owed(action: str, task: Mapping[str, Any]) -> bool:
    """Whether it is refused without words: an opinion that was asked for is nothing but words."""
    answers = words_of(action, task) == "answer"
    return action in OWED or answers or (action == "approve" and task["opinion"] == "required")


def words_of(action: str, task: Mapping[str, Any]) -> str:
    """A to-do is settled and who was asked for an opinion answers; neither submits."""
    if action != "submit":
        return action
    return {"todo": "settle", "approval": "answer"}.get(str(task.get("kind")), action)


def task_buttons(task: Mapping[str, Any]) -> list[Button]:
    """Buttons of one task, those that decide it."""
    offered = task.get("actions") or ()
    return [
        Button(
            action,
            task["labels"].get(action) or text(f"flows.actions.{words_of(action, task)}", locale()),
            f"/api/v1/tasks/{task['id']}/{action}",
            style=TASK_STYLES[action],
            opinion=opinion_owed(action, task),
        )
        for action in TASK_STYLES
        if action in offered
    ]
