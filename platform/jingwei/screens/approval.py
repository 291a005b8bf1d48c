"""The approval of a record for its page: the picture, the path so far, and what is foreseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jingwei.language.form import Form
from jingwei.language.workflow import Workflow
from jingwei.refusals import Refused
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.flow_diagram import Stand, diagram
from jingwei.services import flows, personal
from jingwei.services.commands import Reading
from jingwei.services.flows.offers import Drawn, drawn
from jingwei.texts import has_text, text
from jingwei.web import locale

STATUS_COLORS: Mapping[str, str] = {
    "running": "blue",
    "suspended": "orange",
    "approved": "green",
    "rejected": "red",
    "terminated": "red",
}
BAD = frozenset({"rejected", "returned", "terminated"})
DAY_HOURS = 24
WORDS = (
    "approval", "phrases", "more", "manage", "steps", "migrate", "signature_of", "waits_for",
    "colon", "then_you",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody decided, when, with which words and which signature."""

    who: str
    outcome: str
    at: str
    comment: str
    signature: str = ""  # its address


def flow_words() -> dict[str, str]:
    """What the templates of approvals say."""
    return {name: text(f"flow_screens.{name}", locale()) for name in WORDS}


def flow_of(view: Reading, form: str, id: int) -> Drawn | None:
    """The record's latest request, where there is one that the reader may see."""
    latest = flows.latest_flow(view, form, id)
    if latest is None:
        return None
    try:
        return drawn(view, latest)
    except Refused:
        return None


def my_task(view: Reading, flow: Drawn | None) -> Mapping[str, Any] | None:
    mine = (
        task
        for task in (flow.json if flow else {}).get("open", ())
        if view.actor.login == task.get("person") and task.get("actions")
    )
    found: Mapping[str, Any] | None = next(mine, None)
    return found


def sent_back(cells: Cells, flow: Drawn | None, task: Mapping[str, Any] | None, form: Form) -> Any:
    """Of a task that corrects a request: who sent it back, why, and where it goes from here."""
    if flow is None or task is None or task["kind"] != "fill":
        return None
    returned = [e for e in flow.json["events"] if e["type"] in ("returned", "rejected")]
    if not returned or flow.json["round"] < 2:
        return None
    last = returned[-1]
    words = _outcome(str(last["type"]))
    goes = (flow.json["resumes"] or {}).get(task["step"])
    fields = {path: f.title(locale()) for path, f in form.fields.items()}
    watched = [fields.get(path, path) for path in goes["unless_changed"]] if goes else []
    key = "resumes_unless" if watched else "resumes_at"
    return {
        "who": f"{cells.person(last['actor'])} {words} {cells.moment(last['at'])}",
        "why": str(last["comment"] or ""),
        "goes": text(f"flow_screens.{key}", locale(), step=goes["title"], fields=_joined(watched))
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
    signed = signatures(view, json)
    last = {run["step"]: number for number, run in enumerate(json["path"])}
    steps = [
        _step(cells, run, signed, form, anchor=last[run["step"]] == number)
        for number, run in enumerate(json["path"])
    ]
    running = json["status"] in ("running", "suspended")
    for one in (json["prediction"] or ()) if running else ():
        known = one["step"] in last
        steps.append(
            {
                "id": "" if known else one["step"],
                "title": step_title(one),
                "state": "ahead",
                "outcome": "",
                "people": _joined(cells.person(login) for login in one["people"]),
                "certain": one["certain"],
            }
        )
    status = str(json["status"])
    return {
        "id": json["id"],
        "status": _flow_status(status),
        "running": status == "running",
        "waits": _waits(view, cells, json) if running else None,
        "reason": _why(json) if status == "suspended" else "",
        "steps": steps,
        "diagram": diagram(
            flow.workflow,
            stands_of(cells, flow),
            locale=locale(),
            ended=_ended(status),
            names={f.path: f.title(locale()) for f in form.fields.values()},
        ),
    }


def _everybody(json: Mapping[str, Any]) -> Iterator[str]:
    for run in json["path"]:
        for one in run["people"]:
            yield from (name for name in (one["person"], one["acting"], one["by"]) if name)
    for one in json["prediction"] or ():
        yield from one["people"]


def _joined(names: Any) -> str:
    return text("screens.joint", locale()).join(names)


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
        "people": _joined(dict.fromkeys(cells.person(t["person"]) for t in open_)),
        "since": text("flow_screens.waiting_since", locale(), at=cells.moment(since)),
        "long": waited(view, since),
        "late": "late" if any(t["overdue"] for t in open_) else "",
    }


