"""Why somebody may, or may not, do something with a record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from jingwei.language.form import Form
from jingwei.language.kinds.form import CAN
from jingwei.refusals import Malformed, NotFound, Refused
from jingwei.services import in_the_way, listing
from jingwei.services.commands import Reading
from jingwei.services.reader_world import as_reader
from jingwei.services.rights import Decision
from jingwei.storage.people import find_person
from jingwei.texts import text

OUT_OF_SIGHT = Decision(False, "out-of-sight")
IN_PART = "only-in-part"  # the record is locked, but not all of it


def explain(
    view: Reading,
    form: str,
    id: int,
    locale: str,
    *,
    login: str | None = None,
    action: str = "read",
) -> dict[str, Any]:
    """`{person, name, action, allowed, reason, by, message, fields, hidden}`: as the action itself
    would answer, but for what stands in the record. Asked for oneself, a record that is not there
    and one that is out of reach are answered alike; for another person, the asker must see the
    record, and `hidden` counts what the asker sees. Raises NotFound, Malformed.
    """
    definition = listing.form_of(view, form)
    listing.raise_unless_reached(view, definition, id)
    raw = view.store.load(view.connection, form, [id]).get(id)
    if raw is not None and raw["deleted_at"] is not None:
        raw = None
    own = definition if raw is None else view.of(raw["org"]).catalogue.forms[form]
    check_action(own, action)
    if login is None or login == view.actor.login:
        if raw is None or not view.rights.may_read(view, form, raw).allowed:
            return _answer(view, action, OUT_OF_SIGHT, locale)
        return told(view, form, raw, action, locale)
    if raw is None or not view.rights.may_read(view, form, raw).allowed:
        raise NotFound("no-such-record")
    row = find_person(view.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:64])
    person = view.people.person(view.connection, row, view.today)
    seen = view.rights.fields(view, form, raw).visible  # no field is named that the asker has not
    return told(as_reader(view, person), form, raw, action, locale, seen)


def check_action(form: Form, action: str) -> None:
    """Raises Malformed for what cannot be done with records of the form."""
    if action not in (*CAN, *form.actions):
        known = ", ".join((*CAN, *form.actions))
        raise Malformed("parameter-choice", name="action", known=known)


def told(
    view: Reading,
    form: str,
    raw: Mapping[str, Any],
    action: str,
    locale: str,
    seen: Collection[str] | None = None,
) -> dict[str, Any]:
    """What the viewer may do with the record. `seen`: the fields that may be named; None: all that
    he sees himself."""
    view = view.of(raw["org"])
    definition = view.catalogue.forms[form]
    read = view.rights.may_read(view, form, raw)
    if not read.allowed:
        return _answer(view, action, read, locale)
    rights = view.rights.fields(view, form, raw)
    writable = in_the_way.writable_now(view, definition, raw, rights)
    known = [n for n in definition.fields if seen is None or n in seen]
    fields = {
        "visible": sorted(n for n in known if n in rights.visible),
        "writable": sorted(n for n in known if n in writable),
        "masked": sorted(n for n in known if n in rights.masked),
    }
    decision, refused = in_the_way.decision(view, definition, action, raw), None
    if decision.allowed:
        refused = in_the_way.refusal(view, definition, action, raw)
    if refused is not None:
        decision = Decision(False, refused.code)
    if refused is not None and action == "update":
        open_ = [p for p in _in_order(definition, writable) if seen is None or p in seen]
        if open_:
            message = _in_part(definition, refused, open_, locale)
            decision = Decision(False, IN_PART)
            return _answer(view, action, decision, locale, fields, len(known), message)
    message = _said(decision, refused, locale)
    return _answer(view, action, decision, locale, fields, len(known), message)


def _answer(
    view: Reading,
    action: str,
    decision: Decision,
    locale: str,
    fields: Mapping[str, list[str]] = {},
    known: int = 0,
    message: str | None = None,
) -> dict[str, Any]:
    return {
        "person": view.actor.login,
        "name": view.actor.name,
        "action": action,
        "allowed": decision.allowed,
        "reason": decision.reason,
        "by": decision.by,
        "message": message or _said(decision, None, locale),
        "fields": dict(fields),
        "hidden": known - len(fields["visible"]) if fields else 0,
    }


def _said(decision: Decision, refused: Refused | None, locale: str) -> str:
    if refused is None:
        return text(f"rights.{decision.reason}", locale, by=decision.by or "–")
    if refused.code == "record-linked":  # whose links is told to who deletes it
        return text("rights.linked", locale)
    return text("rights.not-now", locale, why=refused.message(locale))


def _in_part(form: Form, refused: Refused, paths: Collection[str], locale: str) -> str:
    titles = [_title(form, path, locale) for path in paths]
    named = text("screens.joint", locale).join(titles)
    return text(f"rights.{IN_PART}", locale, why=refused.message(locale), fields=named)


def _in_order(form: Form, paths: Collection[str]) -> list[str]:
    """Fields in the order of the form; of a table that is open in part, its columns."""
    found: list[str] = []
    for name, field in form.fields.items():
        columns = [f"{name}.{c}" for c in field.fields]
        if name in paths and all(c in paths for c in columns):
            found.append(name)
        else:
            found += [c for c in columns if c in paths]
    return found


def _title(form: Form, path: str, locale: str) -> str:
    name, _, column = path.partition(".")
    field = form.fields[name]
    own = field.title(locale)
    return f"{own} · {field.fields[column].title(locale)}" if column else own
