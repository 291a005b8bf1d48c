"""One record as its reader may see it, with the fields that are computed as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.field_types.table import present_value
from jingwei.language.form import SHOWN_SYSTEM, Form
from jingwei.refusals import NotFound
from jingwei.services.commands import Reading
from jingwei.services.listing import form_of
from jingwei.services.plans import form_plan
from jingwei.services.presenting import MASK, instant, shown_row
from jingwei.services.rights import FieldRights
from jingwei.services.world import environment


@dataclass(slots=True)
class RecordView:
    """One record as its reader may see it. `raw`: engine values; `json`: what the API sends."""

    form: Form
    raw: Mapping[str, Any]
    json: dict[str, Any]
    rights: FieldRights
    extra: dict[str, Any] = field(default_factory=dict)


def record(view: Reading, form: str, id: int, *, deleted: bool = False) -> RecordView:
    """One record by id, as its org has the form. Raises NotFound, alike for what is not there and
    what is not allowed."""
    form_of(view, form)
    raw = view.store.load(view.connection, form, [id]).get(id)
    if raw is None or (raw["deleted_at"] is not None) != deleted:
        raise NotFound("no-such-record")
    if not view.rights.may_read(view, form, raw).allowed:
        raise NotFound("no-such-record")
    view = view.of(raw["org"])
    rights = view.rights.fields(view, form, raw)
    return shown_record(view, form_of(view, form), raw, rights)


def shown_record(
    view: Reading, form: Form, raw: Mapping[str, Any], rights: FieldRights
) -> RecordView:
    """A loaded record, as these rights show it."""
    whole = with_live(view, form, raw)
    shown: dict[str, Any] = {}
    for name in SHOWN_SYSTEM:
        value = whole.get(name)
        shown[name] = instant(value) if name.endswith("_at") and value is not None else value
    for name, definition in form.fields.items():
        if name not in rights.visible or definition.type in ("heading", "note"):
            continue
        if definition.type == "table":
            rows = whole.get(name) or ()
            shown[name] = [shown_row(definition, row, rights) for row in rows]
        else:
            value = present_value(definition, whole.get(name))
            shown[name] = MASK if name in rights.masked and value is not None else value
    return RecordView(form, whole, shown, rights)


def with_live(view: Reading, form: Form, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with its live computed fields, as of now."""
    plan = form_plan(view.store, view.catalogue, form.name)
    if not plan.live:
        return raw
    whole = {**raw, **{t: [dict(r) for r in raw.get(t) or ()] for t in plan.tables}}
    env = environment(view, whole)
    for one in plan.live:
        if one.table is None:
            whole[one.name] = one.closure(env)
            continue
        for row in whole[one.table]:
            inside = env.inside(whole)
            inside.record = row
            row[one.name] = one.closure(inside)
    return whole
