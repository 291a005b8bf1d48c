"""Versions of records: cutting one, opening an approved record for amendment, dropping that.

The record itself becomes the working copy; the newest version stays what is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.field_types.table import parse_value, present_value
from jingwei.language.form import SYSTEM_FIELDS, Field, Form, State
from jingwei.language.template import Template
from jingwei.refusals import Conflict, NotAllowed, NotFound
from jingwei.services import change_rows, parsing, record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.services.display import rendered
from jingwei.services.earlier_names import todays_body
from jingwei.services.events import Changed
from jingwei.services.plans import FormPlan, form_plan
from jingwei.storage.sealing import mark_of
from jingwei.storage.types import exact_json, json_text
from jingwei.storage.versions import VersionRow, insert_version, next_version, versions_of

IN_FORCE = ("approved", "submitted")
MAY_DISCARD = ("draft", "returned", "recalled", "rejected", "terminated")


def keeps_versions(form: Form) -> bool:
    return form.versions != "none"


def cuts_at_approval(form: Form) -> bool:
    rule = form.versions
    return rule == "on_approval" or (isinstance(rule, Mapping) and rule.get("cut") == "approval")


def cuts_at_submit(form: Form) -> bool:
    """Where nobody approves, what is submitted is in force."""
    return cuts_at_approval(form) and not (form.workflow or form.workflows)


def cut(work: Work, form: str, id: int, label: Template | None = None) -> int:
    """Keep the record as it is now as its next version; the version's number. `label`: what it is
    called, else as the form says; `version.number` in it is the new one."""
    record = records.locked(work, form, id)
    number = next_version(work.connection, id)
    rule = work.of(record["org"]).catalogue.forms[form].versions
    label = label or (rule.get("label") if isinstance(rule, Mapping) else None)
    words = None
    if label is not None:
        words = rendered(work, label, record, "zh", version={"number": number}) or None
    by = work.on_behalf_of if work.actor.is_system else work.actor
    insert_version(
        work.connection,
        VersionRow(
            id,
            number,
            work.installation.book.key("form", form),
            words,
            body_of(work, form, _whole(work, form, record)),
            record["revision"],
            work.installation.release.id,
            work.now,
            None if by is None or by.is_system else by.id,
        ),
    )
    change_rows.change_row(work, form, record, "published", {"version": [None, number]})
    work.outbox.add("record.published", {"form": form, "id": id, "version": number})
    work.tell(Changed("record.published", form, id, record, record, "system"))
    return number


def _whole(work: Work, form: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with what is computed whenever it is read, which a version shows as it was."""
    definition = work.of(record["org"]).catalogue.forms[form]
    return record_views.with_live(work, definition, record, saved=True)


