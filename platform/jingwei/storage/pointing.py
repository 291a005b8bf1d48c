"""Which living records link to one record: asked before it is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def pointing_at(
    connection: Connection, store: RecordStore, forms: Mapping[str, Form], form: str, id: int
) -> Iterator[tuple[Form, Field, int]]:
    """Each form whose records link to this one, by which field, and how many: details of it, which
    go where it goes, and the record itself are not counted."""
    for other in forms.values():
        for field in _links_to(other, form):
            stored = store.stored(other.name)
            held = stored.parts[field.table] if field.table else stored.own
            if field.name in held.columns:
                count = connection.execute(_count(stored.own, held, field, id)).scalar_one()
                if count:
                    yield other, field, int(count)


def details_at(
    connection: Connection,
    store: RecordStore,
    form: str,
    link: Field,
    id: int,
    removed_at: datetime | None,
) -> list[int]:
    """The records of a detail form that a record owns by this link: the living ones, or those
    removed at one moment."""
    own = store.stored(form).own
    at = own.columns["deleted_at"]
    then = at.is_(None) if removed_at is None else at == removed_at
    found: sa.Select[Any] = sa.select(own.columns["id"])
    found = found.where(_names(own.columns[link.name], link, id), then)
    return sorted(connection.execute(found).scalars())


def _links_to(other: Form, form: str) -> Iterator[Field]:
    for outer in other.fields.values():
        for field in (outer, *outer.fields.values()):
            leads = not field.to or any(to.partition(".")[0] == form for to in field.to)
            if field.type == "link" and leads and not field.owner:
                yield field


def _count(own: StoredTable, held: StoredTable, field: Field, id: int) -> sa.Select[Any]:
    column = held.columns[field.name]
    living = own.columns["deleted_at"].is_(None)
    found = sa.select(sa.literal(1)).where(_names(column, field, id), living)
    if held is own:
        found = found.where(own.columns["id"] != id)
    else:
        found = found.where(held.columns["record_id"] == own.columns["id"])
    return sa.select(sa.func.count()).select_from(found.limit(MOST).subquery())


def _names(column: sa.Column[object], field: Field, id: int) -> sa.ColumnElement[bool]:
    """Ids are never shared by two forms, so the id alone names the record."""
    if not field.many:
        return column == id
    text = sa.type_coerce(column, sa.Text())
    if stored_as(field).kept is Kept.POLY_LINK:
        return text.like(f'%"id":{id}}}%') | text.like(f'%"id":{id},%')
    return text.like(f"%{SEPARATOR}{id}{SEPARATOR}%")
