"""The one write path: every create, update, delete and restore of a record, whoever asks for it.

A screen, the API, an import, a flow and an effect all come through `write_many`. It parses, fills
defaults, computes, judges, writes, and leaves one change row and one outbox row a record. It knows
no flow: it tells of what changed, and listeners may refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jingwei.garbage import collecting_later
from jingwei.language.form import Form
from jingwei.refusals import FieldRefusal, Invalid, NotFound, Refused, Stale
from jingwei.services import (
    dead_links,
    details,
    files,
    of_orgs,
    org_rights,
    owners,
    uniqueness,
)
from jingwei.services.change_rows import bodies_of_new, body_of, by_row, change_row
from jingwei.services.columns import read_together
from jingwei.services.commands import Work
from jingwei.services.events import Changed, Together
from jingwei.services.numbers import next_number
from jingwei.services.overrides import reason_of
from jingwei.services.plans import FormPlan, form_plan
from jingwei.services.preparing import prepare, stamp
from jingwei.services.readiness import check_submission
from jingwei.services.wanted import REASONS, Batch, Change, Kind, Prepared, Source
from jingwei.services.writable import check_cancellable, check_submittable, require
from jingwei.storage.records import Lock, RowChange

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """What is there now."""

    id: int
    record: Mapping[str, Any]
    warnings: tuple[FieldRefusal, ...] = ()


def write_many(
    work: Work, form: str, changes: Sequence[Change], *, source: Source = "user"
) -> list[Written]:
    """Make all changes true, or none; of a person's that change nothing, nothing is kept. Raises
    Refused with every problem of the first bad change."""
    written: list[Written] = []
    most = _most_at_once(work, form)
    for start in range(0, len(changes), most):
        batch = changes[start : start + most]
        for _, one in _write_indexed(work, form, batch, source, skip_same=source == "user"):
            there = one.before if one.is_same and source == "user" else None
            written.append(Written(one.id, there or one.after, one.warnings))
        if len(changes) > BATCH:
            work.flush()
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
    most = _most_at_once(work, form)
    for start in range(0, len(rows), most):
        batch = [Change("create", values=values) for values in rows[start : start + most]]
        later = None if refuse is None else partial(_refuse_at, refuse, start)
        with collecting_later():
            ids += [one.id for one in _write_batch(work, form, batch, source, later)]
        if len(rows) > BATCH:
            work.flush()
    return ids


def update_many(
    work: Work,
    form: str,
    changes: Sequence[Change],
    *,
    source: Source = "user",
    refuse: Refuse | None = None,
) -> list[Updated]:
    """The same for changes of records that are there; each of another record. What is as it should
    be already is not written."""
    done: list[Updated] = []
    plan = form_plan(work.store, work.catalogue, form)
    most = _most_at_once(work, form)
    for start in range(0, len(changes), most):
        batch = changes[start : start + most]
        with collecting_later():
            for first, part in _apart(plan, batch):
                later = None if refuse is None else partial(_refuse_at, refuse, start + first)
                for index, one in _write_indexed(work, form, part, source, later, skip_same=True):
                    now = one.before if one.is_same else one.after
                    revision = (now or {})["revision"]
                    done.append(Updated(start + first + index, one.id, revision, not one.is_same))
        if len(changes) > BATCH:
            work.flush()
    return done


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of the change at `index`."""

    index: int
    id: int
    revision: int
    is_changed: bool


def _apart(plan: FormPlan, batch: Sequence[Change]) -> Iterator[tuple[int, Sequence[Change]]]:
    """Changes that may be written together: one that gives a unique value to a record is judged
    when those before it are written."""
    unique = {*plan.unique, *(n for one in plan.rules for n in one.rule.unique or ())}
    first = 0
    for index, change in enumerate(batch):
        if unique & change.values.keys():
            if first < index:
                yield first, batch[first:index]
            yield index, batch[index : index + 1]
            first = index + 1
    if first < len(batch):
        yield first, batch[first:]


def _refuse_at(refuse: Refuse, start: int, index: int, refused: Refused) -> None:
    refuse(start + index, refused)


def _write_batch(
    work: Work, form: str, batch: Sequence[Change], source: Source, refuse: Refuse | None = None
) -> list[Prepared]:
    return [one for _, one in _write_indexed(work, form, batch, source, refuse)]


