"""The approval of a record for its page: the picture, the path so far, and what is foreseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from jingwei.language.form import Form
from jingwei.refusals import Refused
from jingwei.screens.awaited import awaited_of, waited
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.flow_diagram import diagram
from jingwei.screens.opinions import everybody, joined, outcome_words, stands_in
from jingwei.screens.path import rounds
from jingwei.screens.stands import ON_THE_WAY, stands_of
from jingwei.services import flows, personal
from jingwei.services.commands import Reading
from jingwei.services.flows.offers import Drawn, TaskOffer, drawn
from jingwei.texts import has_text, text
from jingwei.web import locale

STATUS_COLORS: Mapping[str, str] = {
    "running": "blue",
    "suspended": "orange",
    "approved": "green",
    "rejected": "red",
    "terminated": "red",
}
WORDS = (
    "approval", "phrases", "more", "manage", "steps", "migrate", "signature_of", "waits_for",
    "waits_at", "to_fill", "draw_signature", "colon", "then_you", "suspended", "suspended_hint",
)  # fmt: skip


def flow_words() -> dict[str, str]:
    """What the templates of approvals say."""
    return {name: text(f"flow_screens.{name}", locale()) for name in WORDS}


def flow_of(view: Reading, form: str, id: int, task: int | None = None) -> Drawn | None:
    """The record's latest request, where there is one that the reader may see. `task`: of his
    tasks in it the one that he opened."""
    latest = flows.latest_flow(view, form, id)
    if latest is None:
        return None
    try:
        return drawn(view, latest, task)
    except Refused:
        return None


def my_task(
    view: Reading, flow: Drawn | None, wanted: int | None = None
) -> Mapping[str, Any] | None:
    """A task of the reader's that is open: the `wanted` one before any other."""
    mine = [
        task
        for task in (flow.json if flow else {}).get("open", ())
        if view.actor.login == task.get("person") and task.get("actions")
    ]
    return min(mine, key=lambda task: task["id"] != wanted, default=None)


def sent_back(cells: Cells, flow: Drawn | None, task: Mapping[str, Any] | None, form: Form) -> Any:
    """Of a task that corrects a request: who sent it back, why, and where it goes from here."""
    if flow is None or task is None or task["kind"] != "fill":
        return None
    returned = [e for e in flow.json["events"] if e["type"] in ("returned", "rejected")]
    if not returned or flow.json["round"] < 2:
        return None
    last = returned[-1]
    words = outcome_words(str(last["type"]))
    goes = (flow.json["resumes"] or {}).get(task["step"])
    fields = {path: f.title(locale()) for path, f in form.fields.items()}
    watched = [fields.get(path, path) for path in goes["unless_changed"]] if goes else []
    key = "resumes_unless" if watched else "resumes_at"
    return {
        "who": f"{cells.person(last['actor'])} {words} {cells.moment(last['at'])}",
        "why": str(last["comment"] or ""),
        "goes": text(f"flow_screens.{key}", locale(), step=goes["title"], fields=joined(watched))
        if goes
        else "",
    }


HANDED = frozenset({"delegated", "transferred", "signers_added", "handed_over"})


def handed(cells: Cells, flow: Drawn | None, task: Mapping[str, Any] | None) -> Any:
    """Of a task that somebody gave to its holder: who, how, and in which words."""
    if flow is None or task is None or task["kind"] != "approval":
        return None
    for event in reversed(flow.json["events"]):
        if event["step"] != task["step"] or event["type"] not in HANDED:
            continue
        data = event["data"] or {}
        if task["person"] in (data.get("to"), *(data.get("people") or ())):
            words = text(f"flows.events.{event['type']}", locale())
            who = cells.person(event["actor"])
            return {
                "who": f"{who} {words} {cells.moment(event['at'])}",
                "why": str(event["comment"] or ""),
                "goes": text("flow_screens.then_back", locale(), who=who)
                if event["type"] == "delegated"
                else "",
            }
    return None


# --- the path ------------------------------------------------------------------------------------


