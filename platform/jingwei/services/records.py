"""The one write path: every create, update, delete and restore of a record, whoever asks for it.

A screen, the API, an import, a flow and an effect all come through `write_many`. It parses, fills
defaults, computes, judges, writes, and leaves one change row and one outbox row a record. It knows
no flow: it tells of what changed, and listeners may refuse.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from jingwei.language.field_types.table import present_value
from jingwei.language.form import SYSTEM_FIELDS, Form
from jingwei.refusals import (
    Conflict,
    FieldRefusal,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    Refused,
    Stale,
)
from jingwei.services import (
    computing,
    files,
    filling,
    generating,
    parsing,
    retired,
    structure,
    uniqueness,
    validation,
)
from jingwei.services.commands import Work
from jingwei.services.events import Changed
from jingwei.services.found import Found
from jingwei.services.numbers import next_number
from jingwei.services.overrides import Overrides, reason_of
from jingwei.services.plans import FormPlan, form_plan
from jingwei.services.rights import FieldRights
from jingwei.services.validation import Occasion
from jingwei.services.world import environment
from jingwei.storage.changes import ChangeRow
from jingwei.storage.records import RowChange

Kind = Literal["create", "update", "delete", "restore"]
Source = Literal["user", "import", "flow", "action", "system"]
BATCH = 1_000
REASONS = "_reasons"
WORKING = frozenset({"draft", "returned", "recalled", "rejected"})  # of an amendment, too
EDITABLE = frozenset({None, "draft", "returned", "recalled", "rejected", "terminated"})


@dataclass(frozen=True, slots=True)
class Change:
    """One wanted change. `values`: JSON values by field name, for `update` only what changes.
    Under `_reasons` they may say why a computed value is overridden.

    `allowed`: fields this change may write although the record is locked (a step of a flow).
    """

    kind: Kind
    id: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    expected_revision: int | None = None
    allowed: frozenset[str] | None = None
    require: frozenset[str] = frozenset()
    reasons: Mapping[str, Any] = field(default_factory=dict)  # of overridden values, by field


@dataclass(frozen=True, slots=True)
class Written:
    """What is there now."""

    id: int
    record: Mapping[str, Any]
    warnings: tuple[FieldRefusal, ...] = ()


def write_many(
    work: Work, form: str, changes: Sequence[Change], *, source: Source = "user"
) -> list[Written]:
    """Make all changes true, or none. Raises Refused with every problem of the first bad change."""
    written: list[Written] = []
    for start in range(0, len(changes), BATCH):
        prepared = _write_batch(work, form, changes[start : start + BATCH], source)
        written += [Written(one.id, one.after, one.warnings) for one in prepared]
    return written


def create_many(
    work: Work,
    form: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    source: Source = "user",
    refuse: Refuse | None = None,
) -> list[int]:
    """Ids of new records, in order. `refuse`: is told of each row that is bad, by its index, and
    the others are written; without it the first bad row is raised. Nothing of what was written is
    kept in memory, so that a sheet may be long."""
    ids: list[int] = []
    for start in range(0, len(rows), BATCH):
        batch = [Change("create", values=values) for values in rows[start : start + BATCH]]
        later = None if refuse is None else partial(_refuse_at, refuse, start)
        with _collecting_later():
            ids += [one.id for one in _write_batch(work, form, batch, source, later)]
        if len(rows) > BATCH:
            work.flush()
    return ids


@contextmanager
def _collecting_later() -> Iterator[None]:
    """A batch makes a hundred thousand objects and no cycles: looking for these meanwhile costs a
    fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _refuse_at(refuse: Refuse, start: int, index: int, refused: Refused) -> None:
    refuse(start + index, refused)


