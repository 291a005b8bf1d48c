"""Whether a change may be made: the action, the revision, the lock, the keys, the organisation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from jingwei.catalogue.scorecards import BY_HAND, SOURCE_CHANGED
from jingwei.language.expressions.environment import Environment
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.refusals import (
    Conflict,
    FieldRefusal,
    Malformed,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    Stale,
)
from jingwei.services.commands import Work
from jingwei.services.found import Found
from jingwei.services.given_back import is_as_read
from jingwei.services.plans import FieldPlan, FormPlan
from jingwei.services.rights import FieldRights
from jingwei.services.wanted import AFTER_SUBMIT, EDITABLE, REASONS, WORKING, Change, Source
from jingwei.services.world import environment

CREATE_ORGS = "create_orgs"  # in a transaction's memo


def check_revision(change: Change, before: Mapping[str, Any], source: Source) -> None:
    owed = source == "user" and change.kind in ("update", "delete") and change.allowed is None
    if owed and change.expected_revision is None:
        raise PreconditionRequired("if-match-missing")
    if change.expected_revision not in (None, before["revision"]):
        raise Stale("stale", revision=before["revision"])


def check_readonly(
    work: Work,
    plan: FormPlan,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    changed: Collection[str],
    found: Found,
) -> None:
    """A field that is read-only, as the record stands or as it would stand, is not changed by a
    person; of a new record it is not filled in."""
    conditional = [
        name for name in sorted(changed) if name in plan.fields and plan.fields[name].readonly_if
    ]
    if not conditional:
        return
    will_be = environment(work, after, old=before, is_new=before is None)
    was = will_be if before is None else environment(work, before, old=before)
    for name in conditional:
        field = plan.fields[name]
        if before is None and _is_first(field, after[name], will_be):
            continue
        if field.readonly_if is not None and (field.readonly_if(was) or field.readonly_if(will_be)):
            found.add(name, "readonly-now")


def _is_first(field: FieldPlan, value: Any, env: Environment) -> bool:
    """Whether it is what stands in a new record, or row, that nobody filled in."""
    return value in (None, [], "") or (field.default is not None and field.default(env) == value)


def check_rows(
    work: Work,
    plan: FormPlan,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    sent: Mapping[str, Any],
    found: Found,
    *,
    restores: bool = False,
) -> None:
    """A row that is there is not changed where its table only grows, nor a cell of it that is
    read-only now or is filled in once. `sent`: what a person wants of the record; `restores`: it
    is that of a version, and was open then."""
    for table in plan.tables.keys() & sent.keys():
        known = {row["id"]: row for row in before.get(table) or ()}
        rows, wanted = after[table], sent[table] or ()
        if table in plan.scorecards:  # in the order of the scheme
            there = {row["id"]: row for row in rows}
            rows = [there.get(given.get("id"), {"id": None}) for given in wanted]
        for index, (row, given) in enumerate(zip(rows, wanted, strict=False)):
            was = known.get(row["id"])
            for name in sorted(plan.tables[table].keys() & given.keys()):
                if table in plan.scorecards and (was is None or name == BY_HAND):
                    continue  # its scheme was asked
                if (was is None and not restores) or (was and row.get(name) != was.get(name)):
                    will_be = (was, before) if restores and was else (row, after)
                    code = _closed_cell(work, plan, table, name, was, *will_be, before)
                    if code is not None:
                        found.add(f"{table}.{index}.{name}", code)


def check_append_only(
    table: str, there: Sequence[int], sent: Sequence[int | None], found: Found
) -> None:
    """The rows that are there stay, in their places; new ones come behind them."""
    if not {*there} <= {*sent}:
        found.add(table, "append-only")
    elif [*sent[: len(there)]] != [*there]:
        found.add(table, "append-only-order")


def _closed_cell(
    work: Work,
    plan: FormPlan,
    table: str,
    name: str,
    was: Mapping[str, Any] | None,
    row: Mapping[str, Any],
    after: Mapping[str, Any],
    before: Mapping[str, Any],
) -> str | None:
    column, definition = plan.tables[table][name], plan.form.fields[table]
    if was is not None and definition.append_only:
        return "append-only-row"
    if was is not None and column.field.set_once and was.get(name) is not None:
        return "set-once"
    if column.readonly_if is None:
        return None
    will_be = _in_row(work, after, row, before)
    if was is None and (name in made_of(definition) or _is_first(column, row.get(name), will_be)):
        return None
    is_closed = bool(column.readonly_if(will_be))
    if was is not None and not is_closed:
        is_closed = bool(column.readonly_if(_in_row(work, before, was, before)))
    return "readonly-now" if is_closed else None


def _in_row(
    work: Work, record: Mapping[str, Any], row: Mapping[str, Any], before: Mapping[str, Any]
) -> Environment:
    inside = environment(work, record, old=before).inside(record)
    inside.record = row
    return inside


def require(work: Work, form: str, action: str, record: Mapping[str, Any] | None = None) -> None:
    decision = work.rights.decide(work, form, action, record)
    if not decision.allowed:
        raise NotAllowed("not-allowed", action=action)


def left_open(form: Form, status: str | None) -> frozenset[str]:
    """Fields (`scan`) and columns (`lines.note`) that may be changed although the record was
    submitted or approved."""
    if status not in AFTER_SUBMIT:
        return frozenset()
    columns = (
        f"{name}.{column.name}"
        for name, f in form.fields.items()
        for column in f.fields.values()
        if column.editable_after_submit
    )
    return frozenset((*columns, *(n for n, f in form.fields.items() if f.editable_after_submit)))


def check_unlocked(
    form: Form,
    record: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    rights: FieldRights | None = None,
) -> None:
    """Raises Conflict for what stands fast. `values`: what is to be changed, as it was sent by
    somebody with these `rights`."""
    left = left_open(form, record["status"]) if values else frozenset()
    still_open = (
        rights is not None
        and bool(values)
        and all(
            name in left
            or _only_open_cells(form.fields.get(name), value, record.get(name), left, rights)
            for name, value in (values or {}).items()
        )
    )
    if record["status"] not in EDITABLE and not still_open:
        raise Conflict("record-locked-by-status", status=record["status"])
    state = form.states.get(record["state"] or "")
    amends = form.versions != "none" or (form.submit or {}).get("amend")
    working_copy = bool(amends) and record["status"] in WORKING
    if state is not None and state.locked and not working_copy:
        raise Conflict("record-locked-by-state", state=state.title)


def check_submittable(form: Form, record: Mapping[str, Any]) -> None:
    """Raises NotFound, Conflict where a record without a workflow is not submitted now."""
    if form.submit is None:
        raise NotFound("no-flow")
    if record["status"] not in ("draft", "returned"):
        raise Conflict("already-submitted", status=record["status"])


def check_cancellable(form: Form, record: Mapping[str, Any]) -> None:
    """Raises NotFound, Conflict where the record is none that is cancelled now."""
    if not (form.submit or {}).get("cancel"):
        raise NotFound("no-cancel")
    if record["status"] != "submitted":
        raise Conflict("not-submitted", status=record["status"])


def _only_open_cells(
    table: Field | None, rows: Any, before: Any, left: Collection[str], rights: FieldRights
) -> bool:
    """Whether the rows are those that are there, and nothing but cells left open changes."""
    if table is None or not isinstance(rows, list):
        return False
    shut = {name: c for name, c in table.fields.items() if f"{table.name}.{name}" not in left}
    known = before or ()
    if len(shut) == len(table.fields) or len(rows) != len(known):
        return False
    for row, was in zip(rows, known, strict=True):
        if not isinstance(row, Mapping) or row.get("id") != was["id"]:
            return False
        for name in shut.keys() & row.keys():
            path, column = f"{table.name}.{name}", shut[name]
            masked = path in rights.masked
            if path not in rights.visible:
                return False  # whether it is right or wrong
            if not is_as_read(column, was.get(name), row[name], masked=masked):
                return False
    return True


def without_closed_keys(
    plan: FormPlan,
    change: Change,
    rights: FieldRights,
    before: Mapping[str, Any] | None,
    source: Source,
    found: Found,
) -> Change:
    """The change without keys that are unknown or that this person may not write. Of a sheet they
    are told beside all else that is wrong with its row.

    Raises Malformed that names each to anybody else: he does not know what he writes to.
    """
    refused = _refused_keys(plan, change.values, rights, before)
    refused += _refused_reasons(plan.form, change.reasons, rights)
    if not refused:
        return change
    if source != "import":
        raise Malformed("not-writable-fields", fields=refused)
    found.closed += refused
    return change._replace(values=_without(change.values, {one.path for one in refused}))


def _refused_reasons(
    form: Form, reasons: Mapping[str, Any], rights: FieldRights
) -> Iterator[FieldRefusal]:
    """Reasons for values that nobody overrides with one."""
    for path in reasons:
        name, _, rest = path.partition(".")
        definition = form.fields.get(name)
        if rest and definition is not None:
            definition = definition.fields.get(rest.partition(".")[2])
        asks = definition is not None and definition.mode == "override_with_reason"
        if definition is None or not asks or definition.path not in rights.visible:
            yield FieldRefusal(f"{REASONS}.{path}"[:80], "reason-not-asked", {"name": path[:60]})


def _without(values: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    kept = {name: value for name, value in values.items() if name not in paths}
    for table in {path.partition(".")[0] for path in paths} & kept.keys():
        kept[table] = [
            {name: cell for name, cell in row.items() if f"{table}.{index}.{name}" not in paths}
            for index, row in enumerate(kept[table])
        ]
    return kept


def _refused_keys(
    plan: FormPlan,
    values: Mapping[str, Any],
    rights: FieldRights,
    before: Mapping[str, Any] | None,
) -> list[FieldRefusal]:
    """Unknown keys and keys this person may not write, each by name; a hidden field is simply
    unknown."""
    refused: list[FieldRefusal] = []
    for name, value in values.items():
        definition = plan.form.fields.get(name)
        if (definition is None and name != "org") or name not in rights.visible:
            code = "not-writable" if name in SYSTEM_FIELDS else "unknown-field"
            refused.append(FieldRefusal(name, code, {"name": name}))
        elif not is_writable(definition, name, rights):
            refused.append(FieldRefusal(name, "not-writable", {"name": name}))
        elif definition is not None and definition.type == "table" and isinstance(value, list):
            refused += _refused_columns(definition, value, rights, before)
    return refused


def is_writable(definition: Any, name: str, rights: FieldRights) -> bool:
    """Whether somebody with these rights writes the field, as far as that is always so."""
    if name not in rights.writable:
        return False
    if definition is None:
        return True
    computed = definition.compute is not None and definition.mode == "always"
    return not (definition.readonly or computed)


def _refused_columns(
    table: Any,
    rows: Sequence[Any],
    rights: FieldRights,
    before: Mapping[str, Any] | None,
) -> list[FieldRefusal]:
    """Columns that are not there, or that this person may not write. They may be sent back as they
    were read; of what is computed anyway also nothing."""
    refused: list[FieldRefusal] = []
    known = {row["id"]: row for row in (before or {}).get(table.name) or ()}
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            continue
        for name, value in row.items():
            path = f"{table.name}.{name}"
            column = table.fields.get(name)
            at = f"{table.name}.{index}.{name}"
            if name == "id" or (table.scorecard is not None and _names_item(name, row)):
                continue
            if name in made_of(table) and row.get("id") is None and path in rights.visible:
                continue  # it says which row this is
            if column is None or path not in rights.visible:
                refused.append(FieldRefusal(at, "unknown-field", {"name": name}))
            elif not is_writable(column, path, rights):
                was = known.get(row.get("id"), {}).get(name)
                as_read = is_as_read(column, was, value, masked=path in rights.masked)
                if not as_read and (value is not None or column.compute is None):
                    refused.append(FieldRefusal(at, "not-writable", {"name": name}))
    return refused


def made_of(table: Field) -> Collection[str]:
    """The columns by which the rows of a locked table are known, which it fills in itself."""
    generate = table.generate
    return generate.set if generate is not None and generate.locked else ()


def _names_item(name: str, row: Mapping[str, Any]) -> bool:
    """Whether a cell of a score sheet says which item its row is, where no id does; what is told at
    each reading is not looked at."""
    return name == SOURCE_CHANGED or (name == "item" and row.get("id") is None)


def check_org(
    work: Work, plan: FormPlan, record: Mapping[str, Any], source: Source, found: Found
) -> None:
    org = record.get("org")
    if org is None:
        if not any(r.path == "org" for r in found.refusals):
            found.add("org", "required")
        return
    if source in ("user", "import"):
        if org in work.catalogue.orgs and not work.catalogue.tree.exists(org, work.today):
            found.add("org", "org-closed")
            return
        allowed = _create_orgs(work, plan.form.name)
        if allowed is not None and org not in allowed:
            found.add("org", "org-out-of-reach")


def _create_orgs(work: Work, form: str) -> frozenset[str] | None:
    """Orgs for which the actor may create, looked for once in a transaction."""
    known = work.memo.setdefault(CREATE_ORGS, {})
    key = work.actor.id, form, work.catalogue.standing  # layers differ from org to org
    if key not in known:
        known[key] = work.rights.create_orgs(work, form)
    found: frozenset[str] | None = known[key]
    return found
