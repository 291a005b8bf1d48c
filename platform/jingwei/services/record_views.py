"""One record as its reader may see it, with the fields that are computed as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jingwei.catalogue.scorecards import SOURCE_CHANGED
from jingwei.language.field_types.table import present_value
from jingwei.language.form import SHOWN_SYSTEM, Form
from jingwei.refusals import NotFound
from jingwei.services import scorecards
from jingwei.services.commands import Reading
from jingwei.services.listing import form_of
from jingwei.services.plans import form_plan
from jingwei.services.presenting import MASK, instant, shown_row
from jingwei.services.rights import FieldRights
from jingwei.services.world import environment, variables
from jingwei.storage.query import ALL_ROWS, Query
from jingwei.storage.sql_calls import NotInSql

V = TypeVar("V", bound=Reading)


@dataclass(slots=True)
class RecordView:
    """One record as its reader may see it. `raw`: engine values; `json`: what the API sends."""

    form: Form
    raw: Mapping[str, Any]
    json: dict[str, Any]
    rights: FieldRights
    extra: dict[str, Any] = field(default_factory=dict)


def record(view: Reading, form: str, id: int, *, deleted: bool = False) -> RecordView:
    """One record by id, as its org has the form, and of which items of score sheets the figures are
    others by now. Raises NotFound, alike for what is not there and what is not allowed."""
    shown = readable(view, form, id, deleted=deleted)
    _tell_changed_sources(view.of(shown.raw["org"]), shown)
    return shown


def readable(view: Reading, form: str, id: int, *, deleted: bool = False) -> RecordView:
    """The same for whoever shows something around the record: nothing is asked of the sources of
    its sheets."""
    form_of(view, form)
    raw = view.store.load(view.connection, form, [id]).get(id)
    if raw is None or (raw["deleted_at"] is not None) != deleted:
        raise NotFound("no-such-record")
    if not view.rights.may_read(view, form, raw).allowed:
        raise NotFound("no-such-record")
    if deleted and not view.rights.decide(view, form, "delete", raw).allowed:
        raise NotFound("no-such-record")
    view = view.of(raw["org"])
    rights = view.rights.fields(view, form, raw)
    return shown_record(view, form_of(view, form), raw, rights, saved=True)


def _tell_changed_sources(view: Reading, shown: RecordView) -> None:
    """In score sheets, of which items the figures are others by now: told to who reads the record,
    and part of no version of it."""
    plan = form_plan(view.store, view.catalogue, shown.form.name)
    for name in plan.scorecards:
        if f"{name}.{SOURCE_CHANGED}" in shown.rights.visible - shown.rights.masked:
            changed = scorecards.changed_items(view, shown.form.fields[name], shown.raw)
            for row, raw in zip(shown.json[name], shown.raw.get(name) or (), strict=True):
                row[SOURCE_CHANGED] = raw["item"] in changed


def at_record(view: V, form: str, id: int) -> V:
    """The view as the org of a record has its definitions: to draw the record's page."""
    base = view.catalogue.base or view.catalogue
    if not base.layers or form not in base.forms:
        return view
    raw = view.store.load(view.connection, form, [id]).get(id)
    return view if raw is None else view.of(raw["org"])


def shown_record(
    view: Reading,
    form: Form,
    raw: Mapping[str, Any],
    rights: FieldRights,
    *,
    saved: bool = False,
) -> RecordView:
    """A loaded record, as these rights show it. `saved`: it is as the database has it."""
    whole = with_live(view, form, raw, saved=saved)
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


def with_live(
    view: Reading, form: Form, raw: Mapping[str, Any], *, saved: bool = False
) -> Mapping[str, Any]:
    """The record with its live computed fields, as of now. Of one that is `saved` the database
    works them out, over however many records they are of."""
    plan = form_plan(view.store, view.catalogue, form.name)
    if not plan.live:
        return raw
    whole = {**raw, **{t: [dict(r) for r in raw.get(t) or ()] for t in plan.tables}}
    names = tuple(one.name for one in plan.live if one.table is None)
    found = _by_query(view, form, raw, names) if saved and names else {}
    whole.update(found)
    env = environment(view, whole)
    for one in plan.live:
        if one.table is None:
            if one.name not in found:
                whole[one.name] = one.closure(env)
            continue
        for row in whole[one.table]:
            inside = env.inside(whole)
            inside.record = row
            row[one.name] = one.closure(inside)
    return whole


def _by_query(
    view: Reading, form: Form, raw: Mapping[str, Any], names: tuple[str, ...]
) -> Mapping[str, Any]:
    """Live fields of a saved record; none, when a formula asks what no database knows."""
    query = Query(
        form.name,
        names,
        ALL_ROWS,
        ids=(raw["id"],),
        page=None,
        deleted=raw.get("deleted_at") is not None,
        variables=variables(view),
    )
    try:
        rows = view.store.select(view.connection, query).items
    except NotInSql:
        return {}
    return {name: rows[0][name] for name in names} if rows else {}