def shown_flow(
    view: Reading, cells: Cells, flow: Drawn | None, form: Form
) -> dict[str, Any] | None:
    """The request for the page: the picture, the path so far, then what is foreseen."""
    if flow is None:
        return None
    json = flow.json
    cells.learn_people(_everybody(json))
    running = json["status"] in ON_THE_WAY
    names = {f.path: f.title(locale()) for f in form.fields.values()}
    awaited = awaited_of(view, cells, json, names) if running else []
    status = str(json["status"])
    return {
        "id": json["id"],
        "status": _flow_status(status),
        "running": status == "running",
        "waits": _waits(view, cells, json) if status == "running" else None,
        "awaited": awaited,
        "related": _related(view, json),
        "suspended": _suspended(cells, json) if status == "suspended" else None,
        "rounds": rounds(cells, json, signatures(view, json), awaited, predicts=running),
        "diagram": diagram(
            flow.workflow,
            stands_of(cells, flow, {one.step: one.short for one in awaited}),
            locale=locale(),
            ended=_ended(status),
            names=names,
            flows={name: one.title(locale()) for name, one in view.catalogue.workflows.items()},
            ways=flow.ways.lanes,
        ),
    }


def _everybody(json: Mapping[str, Any]) -> Iterator[str]:
    for run in json["path"]:
        yield from everybody(run)
        for said in (one["decided"] for one in run.get("requests", ()) if one["decided"]):
            yield from (str(said[key]) for key in ("by", "on_behalf_of") if said[key])
    for one in json["prediction"] or ():
        yield from one["people"]
        yield from (owner for owners in one["on_behalf_of"].values() for owner in owners)


def _related(view: Reading, json: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The request that began this one, and the one that it begins again, where the reader may see
    them: words and address."""
    found = []
    for key in ("parent", "previous"):
        if json[key] is None:
            continue
        try:
            other = flows.flow_view(view, json[key])
        except Refused:
            continue
        status = _flow_status(str(other["status"])).text
        said = text(f"flow_screens.{key}_request", locale(), title=other["title"], status=status)
        found.append((said, f"/flows/{other['id']}"))
    return found


def _flow_status(status: str) -> Cell:
    key = f"flows.statuses.{status}"
    words = text(key, locale()) if has_text(key) else status
    return Cell(words, badge=STATUS_COLORS.get(status, "grey"))


def _waits(view: Reading, cells: Cells, json: Mapping[str, Any]) -> dict[str, str] | None:
    """Who is waited for, since when, and how long that is."""
    open_ = [t for t in json["open"] if t["kind"] not in ("receipt", "cc")]
    if not open_:
        return None
    since = min(datetime.fromisoformat(t["opened_at"]) for t in open_)
    return {
        "people": joined(
            dict.fromkeys(
                stands_in(cells, t["person"], t["on_behalf_of"] or t["person"]) for t in open_
            )
        ),
        "since": text("flow_screens.waiting_since", locale(), at=cells.moment(since)),
        "long": waited(view, since),
        "late": "late" if any(t["overdue"] for t in open_) else "",
    }


def _suspended(cells: Cells, json: Mapping[str, Any]) -> dict[str, str] | None:
    """Who suspended it, when, and why."""
    said = [e for e in json["events"] if e["type"] == "suspended"]
    if not said:
        return None
    last = said[-1]
    words = {"who": cells.person(last["actor"]), "at": cells.moment(last["at"])}
    return {
        "who": text("flow_screens.suspended_by", locale(), **words),
        "why": str(last["comment"] or ""),
    }


def _ended(status: str) -> Any:
    if status in ON_THE_WAY:
        return None
    return "done" if status == "approved" else "bad"


def signing(view: Reading, form: Form, offer: TaskOffer | None) -> tuple[str, bool] | None:
    """Where the signature of who approves goes, and whether there is one."""
    field = form.fields.get(offer.signs) if offer is not None else None
    if field is None:
        return None
    drawn_already = personal.signature(view) is not None
    key = "signs" if drawn_already else "signs_nothing"
    return text(f"flow_screens.{key}", locale(), field=field.title(locale())), drawn_already


# --- signatures ----------------------------------------------------------------------------------


def signatures(view: Reading, json: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Addresses of the pictures of signatures, by who decided and when."""
    files = signature_files(view, json)
    base = f"/f/{json['form']}/{json['record']}/signatures"
    return {key: f"{base}/{file}" for key, file in files.items()}


def signature_files(view: Reading, json: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The files of those signatures."""
    decided = {
        (str(one["by"]), str(one["at"]))
        for run in json["path"]
        for one in run["people"]
        if one["by"] and one["at"] and one["outcome"] in ("approved", "rejected", "returned")
    }
    asked = {(who, at): datetime.fromisoformat(at) for who, at in decided}
    held = personal.signatures_at(view, [(who, when) for (who, _), when in asked.items()])
    return {key: held[key[0], when] for key, when in asked.items() if (key[0], when) in held}
