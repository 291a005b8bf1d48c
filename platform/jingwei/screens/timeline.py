"""Everything that happened to a record as one line of time: changes, comments, decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jingwei.language.form import Field, Form
from jingwei.screens.begun import child_opinion
from jingwei.screens.cells import Cell, Cells
from jingwei.screens.compared_texts import Compared, Sides
from jingwei.screens.opinions import reason_words
from jingwei.screens.path import step_title, titles_of
from jingwei.screens.shares import said_of
from jingwei.services.commands import Reading
from jingwei.services.history import history_with_past
from jingwei.services.record_views import RecordView
from jingwei.services.row_titles import with_rows
from jingwei.storage.comments import comments_of
from jingwei.texts import has_text, text
from jingwei.web import locale

MOST_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A value then and later. `pieces`: of two long texts."""

    title: str
    was: Cell
    now: Cell
    pieces: Sides | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline."""

    at: Any
    when: str
    who: str
    what: str
    kind: str
    body: str = ""
    changes: tuple[Change, ...] = ()
    via: str = ""
    sort: tuple[str, int] = field(default=("", 0))


def moments_of(
    view: Reading,
    form: Form,
    shown: RecordView,
    cells: Cells,
    flow: Mapping[str, Any] | None,
) -> list[Moment]:
    """Changes, comments and decisions as one line of time, newest first."""
    entries, past = history_with_past(view, form.name, shown.json["id"], limit=MOST_HISTORY)
    cells.learn_people(entry["actor"] for entry in entries)
    told = {_sortable(event["at"]) for event in (flow or {}).get("events", ())}
    # what only moved the status is told by what moved it, and by who did
    kept = [e for e in entries if not (_moved_only(e) and _sortable(e["at"]) in told)]
    places = _places(form, shown)
    texts = Compared()
    found = [_change(cells, form, past, entry, places, texts) for entry in kept]
    for comment in comments_of(view.connection, shown.json["id"]):
        found.append(
            Moment(
                comment.at,
                cells.moment(comment.at),
                comment.name,
                text("screens.record.commented", locale()),
                "comment",
                comment.body,
                sort=(_sortable(comment.at), comment.id),
            )
        )
    found += flow_moments(cells, flow or {})
    return sorted(found, key=lambda m: m.sort, reverse=True)


def flow_moments(cells: Cells, flow: Mapping[str, Any]) -> list[Moment]:
    """What people decided in a request, and what was done for them, newest first."""
    steps = {step["step"]: step_title({**step, "rows": ()}) for step in flow.get("path", ())}
    asked = {step["step"] for step in flow.get("path", ()) if step["kind"] == "approve"}
    events = flow.get("events", ())
    below = _below(cells, flow)
    steps = {**titles_of(cells.view.catalogue, flow), **steps}  # a jump may lead to none of them
    begun = next(((e["at"], e["actor"]) for e in events if e["type"] == "started"), None)
    before = [None, *(event.get("type") for event in events)]
    told = [e for e, last in zip(events, before, strict=False) if not _is_said(e, last, begun)]
    called = [(event, _of_rows(steps, event)) for event in told]
    found = [m for event, titles in called if (m := _event(cells, event, titles, asked, below))]
    return sorted(found, key=lambda m: m.sort, reverse=True)


def _below(cells: Cells, flow: Mapping[str, Any]) -> str:
    """Which requests below were not approved, through whom and why."""
    runs = (
        r for r in flow.get("path", ()) if r["kind"] == "subflow" and r["outcome"] == "rejected"
    )
    said = [child_opinion(cells, child) for run in runs for child in run["requests"]]
    colon = text("flow_screens.colon", locale())
    return "\n".join(
        colon.join(part for part in (f"{one.who} {one.outcome}", one.comment) if part)
        for one in said
        if one.bad
    )


def _moved_only(entry: Mapping[str, Any]) -> bool:
    return entry["changes"].keys() == {"status"} and not entry["reasons"]


def _places(form: Form, shown: RecordView) -> dict[str, int]:
    """Where each row stands today, by its id."""
    return {
        str(row["id"]): place
        for table in form.tables
        for place, row in enumerate(shown.raw.get(table) or (), 1)
    }


def _sortable(at: Any) -> str:
    written = at if isinstance(at, str) else at.isoformat()
    return written.replace("+00:00", "").rstrip("Z").split(".")[0]


def _change(
    cells: Cells,
    form: Form,
    past: Mapping[str, Field],
    entry: Mapping[str, Any],
    places: Mapping[str, int],
    texts: Compared,
) -> Moment:
    what = said_of(cells, _what_happened(form, str(entry["action"])), entry)
    created = entry["action"] == "created"
    # what a record began with stands on its page, but for what is retired by now
    told = {n: v for n, v in entry["changes"].items() if not created or n in past}
    changes = _changes(cells, form, past, told, places, texts)
    who = cells.person(entry["actor"])
    if entry.get("on_behalf_of"):
        who = text(
            "screens.for_other", locale(), who=who, other=cells.person(entry["on_behalf_of"])
        )
    at = entry["at"]
    return Moment(at, cells.moment(at), who, what, "change", _reasons(form, entry), changes,
                  _via(cells, form, entry["origin"]), (_sortable(at), entry["id"]))  # fmt: skip


def _via(cells: Cells, form: Form, origin: Mapping[str, Any] | None) -> str:
    """Where a change comes from, in words."""
    if origin is None:
        return ""
    kind, of = str(origin["kind"]), origin["of"]
    if kind == "action":
        of = _button(cells, form, str(of))
    return text(f"screens.history_via.{kind}", locale(), of=of)


def _button(cells: Cells, form: Form, name: str) -> str:
    """The title of a button, which may stand at the record that made or changed this one: at this
    form, at those it links to, at any; its name where these have several of that name, or none."""
    forms = cells.view.catalogue.forms
    linked = {other for field in form.fields.values() for other in field.to if other in forms}
    for near in ((form.name,), sorted(linked), sorted(forms)):
        having = [forms[one].actions[name] for one in near if name in forms[one].actions]
        titles = {action.title(locale()) for action in having}
        if titles:
            return titles.pop() if len(titles) == 1 else name
    return name


def _reasons(form: Form, entry: Mapping[str, Any]) -> str:
    """Why computed values were overridden, a line each."""
    told = []
    for name, why in entry.get("reasons", {}).items():
        table, _, rest = name.partition(".")
        f = form.fields.get(table)
        column = f.fields.get(rest.partition(".")[2]) if f is not None and rest else None
        title = f.title(locale()) if f is not None else name
        if column is not None:
            title = f"{title} · {column.title(locale())}"
        told.append(text("screens.record.reason", locale(), title=title, why=why))
    return "\n".join(told)


def _what_happened(form: Form, action: str) -> str:
    """A change in words: the product's own, the button's title, the status it led to."""
    if action in form.actions:
        return form.actions[action].title(locale())
    for key in (f"screens.history.{action}", f"statuses.{action}"):
        if has_text(key):
            return text(key, locale())
    return action


def _changes(
    cells: Cells,
    form: Form,
    past: Mapping[str, Field],
    body: Mapping[str, Any],
    places: Mapping[str, int],
    texts: Compared,
) -> tuple[Change, ...]:
    found: list[Change] = []
    for name, pair in body.items():
        f = form.fields.get(name)
        if f is None and name in past:
            found += _past_changes(cells, past[name], pair, places, texts)
        elif isinstance(pair, list) and len(pair) == 2:
            column = cells.column(form, name)
            was, now = (cells.cell(form, column, value) for value in pair)
            now = cells.later(f, was, now)
            found.append(Change(column.title, was, now, texts.pieces_of(f, was, now)))
        elif isinstance(pair, Mapping) and f is not None and f.type == "table":
            found += _row_changes(cells, f, pair, places, texts)
    return tuple(found)


def _past_changes(
    cells: Cells, was: Field, pair: Any, places: Mapping[str, int], texts: Compared
) -> list[Change]:
    """Changes of a field that the form has no more."""
    if isinstance(pair, Mapping):
        found = _row_changes(cells, was, pair, places, texts)
    elif isinstance(pair, list) and len(pair) == 2:
        old, new = (_past(cells, was, value) for value in pair)
        found = [Change(was.title(cells.words), old, new, texts.pieces_of(was, old, new))]
    else:
        found = []
    return [
        replace(one, title=text("screens.record.retired", cells.words, title=one.title))
        for one in found
    ]


def _past(cells: Cells, definition: Field, value: Any) -> Cell:
    """A value of then; what it links to may be of a form that is there no more."""
    target = value["form"] if isinstance(value, Mapping) and "form" in value else None
    target = target or (definition.to[0].partition(".")[0] if definition.to else None)
    if definition.type == "link" and target not in cells.view.catalogue.forms:
        return Cell("" if value is None else str(value))
    return cells.value(definition, value)


def _row_changes(
    cells: Cells,
    table: Field,
    rows: Mapping[str, Any],
    places: Mapping[str, int],
    texts: Compared,
) -> list[Change]:
    found = []
    for id_, columns in rows.items():
        at = places.get(str(id_))
        for name, pair in columns.items():
            column = table.fields.get(name)
            if column is None or not isinstance(pair, list) or len(pair) != 2:
                continue
            names = {"table": table.title(cells.words), "column": column.title(cells.words)}
            where = {"row": at} if at is not None else {}
            key = f"screens.record.{'row_now' if where else 'row_gone'}"
            title = text(key, cells.words, **names, **where)
            was, now = (_past(cells, column, value) for value in pair)
            now = cells.later(column, was, now)
            found.append(Change(title, was, now, texts.pieces_of(column, was, now)))
    return found


def _of_rows(steps: Mapping[Any, str], event: Mapping[str, Any]) -> Mapping[Any, str]:
    """What steps are called, that of the event with the rows which it is about."""
    step = event.get("step")
    if step not in steps or not event.get("rows"):
        return steps
    more = event.get("more_rows", 0)
    return {**steps, step: with_rows(steps[step], event["rows"], locale(), more)}


# What the path shows already, and what the flow only notes for itself.
QUIET = frozenset(("step_opened", "step_skipped", "resumed", "reminded", "lane_done"))

TO_STEPS = frozenset(("returned", "sent_back", "jumped"))


def _is_said(event: Mapping[str, Any], before: str | None, begun: tuple[Any, Any] | None) -> bool:
    """Whether an event before it says it already: who returned a request said where to, and who
    began one submitted it."""
    if event.get("type") == "submitted":
        return (event.get("at"), event.get("actor")) == begun
    return event.get("type") == "sent_back" and before == "returned"


def _concerned(cells: Cells, event: Mapping[str, Any], steps: Mapping[Any, str]) -> str:
    """Where it led, or whom it was about: from whom to whom."""
    data = event.get("data") or {}
    to = str(data.get("to") or "")
    if event.get("type") in TO_STEPS:
        return steps.get(to) or (text("flows.start", locale()) if to == "@start" else "")
    joint = text("screens.joint", locale())
    if data.get("given"):  # whose task went to whom
        moved = (f"{cells.person(g['person'])} → {cells.person(g['to'])}" for g in data["given"])
        return joint.join(moved)
    people = [str(one) for one in data.get("told") or data.get("people") or ()]
    names = [cells.person(one) for one in ([to] if to else people)]
    said = joint.join(dict.fromkeys(names))
    owner = data.get("person")
    if owner and owner not in (to, event.get("actor")):
        said = " → ".join(part for part in (cells.person(str(owner)), said) if part)
    return said


def _why(event: Mapping[str, Any]) -> str:
    """The words of who did it, else why the system did."""
    if event.get("comment"):
        return str(event["comment"])
    data = event.get("data") or {}
    kind, rule = event.get("type"), data.get("rule")
    found = reason_words(data.get("reason"))
    if kind == "seat_empty":
        words = text(f"flows.empty_rules.{rule}", locale())
        return text("flow_screens.colon", locale()).join(part for part in (found, words) if part)
    if kind == "escalated" and has_text(f"flows.escalations.{data.get('did')}"):
        return text(f"flows.escalations.{data['did']}", locale())
    return found


def _event(
    cells: Cells,
    event: Mapping[str, Any],
    steps: Mapping[Any, str],
    asked: Collection[str],
    below: str,
) -> Moment | None:
    """What people decided, and what was done for them. `asked`: steps that approve, where who
    submits answers whoever asked him; `below`: what of the requests below was not approved."""
    key = f"flows.events.{event.get('type')}"
    if event.get("type") in QUIET or not has_text(key):
        return None
    who = cells.person(event.get("actor"))
    if event.get("on_behalf_of"):
        other = cells.person(event["on_behalf_of"])
        who = text("screens.for_other", locale(), who=who, other=other)
    title = steps.get(event.get("step")) or ""
    data = event.get("data") or {}
    if event.get("type") == "submitted" and event.get("step") in asked:
        key = "flows.actions.answer"
    elif event.get("type") == "given_to_proxy" and data.get("to") == data.get("person"):
        key = "flow_screens.back_with_owner"  # who stood in does so no more
    what = text(key, locale())
    position = f"flows.positions.{data.get('position')}"
    if data.get("position") and has_text(position):
        what = text(position, locale())
    if title:
        what = text("screens.flow.at_step", locale(), what=what, step=title)
    if event.get("type") == "ended":
        status = f"flows.statuses.{data.get('outcome')}"
        ended = text(status, locale()) if has_text(status) else str(data.get("outcome") or "")
        what = text("screens.flow.at_step", locale(), what=what, step=ended)
    concerned = _concerned(cells, event, steps)
    if concerned:
        what = f"{what} → {concerned}"
    at = event.get("at") or ""
    return Moment(
        at,
        cells.moment(at),
        who,
        what,
        "flow",
        "\n".join(
            part for part in (_why(event), below if data.get("reason") == "subflow" else "") if part
        ),
        sort=(_sortable(at), int(event.get("seq") or 0)),
    )
