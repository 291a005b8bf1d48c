"""An import taken back: what it made is deleted, what it changed is as it was before; each row that
was changed since stays, and says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jingwei.refusals import Conflict, FieldRefusal, Refused
from jingwei.services import records, structure
from jingwei.services.bulk import attempt
from jingwei.services.commands import Reading, Work
from jingwei.services.exchange import CREATED, SAME, Written
from jingwei.services.import_batches import batch_of, kept_refusals, read_refusal
from jingwei.services.owners import details_of
from jingwei.services.plans import FormPlan, form_plan
from jingwei.services.records import BATCH
from jingwei.services.versions import computed_always, secrets_of
from jingwei.services.wanted import Change
from jingwei.storage import changes as log
from jingwei.storage import imports as rows
from jingwei.storage.imports import Part
from jingwei.storage.people import find_people
from jingwei.storage.pointing import details_at, may_point_at
from jingwei.storage.types import exact_json

MOST_AT_ONCE = 2_000  # records in one transaction, and while somebody waits


@dataclass(slots=True)
class Undone:
    """`kept`: (row of the sheet, id, why it stays)."""

    deleted: int = 0
    restored: int = 0
    kept: list[tuple[int, int, FieldRefusal]] = field(default_factory=list)


def undo(work: Work, form: str, batch: int) -> Undone:
    """Take back what a batch brought, as far as nobody changed it since. One that still runs, or
    stopped on its way, ends with it: its next part finds it over.

    Raises NotFound, and Conflict when it was undone before.
    """
    _undoable(work, form, batch)
    undone = Undone()
    written = [w for part in rows.parts(work.connection, batch).values() for w in _written(part)]
    parts = [written[start : start + BATCH] for start in range(0, len(written), BATCH)]
    linked = _linked(work, form, parts)
    for part in parts:
        _take_back(work, form, part, linked, undone)
        work.flush()
    _keep(work, batch, 0, undone)
    rows.set_state(work.connection, batch, "undone")
    return undone


def is_long(view: Reading, batch: int) -> bool:
    """Whether nobody should wait for it, or a worker has begun."""
    found = rows.find_batch(view.connection, batch)
    return found is not None and (found.good > MOST_AT_ONCE or found.state == "undoing")


def begin(work: Work, form: str, batch: int) -> None:
    """Nothing more is imported from now on, and `undo_part` takes back part by part. What was begun
    goes on. Raises as `undo` does."""
    _undoable(work, form, batch)
    rows.set_state(work.connection, batch, "undoing")


def undo_part(work: Work, form: str, batch: int) -> bool:
    """Take back the last part that is left, as who brought it. Whether there was one: after the
    last the import is over."""
    if rows.hold(work.connection, batch) != "undoing":
        return False
    first = rows.last_to_undo(work.connection, batch)
    part = None if first is None else rows.part(work.connection, batch, first)
    if first is None or part is None:
        rows.set_state(work.connection, batch, "undone")
        return False
    undone, written = Undone(), _written(part)
    _take_back(work, form, written, _linked(work, form, [written]), undone)
    _keep(work, batch, first, undone)
    return True


def undone_so_far(view: Reading, form: str, batch: int) -> Undone:
    """What came of taking an import back, as far as that is. Raises NotFound."""
    batch_of(view, form, batch)
    found = Undone()
    for part in rows.undone(view.connection, batch):
        found.deleted += part.ids[0]
        found.restored += part.ids[1]
        found.kept += [(row, id_, read_refusal(*said)) for row, id_, *said in part.refused]
    return found


def _undoable(work: Work, form: str, batch: int) -> None:
    batch_of(work, form, batch)
    state = rows.hold(work.connection, batch)
    if state == "undone":
        raise Conflict("import-undone")
    if state == "refused":
        raise Conflict("import-nothing")


def _written(part: Part) -> list[Written]:
    """What a part made or changed."""
    return [w for w in map(_read, part.ids) if w[3] != SAME]


def _keep(work: Work, batch: int, first: int, undone: Undone) -> None:
    kept = [
        (row, id_, *said)
        for row, id_, why in undone.kept
        for _, *said in kept_refusals([(row, why)])
    ]
    counts = [undone.deleted, undone.restored]
    rows.insert_undone(work.connection, batch, first, counts, kept)


def _read(one: Any) -> Written:
    """As it is kept now, or as the first edition kept it: the id alone."""
    return (0, one, 1, CREATED) if isinstance(one, int) else (one[0], one[1], one[2], one[3])


def _linked(work: Work, form: str, parts: Sequence[Sequence[Written]]) -> dict[int, FieldRefusal]:
    """Of what would go: the records to which others link that stay."""
    if not may_point_at(work.catalogue.forms, form):
        return {}
    going: dict[int, None] = {}
    for part in parts:
        made = [w for w in part if w[3] == CREATED]
        there = work.store.load(work.connection, form, [w[1] for w in made], lock="remove")
        fresh = [w[1] for w in made if _is_fresh(there.get(w[1]), w)]
        owning = _owning(work, form, fresh)
        going |= {id_: None for id_ in fresh if id_ not in owning}
    found: dict[int, FieldRefusal] = {}
    while True:  # what stays may link to others, which stay with it
        left = list(going)
        for start in range(0, len(left), BATCH):
            found |= _linked_among(work, form, left[start : start + BATCH], going)
        if going.keys().isdisjoint(found):
            return found
        for id_ in found:
            going.pop(id_, None)


def _linked_among(
    work: Work, form: str, ids: Sequence[int], going: Mapping[int, None]
) -> dict[int, FieldRefusal]:
    """Which of these are linked to by what stays: half by half, as few of many are."""
    why = structure.linked(work, form, ids, {form: going})
    if why is None:
        return {}
    if len(ids) == 1:
        return {ids[0]: why}
    half = len(ids) // 2
    return {
        **_linked_among(work, form, ids[:half], going),
        **_linked_among(work, form, ids[half:], going),
    }


def _is_fresh(record: Mapping[str, Any] | None, one: Written) -> bool:
    """Whether it is as it was brought."""
    return record is not None and record["deleted_at"] is None and record["revision"] == one[2]


def _take_back(
    work: Work,
    form: str,
    written: Sequence[Written],
    linked: Mapping[int, FieldRefusal],
    undone: Undone,
) -> None:
    there = work.store.load(work.connection, form, [w[1] for w in written], lock=True)
    plan = form_plan(work.store, work.catalogue, form)
    system = work.as_system()  # people undo what is their own doing, whether or not they may delete
    fresh: list[Written] = []
    people = find_people(work.connection, {r["updated_by"] for r in there.values()} - {None})
    for one in written:
        record = there.get(one[1])
        if record is None or record["deleted_at"] is not None:
            continue
        if record["revision"] != one[2]:
            by = record["updated_by"] or ""
            holes = {"now": record["revision"], "by": people[by].name if by in people else by}
            undone.kept.append((one[0], one[1], FieldRefusal("", "import-changed-since", holes)))
        else:
            fresh.append(one)
    held = {**linked, **_owning(work, form, [w[1] for w in fresh if w[3] == CREATED])}
    undone.kept += [(w[0], w[1], held[w[1]]) for w in fresh if w[1] in held]
    fresh = [w for w in fresh if w[1] not in held]
    before = _before(work, plan, [w for w in fresh if w[3] != CREATED], there)
    made = [w for w in fresh if w[3] == CREATED]
    if _deleted_together(work, form, made):
        undone.deleted += len(made)
        fresh = [w for w in fresh if w[3] != CREATED]
    for one in fresh:
        change = (
            Change("delete", one[1], {}, one[2])
            if one[3] == CREATED
            else Change("update", one[1], before[one[1]], one[2], restores=True)
        )
        try:
            attempt(work, partial(records.write_many, system, form, [change], source="system"))
        except Refused as refused:
            why = refused.fields or (FieldRefusal("", refused.code, dict(refused.holes)),)
            undone.kept += [(one[0], one[1], reason) for reason in why]
            continue
        undone.deleted += one[3] == CREATED
        undone.restored += one[3] != CREATED


def _owning(work: Work, form: str, made: Sequence[int]) -> dict[int, FieldRefusal]:
    """Of new records those under which somebody put details since: these would go with them."""
    found: dict[int, FieldRefusal] = {}
    together = set(made)
    for detail, link in details_of(work.catalogue, form):
        below = details_at(work.connection, work.store, detail.name, link, made, None)
        counts = Counter(owner for id_, owner in below.items() if id_ not in together)
        for id_, count in counts.items():
            holes = {"form": detail.title, "count": count}
            found.setdefault(id_, FieldRefusal("", "import-has-details", holes))
    return found


def _deleted_together(work: Work, form: str, made: Sequence[Written]) -> bool:
    """Whether all of them could go at once; where not, which of them stays is seen one by one."""
    changes = [Change("delete", w[1], {}, w[2]) for w in made]
    do = partial(records.write_many, work.as_system(), form, changes, source="system")
    try:
        attempt(work, do)
    except Refused:
        return False
    return True


def _before(
    work: Work, plan: FormPlan, written: Sequence[Written], there: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """The values that an import replaced, by record, as its history tells them."""
    bodies = rows.bodies(work.connection, {w[1]: w[2] for w in written}) if written else {}
    private = log.private_values(work.connection, [change for change, _ in bodies.values()])
    hidden: dict[int, dict[str, Any]] = {}
    for (change, path), pair in private.items():
        hidden.setdefault(change, {})[path] = pair
    return {
        identity: _values(plan, _shown(exact_json(body), hidden.get(change, {})), there[identity])
        for identity, (change, body) in bodies.items()
    }


def _shown(body: dict[str, Any], hidden: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the sensitive values that are kept beside it."""
    shown = {name: pair for name, pair in body.items() if not _is_salted(pair)}
    for path, pair in hidden.items():
        name, _, rest = path.partition(".")
        row, _, column = rest.partition(".")
        if column:
            shown.setdefault(name, {}).setdefault(row, {})[column] = pair
        else:
            shown[name] = pair
    return shown


