"""A wanted change as a whole record that holds: parsed, filled in, computed and judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from jingwei.refusals import Conflict, Invalid, NotFound
from jingwei.services import (
    computing,
    dead_links,
    details,
    files,
    filling,
    generating,
    parsing,
    retired,
    scorecards,
    structure,
    uniqueness,
    validation,
)
from jingwei.services.commands import Work
from jingwei.services.form_paths import followed_fields, with_columns
from jingwei.services.found import Found, Values, told
from jingwei.services.given_back import without_given_back
from jingwei.services.overrides import Overrides, reason_of
from jingwei.services.plans import FormPlan
from jingwei.services.rights import FieldRights
from jingwei.services.validation import Occasion
from jingwei.services.wanted import EDITABLE, PEOPLES, Batch, Change, Prepared, Source
from jingwei.services.writable import (
    check_append_only,
    check_org,
    check_readonly,
    check_revision,
    check_rows,
    check_unlocked,
    require,
    without_closed_keys,
)


def prepare(
    work: Work,
    plan: FormPlan,
    change: Change,
    there: Mapping[int, dict[str, Any]],
    batch: Batch,
    read: Values | None = None,
) -> Prepared:
    """What will be written. `read`: the values of a new record, where they were read already.
    Raises Refused with everything that is wrong."""
    source = batch.source
    if change.kind == "create":
        return _prepare_create(work, plan, change, batch, read)
    before = there.get(change.id or 0)
    gone = before is not None and before["deleted_at"] is not None
    if before is None or (gone and change.kind != "restore"):
        raise NotFound("no-such-record")
    if not work.rights.may_read(work, plan.form.name, before).allowed:
        raise NotFound("no-such-record")
    if change.kind == "restore" and not gone:
        raise Conflict("not-deleted")
    check_revision(change, before, source)
    if change.kind == "update":
        return _prepare_update(work, plan, change, before, source)
    return _prepare_removal(work, plan, change, before, batch)


def _prepare_create(
    work: Work, plan: FormPlan, change: Change, batch: Batch, read: Values | None
) -> Prepared:
    form, source = plan.form, batch.source
    keys = tuple(change.values)
    found = Found()
    if source in ("user", "import") and keys not in batch.known:
        require(work, form.name, "create")
        rights = work.rights.create_fields(work, form.name)
        change = without_closed_keys(plan, change, rights, None, source, found)
        read = None if found.closed else read
        if not found.closed and not plan.tables.keys() & keys:  # rows have keys of their own
            batch.known.add(keys)
    record = _blank(work, plan, batch)
    values = parsing.parse(work, plan, change.values, found) if read is None else read
    record.update(values)
    if plan.is_plain:
        _take_own_org(work, record, change)
        check_org(work, plan, record, source, found)
    else:
        sent = {name: value for name, value in values.items() if name in change.values}
        _complete(work, plan, record, change, sent, source, found)
    names = None if read is None else batch.judged
    _judge(work, plan, record, None, found, change, None, batch.unique_later, names)
    return Prepared(change, 0, None, record, record, {}, tuple(found.warnings))


def _take_own_org(work: Work, record: dict[str, Any], change: Change) -> None:
    if record.get("org") is None and "org" not in change.values:
        record["org"] = work.actor.org or None


def _complete(
    work: Work,
    plan: FormPlan,
    record: dict[str, Any],
    change: Change,
    sent: Values,
    source: Source,
    found: Found,
) -> None:
    """Fill in, make and compute what a new record has besides what was sent, and judge what that
    allows."""
    given = change.values.keys()
    computing.fill_defaults(work, plan, record, given)
    _take_own_org(work, record, change)
    filling.fill(work, plan, record, None, given)
    details.take_org(work, plan.form, record, given, found)
    check_org(work, plan, record, source, found)
    by_people = source in PEOPLES
    generating.begin(work, plan, record, given, found, by_people=by_people)
    _give_row_ids(work, plan, record, None, found)
    overrides = Overrides(plan.form, None, given)
    _score(work, plan, record, change, source, overrides, found)
    computing.compute(work, plan, record, found, overrides)
    _check_reasons(change, overrides, source, found)
    if source in ("user", "import"):
        check_readonly(work, plan, None, record, sent.keys(), found)
        check_rows(work, plan, {}, record, sent, found)
    structure.judge(work, plan.form, record, None, found)
    retired.judge(work, plan, record, None, found)


def _blank(work: Work, plan: FormPlan, batch: Batch) -> dict[str, Any]:
    """A new record before anything is said of it."""
    if batch.blank is None:
        batch.blank = _empty(work, plan)
    record = dict(batch.blank)
    for table in plan.tables:
        record[table] = []
    return record


def _empty(work: Work, plan: FormPlan) -> dict[str, Any]:
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
    return record


def _prepare_update(
    work: Work, plan: FormPlan, change: Change, before: dict[str, Any], source: Source
) -> Prepared:
    form = plan.form
    found = Found(closed=list(change.refused))
    if source in ("user", "import"):
        if change.allowed is None:
            require(work, form.name, "update", before)
            rights = work.rights.fields(work, form.name, before)
            sent = without_given_back(work, form, change.values, rights, before)
            change = change._replace(values=sent)
            check_unlocked(form, before, change.values, rights)
        else:
            seen = work.rights.fields(work, form.name, before)
            opened = with_columns(form, tuple(change.allowed))
            closed = seen.masked - change.allowed
            opened -= closed | followed_fields(form)
            rights = FieldRights(seen.visible, opened, closed)
        change = without_closed_keys(plan, change, rights, before, source, found)
    values = parsing.parse(work, plan, change.values, found)
    scorecards.know_rows(plan, values, before)
    if source in PEOPLES:
        generating.know_rows(plan, values, before)
        if change.restores:
            generating.as_they_are(plan, values, before)
    after = {**before, **values}
    for table in plan.tables:
        after[table] = [dict(row) for row in after.get(table) or ()]
    gone = parsing.parse(work, plan, change.gone, Found()) if change.gone else {}
    _merge_rows(work, plan, before, after, values, gone, found)
    if source in PEOPLES:
        generating.judge(work, plan, before, after, values, found)
    filling.fill(work, plan, after, before, change.values.keys())
    details.take_org(work, form, after, change.values.keys(), found)
    if after["org"] != before["org"]:
        check_org(work, plan, after, source, found)
    overrides = Overrides(form, before, change.values.keys(), restores=change.restores)
    _score(work, plan, after, change, source, overrides, found)
    computing.compute(work, plan, after, found, overrides)
    _check_reasons(change, overrides, source, found)
    structure.judge(work, form, after, before, found)
    changed = _changed(plan, before, after)
    if source in ("user", "import"):
        will_be = before if change.restores else after
        check_readonly(work, plan, before, will_be, changed & values.keys(), found)
    if source in PEOPLES:
        check_rows(work, plan, before, after, values, found, restores=change.restores)
    retired.judge(work, plan, after, before, found)
    _judge(work, plan, after, before, found, change, changed)
    changed = _changed(plan, before, after)
    stamp(work, before, after)
    touched = {name: after[name] for name in changed if name not in plan.tables}
    touched |= {"updated_at": after["updated_at"], "updated_by": after["updated_by"]}
    tables = {name: after[name] for name in changed if name in plan.tables}
    return Prepared(change, before["id"], before, after, touched, tables, tuple(found.warnings))


def _score(
    work: Work,
    plan: FormPlan,
    record: dict[str, Any],
    change: Change,
    source: Source,
    overrides: Overrides,
    found: Found,
) -> None:
    """Score the sheets of the record; what they are of may be computed itself."""
    if not plan.scorecards:
        return
    first = replace(overrides, overridden=[])
    computing.compute(work, plan, record, Found(), first)
    stands = source in ("action", "system")
    how = {"stands": stands, "by_hand": source in ("user", "import")}
    scorecards.fill(work, plan, record, overrides, found, again=change.rescore, **how)
    for name in plan.scorecards:
        fresh = [row for row in record[name] if row.get("id") is None]
        ids = iter(work.store.next_ids(work.connection, len(fresh)) if fresh else ())
        for row in fresh:
            row["id"] = next(ids)


def _check_reasons(change: Change, overrides: Overrides, source: Source, found: Found) -> None:
    """Whoever overrides a computed value says why; of a version it was said then."""
    if source in ("user", "import") and not change.restores:
        for name in overrides.overridden:
            if reason_of(change.reasons, name) is None:
                found.add(name, "reason-needed")


def stamp(work: Work, before: Mapping[str, Any], after: dict[str, Any]) -> None:
    after["revision"] = before["revision"] + 1
    after["updated_at"] = work.now
    after["updated_by"] = None if work.actor.is_system else work.actor.login


def _prepare_removal(
    work: Work, plan: FormPlan, change: Change, before: dict[str, Any], batch: Batch
) -> Prepared:
    source = batch.source
    if source in ("user", "import"):
        require(work, plan.form.name, "delete", before)
        if change.kind == "delete":
            check_unlocked(plan.form, before)
    if source == "user" and change.kind == "delete":
        alone = {plan.form.name: (before["id"],)}
        structure.require_unlinked(work, plan.form, [before["id"]], alone)
    after = dict(before)
    stamp(work, before, after)
    after["deleted_at"] = work.now if change.kind == "delete" else None
    if change.kind == "restore":
        found = Found()
        structure.judge(work, plan.form, after, before, found)
        dead_links.judge(work, plan, before, batch.gone, found)
        if not batch.unique_later:
            uniqueness.judge_unique_rules(work, plan, after, found)
            uniqueness.judge_unique_fields(work, plan, after, found, None)
            found.refusals = uniqueness.meanwhile(found.refusals)
        if found.refusals:
            raise Invalid("invalid", fields=told(work, plan.form, before, found.refusals))
    names = ("deleted_at", "updated_at", "updated_by")
    return Prepared(change, before["id"], before, after, {n: after[n] for n in names}, {})


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
        sent: dict[int, int] = {}
        for index, row in enumerate(rows):
            if row.get("id") is None:
                row["id"] = next(ids)
            elif row["id"] in sent:
                found.add(f"{table}.{index}.id", "row-twice", row=sent[row["id"]] + 1)
            elif row["id"] not in known:
                found.add(f"{table}.{index}.id", "unknown-row")
            sent.setdefault(row["id"], index)
            for column in plan.tables[table]:
                row.setdefault(column, None)


def _merge_rows(
    work: Work,
    plan: FormPlan,
    before: Mapping[str, Any],
    after: dict[str, Any],
    values: Mapping[str, Any],
    gone: Mapping[str, Any],
    found: Found,
) -> None:
    """Rows that were sent by id keep the columns that were not sent. `gone`: see Change."""
    for table in plan.tables:
        if table not in values:
            continue
        there = [row["id"] for row in before.get(table) or ()]
        known = {row["id"]: row for row in (*gone.get(table, ()), *(before.get(table) or ()))}
        after[table] = [
            {**known.get(row.get("id"), {}), **row} if row.get("id") in known else dict(row)
            for row in values[table]
        ]
        definition = plan.form.fields[table]
        if definition.append_only:
            check_append_only(table, there, [row.get("id") for row in after[table]], found)
        for row in after[table]:
            computing.fill_row_defaults(work, plan, table, row, after)
    if before.get("status") in EDITABLE:
        generating.refresh(work, plan, after, found)
    known_rows = {t: (*(before.get(t) or ()), *gone.get(t, ())) for t in plan.tables}
    _give_row_ids(work, plan, after, known_rows, found)


def _judge(
    work: Work,
    plan: FormPlan,
    record: dict[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
    change: Change,
    changed: Collection[str] | None,
    unique_later: bool = False,
    names: Sequence[str] | None = None,
) -> None:
    if plan.is_plain and names is not None and not (names or change.require or found.is_wrong):
        return  # its values were judged with those of others
    drafts = record.get("status") in ("draft", "returned", "recalled")
    drafts = drafts and not change.require
    occasion = _occasion(change.require, drafts, unique_later)
    judged = validation.judge(work, plan, record, before, occasion, changed, names)
    if not unique_later:
        uniqueness.judge_unique_fields(work, plan, record, judged, changed)
    elif found.is_wrong or judged.refusals:  # it will not be among those looked at later
        uniqueness.judge_unique_rules(work, plan, record, judged)
        uniqueness.judge_unique_fields(work, plan, record, judged, changed)
    files.judge(work, plan.form, record, before, judged)
    found.judged(judged)
    if found.is_wrong:
        wrong = told(work, plan.form, before, found.refusals)
        raise Invalid("invalid", fields=[*found.closed, *wrong])
    found.warnings = told(work, plan.form, before, found.warnings)


@lru_cache(maxsize=256)
def _occasion(require: frozenset[str], drafts: bool, unique_later: bool) -> Occasion:
    return Occasion(require=require, drafts=drafts, unique_later=unique_later)


def _changed(plan: FormPlan, before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    names = (*plan.kept, *plan.tables, "org")
    return {name for name in names if before.get(name) != after.get(name)}