def waited(view: Reading, since: datetime | str) -> str:
    """How long that is now; nothing for less than an hour."""
    begun = datetime.fromisoformat(since) if isinstance(since, str) else since
    hours = int((view.now - begun).total_seconds() // 3600)
    key = "days" if hours >= DAY_HOURS else "hours"
    count = hours // DAY_HOURS if hours >= DAY_HOURS else hours
    if count < 1:
        return ""
    return text(f"flow_screens.waited_{key}{'_one' if count == 1 else ''}", locale(), count=count)


def _why(json: Mapping[str, Any]) -> str:
    """Why it was suspended."""
    said = [e["comment"] for e in json["events"] if e["type"] == "suspended"]
    return str(said[-1] or "") if said else ""


def _step(
    cells: Cells,
    step: Mapping[str, Any],
    signed: Mapping[tuple[str, str], str],
    form: Form,
    *,
    anchor: bool,
) -> dict[str, Any]:
    outcome = str(step.get("outcome") or "")
    asked = step.get("people") or ()
    is_open = step.get("state") == "open"
    if is_open:  # who is waited for; who has answered already is among the opinions
        asked = [one for one in asked if one.get("state") == "open"]
    elif all(one.get("by") for one in asked):
        asked = ()  # each of them is named with his opinion
    since = cells.moment(step["opened_at"]) if is_open and step.get("opened_at") else ""
    return {
        "id": step["step"] if anchor else "",
        "since": text("flow_screens.waiting_since", locale(), at=since) if since else "",
        "opinions": [_opinion(cells, one, signed, step) for one in _in_order(step)],
        "title": step_title(step),
        "state": str(step.get("state")),
        "outcome": _outcome(outcome),
        "bad": outcome in BAD,
        "people": _joined(_asked(cells, one) for one in asked),
        "round": step.get("round"),
        "certain": True,
    }


def _outcome(outcome: str) -> str:
    key = f"flows.outcomes.{outcome}"
    return text(key, locale()) if has_text(key) else outcome


def _asked(cells: Cells, one: Mapping[str, Any]) -> str:
    """Who is asked, and for whom."""
    acting, person = one.get("acting") or one.get("person"), one.get("person")
    if acting == person:
        return cells.person(str(person))
    names = {"who": cells.person(str(acting)), "other": cells.person(str(person))}
    return text("screens.for_other", locale(), **names)


def _in_order(step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Who answered, the earliest first."""
    answered = [one for one in step.get("people") or () if one.get("by")]
    return sorted(answered, key=lambda one: str(one.get("at") or ""))


def _opinion(
    cells: Cells,
    one: Mapping[str, Any],
    signed: Mapping[tuple[str, str], str],
    step: Mapping[str, Any],
) -> Opinion:
    outcome = str(one.get("outcome") or "")
    if outcome == "submitted" and step.get("kind") == "approve":
        outcome = "answered"  # who was only asked for an opinion
    return Opinion(
        cells.person(str(one["by"])),
        _outcome(outcome),
        cells.moment(one["at"]) if one.get("at") else "",
        str(one.get("comment") or ""),
        signed.get((str(one["by"]), str(one.get("at") or "")), ""),
    )


def step_title(step: Mapping[str, Any]) -> str:
    title = step.get("title") or step.get("step") or ""
    if isinstance(title, Mapping):
        return str(title.get(locale()) or next(iter(title.values()), ""))
    return str(title)


# --- the picture ---------------------------------------------------------------------------------


def _ended(status: str) -> Any:
    if status in ("running", "suspended"):
        return None
    return "done" if status == "approved" else "bad"


def stands_of(cells: Cells, flow: Drawn) -> dict[str, Stand]:
    """Where each step stands: what is open, else what is to come, else how its newest run went."""
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for run in flow.json["path"]:
        runs.setdefault(run["step"], []).append(run)
    found = {step: _stand(cells, tried) for step, tried in runs.items()}
    for step, state in flow.others.items():
        found[step] = Stand("now" if state == "open" else "done")
    if flow.json["status"] not in ("running", "suspended"):
        return found
    for one in flow.json["prediction"] or ():
        if found.get(one["step"], Stand("maybe")).standing == "now":
            continue
        people = _joined(cells.person(login) for login in one["people"])
        found[one["step"]] = Stand("ahead" if one["certain"] else "maybe", people)
    return {**_certain(flow.workflow, found), **found}


def _stand(cells: Cells, runs: list[Mapping[str, Any]]) -> Stand:
    open_ = [run for run in runs if run["state"] == "open"]
    if open_:
        waiting = [p for run in open_ for p in run["people"] if p["state"] == "open"]
        since = min(str(run["opened_at"]) for run in open_)
        people = _joined(dict.fromkeys(_asked(cells, one) for one in waiting))
        words = text("flow_screens.waiting_since", locale(), at=_day(cells, since))
        return Stand("now", people, words)
    told = [run for run in runs if run["state"] != "cancelled"] or runs
    newest = told[-1]
    outcome = str(newest["outcome"] or "")
    by = [one for one in newest["people"] if one["by"]]
    people = _joined(dict.fromkeys(cells.person(one["by"]) for one in by))
    if not by:
        people = _joined(dict.fromkeys(cells.person(one["person"]) for one in newest["people"]))
    at = _day(cells, newest["closed_at"]) if newest["closed_at"] else ""
    note = " ".join(part for part in (_outcome(outcome), at) if part)
    if newest["state"] == "cancelled" and outcome != "returned":
        return Stand("skipped", people, note)
    return Stand("bad" if outcome in BAD else "done", people, note)


def _day(cells: Cells, at: str) -> str:
    """The day of an instant: there is little room in a box."""
    return cells.moment(at).rpartition(" ")[0]


def _certain(workflow: Workflow, found: Mapping[str, Stand]) -> dict[str, Stand]:
    """Steps outside every block, with no condition, behind what is open: they will come."""
    ahead: dict[str, Stand] = {}
    for step in reversed(workflow.steps):
        if step.id in found:
            if found[step.id].standing not in ("ahead", "maybe"):
                break
        elif step.when is None and step.kind in ("do", "wait", "subflow", "cc", "acknowledge"):
            ahead[step.id] = Stand("ahead")
    return ahead


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