def _write_batch(
    work: Work, form: str, batch: Sequence[Change], source: Source, refuse: Refuse | None = None
) -> list[_Prepared]:
    definition = _form(work, form)
    plan = form_plan(work.store, work.catalogue, form)
    ids = [c.id for c in batch if c.id is not None]
    there = work.store.load(work.connection, form, ids, lock=True) if ids else {}
    together = _Batch(source, len(batch) > 1 and not ids)
    prepared: list[tuple[int, _Prepared]] = []
    for index, change in enumerate(batch):
        try:
            prepared.append((index, _prepare(work, plan, change, there, together)))
        except Refused as refused:
            if refuse is None:
                raise
            refuse(index, refused)
    if together.creates_many:
        prepared = _without_taken(work, plan, prepared, refuse)
    found = [one for _, one in prepared]
    _give_ids(work, plan, found)
    _store(work, definition, found)
    for one in found:
        _log(work, plan, one, source)
        work.tell(Changed(_event(one.change.kind), form, one.id, one.before, one.after, source))
    return found


def _without_taken(
    work: Work,
    plan: FormPlan,
    prepared: list[tuple[int, _Prepared]],
    refuse: Refuse | None,
) -> list[tuple[int, _Prepared]]:
    """Those of a batch whose unique values nobody has, in the database or earlier in the batch."""
    taken = uniqueness.taken_among(work, plan, [one.after for _, one in prepared])
    kept = []
    for place, (index, one) in enumerate(prepared):
        refusals = taken.get(place)
        if refusals is None:
            kept.append((index, one))
        elif refuse is None:
            raise Invalid("invalid", fields=refusals)
        else:
            refuse(index, Invalid("invalid", fields=refusals))
    return kept


def _give_ids(work: Work, plan: FormPlan, prepared: Sequence[_Prepared]) -> None:
    fresh = [one for one in prepared if one.before is None]
    if not fresh:
        return
    at_once = plan.form.number is not None and plan.form.number_assign == "create"
    for one, id_ in zip(fresh, work.store.next_ids(work.connection, len(fresh)), strict=True):
        one.id = one.after["id"] = id_
        if at_once:
            one.after["number"] = next_number(work, plan.form, one.after)


def create(work: Work, form: str, values: Mapping[str, Any], *, source: Source = "user") -> Written:
    plain, reasons = _without_reasons(values)
    change = Change("create", values=plain, reasons=reasons)
    return write_many(work, form, [change], source=source)[0]


