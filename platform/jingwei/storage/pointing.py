"""Which living records link to others: asked before those are deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jingwei.language.field_types.base import Kept
from jingwei.language.field_types.table import stored_as
from jingwei.language.form import Field, Form
from jingwei.storage.database import Connection
from jingwei.storage.records import RecordStore
from jingwei.storage.tables import StoredTable
from jingwei.storage.types import SEPARATOR

MOST = 1_000  # counted no further
_TOGETHER = 500  # ids that are asked about in one statement
_TEXTS_TOGETHER = 100  # of links of many: each is looked for in a text of its own


def pointing_at(
    connection: Connection,
    store: RecordStore,
    forms: Mapping[str, Form],
    form: str,
    ids: Sequence[int],
    going: Mapping[str, Collection[int]],
) -> Iterator[tuple[Form, Field, int]]:
    """Each form whose records link to these, by which field, and how many of them: details, which
    go where their owner goes, and the records that are `going` with them are not counted."""
    for other in forms.values():
        for field in _links_to(other, form):
            stored = store.stored(other.name)
            held = stored.parts[field.table] if field.table else stored.own
            if field.name in held.columns:
                gone = going.get(other.name, ())
                count = _count(connection, stored.own, held, field, ids, gone)
                if count:
                    yield other, field, count


def may_point_at(forms: Mapping[str, Form], form: str) -> bool:
    """Whether any form has links to the records of this one."""
    return any(True for other in forms.values() for _ in _links_to(other, form))


def details_at(
    connection: Connection,
    store: RecordStore,
    form: str,
    link: Field,
    ids: Sequence[int],
    removed_at: datetime | None,
    most: int | None = None,
) -> dict[int, int]:
    """The records of a detail form that others own by this link, each with its owner: the living
    ones, or those removed at one moment; no more than `most` are looked for."""
    own = store.stored(form).own
    at: sa.Column[Any] = own.columns["deleted_at"]
    column: sa.Column[Any] = own.columns[link.name]
    then = at.is_(None) if removed_at is None else at == removed_at
    wanted = sa.select(own.columns["id"], column).where(then)
    found: dict[int, int] = {}
    for some in _parts(ids, _TOGETHER):
        if most is not None and len(found) >= most:
            break
        rows = connection.execute(wanted.where(column.in_(some)).limit(most))
        found.update((id_, owner) for id_, owner in rows)
    return dict(sorted(found.items()))


def _links_to(other: Form, form: str) -> Iterator[Field]:
    for outer in other.fields.values():
        for field in (outer, *outer.fields.values()):
            leads = not field.to or any(to.partition(".")[0] == form for to in field.to)
            if field.type == "link" and leads and not field.owner:
                yield field


def _count(
    connection: Connection,
    own: StoredTable,
    held: StoredTable,
    field: Field,
    ids: Sequence[int],
    going: Collection[int],
) -> int:
    column: sa.Column[Any] = held.columns[field.name]
    identity: sa.Column[Any] = own.columns["id"]
    living = sa.select(identity).where(own.columns["deleted_at"].is_(None)).distinct()
    if held is not own:
        living = living.where(held.columns["record_id"] == identity)
    found: set[int] = set()
    for some in _parts(ids, _TEXTS_TOGETHER if field.many else _TOGETHER):
        asked = living.where(_names(column, field, some)).limit(MOST + len(going))
        found.update(connection.execute(asked).scalars())
        found.difference_update(going)
        if len(found) >= MOST:
            return MOST
    return len(found)


def _parts(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _names(column: sa.Column[Any], field: Field, ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """Ids are never shared by two forms, so the id alone names the record."""
    if not field.many:
        return column.in_(ids)
    text = sa.type_coerce(column, sa.Text())
    if stored_as(field).kept is Kept.POLY_LINK:
        return sa.or_(*(text.like(f'%"id":{i}{end}%') for i in ids for end in "},"))
    return sa.or_(*(text.like(f"%{SEPARATOR}{i}{SEPARATOR}%") for i in ids))