def _write_indexed(
    work: Work,
    form: str,
    batch: Sequence[Change],
    source: Source,
    refuse: Refuse | None = None,
    *,
    skip_same: bool = False,
) -> list[tuple[int, Prepared]]:
    """What was written, by its place in the batch; with `skip_same` what changes nothing is among
    it and is not written."""
    _form(work, form)
    ids = [c.id for c in batch if c.id is not None]
    removes = any(c.kind == "delete" for c in batch)
    lock: Lock | bool = "remove" if removes else True
    there = work.store.load(work.connection, form, ids, lock=lock) if ids else {}
    if any(c.kind == "restore" for c in batch):  # what comes back is linked to its owner again
        owners.look_ahead(work, form, there.values(), lock="link")
    elif not work.actor.is_system:
        owners.look_ahead(work, form, [*there.values(), *(c.values for c in batch)])
    if not org_rights.is_layered(work, form):
        return _write_alike(work, form, batch, there, source, refuse, skip_same)
    written: list[tuple[int, Prepared]] = []
    for own, places in of_orgs.by_org(work, form, batch, there):
        part = [batch[place] for place in places]
        later = None if refuse is None else partial(_refuse_at_place, refuse, places)
        found = _write_alike(own, form, part, there, source, later, skip_same)
        written += [(places[index], one) for index, one in found]
    return sorted(written, key=lambda pair: pair[0])


def _refuse_at_place(refuse: Refuse, places: Sequence[int], index: int, refused: Refused) -> None:
    refuse(places[index], refused)


def _write_alike(
    work: Work,
    form: str,
    batch: Sequence[Change],
    there: Mapping[int, dict[str, Any]],
    source: Source,
    refuse: Refuse | None,
    skip_same: bool,
    *,
    settled: bool = False,
) -> list[tuple[int, Prepared]]:
    """The same for records of orgs that have the form alike. `settled`: whatever their org is."""
    definition = _form(work, form)
    plan = form_plan(work.store, work.catalogue, form)
    ids = [c.id for c in batch if c.id is not None]
    restores = all(change.kind == "restore" for change in batch)
    together = Batch(source, len(batch) > 1 and (restores or not ids))
    if restores:
        together.gone = dead_links.deleted_targets(work, plan, there.values())
    prepared: list[tuple[int, Prepared]] = []
    elsewhere: list[tuple[Work, int, Change]] = []
    read = read_together(work, plan, batch, together)
    for index, change in enumerate(batch):
        try:
            one = prepare(work, plan, change, there, together, read[index])
            own = work.of(one.after.get("org"))
            if own is work or settled:
                prepared.append((index, one))
            else:  # filling in led to another org, which has the form otherwise
                elsewhere.append((own, index, change))
        except Refused as refused:
            if refuse is None:
                raise
            refuse(index, refused)
    if together.unique_later:
        prepared = _without_taken(work, plan, prepared, refuse)
    found = [one for _, one in prepared if not (skip_same and one.is_same)]
    _give_ids(work, plan, found)
    _store(work, definition, found)
    for one, written in zip(found, bodies_of_new(plan, found), strict=True):
        _log(work, plan, one, source, written)
    details.follow(work, form, found, source, update_many, set_many)
    all_of_them = Together([one.id for one in found])
    for one in found:
        kind = _event(one.change.kind)
        work.tell(Changed(kind, form, one.id, one.before, one.after, source, all_of_them))
    for own, index, change in elsewhere:
        later = None if refuse is None else partial(_refuse_at_place, refuse, [index])
        found_there = _write_alike(
            own, form, [change], there, source, later, skip_same, settled=True
        )
        prepared += [(index, one) for _, one in found_there]
    return prepared


def _without_taken(
    work: Work,
    plan: FormPlan,
    prepared: list[tuple[int, Prepared]],
    refuse: Refuse | None,
) -> list[tuple[int, Prepared]]:
    """Those of a batch whose unique values nobody has, in the database or earlier in the batch."""
    taken = uniqueness.taken_among(work, plan, [one.after for _, one in prepared])
    kept = []
    for place, (index, one) in enumerate(prepared):
        refusals = taken.get(place)
        if refusals is not None and one.before is not None:
            refusals = uniqueness.meanwhile(refusals)
        if refusals is None:
            kept.append((index, one))
        elif refuse is None:
            raise Invalid("invalid", fields=refusals)
        else:
            refuse(index, Invalid("invalid", fields=refusals))
    return kept


def _give_ids(work: Work, plan: FormPlan, prepared: Sequence[Prepared]) -> None:
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
    gone: Mapping[str, Sequence[Mapping[str, Any]]] = {},
    rescore: frozenset[str] = frozenset(),
    restores: bool = False,
) -> Written:
    plain, reasons = _without_reasons(values)
    change = Change(
        "update",
        id,
        plain,
        expected_revision,
        allowed,
        require,
        reasons,
        gone,
        (),
        rescore,
        restores,
    )
    return write_many(work, form, [change], source=source)[0]


def delete(
    work: Work, form: str, id: int, *, expected_revision: int | None, source: Source = "user"
) -> Written:
    """Soft: the record leaves every list and can be restored."""
    return write_many(work, form, [Change("delete", id, {}, expected_revision)], source=source)[0]