def body_of(view: Reading, form: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as JSON values, rows of tables with their ids. Of a secret there is the occasion
    on which it was typed: two versions tell whether it was changed, and give it to nobody."""
    view = view.of(record.get("org"))
    definition = view.catalogue.forms[form]
    plan = form_plan(view.store, view.catalogue, form)
    body = {name: record.get(name) for name in SYSTEM_FIELDS if name in record}
    for name in (*plan.kept, *plan.tables):
        body[name] = present_value(definition.fields[name], record.get(name))
    for name in plan.secrets:
        body[name] = _mark(record.get(name))
    for table in plan.tables:
        secret = secrets_of(definition.fields[table])
        for shown, row in zip(body[table] or (), record.get(table) or (), strict=True):
            shown["id"] = row["id"]
            shown |= {name: _mark(row.get(name)) for name in secret}
    return body


def _mark(kept: str | None) -> str | None:
    return None if kept is None else mark_of(kept)


def secrets_of(table: Field) -> list[str]:
    return [name for name, column in table.fields.items() if column.type == "secret"]


def newest(view: Reading, id: int) -> VersionRow | None:
    """The version in force."""
    found = versions_of(view.connection, id)
    return found[-1] if found else None


def is_amending(view: Reading, form: Form, record: Mapping[str, Any]) -> bool:
    """Whether this is the working copy of a record whose newest version is in force."""
    if not keeps_versions(form) or record.get("status") in (None, "cancelled", *IN_FORCE):
        return False
    return newest(view, record["id"]) is not None


def may_differ(record: Mapping[str, Any]) -> bool:
    """Whether the record may be otherwise than its newest version: it is not in force as it is."""
    return record.get("status") not in IN_FORCE


def ended_in(form: Form, record: Mapping[str, Any]) -> State | None:
    """The final state of a record: it is amended no more."""
    state = form.states.get(record.get("state") or "")
    return state if state is not None and state.final else None


def amend(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Open an approved (or submitted) record for amendment. Raises NotFound where the form knows
    none, NotAllowed, Conflict: what has reached a final state stays as it is."""
    record = records.readable(work, form, id)
    work = work.of(record["org"])
    definition = work.catalogue.forms[form]
    if not knows_amendments(definition):
        raise NotFound("no-amendment")
    if not work.rights.decide(work, form, "amend", record).allowed:
        raise NotAllowed("not-allowed", action="amend")
    check_amendable(definition, record)
    if keeps_versions(definition) and not _is_kept(work, form, record):
        cut(work.as_system(), form, id)
    return records.set_system(work, form, id, action="amended", status="draft")


def knows_amendments(form: Form) -> bool:
    return keeps_versions(form) or bool((form.submit or {}).get("amend"))


def check_amendable(form: Form, record: Mapping[str, Any]) -> None:
    """Raises NotFound, Conflict where the record is none that is amended now."""
    if not knows_amendments(form):
        raise NotFound("no-amendment")
    if record["status"] not in IN_FORCE:
        raise Conflict("not-in-force", status=record["status"])
    if (state := ended_in(form, record)) is not None:
        raise Conflict("record-final", state=state.title)


def _is_kept(work: Work, form: str, record: Mapping[str, Any]) -> bool:
    """Whether the newest version holds what the record holds: fields left open after approval,
    actions and effects may have changed it since."""
    version = newest(work, record["id"])
    if version is None:
        return False
    was, now = todays_body(work, form, version), exact_json(json_text(body_of(work, form, record)))
    plan = form_plan(work.store, work.catalogue, form)
    names = {*_kept_names(work, form), *plan.secrets}
    return all(_own(plan, name, was) == _own(plan, name, now) for name in now if name in names)


def _own(plan: FormPlan, name: str, body: Mapping[str, Any]) -> Any:
    """What a record holds itself: of rows all but what is computed when they are read."""
    value = body.get(name)
    live = {one.name for one in plan.live if one.table == name}
    if name not in plan.tables or not live:
        return value
    return [{n: v for n, v in row.items() if n not in live} for row in value or ()]


def _kept_names(work: Work, form: str) -> frozenset[str]:
    """The fields that a version gives back: all but those computed whatever is typed, and secrets,
    which belong to no version."""
    plan = form_plan(work.store, work.catalogue, form)
    return frozenset({*plan.kept, *plan.tables} - computed_always(plan) - {*plan.secrets})


def computed_always(plan: FormPlan) -> set[str]:
    """The fields of a record that an earlier value of theirs does not bring back."""
    found = (one for one in (*plan.computes, *plan.live) if one.table is None)
    return {one.name for one in found if one.field.mode == "always"}


def discard(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Drop an amendment: the record is the version in force again. Raises NotFound, NotAllowed,
    Conflict."""
    record = records.readable(work, form, id)
    work = work.of(record["org"])
    definition = work.catalogue.forms[form]
    if not keeps_versions(definition):
        raise NotFound("no-amendment")
    if not work.rights.decide(work, form, "amend", record).allowed:
        raise NotAllowed("not-allowed", action="discard")
    version = newest(work, id)
    if version is None or record["status"] not in MAY_DISCARD:
        raise Conflict("nothing-to-discard", status=record["status"])
    kept, body = _kept_names(work, form), todays_body(work, form, version)
    values = {name: value for name, value in body.items() if name in kept}
    for name in definition.tables:
        if name in values:
            values[name] = without_secrets(definition.fields[name], values[name])
    gone = gone_rows(definition, body, record)
    records.update(work.as_system(), form, id, values, source="action", gone=gone, restores=True)
    status = version.body.get("status") or "approved"
    return records.set_system(work, form, id, action="discarded", status=status)


def gone_rows(
    form: Form, body: Mapping[str, Any], record: Mapping[str, Any]
) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of a version that the record has no more, by table: they may come back as they
    were, under their id."""
    found = {}
    for table in form.tables:
        there = {row["id"] for row in record.get(table) or ()}
        gone = [row for row in body.get(table) or () if row.get("id") not in {None, *there}]
        if gone:
            found[table] = without_secrets(form.fields[table], gone)
    return found


def without_secrets(table: Field, rows: Any) -> list[Mapping[str, Any]]:
    """Rows of a version without what stands there of secrets: they keep those they have."""
    secret = secrets_of(table)
    return [{n: v for n, v in row.items() if n not in secret} for row in rows or ()]


# --- in expressions -----------------------------------------------------------------------------


def newest_space(view: Any, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """`version.label number effective reason` of the newest version."""
    found = newest(view, record["id"]) if record.get("id") else None
    if found is None:
        return {}
    form = view.catalogue.forms.get(view.installation.book.names.get(found.form, ""))
    rule = form.versions if form is not None and isinstance(form.versions, Mapping) else {}
    said = {key: record.get(rule[key]) for key in ("effective", "reason") if key in rule}
    return {"label": found.label, "number": found.number, **said}


def previous_space(view: Any, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """`previous_version.x`: of a working copy the version in force, else the one before it."""
    if not record.get("id"):
        return {}
    found = versions_of(view.connection, record["id"])
    if record.get("status") in IN_FORCE:
        found = found[:-1]
    if not found:
        return {}
    form = view.catalogue.forms.get(view.installation.book.names.get(found[-1].form, ""))
    return {} if form is None else _Parsed(view, form, todays_body(view, form.name, found[-1]))


class _Parsed(dict[str, Any]):
    """A version's JSON values, read as engine values one by one."""

    def __init__(self, view: Reading, form: Form, body: Mapping[str, Any]) -> None:
        super().__init__(body)
        self._view, self._form = view, form

    def get(self, name: str, otherwise: Any = None) -> Any:
        value = super().get(name, otherwise)
        definition = self._form.fields.get(name)
        if value is None or definition is None:
            return value
        return self._engine(definition, value)

    def _engine(self, definition: Field, value: Any) -> Any:
        names = parsing.Names(self._view)
        if definition.type != "table":
            return parse_value(definition, value, names)
        columns = definition.fields
        return [
            {
                name: parse_value(columns[name], one, names) if name in columns else one
                for name, one in row.items()
            }
            for row in value
        ]
