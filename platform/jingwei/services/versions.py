"""Versions of records: cutting one, opening an approved record for amendment, dropping that.

The record itself becomes the working copy; the newest version stays what is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.field_types.table import present_value
from jingwei.language.form import SYSTEM_FIELDS, Form
from jingwei.refusals import Conflict, NotAllowed, NotFound
from jingwei.services import records
from jingwei.services.commands import Reading, Work
from jingwei.services.events import Changed
from jingwei.services.plans import form_plan
from jingwei.storage.versions import VersionRow, insert_version, next_version, versions_of

IN_FORCE = ("approved", "submitted")
MAY_DISCARD = ("draft", "returned", "recalled", "rejected", "terminated")


def keeps_versions(form: Form) -> bool:
    return form.versions != "none"


def cuts_at_approval(form: Form) -> bool:
    rule = form.versions
    return rule == "on_approval" or (isinstance(rule, Mapping) and rule.get("cut") == "approval")


def cut(work: Work, form: str, id: int, label: str | None = None) -> int:
    """Keep the record as it is now as its next version; the version's number."""
    record = records.locked(work, form, id)
    number = next_version(work.connection, id)
    by = work.on_behalf_of if work.actor.is_system else work.actor
    insert_version(
        work.connection,
        VersionRow(
            id,
            number,
            work.installation.book.key("form", form),
            label,
            body_of(work, form, record),
            record["revision"],
            work.installation.release.id,
            work.now,
            None if by is None or by.is_system else by.id,
        ),
    )
    records.change_row(work, form, record, "published", {"version": [None, number]})
    work.outbox.add("record.published", {"form": form, "id": id, "version": number})
    work.tell(Changed("record.published", form, id, record, record, "system"))
    return number


def body_of(view: Reading, form: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as JSON values, rows of tables with their ids."""
    definition = view.catalogue.forms[form]
    plan = form_plan(view.store, view.catalogue, form)
    body = {name: record.get(name) for name in SYSTEM_FIELDS if name in record}
    for name in (*plan.kept, *plan.tables):
        body[name] = present_value(definition.fields[name], record.get(name))
    for table in plan.tables:
        for shown, row in zip(body[table] or (), record.get(table) or (), strict=True):
            shown["id"] = row["id"]
    return body


def newest(view: Reading, id: int) -> VersionRow | None:
    """The version in force."""
    found = versions_of(view.connection, id)
    return found[-1] if found else None


def is_amending(view: Reading, form: Form, record: Mapping[str, Any]) -> bool:
    """Whether this is the working copy of a record whose newest version is in force."""
    if not keeps_versions(form) or record.get("status") in (None, *IN_FORCE):
        return False
    return newest(view, record["id"]) is not None


def amend(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Open an approved (or submitted) record for amendment. Raises NotFound where the form knows
    none, NotAllowed, Conflict."""
    definition = work.catalogue.forms[form]
    record = records.readable(work, form, id)
    if not (keeps_versions(definition) or (definition.submit or {}).get("amend")):
        raise NotFound("no-amendment")
    if not work.rights.decide(work, form, "amend", record).allowed:
        raise NotAllowed("not-allowed", action="amend")
    if record["status"] not in IN_FORCE:
        raise Conflict("not-in-force", status=record["status"])
    if keeps_versions(definition) and newest(work, id) is None:
        cut(work.as_system(), form, id)
    return records.set_system(work, form, id, action="amended", status="draft")


def discard(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Drop an amendment: the record is the version in force again. Raises NotFound, NotAllowed,
    Conflict."""
    definition = work.catalogue.forms[form]
    record = records.readable(work, form, id)
    if not keeps_versions(definition):
        raise NotFound("no-amendment")
    if not work.rights.decide(work, form, "amend", record).allowed:
        raise NotAllowed("not-allowed", action="discard")
    version = newest(work, id)
    if version is None or record["status"] not in MAY_DISCARD:
        raise Conflict("nothing-to-discard", status=record["status"])
    plan = form_plan(work.store, work.catalogue, form)
    computed = {one.name for one in plan.computes if one.table is None}
    values = {
        name: _rows(value, record.get(name) or ()) if name in plan.tables else value
        for name, value in version.body.items()
        if name in definition.fields and name not in computed
    }
    records.update(work.as_system(), form, id, values, source="action")
    status = version.body.get("status") or "approved"
    return records.set_system(work, form, id, action="discarded", status=status)


def _rows(rows: Any, there: Any) -> list[dict[str, Any]]:
    """Rows of the version; one that the amendment removed comes back as a new row."""
    known = {row["id"] for row in there}
    return [{n: v for n, v in row.items() if n != "id" or v in known} for row in rows or ()]