def _without_reasons(values: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    reasons = values.get(REASONS)
    if not isinstance(reasons, Mapping):
        return values, {}
    return {name: value for name, value in values.items() if name != REASONS}, reasons


def update(
    work: Work,
    form: str,
    id: int,
    values: Mapping[str, Any],
    *,
    expected_revision: int | None = None,
    source: Source = "user",
    allowed: frozenset[str] | None = None,
    require: frozenset[str] = frozenset(),
) -> Written:
    plain, reasons = _without_reasons(values)
    change = Change("update", id, plain, expected_revision, allowed, require, reasons)
    return write_many(work, form, [change], source=source)[0]


def delete(
    work: Work, form: str, id: int, *, expected_revision: int | None, source: Source = "user"
) -> Written:
    """Soft: the record leaves every list and can be restored."""
    return write_many(work, form, [Change("delete", id, {}, expected_revision)], source=source)[0]


def restore(work: Work, form: str, id: int, *, source: Source = "user") -> Written:
    return write_many(work, form, [Change("restore", id)], source=source)[0]


Refuse = Callable[[int, Refused], None]


@dataclass(slots=True)
class _Batch:
    """Changes that are written together. `creates_many`: unique values are looked up at once;
    `known`: lists of keys that were found to be writable."""

    source: Source
    creates_many: bool
    known: set[tuple[str, ...]] = field(default_factory=set)


@dataclass(slots=True)
class _Prepared:
    change: Change
    id: int
    before: dict[str, Any] | None
    after: dict[str, Any]
    touched: dict[str, Any]
    tables: dict[str, Sequence[Mapping[str, Any]]]
    warnings: tuple[FieldRefusal, ...] = ()


def _form(work: Work, form: str) -> Form:
    definition = work.catalogue.forms.get(form)
    if definition is None:
        raise NotFound("no-such-form")
    return definition


def _event(kind: Kind) -> str:
    return {
        "create": "record.created",
        "update": "record.updated",
        "delete": "record.deleted",
        "restore": "record.restored",
    }[kind]


# --- preparing -----------------------------------------------------------------------------------


def _prepare(
    work: Work,
    plan: FormPlan,
    change: Change,
    there: Mapping[int, dict[str, Any]],
    batch: _Batch,
) -> _Prepared:
    source = batch.source
    if change.kind == "create":
        return _prepare_create(work, plan, change, batch)
    before = there.get(change.id or 0)
    gone = before is not None and before["deleted_at"] is not None
    if before is None or gone != (change.kind == "restore"):
        raise NotFound("no-such-record")
    if not work.rights.may_read(work, plan.form.name, before).allowed:
        raise NotFound("no-such-record")
    _check_revision(change, before, source)
    if change.kind == "update":
        return _prepare_update(work, plan, change, before, source)
    return _prepare_removal(work, plan, change, before, source)


def _check_revision(change: Change, before: Mapping[str, Any], source: Source) -> None:
    owed = source == "user" and change.kind in ("update", "delete") and change.allowed is None
    if owed and change.expected_revision is None:
        raise PreconditionRequired("if-match-missing")
    if change.expected_revision not in (None, before["revision"]):
        raise Stale("stale", revision=before["revision"])


def _prepare_create(work: Work, plan: FormPlan, change: Change, batch: _Batch) -> _Prepared:
    form, source = plan.form, batch.source
    keys = tuple(change.values)
    if source in ("user", "import") and keys not in batch.known:
        _require(work, form.name, "create")
        _check_keys(work, plan, change.values, work.rights.create_fields(work, form.name), None)
        if not plan.tables.keys() & keys:  # rows have keys of their own
            batch.known.add(keys)
    found = Found()
    record = _blank(work, plan)
    values = parsing.parse(work, plan, change.values, found)
    record.update(values)
    computing.fill_defaults(work, plan, record, change.values.keys())
    if record.get("org") is None and "org" not in change.values:
        record["org"] = work.actor.org or None
    filling.fill(work, plan, record, None, change.values.keys())
    _check_org(work, plan, record, source, found)
    generating.begin(work, plan, record, change.values.keys(), found)
    _give_row_ids(work, plan, record, None, found)
    overrides = Overrides(form, None, change.values.keys())
    computing.compute(work, plan, record, found, overrides)
    _check_reasons(change, overrides, source, found)
    structure.judge(work, form, record, None, found)
    retired.judge(work, plan, record, None, found)
    _judge(work, plan, record, None, found, change, None, batch.creates_many)
    return _Prepared(change, 0, None, record, record, {}, tuple(found.warnings))


def _blank(work: Work, plan: FormPlan) -> dict[str, Any]:
    person = None if work.actor.is_system else work.actor.login
    if person is None and work.on_behalf_of is not None:
        person = work.on_behalf_of.login
    form = plan.form
    has_status = bool(form.workflow or form.workflows or form.submit is not None)
    record: dict[str, Any] = dict.fromkeys(form.fields)
    record.update(
        id=None,
        revision=1,
        number=None,
        org=None,
        owner=person,
        status="draft" if has_status else None,
        state=form.initial_state,
        created_at=work.now,
        created_by=person,
        updated_at=work.now,
        updated_by=person,
        deleted_at=None,
    )
    for table in plan.tables:
        record[table] = []
    return record


def _prepare_update(
    work: Work, plan: FormPlan, change: Change, before: dict[str, Any], source: Source
) -> _Prepared:
    form = plan.form
    if source in ("user", "import"):
        if change.allowed is None:
            _require(work, form.name, "update", before)
            _check_unlocked(form, before)
            rights = work.rights.fields(work, form.name, before)
        else:
            rights = FieldRights(
                work.rights.fields(work, form.name, before).visible, change.allowed
            )
        _check_keys(work, plan, change.values, rights, before)
    found = Found()
    values = parsing.parse(work, plan, change.values, found)
    after = {**before, **values}
    for table in plan.tables:
        after[table] = [dict(row) for row in after.get(table) or ()]
    _merge_rows(work, plan, before, after, values, found)
    filling.fill(work, plan, after, before, change.values.keys())
    if after["org"] != before["org"]:
        _check_org(work, plan, after, source, found)
    overrides = Overrides(form, before, change.values.keys())
    computing.compute(work, plan, after, found, overrides)
    _check_reasons(change, overrides, source, found)
    structure.judge(work, form, after, before, found)
    changed = _changed(plan, before, after)
    if source in ("user", "import"):
        _check_readonly(work, plan, before, changed & values.keys(), found)
    retired.judge(work, plan, after, before, found)
    _judge(work, plan, after, before, found, change, changed)
    changed = _changed(plan, before, after)
    _stamp(work, before, after)
    touched = {name: after[name] for name in changed if name not in plan.tables}
    touched |= {"updated_at": after["updated_at"], "updated_by": after["updated_by"]}
    tables = {name: after[name] for name in changed if name in plan.tables}
    return _Prepared(change, before["id"], before, after, touched, tables, tuple(found.warnings))


def _check_reasons(change: Change, overrides: Overrides, source: Source, found: Found) -> None:
    """Whoever overrides a computed value says why."""
    if source in ("user", "import"):
        for name in overrides.overridden:
            if reason_of(change.reasons, name) is None:
                found.add(name, "reason-needed")


def _check_readonly(
    work: Work, plan: FormPlan, before: Mapping[str, Any], changed: Collection[str], found: Found
) -> None:
    """A field that is read-only as the record stands is not changed by a person."""
    conditional = [
        name for name in sorted(changed) if name in plan.fields and plan.fields[name].readonly_if
    ]
    if conditional:
        env = environment(work, before, old=before)
        for name in conditional:
            readonly_if = plan.fields[name].readonly_if
            if readonly_if is not None and readonly_if(env):
                found.add(name, "readonly-now")


def _stamp(work: Work, before: Mapping[str, Any], after: dict[str, Any]) -> None:
    after["revision"] = before["revision"] + 1
    after["updated_at"] = work.now
    after["updated_by"] = None if work.actor.is_system else work.actor.login


def _prepare_removal(
    work: Work, plan: FormPlan, change: Change, before: dict[str, Any], source: Source
) -> _Prepared:
    if source in ("user", "import"):
        _require(work, plan.form.name, "delete", before)
        if change.kind == "delete":
            _check_unlocked(plan.form, before)
    after = dict(before)
    _stamp(work, before, after)
    after["deleted_at"] = work.now if change.kind == "delete" else None
    names = ("deleted_at", "updated_at", "updated_by")
    return _Prepared(change, before["id"], before, after, {n: after[n] for n in names}, {})


def _require(work: Work, form: str, action: str, record: Mapping[str, Any] | None = None) -> None:
    decision = work.rights.decide(work, form, action, record)
    if not decision.allowed:
        raise NotAllowed("not-allowed", action=action)


def _check_unlocked(form: Form, record: Mapping[str, Any]) -> None:
    if record["status"] not in EDITABLE:
        raise Conflict("record-locked-by-status", status=record["status"])
    state = form.states.get(record["state"] or "")
    amends = form.versions != "none" or (form.submit or {}).get("amend")
    working_copy = bool(amends) and record["status"] in WORKING
    if state is not None and state.locked and not working_copy:
        raise Conflict("record-locked-by-state", state=state.title)


def _check_keys(
    work: Work,
    plan: FormPlan,
    values: Mapping[str, Any],
    rights: FieldRights,
    before: Mapping[str, Any] | None,
) -> None:
    """Unknown keys and keys this person may not write are refused, each by name; a hidden field is
    simply unknown."""
    refused: list[FieldRefusal] = []
    for name, value in values.items():
        definition = plan.form.fields.get(name)
        if (definition is None and name != "org") or name not in rights.visible:
            code = "not-writable" if name in SYSTEM_FIELDS else "unknown-field"
            refused.append(FieldRefusal(name, code, {"name": name}))
        elif not _writable(definition, name, rights):
            refused.append(FieldRefusal(name, "not-writable", {"name": name}))
        elif definition is not None and definition.type == "table" and isinstance(value, list):
            refused += _refused_columns(definition, value, rights, before)
    if refused:
        raise Malformed("not-writable-fields", fields=refused)


def _writable(definition: Any, name: str, rights: FieldRights) -> bool:
    if name not in rights.writable:
        return False
    if definition is None:
        return True
    computed = definition.compute is not None and definition.mode in ("always", "lock_if_found")
    return not (definition.readonly or computed)


def _refused_columns(
    table: Any,
    rows: Sequence[Any],
    rights: FieldRights,
    before: Mapping[str, Any] | None,
) -> list[FieldRefusal]:
    """Columns that are not there. A computed or read-only column may be sent back unchanged."""
    refused: list[FieldRefusal] = []
    known = {row["id"]: row for row in (before or {}).get(table.name) or ()}
    whole = table.name in rights.writable
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            continue
        for name, value in row.items():
            path = f"{table.name}.{name}"
            column = table.fields.get(name)
            at = f"{table.name}.{index}.{name}"
            if name == "id":
                continue
            if column is None or path not in rights.visible:
                refused.append(FieldRefusal(at, "unknown-field", {"name": name}))
            elif not (whole or path in rights.writable) or not _writable(
                column, path, FieldRights(rights.visible, rights.writable | {path})
            ):
                was = known.get(row.get("id"), {}).get(name)
                if value is not None and present_value(column, was) != value:
                    refused.append(FieldRefusal(at, "not-writable", {"name": name}))
    return refused


def _check_org(
    work: Work, plan: FormPlan, record: Mapping[str, Any], source: Source, found: Found
) -> None:
    org = record.get("org")
    if org is None:
        if not any(r.path == "org" for r in found.refusals):
            found.add("org", "required")
        return
    if source in ("user", "import"):
        allowed = work.rights.create_orgs(work, plan.form.name)
        if allowed is not None and org not in allowed:
            found.add("org", "org-out-of-reach")


def _give_row_ids(
    work: Work,
    plan: FormPlan,
    record: dict[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
) -> None:
    """Ids for new rows; a row id that is not of this record is refused: rows cannot be stolen."""
    for table in plan.tables:
        rows = record.get(table) or []
        known = {row["id"] for row in (before or {}).get(table) or ()}
        fresh = [row for row in rows if row.get("id") is None]
        ids = iter(work.store.next_ids(work.connection, len(fresh)) if fresh else ())
        for index, row in enumerate(rows):
            if row.get("id") is None:
                row["id"] = next(ids)
            elif row["id"] not in known:
                found.add(f"{table}.{index}.id", "unknown-row")
            for column in plan.tables[table]:
                row.setdefault(column, None)


def _merge_rows(
    work: Work,
    plan: FormPlan,
    before: Mapping[str, Any],
    after: dict[str, Any],
    values: Mapping[str, Any],
    found: Found,
) -> None:
    """Rows that were sent by id keep the columns that were not sent."""
    for table in plan.tables:
        if table not in values:
            continue
        known = {row["id"]: row for row in before.get(table) or ()}
        after[table] = [
            {**known.get(row.get("id"), {}), **row} if row.get("id") in known else dict(row)
            for row in values[table]
        ]
        definition = plan.form.fields[table]
        if definition.append_only and not set(known) <= {r.get("id") for r in after[table]}:
            found.add(table, "append-only")
        for row in after[table]:
            computing.fill_row_defaults(work, plan, table, row, after)
    if before.get("status") in EDITABLE:
        generating.refresh(work, plan, after, found)
    _give_row_ids(work, plan, after, before, found)


def _judge(
    work: Work,
    plan: FormPlan,
    record: dict[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
    change: Change,
    changed: Collection[str] | None,
    unique_later: bool = False,
) -> None:
    drafts = record.get("status") in ("draft", "returned", "recalled")
    drafts = drafts and not change.require
    occasion = Occasion(require=change.require, drafts=drafts, unique_later=unique_later)
    judged = validation.judge(work, plan, record, before, occasion, changed)
    if not unique_later:
        uniqueness.judge_unique_fields(work, plan, record, judged, changed)
    elif found.refusals or judged.refusals:  # it will not be among those looked at later
        uniqueness.judge_unique_rules(work, plan, record, judged)
        uniqueness.judge_unique_fields(work, plan, record, judged, changed)
    files.judge(work, plan.form, record, before, judged)
    known = {(r.path, r.code) for r in found.refusals}
    found.refusals += [r for r in judged.refusals if (r.path, r.code) not in known]
    found.warnings += judged.warnings
    if found.refusals:
        raise Invalid("invalid", fields=found.refusals)


def _changed(plan: FormPlan, before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    names = (*plan.kept, *plan.tables, "org")
    return {name for name in names if before.get(name) != after.get(name)}


# --- writing -------------------------------------------------------------------------------------


def _store(work: Work, form: Form, prepared: Sequence[_Prepared]) -> None:
    fresh = [one.after for one in prepared if one.before is None]
    if fresh:
        work.store.insert(work.connection, form.name, fresh)
    moved = [
        RowChange(one.id, one.change.expected_revision, one.touched, one.tables)
        for one in prepared
        if one.before is not None
    ]
    if moved:
        stale = work.store.update(work.connection, form.name, moved)
        if stale:
            raise Stale("stale", revision=0)
    for one in prepared:
        files.own(work, form, one.after)


def _log(work: Work, plan: FormPlan, one: _Prepared, source: Source) -> None:
    body, private = body_of(plan, one.before, one.after)
    if one.change.reasons:
        given = one.change.reasons
        body[REASONS] = {name: why for name in given if (why := reason_of(given, name))}
    kind = _event(one.change.kind)
    change_row(work, plan.form.name, one.after, kind.partition(".")[2], body, private)
    work.outbox.add(kind, {"form": plan.form.name, "id": one.id, "source": source})


def change_row(
    work: Work,
    form: str,
    record: Mapping[str, Any],
    action: str,
    body: Mapping[str, Any],
    private: Mapping[str, Any] | None = None,
) -> None:
    """Keep one row of history and audit about a record."""
    behalf = work.on_behalf_of
    work.log(
        ChangeRow(
            at=work.now,
            actor=None if work.actor.is_system else work.actor.login,
            on_behalf_of=behalf.login if behalf is not None else None,
            org=record.get("org"),
            action=action,
            form=form,
            object=record["id"],
            object_version=record["revision"],
            body=body,
            release=work.installation.release.id,
            request=work.request_id,
            private=private or {},
        )
    )


_TRACKED = ("number", "org", "owner", "status", "state", "deleted_at")


def body_of(
    plan: FormPlan, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`{field: [old, new]}` of what differs, rows of tables by id; and the sensitive values."""
    if before is None and not plan.sensitive:
        return _body_of_new(plan, after), {}
    body: dict[str, Any] = {}
    private: dict[str, Any] = {}
    old = before or {}
    for name in (*plan.kept, *_TRACKED):
        if name in plan.form.fields and not plan.form.fields[name].track and before is not None:
            continue
        was, now = old.get(name), after.get(name)
        if was != now:
            pair = [_json(plan, name, was), _json(plan, name, now)]
            if name in plan.sensitive:
                private[name] = pair
            else:
                body[name] = pair
    for table in plan.tables:
        rows = _rows_body(plan, table, old.get(table) or (), after.get(table) or ())
        for identity, columns in rows.items():
            for name in [n for n in columns if f"{table}.{n}" in plan.sensitive]:
                private[f"{table}.{identity}.{name}"] = columns.pop(name)
        if rows:
            body[table] = rows
    return body, private


def _body_of_new(plan: FormPlan, after: Mapping[str, Any]) -> dict[str, Any]:
    """Everything a new record holds; most changes of an import are these."""
    body: dict[str, Any] = {}
    for name, present in plan.presents:
        value = after.get(name)
        if value is not None:
            body[name] = [None, value if present is None else present(value)]
    for name in _TRACKED:
        value = after.get(name)
        if value is not None:
            body[name] = [None, _json(plan, name, value)]
    for table in plan.tables:
        rows = _rows_body(plan, table, (), after.get(table) or ())
        if rows:
            body[table] = rows
    return body


def _json(plan: FormPlan, name: str, value: Any) -> Any:
    definition = plan.form.fields.get(name)
    return value if definition is None else present_value(definition, value)


def _rows_body(
    plan: FormPlan, table: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    columns = plan.form.fields[table].fields
    was = {row["id"]: row for row in old}
    now = {row["id"]: row for row in new}
    body: dict[str, Any] = {}
    for identity in (*was, *(i for i in now if i not in was)):
        before, after = was.get(identity, {}), now.get(identity, {})
        differing = {
            name: [present_value(c, before.get(name)), present_value(c, after.get(name))]
            for name, c in columns.items()
            if before.get(name) != after.get(name)
        }
        if differing or not before or not after:
            body[str(identity)] = differing
    return body


# --- system moves --------------------------------------------------------------------------------


def set_system(
    work: Work, form: str, id: int, *, action: str = "updated", **values: Any
) -> Mapping[str, Any]:
    """Set system fields (`status`, `state`, `number`, `owner`): for flows and effects only."""
    before = locked(work, form, id)
    changed = {name: value for name, value in values.items() if before.get(name) != value}
    if not changed:
        return before
    after = {**before, **changed}
    _stamp(work, before, after)
    touched = {**changed, "updated_at": after["updated_at"], "updated_by": after["updated_by"]}
    work.store.update(work.connection, form, [RowChange(id, None, touched)])
    body = {name: [before.get(name), value] for name, value in changed.items()}
    change_row(work, form, after, action, body)
    work.outbox.add("record.updated", {"form": form, "id": id, "source": "system"})
    work.tell(Changed("record.updated", form, id, before, after, "system"))
    return after


def locked(work: Work, form: str, id: int) -> dict[str, Any]:
    """The record as it is now, kept still until this transaction ends. Raises NotFound."""
    _form(work, form)
    record = work.store.load(work.connection, form, [id], lock=True).get(id)
    if record is None or record["deleted_at"] is not None:
        raise NotFound("no-such-record")
    return record


def check_submission(work: Work, form: str, record: Mapping[str, Any]) -> None:
    """Everything a record owes at submit. Raises Invalid naming each field."""
    plan = form_plan(work.store, work.catalogue, form)
    judged = validation.judge(
        work, plan, dict(record), record, Occasion(submitting=True, drafts=True), ()
    )
    uniqueness.judge_unique_fields(work, plan, dict(record), judged, None)
    if judged.refusals:
        raise Invalid("invalid", fields=judged.refusals)


Submit = Callable[[Work, str, int], Mapping[str, Any]]


def submit_without_flow(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Submit a form that has `submit:` and no workflow. Raises NotFound `no-flow` with neither."""
    definition = _form(work, form)
    if definition.submit is None:
        raise NotFound("no-flow")
    record = readable(work, form, id)
    _require(work, form, "submit", record)
    if record["status"] not in ("draft", "returned"):
        raise Conflict("already-submitted", status=record["status"])
    check_submission(work, form, record)
    values: dict[str, Any] = {"status": "submitted"}
    if record["number"] is None:
        values["number"] = next_number(work, definition, record)
    after = set_system(work, form, id, action="submitted", **values)
    work.tell(Changed("record.submitted", form, id, record, after))
    return after


def cancel(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Cancel what was submitted, where the form says so."""
    definition = _form(work, form)
    record = readable(work, form, id)
    if not (definition.submit or {}).get("cancel"):
        raise NotFound("no-cancel")
    _require(work, form, "cancel", record)
    if record["status"] != "submitted":
        raise Conflict("not-submitted", status=record["status"])
    return set_system(work, form, id, action="cancelled", status="cancelled")


def readable(work: Work, form: str, id: int) -> dict[str, Any]:
    """The record, locked, if the actor may open it. Raises NotFound, alike for both reasons."""
    record = locked(work, form, id)
    if not work.rights.may_read(work, form, record).allowed:
        raise NotFound("no-such-record")
    return record