def _is_salted(pair: Any) -> bool:
    return isinstance(pair, Mapping) and "sha256" in pair


def _values(plan: FormPlan, body: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    computed = computed_always(plan)
    values: dict[str, Any] = {}
    for name, pair in body.items():
        if name in plan.tables:
            secret = secrets_of(plan.form.fields[name])
            values[name] = _rows(pair, record.get(name) or (), secret)
        elif name in plan.secrets and pair[0] is not None:
            continue  # nobody knows what it was
        elif (name in plan.kept or name == "org") and name not in computed:
            values[name] = pair[0]
    return values


def _rows(
    body: Mapping[str, Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
    secret: Collection[str],
) -> list[Any]:
    """The rows as they were: new ones left out, changed ones turned back, removed ones again."""
    body = {
        row: {n: pair for n, pair in columns.items() if n not in secret or pair[0] is None}
        for row, columns in body.items()
    }
    kept: list[dict[str, Any]] = []
    there = {str(row["id"]) for row in now}
    for row in now:
        columns = body.get(str(row["id"]))
        if columns is None:
            kept.append({"id": row["id"]})
        elif not _is_new(columns, row):
            kept.append({"id": row["id"], **{name: pair[0] for name, pair in columns.items()}})
    for identity, columns in body.items():
        if identity not in there:
            kept.append({name: pair[0] for name, pair in columns.items()})
    return kept


def _is_new(columns: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a row came with the change: nothing of it was there before."""
    outside = [v for name, v in row.items() if name != "id" and name not in columns]
    return all(pair[0] is None for pair in columns.values()) and not any(
        value is not None for value in outside
    )
