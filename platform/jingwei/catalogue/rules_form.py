"""What must hold inside a form, and between a form and what it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_field import (
    check_field,
    check_no_clearing_cycle,
    check_no_compute_cycle,
)
from jingwei.catalogue.rules_form_doubts import check_form_doubts, repeats
from jingwei.catalogue.rules_secrets import check_secrets
from jingwei.language.effects import Effects
from jingwei.language.field_types.listed import is_asked, is_grouped, is_sortable
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.language.kinds.form import CAN
from jingwei.language.meant_shape import OTHER_RIGHTS
from jingwei.language.sections import left_out
from jingwei.language.who import Who
from jingwei.language.workflow import walk
from jingwei.problems import Position, Problems, nearest

_LISTED = frozenset(SYSTEM_FIELDS) | {"display", "flow"}
_EVENTS = ("created", "changed", "deleted")


def check_form(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    for field in form.fields.values():
        check_field(catalogue, form, field, problems)
        for column in field.fields.values():
            check_field(catalogue, form, column, problems)
    check_secrets(catalogue, form, problems)
    check_no_compute_cycle(catalogue, form, problems)
    check_no_clearing_cycle(catalogue, form, problems)
    _check_states(form, problems)
    _check_rules(form, problems)
    _check_actions(form, problems)
    _check_permissions(catalogue, form, problems)
    _check_page(form, problems)
    _check_list(catalogue, form, problems)
    _check_related(catalogue, form, problems)
    _check_lifecycle(catalogue, form, problems)
    _check_number(form, problems)
    check_form_doubts(catalogue, form, problems)


def _check_number(form: Form, problems: Problems) -> None:
    """Without a count in it every record would have the same number."""
    if form.number is None:
        return
    holes = [piece.formula for piece in form.number.zh if not isinstance(piece, str)]
    if not any(hole.source in ("seq", "id") for hole in holes):
        at = form.origin.value("number")
        fields = [hole.source for hole in holes if hole.source.partition(".")[0] in form.fields]
        names = [source.partition(".")[0] for source in fields]
        if form.single != "org" and repeats(form, names):
            problems.add("number-without-seq", at, severity="warning", form=form.name)


def unknown(
    problems: Problems, at: Position, name: str, known: Collection[str], place: str
) -> None:
    problems.add(
        "no-such-field",
        at,
        suggestion=meant_order(name, known) or nearest(name, known),
        name=name,
        place=place,
        known=", ".join(known),
    )


_DIRECTION = re.compile(r"\+?([\w.]+)(?:[\s:,]+(asc|desc|ascending|descending))?", re.IGNORECASE)


def meant_order(written: str, known: Collection[str]) -> str | None:
    """`day desc` of a database, as an order is written here: `-day`."""
    match = _DIRECTION.fullmatch(written.strip())
    if match is None or match[1] == written or match[1].partition(".")[0] not in known:
        return None
    down = (match[2] or "").lower().startswith("desc")
    return f"-{match[1]}" if down else match[1]


def _check_states(form: Form, problems: Problems) -> None:
    if form.states:
        initial = [state.name for state in form.states.values() if state.initial]
        if len(initial) != 1:
            at = form.origin.key("states", initial[1], "initial") if initial[1:] else None
            at = at or form.origin.key("states")
            problems.add("initial-state", at, count=len(initial))
    for event in form.events:
        head, dot, name = event.partition(".")
        at = form.origin.key("events", event)
        if head == "entered" and dot:
            _check_state(form, name, at, problems)
        elif head == "field" and dot:
            if name not in form.fields:
                unknown(problems, at, name, form.fields, form.name)
        elif event not in _EVENTS:
            known = ", ".join((*_EVENTS, "entered.STATE", "field.NAME"))
            problems.add(
                "unknown-value", at, suggestion=nearest(event, _EVENTS), value=event, known=known
            )


def _check_state(form: Form, name: str, at: Position, problems: Problems) -> None:
    if name not in form.states:
        problems.add(
            "unknown-state",
            at,
            suggestion=nearest(name, form.states),
            name=name,
            form=form.name,
            known=", ".join(form.states) or "–",
        )


def check_states_entered(form: Form, effects: Effects, problems: Problems) -> None:
    """Every `enter` names a state of the form."""
    for effect in effects:
        if effect.verb == "enter":
            _check_state(form, effect.args["state"], effect.place("state"), problems)


def _check_rules(form: Form, problems: Problems) -> None:
    for name, rule in form.rules.items():
        if (rule.check is None) == (not rule.unique):
            problems.add("one-of-keys", rule.at, keys="check, unique")
        fields: dict[str, Field] = dict(form.fields)
        if rule.each is not None:
            if rule.each not in form.tables:
                at = form.origin.value("rules", name, "each")
                unknown(problems, at, rule.each, form.tables, form.name)
                continue
            fields = dict(form.fields[rule.each].fields)
        for index, field in enumerate(rule.unique):
            if field not in fields and field != "org":
                at = form.origin.value("rules", name, "unique", index)
                unknown(problems, at, field, fields, form.name)
        places = {**paths_of(form), **fields}
        if rule.field_at is not None and rule.field_at not in places:
            at = form.origin.value("rules", name, "at")
            unknown(problems, at, rule.field_at, list(places), form.name)
        if rule.on not in ("save", "submit") and rule.on not in form.actions:
            at = form.origin.value("rules", name, "on")
            known = ("save", "submit", *form.actions)
            problems.add(
                "unknown-value",
                at,
                suggestion=nearest(rule.on, known),
                value=rule.on,
                known=", ".join(known),
            )


def paths_of(form: Form) -> dict[str, Field]:
    """Fields by path: `amount`, `targets`, `targets.amount`."""
    columns = {
        f"{table}.{name}": column
        for table, field in form.tables.items()
        for name, column in field.fields.items()
    }
    return {**form.fields, **columns}


def _check_actions(form: Form, problems: Problems) -> None:
    for name, action in form.actions.items():
        for index, state in enumerate(action.from_):
            place = form.origin.value("actions", name, "from", index)
            _check_state(form, state, place, problems)
        if action.to is not None:
            at = form.origin.value("actions", name, "to")
            _check_state(form, action.to, at, problems)
        check_states_entered(form, action.do, problems)
        place_word, _, of = action.place.partition(" ")
        at = form.origin.value("actions", name, "place")
        if place_word not in ("record", "list", "row", "related"):
            problems.add(
                "unknown-value", at, value=action.place, known="record, list, row, related"
            )
        elif place_word == "row" and of not in form.tables:
            unknown(problems, at, of, form.tables, form.name)
        elif place_word == "related" and of not in form.related:
            unknown(problems, at, of, form.related, form.name)
        if name in CAN:
            problems.add("reserved-name", action.at, suggestion=f"{name}_", name=name)
    for effects in form.events.values():
        check_states_entered(form, effects, problems)


def _check_permissions(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    words = (*CAN, *form.actions)
    paths = {**paths_of(form), **dict.fromkeys(SYSTEM_FIELDS)}
    for name, grant in form.permissions.items():
        for index, word in enumerate(grant.can):
            if word not in words:
                at = form.origin.value("permissions", name, "can", index)
                problems.add(
                    "unknown-right",
                    at,
                    suggestion=OTHER_RIGHTS.get(word.lower())
                    or _rights_in(word, words)
                    or nearest(word, words),
                    name=word,
                    known=", ".join(words),
                )
        for who in grant.who:
            _check_grantee(who, problems)
        for key in ("hide", "readonly", "mask"):
            for index, path in enumerate(getattr(grant, key)):
                if path not in paths:
                    at = form.origin.value("permissions", name, key, index)
                    unknown(problems, at, path, list(paths), form.name)
    for name, restriction in form.restrict.items():
        for index, path in enumerate(restriction.fields):
            if path not in paths:
                at = form.origin.value("restrict", name, "fields", index)
                unknown(problems, at, path, list(paths), form.name)
        for who in restriction.to:
            _check_restricted_to(who, problems)
    _warn_of_gaps(catalogue, form, problems)


def _rights_in(written: str, words: Collection[str]) -> str | None:
    """`read create`, written as one word."""
    found = re.split(r"[\s,，、]+", written)
    return ", ".join(found) if len(found) > 1 and all(one in words for one in found) else None


# Whom a grant can name: it is worked out for a person, before there is a record.
_GRANTEES = ("everyone", "me", "initiator", "person", "role", "post", "any_of")


def _check_grantee(who: Who, problems: Problems) -> None:
    if who.kind not in _GRANTEES:
        path = who.name or "FIELD"
        known = ", ".join(_GRANTEES)
        problems.add("not-a-grantee", who.at, kind=who.kind, path=path, known=known)
    for one in (*who.of, *who.exclude):
        _check_grantee(one, problems)


# Whom a record names by itself; the others only a flow knows.
_RESTRICTED_TO = (*_GRANTEES, "head_of", "members_of", "field", "system")


def _check_restricted_to(who: Who, problems: Problems) -> None:
    if who.kind not in _RESTRICTED_TO:
        known = ", ".join(_RESTRICTED_TO)
        problems.add("not-restricted-to", who.at, kind=who.kind, known=known)
        return
    for one in (*who.of, *who.exclude):
        _check_restricted_to(one, problems)


def _warn_of_gaps(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """A form that nobody can read or create."""
    at = form.origin.key("permissions") if form.permissions else form.origin.key("fields")
    given = {word for grant in form.permissions.values() for word in grant.can}
    if given - {*CAN, *form.actions}:
        return  # a word is misspelt, which is said: it may have been the one that is missing
    if "read" not in given:
        problems.add("nobody-can-read", at, severity="warning", form=form.name)
    elif "create" not in given and form.name not in _created_by_effects(catalogue):
        problems.add("nobody-can-create", at, severity="warning", form=form.name)


def _created_by_effects(catalogue: Catalogue) -> set[str]:
    made = {alert.todo.form for alert in catalogue.alerts.values() if alert.todo is not None}
    for effects in all_effects(catalogue):
        made |= {effect.args["form"] for effect in effects if effect.verb == "create"}
    return made


def all_effects(catalogue: Catalogue) -> Iterator[Effects]:
    """Every list of effects there is."""
    for form in catalogue.forms.values():
        yield from (action.do for action in form.actions.values())
        yield from form.events.values()
        yield from (receipt.then for receipt in form.receipts.values())
    for workflow in catalogue.workflows.values():
        yield from workflow.end.values()
        yield from (step.do for step in walk(workflow.steps))
    yield from (schedule.do for schedule in catalogue.schedules.values())


def _check_page(form: Form, problems: Problems) -> None:
    seen: dict[str, Position] = {}
    for number, section in enumerate(form.layout):
        for row_number, row in enumerate(section.rows):
            for index, name in enumerate(row):
                path = ("layout", number, "fields", row_number, index)
                at = form.origin.value(*path)
                if name not in form.fields and name not in _LISTED:
                    unknown(problems, at, name, form.fields, form.name)
                elif name in seen:
                    problems.add("field-twice", at, name=name, line=seen[name].line)
                seen.setdefault(name, at)
        if section.related is not None and section.related not in form.related:
            at = form.origin.value("layout", number, "related")
            unknown(problems, at, section.related, form.related, form.name)
        if not 1 <= section.columns <= 4:
            at = form.origin.value("layout", number, "columns")
            problems.add("out-of-range", at, value=section.columns, low=1, high=4)
    for name in left_out(form):
        at = form.origin.key("fields", name)
        problems.add("required-not-in-layout", at, severity="warning", name=name)


def _check_list(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    for key in ("columns", "filters", "sort", "group"):
        for index, written in enumerate(getattr(form.list, key)):
            path = written.removeprefix("-") if key == "sort" else written
            at = form.origin.value("list", key, index)
            check_path(catalogue, form, path, at, problems)
            _check_listed(catalogue, form, key, path, at, problems)
            if key == "columns" and path in form.list.columns[:index]:
                line = form.origin.value("list", key, form.list.columns.index(path)).line
                problems.add("field-twice", at, severity="warning", name=path, line=line)
    for name in form.list.opens_with:
        if name not in form.list.views:
            at = form.origin.key("list", "opens_with", name)
            known, suggestion = form.list.views, nearest(name, form.list.views)
            problems.add(
                "unknown-view",
                at,
                suggestion=suggestion,
                name=name,
                known=", ".join(known) or "–",
            )
    for name, view in form.list.views.items():
        for key in ("by", "start", "end", "value"):
            if key in view:
                at = form.origin.value("list", "views", name, key)
                check_path(catalogue, form, view[key], at, problems)
                _check_view_type(form, view, key, at, problems)
        for key in ("columns", "sort"):
            written = view.get(key, [])
            for index, path in enumerate(written if isinstance(written, list) else [written]):
                at = form.origin.value("list", "views", name, key, index)
                check_path(catalogue, form, path.removeprefix("-"), at, problems)
                _check_listed(catalogue, form, key, path.removeprefix("-"), at, problems)


def _check_listed(
    catalogue: Catalogue, form: Form, key: str, path: str, at: Position, problems: Problems
) -> None:
    """A list has one value a record in each column, asks in a box for what can be compared, and
    orders and groups by what has an order."""
    field = _leaf(catalogue, form, path)
    if field is None or _fits(key, field):
        return
    known = [name for name, one in form.fields.items() if _fits(key, one)]
    problems.add(
        "not-listed",
        at,
        suggestion=f"count({field.name})" if field.type == "table" else None,
        name=path,
        type=field.type,
        key=key,
        known=", ".join(known[:8]) or "–",
    )


def _leaf(catalogue: Catalogue, form: Form, path: str) -> Field | None:
    """The field that a path of a list leads to; a table, not its columns: they have many values."""
    name, _, rest = path.partition(".")
    field = form.fields.get(name)
    if field is None or not rest or field.type != "link":
        return None if rest and field is not None and field.type != "table" else field
    target = catalogue.forms.get(field.to[0].partition(".")[0]) if len(field.to) == 1 else None
    return field if target is None else _leaf(catalogue, target, rest)


def _fits(key: str, field: Field) -> bool:
    if field.type == "table" or not FIELD_TYPES[field.type].is_value:
        return False
    match key:
        case "filters":
            return is_asked(field)
        case "sort":
            return is_sortable(field)
        case "group":
            return is_grouped(field)
    return True


_DAYS = frozenset({"date", "datetime", "period"})


def _check_view_type(
    form: Form, view: Mapping[str, Any], key: str, at: Position, problems: Problems
) -> None:
    """A calendar and a gantt chart go by days, a board by choices."""
    field = form.fields.get(str(view[key]))
    if key in ("start", "end") and field is not None and field.type not in _DAYS:
        problems.add("view-without-day", at, name=field.name, type=field.type, view=view["type"])
    lanes = [name for name, one in form.fields.items() if one.type == "choice"]
    if view["type"] == "kanban" and key == "by" and field is not None and field.name not in lanes:
        known = ", ".join(("status", *(["state"] if form.states else []), *lanes))
        problems.add("view-without-lanes", at, name=field.name, type=field.type, known=known)


def check_path(
    catalogue: Catalogue, form: Form, path: str, at: Position, problems: Problems
) -> None:
    """A field of the form, a system field, or one step further through a link or an org."""
    name, dot, rest = path.partition(".")
    if name in _LISTED and not dot:
        return
    field = form.fields.get(name)
    if field is None and name not in SYSTEM_FIELDS:
        known = [*form.fields, *(n for n in SYSTEM_FIELDS if n not in form.fields)]
        unknown(problems, at, name, known, form.name)
        return
    if not dot or field is None:
        return
    if field.type == "link" and len(field.to) == 1:
        target = catalogue.forms.get(field.to[0].partition(".")[0])
        if target is not None:
            check_path(catalogue, target, rest, at, problems)
    elif field.type == "table" and rest not in field.fields:
        unknown(problems, at, rest, field.fields, path.rpartition(".")[0])


def _check_related(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    for name, related in form.related.items():
        other = catalogue.forms.get(related.form)
        if other is None:
            continue  # said where names are linked
        link = other.fields.get(related.by)
        at = form.origin.value("related", name, "by")
        if link is None:
            links = [n for n, field in other.fields.items() if field.type == "link"]
            unknown(problems, at, related.by, links, other.name)
        elif link.type != "link" or (link.to and form.name not in link.to):
            problems.add("not-a-link-here", at, name=related.by, other=other.name, form=form.name)
        for key in ("columns", "sort"):
            for index, written in enumerate(getattr(related, key)):
                place = form.origin.value("related", name, key, index)
                check_path(catalogue, other, written.removeprefix("-"), place, problems)


def _check_lifecycle(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    for name in filter(None, (form.workflow, *form.workflows.values())):
        workflow = catalogue.workflows[name]
        if workflow.form != form.name:
            at = form.origin.value("workflow")
            problems.add("workflow-of-another-form", at, workflow=name, form=workflow.form)
    assigned = form.number_assign
    if assigned not in ("create", "submit", "approval", *form.states):
        at = form.origin.value("number", "assign")
        known = ("create", "submit", "approval", *form.states)
        problems.add(
            "unknown-value",
            at,
            suggestion=nearest(assigned, known),
            value=assigned,
            known=", ".join(known),
        )
    if form.collect is not None:
        lacking = [name for name in ("org", "period") if name not in form.fields]
        if lacking:
            at = form.origin.key("collect")
            problems.add("collect-lacks-field", at, name=lacking[0])
    if form.tree is not None:
        link = form.fields.get(form.tree)
        at = form.origin.value("tree")
        if link is None or link.type != "link" or link.to != (form.name,) or link.many:
            problems.add("not-a-link-here", at, name=form.tree, other=form.name, form=form.name)
    for key in ("collect", "tree") if form.single is not None else ():
        if getattr(form, key) is not None:
            problems.add("single-of-many", form.origin.key("single"), key=key)
    for name, fact in form.facts.items():
        if fact.each is not None and fact.each not in form.tables:
            at = form.origin.value("facts", name, "each")
            unknown(problems, at, fact.each, form.tables, form.name)
