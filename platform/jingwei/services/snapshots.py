"""Versions of a record as its reader may see them, and what differs between two of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.refusals import NotFound
from jingwei.services import presenting, record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.services.earlier_names import todays_body
from jingwei.services.form_paths import secret_fields
from jingwei.services.records import Written
from jingwei.services.rights import FieldRights
from jingwei.services.versions import body_of, gone_rows
from jingwei.storage.people import logins_of
from jingwei.storage.types import exact_json, json_text
from jingwei.storage.versions import VersionRow, versions_of

# They differ at every writing, and are told of each version beside its values.
_OF_WRITING = frozenset({"revision", "updated_at"})
_INSTANTS = frozenset(name for name in SYSTEM_FIELDS if name.endswith("_at"))
CURRENT = "current"  # the record as it is now, among its versions


def versions(view: Reading, form: str, record: int) -> list[dict[str, Any]]:
    """Oldest first: `{number, label, revision, at, by, record}`. Raises NotFound."""
    return _told(view, form, record, versions_of(view.connection, record))


def version(view: Reading, form: str, record: int, number: int) -> dict[str, Any]:
    """One of them. Raises NotFound."""
    rows = [row for row in versions_of(view.connection, record) if row.number == number]
    told = _told(view, form, record, rows)
    if not told:
        raise NotFound("no-such-version", number=number)
    return told[0]


def _told(
    view: Reading, form: str, record: int, rows: Sequence[VersionRow]
) -> list[dict[str, Any]]:
    shown = record_views.readable(view, form, record)
    visible = shown.rights.visible - shown.rights.masked
    logins = logins_of(view.connection, {row.by for row in rows if row.by is not None})
    return [
        {
            "number": row.number,
            "label": row.label,
            "revision": row.revision,
            "at": presenting.instant(row.at),
            "by": logins.get(row.by or 0),
            "record": _written(_visible(shown.form, todays_body(view, form, row), visible)),
        }
        for row in rows
    ]


def diff(
    view: Reading, form: str, record: int, one: int, other: int | None = None
) -> dict[str, Any]:
    """What differs between two versions, or between one and the record as it is now (`other`
    None), in the order of the form.

    `changes`: `{field: [then, later]}`; of tables `{row id: {column: [then, later]}}`. `rows`, of
    tables that differ: `{row id: [place then, later]}` (from 1; null: it was not there), for
    rows that were changed, added, taken away or moved. Raises NotFound."""
    shown = record_views.readable(view, form, record)
    secret = secret_fields(shown.form) & shown.rights.visible
    visible = shown.rights.visible - shown.rights.masked | secret
    known: dict[int, VersionRow] = {r.number: r for r in versions_of(view.connection, record)}
    for number in (one, other):
        if number is not None and number not in known:
            raise NotFound("no-such-version", number=number)
    today = body_of(view, form, shown.raw) if other is None else {}
    bodies = (
        exact_json(json_text(today)) if n is None else todays_body(view, form, known[n])
        for n in (one, other)
    )
    old, new = (_visible(shown.form, body, visible) for body in bodies)
    changes: dict[str, Any] = {}
    places: dict[str, Any] = {}
    places_of = {name: place for place, name in enumerate(shown.form.fields)}
    for name in sorted({**old, **new}, key=lambda name: places_of.get(name, -1)):
        if name in shown.form.tables:
            was, now = old.get(name) or (), new.get(name) or ()
            rows = _rows(was, now)
            _cover(rows, name, secret)
            moved = _moved([row["id"] for row in was], [row["id"] for row in now])
            if rows:
                changes[name] = rows
            if rows or moved:
                places[name] = _places(was, now, {*rows, *map(str, moved)})
        elif name not in _OF_WRITING and old.get(name) != new.get(name):
            pair = [old.get(name), new.get(name)]
            changes[name] = _covered(pair) if name in secret else pair
    return {
        "from": one,
        "to": CURRENT if other is None else other,
        "changes": changes,
        "rows": places,
    }


def _covered(pair: list[Any]) -> list[Any]:
    """Of a secret: whether there was one, then and later."""
    return [None if value is None else presenting.MASK for value in pair]


def _cover(rows: dict[str, Any], table: str, secret: Collection[str]) -> None:
    for columns in rows.values():
        for name, pair in columns.items():
            if f"{table}.{name}" in secret:
                columns[name] = _covered(pair)


def restore(
    work: Work, form: str, record: int, number: int, *, expected_revision: int | None
) -> Written:
    """Write an earlier version's values again, through the write path: what the actor may not
    write, and what is computed, stays as it is; where that is a field that may be typed otherwise,
    it is a warning. Raises NotFound, and what any update raises."""
    found = records.readable(work, form, record)
    known = {row.number: row for row in versions_of(work.connection, record)}
    if number not in known:
        raise NotFound("no-such-version", number=number)
    work = work.of(found["org"])
    rights = work.rights.fields(work, form, found)
    definition = work.catalogue.forms[form]
    then = todays_body(work, form, known[number])
    values = {
        name: _writable_rows(field, then[name], rights) if field.type == "table" else then[name]
        for name, field in definition.fields.items()
        if name in then and name in rights.writable and _may_be_written(field)
    }
    gone = gone_rows(definition, then, found)
    return records.update(
        work, form, record, values, expected_revision=expected_revision, gone=gone, restores=True
    )


def _may_be_written(field: Field) -> bool:
    """Whether a version gives it back; secrets belong to none."""
    computed = field.compute is not None and field.mode == "always"
    return not (computed or field.readonly or field.type == "secret")


def _writable_rows(
    table: Field, rows: Sequence[Mapping[str, Any]], rights: FieldRights
) -> list[dict[str, Any]]:
    """The rows as they were, as far as the actor may write them. One that was removed since comes
    back whole, by the side of this."""
    names = [
        name
        for name, column in table.fields.items()
        if column.path in rights.writable and _may_be_written(column)
    ]
    return [{"id": row["id"], **{n: row[n] for n in names if n in row}} for row in rows or ()]


def _visible(form: Form, body: Mapping[str, Any], visible: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in form.tables and name in visible:
            found[name] = [
                {c: v for c, v in row.items() if c == "id" or f"{name}.{c}" in visible}
                for row in value or ()
            ]
        elif (name in form.fields or name in SYSTEM_FIELDS) and name in visible:
            found[name] = value
    return found


def _written(body: dict[str, Any]) -> dict[str, Any]:
    """Points in time as the record writes them."""
    for name in _INSTANTS & body.keys():
        if body[name] is not None:
            body[name] = presenting.instant(datetime.fromisoformat(body[name]))
    return body


def _places(was: Any, now: Any, wanted: Collection[str]) -> dict[str, list[int | None]]:
    """Where rows stood and stand, in the order of today, then those that are gone."""
    before = {str(row["id"]): place for place, row in enumerate(was, 1)}
    after = {str(row["id"]): place for place, row in enumerate(now, 1)}
    return {id_: [before.get(id_), after.get(id_)] for id_ in {**after, **before} if id_ in wanted}


def _moved(was: Sequence[Any], now: Sequence[Any]) -> set[Any]:
    """As few rows as possible that stand elsewhere among those of both: the others kept their
    order."""
    before = {id_: place for place, id_ in enumerate(was)}
    common = [id_ for id_ in now if id_ in before]
    ends: list[int] = []  # of the shortest end of a kept order of each length
    chain: list[tuple[int, Any]] = []
    for id_ in common:
        length = bisect_left(ends, before[id_])
        ends[length : length + 1] = [before[id_]]
        chain.append((length, id_))
    kept, wanted, last = set(), len(ends) - 1, len(was)
    for length, id_ in reversed(chain):
        if length == wanted and before[id_] < last:
            kept.add(id_)
            wanted, last = wanted - 1, before[id_]
    return set(common) - kept


def _rows(old: Any, new: Any) -> dict[str, Any]:
    was = {row.get("id"): row for row in old}
    now = {row.get("id"): row for row in new}
    changes: dict[str, Any] = {}
    for identity in {**was, **now}:
        before, after = was.get(identity, {}), now.get(identity, {})
        differing = {
            name: [before.get(name), after.get(name)]
            for name in {**before, **after}
            if name != "id" and before.get(name) != after.get(name)
        }
        if differing or not before or not after:
            changes[str(identity)] = differing
    return changes
