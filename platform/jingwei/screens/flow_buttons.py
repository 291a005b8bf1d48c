"""What may be done with a task or a whole request: the buttons, and what each of them asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jingwei.screens.buttons import TASK_STYLES, Button, opinion_owed, words_of
from jingwei.screens.cells import Cells
from jingwei.screens.choosing import people_for
from jingwei.screens.opinions import stands_in
from jingwei.services.flows.offers import Drawn, TaskOffer
from jingwei.services.row_titles import with_rows
from jingwei.texts import text
from jingwei.web import locale

Question = Mapping[str, Any]
# operations beside deciding, in the order of the menu
MORE = ("transfer", "delegate", "add_sign", "drop_sign", "cc", "claim", "comment")
OF_ADMINISTRATORS = ("jump", "suspend", "resume", "terminate", "reopen")
DANGER = frozenset({"terminate", "reject"})


def deciding(task: Mapping[str, Any], offer: TaskOffer | None) -> list[Button]:
    """The buttons that decide a task, with the words that its step gives them."""
    found = []
    for action, style in TASK_STYLES.items():
        if action not in task["actions"]:
            continue
        owed = opinion_owed(action, task)
        title = task["labels"].get(action) or _action(words_of(action, task))
        ask = _deciding_questions(action, offer)
        address = f"/api/v1/tasks/{task['id']}/{action}"
        found.append(Button(action, title, address, style=style, opinion=owed, ask=ask))
    return found


def _deciding_questions(action: str, offer: TaskOffer | None) -> tuple[Question, ...]:
    if offer is None:
        return ()
    if action == "return" and len(offer.returns) > 1:
        return (_choice("to", "return_to", offer.returns),)
    if action in ("approve", "submit"):
        return tuple(people_for(*one) for one in offer.chosen)
    return ()


def beside(offer: TaskOffer | None, cells: Cells) -> list[Button]:
    """What else the holder of a task may do."""
    if offer is None:
        return []
    found = []
    for action in MORE:
        if action not in offer.actions:
            continue
        found.append(
            Button(
                action,
                _action(action),
                f"/api/v1/tasks/{offer.task}/{action}",
                confirm=text(f"flow_screens.hints.{action}", locale()),
                ask=_questions(action, offer, cells),
            )
        )
    return found


def _questions(action: str, offer: TaskOffer, cells: Cells) -> tuple[Question, ...]:
    comment = _words("comment", "comment", owed=action == "comment")
    if action in ("transfer", "delegate"):
        return (_people("to", "to_whom", offer.asked, one=True), comment)
    if action == "add_sign":
        places = [(p, text(f"flow_screens.positions.{p}", locale())) for p in offer.positions]
        return (
            _choice("position", "position", places),
            _people("people", "who_signs", offer.asked),
            comment,
        )
    if action == "drop_sign":
        known = [(login, cells.person(login)) for login in offer.added]
        return (_choice("to", "who_is_dropped", known), comment)
    if action == "cc":
        return (_people("people", "who_is_told", ()), comment)
    return (comment,) if action == "comment" else ()


# what the holder of a task that waits may do meanwhile
MEANWHILE = ("urge", "take_back", "drop_sign", "comment")


def waiting(offer: TaskOffer | None, cells: Cells) -> dict[str, Any] | None:
    """Of a task that waits for whom its holder asked: for whom, and what may be done meanwhile."""
    if offer is None or not offer.waits_for:
        return None
    names = text("screens.joint", locale()).join(cells.person(one) for one in offer.waits_for)
    buttons = [
        Button(
            action,
            _action(action),
            f"/api/v1/tasks/{offer.task}/{action}",
            confirm=text(f"flow_screens.meanwhile.{action}", locale()),
            ask=(_words("comment", "comment", owed=False),)
            if action == "urge"
            else _questions(action, offer, cells),
        )
        for action in MEANWHILE
        if action in offer.actions
    ]
    return {
        "title": text("flow_screens.waits_for_answer", locale(), people=names),
        "step": offer.step,
        "buttons": buttons,
    }


# --- of a whole request --------------------------------------------------------------------------


def of_flow(flow: Drawn | None) -> list[Button]:
    """What its initiator may do, and what an approver may take back; what a task that waits lets
    its holder do is said with `waiting`."""
    if flow is None:
        return []
    found = []
    base = f"/api/v1/flows/{flow.json['id']}"
    offered = flow.json["actions"]
    waits = flow.mine.task if flow.mine is not None and flow.mine.waits_for else None
    if flow.taken not in (None, waits):
        address = f"/api/v1/tasks/{flow.taken}/take_back"
        sure = text("flow_screens.hints.take_back", locale())
        found.append(Button("take_back", _action("take_back"), address, confirm=sure))
    others = (t for t in flow.json["open"] if t["person"] != flow.json["initiator"])
    if "urge" in offered and any(t["kind"] != "cc" for t in others):
        ask = (_words("comment", "comment", owed=False),)
        found.append(Button("urge", _action("urge"), f"{base}/urge", ask=ask))
    if "recall" in offered:
        sure = text("screens.record.recall_sure", locale())
        title = text("screens.record.recall", locale())
        found.append(Button("recall", title, f"{base}/recall", confirm=sure))
    return found


def of_administrators(flow: Drawn | None, cells: Cells) -> list[Button]:
    """Jump, suspend and the like, and giving an open task to somebody else: always with a
    reason."""
    if flow is None:
        return []
    found = []
    base = f"/api/v1/flows/{flow.json['id']}"
    for action in OF_ADMINISTRATORS:
        if action not in flow.json["actions"] or (action == "jump" and not flow.jumps):
            continue
        ask: tuple[Question, ...] = (_words("reason", "reason", owed=True),)
        if action == "jump":
            ask = (*_jumping(flow), *ask)
        style = "danger" if action in DANGER else ""
        several = action == "jump" and len(flow.open_steps) > 1
        hint = "jump_of_several" if several else action
        found.append(
            Button(
                action,
                _action(action),
                f"{base}/{action}",
                confirm=text(f"flow_screens.hints.{hint}", locale()),
                style=style,
                ask=ask,
            )
        )
    found += _reassigning(flow, cells) if "jump" in flow.json["actions"] else []
    return found


def _step_of(task: Mapping[str, Any]) -> str:
    return with_rows(str(task["title"]), task["rows"], locale())


def _reassigning(flow: Drawn, cells: Cells) -> list[Button]:
    """One button for each open task that a step waits for."""
    open_ = [t for t in flow.json["open"] if t["kind"] in ("approval", "fill") and t["step"]]
    asked = [(t["person"], t["on_behalf_of"]) for t in open_]
    found = []
    for task in open_:
        who = stands_in(cells, task["person"], task["on_behalf_of"] or task["person"])
        title = text("flow_screens.reassign_of", locale(), who=who)
        if asked.count((task["person"], task["on_behalf_of"])) > 1:  # at several steps
            title = text("screens.flow.at_step", locale(), what=title, step=_step_of(task))
        found.append(
            Button(
                "reassign",
                title,
                f"/api/v1/tasks/{task['id']}/reassign",
                confirm=text("flow_screens.hints.reassign", locale()),
                ask=(
                    _people("to", "to_whom", (task["person"],), one=True),
                    _words("reason", "reason", owed=True),
                ),
            )
        )
    return found


def _jumping(flow: Drawn) -> tuple[Question, ...]:
    to = _choice("to", "jump_to", flow.jumps)
    if len(flow.open_steps) < 2:
        return (to,)
    all_of_them = ("", text("flow_screens.all_open_steps", locale()))
    leaves = _choice("step", "jump_from", (all_of_them, *flow.open_steps))
    return ({**leaves, "required": False}, to)


# --- questions -----------------------------------------------------------------------------------


def _action(name: str) -> str:
    return text(f"flows.actions.{name}", locale())


def _title(name: str) -> str:
    return text(f"flow_screens.ask.{name}", locale())


def _words(name: str, title: str, *, owed: bool) -> Question:
    return {"name": name, "title": _title(title), "type": "long_text", "required": owed}


def _choice(name: str, title: str, options: Iterable[Sequence[str]]) -> Question:
    pairs = [list(one) for one in options]
    return {
        "name": name,
        "title": _title(title),
        "type": "choice",
        "options": pairs,
        "required": True,
    }


def _people(name: str, title: str, but: Iterable[str], *, one: bool = False) -> Question:
    return {
        "name": name,
        "title": _title(title),
        "type": "person" if one else "people",
        "but": list(but),
        "required": True,
    }
