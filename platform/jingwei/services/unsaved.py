"""What a person typed into a form and has not saved: kept for that person, offered when the form
is opened again. It is as it was typed, right or wrong; nothing of it is a record yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.refusals import FieldRefusal, Malformed, NotFound
from jingwei.services.commands import Reading, Work
from jingwei.services.listing import form_of, raise_unless_known, raise_unless_reached
from jingwei.services.presenting import instant
from jingwei.storage import unsaved as rows
from jingwei.storage.types import canonical_json
from jingwei.storage.unsaved import NEW, Unsaved

DAYS_KEPT = 30
MOST_BYTES = 256 * 1024  # of what is typed into one form
MOST_KEPT = 50  # of one person, the latest


def unsaved(view: Reading, form: str, id: int | None = None) -> dict[str, Any] | None:
    """`{values, revision, at}` of what the reader typed into this record, or into a new one; None
    if there is nothing. Fields that have been closed to the reader since are left out."""
    known = _known(view, form_of(view, form), id)
    kept = rows.find_unsaved(
        view.connection,
        view.actor.id,
        _key(view, form),
        id or NEW,
        view.now - timedelta(days=DAYS_KEPT),
    )
    if kept is None:
        return None
    values = {name: value for name, value in kept.values.items() if name in known}
    return {"values": values, "revision": kept.revision, "at": instant(kept.at)}


def keep(
    work: Work, form: str, id: int | None, values: Mapping[str, Any], revision: int | None = None
) -> dict[str, Any]:
    """Keep what was typed. Sensitive fields and secrets are not kept: only their record has them.
    Raises NotFound, Malformed."""
    definition = form_of(work, form)
    known = _known(work, definition, id)
    refused = [FieldRefusal(n, "unknown-field", {"name": n[:60]}) for n in values if n not in known]
    if refused:
        raise Malformed("unknown-fields", fields=refused)
    plain = _without_sensitive(definition, values)
    plain = _without_sensitive(_form_of_its_org(work, definition, id, values), plain)
    if len(canonical_json(plain)) > MOST_BYTES:
        refusal = FieldRefusal("values", "unsaved-too-large", {"most": MOST_BYTES // 1024})
        raise Malformed("unknown-fields", fields=[refusal])
    kept = Unsaved(plain, revision, work.now)
    rows.keep_unsaved(work.connection, work.actor.id, _key(work, form), id or NEW, kept, MOST_KEPT)
    return {"values": plain, "revision": revision, "at": instant(work.now)}


def forget(work: Work, form: str, id: int | None = None) -> None:
    """It was saved, or thrown away."""
    definition = form_of(work, form)
    if id is None:
        raise_unless_known(work, definition)
    else:
        raise_unless_reached(work, definition, id)
    rows.forget_unsaved(work.connection, work.actor.id, _key(work, form), id or NEW)


def _known(view: Reading, form: Form, id: int | None) -> Collection[str]:
    """The fields into which the reader may type. Raises NotFound as their form would."""
    if id is None:
        if not view.rights.decide(view, form.name, "create").allowed:
            raise NotFound("no-such-form")
        visible = view.rights.create_fields(view, form.name).visible
    else:
        record = view.store.load(view.connection, form.name, [id]).get(id)
        there = record is not None and record["deleted_at"] is None
        if record is None or not there or not view.rights.may_read(view, form.name, record).allowed:
            raise NotFound("no-such-record")
        visible = view.rights.fields(view, form.name, record).visible
    kept = {n for n, f in form.fields.items() if f.type == "table" or _is_typed(f.type)}
    return {name for name in (*kept, "org") if name in visible}


def _form_of_its_org(view: Reading, form: Form, id: int | None, values: Mapping[str, Any]) -> Form:
    """The form under the layers of the org whose record it is, or that is typed for a new one."""
    if id is None:
        org = values.get("org") or view.actor.org
    else:
        org = view.store.load(view.connection, form.name, [id])[id]["org"]
    known = isinstance(org, str) and org in view.catalogue.orgs
    return form_of(view.of(org), form.name) if known else form


def _is_typed(type_: str) -> bool:
    return FIELD_TYPES[type_].is_value


def _is_closed(field: Field) -> bool:
    return field.sensitive or field.type == "secret"


def _without_sensitive(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in values.items():
        field = form.fields.get(name)
        if field is not None and _is_closed(field):
            continue
        if field is not None and field.type == "table" and isinstance(value, list):
            closed = {n for n, column in field.fields.items() if _is_closed(column)}
            value = [
                {n: v for n, v in row.items() if n not in closed} if isinstance(row, dict) else row
                for row in value
            ]
        plain[name] = value
    return plain


def _key(view: Reading, form: str) -> int:
    return view.installation.book.key("form", form)
