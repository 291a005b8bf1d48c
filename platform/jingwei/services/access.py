"""Why somebody may, or may not, do something with a record."""

from __future__ import annotations

from typing import Any

from jingwei.language.kinds.form import CAN
from jingwei.refusals import Malformed, NotFound
from jingwei.services import listing
from jingwei.services.commands import Reading
from jingwei.services.reader_world import as_reader
from jingwei.services.rights import Decision
from jingwei.storage.people import find_person
from jingwei.texts import text


def explain(
    view: Reading,
    form: str,
    id: int,
    locale: str,
    *,
    login: str | None = None,
    action: str = "read",
) -> dict[str, Any]:
    """`{person, name, action, allowed, reason, by, message, fields, hidden}`. Asked for oneself, a
    record that is not there and one that is out of reach are answered alike; for another person,
    the asker must see the record, and `hidden` counts what the asker sees. Raises NotFound,
    Malformed.
    """
    definition = listing.form_of(view, form)
    listing.raise_unless_reached(view, definition, id)
    if action not in (*CAN, *definition.actions):
        raise Malformed("parameter-choice", name="action", known=", ".join(CAN))
    raw = view.store.load(view.connection, form, [id]).get(id)
    if raw is not None and raw["deleted_at"] is not None:
        raw = None
    if login is None or login == view.actor.login:
        return _told(view, form, raw, action, locale, reveal=False)
    if raw is None or not view.rights.may_read(view, form, raw).allowed:
        raise NotFound("no-such-record")
    row = find_person(view.connection, login)
    if row is None:
        raise NotFound("no-such-person", login=login[:64])
    person = view.people.person(view.connection, row, view.today)
    asking = as_reader(view, person)
    told = _told(asking, form, raw, action, locale, reveal=True)
    seen = view.rights.fields(view, form, raw).visible  # no field is named that the asker has not
    fields = {how: [n for n in names if n in seen] for how, names in told["fields"].items()}
    known = [name for name in definition.fields if name in seen]
    hidden = len(known) - len(fields["visible"]) if fields else 0
    return {**told, "fields": fields, "hidden": hidden}


def _told(
    view: Reading, form: str, raw: dict[str, Any] | None, action: str, locale: str, *, reveal: bool
) -> dict[str, Any]:
    decision = _decision(view, form, raw, action, reveal)
    seen = raw is not None and view.rights.may_read(view, form, raw).allowed
    fields: dict[str, list[str]] = {}
    known = view.catalogue.forms[form].fields
    if seen and raw is not None:
        rights = view.rights.fields(view, form, raw)
        fields = {
            "visible": sorted(n for n in known if n in rights.visible),
            "writable": sorted(n for n in known if n in rights.writable),
            "masked": sorted(n for n in known if n in rights.masked),
        }
    return {
        "person": view.actor.login,
        "name": view.actor.name,
        "action": action,
        "allowed": decision.allowed,
        "reason": decision.reason,
        "by": decision.by,
        "message": text(f"rights.{decision.reason}", locale, by=decision.by or "–"),
        "fields": fields,
        "hidden": len(known) - len(fields["visible"]) if fields else 0,
    }


def _decision(
    view: Reading, form: str, raw: dict[str, Any] | None, action: str, reveal: bool
) -> Decision:
    """Without `reveal`, out of sight is one answer, whatever keeps the record there."""
    read = Decision(False, "out-of-sight") if raw is None else view.rights.may_read(view, form, raw)
    if raw is None or not (read.allowed or reveal):
        return Decision(False, "out-of-sight")
    return read if action == "read" else view.rights.decide(view, form, action, raw)
