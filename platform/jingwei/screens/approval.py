"""The approval of a record for its page: the path so far, then what is foreseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.refusals import Refused
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.frame import service
from jingwei.services.commands import Reading
from jingwei.texts import has_text, text
from jingwei.web import locale


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


def my_task(view: Reading, flow: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    mine = (
        task
        for task in (flow or {}).get("open", ())
        if view.actor.login == task.get("person") and task.get("actions")
    )
    found: Mapping[str, Any] | None = next(mine, None)
    return found


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
                "title": step_title(one),
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
    asked = step.get("people") or ()
    is_open = step.get("state") == "open"
    if is_open:  # who is waited for; who has answered already is among the opinions
        asked = [one for one in asked if one.get("state") == "open"]
    people = text("screens.joint", locale()).join(_asked(cells, one) for one in asked)
    since = cells.moment(step["opened_at"]) if is_open and step.get("opened_at") else ""
    return {
        "since": text("flow_screens.waiting_since", locale(), at=since) if since else "",
        "opinions": [_opinion(cells, one) for one in step.get("people") or () if one.get("by")],
        "title": step_title(step),
        "state": str(step.get("state")),
        "outcome": text(key, locale()) if has_text(key) else outcome,
        "bad": outcome in ("rejected", "returned", "terminated"),
        "people": people,
        "round": step.get("round"),
        "certain": True,
    }


def _asked(cells: Cells, one: Mapping[str, Any]) -> str:
    """Who is asked, and for whom."""
    acting, person = one.get("acting") or one.get("person"), one.get("person")
    if acting == person:
        return cells.person(str(person))
    names = {"who": cells.person(str(acting)), "other": cells.person(str(person))}
    return text("screens.for_other", locale(), **names)


def _opinion(cells: Cells, one: Mapping[str, Any]) -> dict[str, str]:
    """What somebody decided, when, and the words to it."""
    key = f"flows.outcomes.{one.get('outcome')}"
    return {
        "who": cells.person(str(one["by"])),
        "outcome": text(key, locale()) if has_text(key) else str(one.get("outcome") or ""),
        "at": cells.moment(one["at"]) if one.get("at") else "",
        "comment": str(one.get("comment") or ""),
    }


def step_title(step: Mapping[str, Any]) -> str:
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