def restore(
    work: Work,
    form: str,
    id: int,
    *,
    expected_revision: int | None = None,
    source: Source = "user",
) -> Written:
    return write_many(work, form, [Change("restore", id, {}, expected_revision)], source=source)[0]


Refuse = Callable[[int, Refused], None]


def _most_at_once(work: Work, form: str) -> int:
    """Changes written together: of a form of a shape each is judged beside those before it."""
    definition = _form(work, form)
    return BATCH if definition.tree is None and definition.single is None else 1


def _form(work: Work, form: str) -> Form:
    definition = work.catalogue.forms.get(form)
    if definition is None:
        raise NotFound("no-such-form")
    return definition


def _event(kind: Kind) -> str:
    return f"record.{kind}d"


def _store(work: Work, form: Form, prepared: Sequence[Prepared]) -> None:
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
        if one.change.kind in ("create", "update"):
            files.own(work, form, one.after)


def _log(work: Work, plan: FormPlan, one: Prepared, source: Source, written: str) -> None:
    body, private = ({}, {}) if written else body_of(plan, one.before, one.after)
    if one.change.reasons:
        given = one.change.reasons
        said = {name: why for name in given if (why := reason_of(given, name))}
        body[REASONS] = {by_row(one.after, name): why for name, why in said.items()}
    kind = _event(one.change.kind)
    change_row(work, plan.form.name, one.after, kind.partition(".")[2], body, private, written)
    work.outbox.add(kind, {"form": plan.form.name, "id": one.id, "source": source})


def set_system(
    work: Work,
    form: str,
    id: int,
    *,
    action: str = "updated",
    held: Mapping[str, Any] | None = None,
    **values: Any,
) -> Mapping[str, Any]:
    """Set system fields (`status`, `state`, `number`, `owner`): for flows and effects only.
    `held`: the record as it is now, where this transaction has it locked already."""
    before = locked(work, form, id) if held is None else held
    return _set_alike(work, form, [before], action, values)[0]


def set_many(work: Work, form: str, ids: Sequence[int], **values: Any) -> None:
    """The same for many records, of which each is there."""
    for start in range(0, len(ids), BATCH):
        found = work.store.load(work.connection, form, ids[start : start + BATCH], lock=True)
        _set_alike(work, form, [*found.values()], "updated", values)
        if len(ids) > BATCH:
            work.flush()


def _set_alike(
    work: Work,
    form: str,
    found: Sequence[Mapping[str, Any]],
    action: str,
    values: Mapping[str, Any],
) -> list[Mapping[str, Any]]:
    """The records with these values, in order; those that have them already are not written."""
    done: list[Mapping[str, Any]] = []
    moved: list[tuple[Mapping[str, Any], dict[str, Any], dict[str, Any]]] = []
    for before in found:
        changed = {name: value for name, value in values.items() if before.get(name) != value}
        after = {**before, **changed}
        done.append(after if changed else before)
        if changed:
            stamp(work, before, after)
            moved.append((before, after, changed))
    stamps = ("updated_at", "updated_by")
    rows = [
        RowChange(after["id"], None, {**changed, **{n: after[n] for n in stamps}})
        for _, after, changed in moved
    ]
    work.store.update(work.connection, form, rows)
    for before, after, changed in moved:
        own = work.of(before["org"])
        body = {name: [before.get(name), value] for name, value in changed.items()}
        change_row(own, form, after, action, body)
        own.outbox.add("record.updated", {"form": form, "id": after["id"], "source": "system"})
        own.tell(Changed("record.updated", form, after["id"], before, after, "system"))
    return done


def locked(work: Work, form: str, id: int) -> dict[str, Any]:
    """The record as it is now, kept still until this transaction ends. Raises NotFound."""
    _form(work, form)
    record = work.store.load(work.connection, form, [id], lock=True).get(id)
    if record is None or record["deleted_at"] is not None:
        raise NotFound("no-such-record")
    return record


def submit_without_flow(work: Work, form: str, id: int) -> Mapping[str, Any]:
    """Submit a form that has `submit:` and no workflow. Raises NotFound `no-flow` with neither."""
    definition = _form(work, form)
    if definition.submit is None:
        raise NotFound("no-flow")
    record = readable(work, form, id)
    work = work.of(record["org"])
    definition = _form(work, form)
    require(work, form, "submit", record)
    check_submittable(definition, record)
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
    require(work, form, "cancel", record)
    check_cancellable(definition, record)
    return set_system(work, form, id, action="cancelled", status="cancelled")


def readable(work: Work, form: str, id: int) -> dict[str, Any]:
    """The record, locked, if the actor may open it. Raises NotFound, alike for both reasons."""
    record = locked(work, form, id)
    if not work.rights.may_read(work, form, record).allowed:
        raise NotFound("no-such-record")
    return record
