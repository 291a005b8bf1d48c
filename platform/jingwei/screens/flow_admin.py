"""For administrators of flows: `/flows/ID` for one request, `/flows/migrate` to today's workflow,
`/flows/hand-over` of a leaver.

What is done goes through the API; these pages only show and ask.
"""

from __future__ import annotations

import json
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
from jingwei.screens.tasks import flow_screen_words
from jingwei.screens.timeline import flow_moments
from jingwei.services.commands import Reading
from jingwei.services.display import display
from jingwei.services.flows import overview
from jingwei.services.flows.leaving import foreseen
from jingwei.services.flows.moves import Move, moves
from jingwei.services.flows.offers import drawn
from jingwei.services.flows.words import action_word
from jingwei.services.record_views import readable
from jingwei.texts import text
from jingwei.web import locale

WORDS = (
    "running", "request", "waits_for", "since", "step", "statistics", "workflow", "manage_flows",
    "hand_over", "migrate", "any", "open_record", "from_version", "to_step", "nothing_to_move",
    "move_all", "moved_sum", "cannot_move", "asked_afresh", "leaver", "heir", "heir_hint", "look",
    "hand_over_all", "hand_over_sure", "handed_over", "handed_to", "nothing_open", "due", "events",
    "move_hint", "move_sure", "move_reason", "choose", "will_get", "stays", "nobody_gets",
    "stay_hint", "choose_steps", "none_chosen",
)  # fmt: skip


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/flows/<int:id>", "one_flow", one)
    blueprint.add_url_rule("/flows/migrate", "migrate_flows", migrate)
    blueprint.add_url_rule("/flows/hand-over", "hand_over", hand_over)


def administrators_only(view: Reading) -> None:
    if not overview.administers_anything(view):
        raise NotAllowed("flow-administrators-only", action=action_word("flows"))


def workflow_choices(view: Reading) -> list[tuple[str, str]]:
    return [(name, one.title(locale())) for name, one in view.catalogue.workflows.items()]


# --- one request ---------------------------------------------------------------------------------


def one(id: int) -> Any:
    """A request by itself: an administrator may look after it without reading the record."""
    with reading() as view:
        flow = drawn(view, id)
        form = view.catalogue.forms.get(flow.json["form"])
        if form is None:
            raise NotFound("no-such-flow")
        cells = Cells(view)
        admin = of_administrators(flow, cells)
        moves_to = "migrate" in flow.json["actions"]
        return page(
            view,
            "flow.html",
            words={**flow_screen_words(WORDS), **flow_words()},
            title=flow.json["title"],
            above="/flows" if overview.administers_anything(view) else "/tasks",
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
        readable(view, form, id)
    except Refused:
        return ""
    return f"/f/{form}/{id}"


# --- moving to the workflow of today -------------------------------------------------------------


def migrate() -> Any:
    """Which running requests still follow an older workflow, and what moving each would do."""
    with reading() as view:
        administrators_only(view)
        only = request.args.get("id", "")
        workflow = request.args.get("workflow") or None
        chosen = _chosen(view)
        found = moves(view, workflow, whole_number(only), chosen)
        cells = Cells(view)
        return page(
            view,
            "migrate.html",
            words=flow_screen_words(WORDS),
            workflows=workflow_choices(view),
            workflow=workflow,
            lines=[_move(cells, one, chosen.get(one.workflow)) for one in found],
            choices=_choices(found, chosen),
            only=only,
        )


def _chosen(view: Reading) -> dict[str, dict[str, str]]:
    """Of the address, `to.WORKFLOW.STEP`: by workflow which step stands for one that is gone. What
    names no step of today chooses nothing."""
    chosen: dict[str, dict[str, str]] = {}
    for key, value in request.args.items():
        prefix, _, rest = key.partition(".")
        name, _, step = rest.partition(".")
        workflow = view.catalogue.workflows.get(name)
        if prefix == "to" and workflow is not None and workflow.step(value) is not None:
            chosen.setdefault(name, {})[step] = value
    return chosen


def _choices(
    found: Sequence[Move], chosen: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """One question for each step without a counterpart, however many requests stand there."""
    asked: dict[str, dict[str, Any]] = {}
    for one in found:
        for step, title, options in one.choices:
            if not options:
                continue
            words = text("flow_screens.becomes", locale(), workflow=one.title, step=title)
            about = asked.setdefault(
                f"to.{one.workflow}.{step}",
                {"said": words, "value": chosen.get(one.workflow, {}).get(step), "options": {}},
            )
            about["options"].update(options)
    return [{"name": name, **about} for name, about in asked.items()]


def _move(cells: Cells, one: Move, chosen: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "id": one.flow,
        "map": json.dumps(chosen) if chosen else "",
        "display": one.display,
        "workflow": one.title,
        "address": f"/flows/{one.flow}",
        "steps": [{"from": a, "to": b, "afresh": afresh} for a, b, afresh in one.steps],
        "people": [*_whose(cells, one), *_votes(cells, one), *_times(cells, one)],
        "refused": one.refused.message(locale()) if one.refused is not None else "",
        "since": cells.moment(one.started_at),
    }


def _whose(cells: Cells, one: Move) -> list[str]:
    """Whose tasks stay, close and are asked afresh, a line each."""
    cells.learn_people(task.acting for task, _ in one.tasks)
    joint = text("screens.joint", locale())
    found = []
    for fate in ("stays", "closes", "asked"):
        people = [cells.person(task.acting) for task, _ in one.tasks if task.fate == fate]
        if people:
            names = joint.join(dict.fromkeys(people))
            found.append(text(f"flow_screens.move_{fate}", locale(), people=names))
    return found


def _votes(cells: Cells, one: Move) -> list[str]:
    """Which votes are counted otherwise, or as before, a line each."""
    cells.learn_people(person for moved, _ in one.votes for person, _, _ in moved.weights)
    found = []
    for moved, title in one.votes:
        old, new = moved.passes
        key = "flow_screens.vote_kept" if moved.kept else "flow_screens.vote_moved"
        found.append(text(key, locale(), step=title, old=old, new=new))
        found += [
            text("flow_screens.vote_weight", locale(), person=cells.person(who), old=a, new=b)
            for who, a, b in moved.weights
        ]
    return found


def _times(cells: Cells, one: Move) -> list[str]:
    """Which deadlines, reminders and waits become others, a line each."""
    found = []
    for moved, title in one.times:
        what = text(f"flow_screens.time_{moved.does or moved.purpose}", locale())
        past = moved.is_past(cells.view.now) and moved.purpose != "due"
        key = "flow_screens.moved_time_now" if past else "flow_screens.moved_time"
        moments = [cells.moment(at) if at is not None else "–" for at in (moved.old, moved.new)]
        old, new = moments
        found.append(text(key, locale(), step=title, what=what, old=old, new=new))
    return found


# --- handing over --------------------------------------------------------------------------------


def hand_over() -> Response | Any:
    """What waits for a person, and to whom each piece would go."""
    login = request.args.get("person", "").strip()[:64]
    to = request.args.get("to", "").strip()[:64] or None
    with reading() as view:
        administrators_only(view)
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
