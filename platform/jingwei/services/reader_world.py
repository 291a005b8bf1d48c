"""The world of one reader: records without what he may not see, links and rows as far as he may
read them. What an author writes and somebody reads is filled in from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.expressions.environment import Values
from jingwei.language.expressions.tree import Expression
from jingwei.services.commands import Reading
from jingwei.services.opened import Looked
from jingwei.services.people import Person
from jingwei.services.whole import Whole
from jingwei.services.world import StoredWorld
from jingwei.storage.query import RowScope

Record = Mapping[str, Any]


def as_reader(view: Reading, person: Person) -> Reading:
    """The same moment, looked at by this person; not longer, for a command may go on to write."""
    return Reading(
        view.connection,
        view.installation,
        person,
        view.now,
        view.today,
        view.rights,
        view.people,
        view.clock,
        view.listeners,
        view.beyond,
        looked=Looked(person.id, view.today),
    )


def visible(reader: Reading, form: str, record: Record) -> dict[str, Any]:
    """The record without what the reader may not see; of one that may not be read, its id."""
    if reader.actor.is_system:
        return record if isinstance(record, Whole) else dict(record)
    if not reader.rights.may_read(reader, form, record).allowed:
        return {"id": record["id"]}
    rights = reader.rights.fields(reader, form, record)
    open_ = rights.visible - rights.masked
    tables = reader.catalogue.forms[form].tables
    found: dict[str, Any] = {}
    for name, value in record.items():
        if name in tables and name in open_:
            found[name] = [
                {c: v for c, v in row.items() if c == "id" or f"{name}.{c}" in open_}
                for row in value or ()
            ]
        elif name in open_ or name == "id":
            found[name] = value
    return record.with_only(found, open_) if isinstance(record, Whole) else found


class ReaderWorld(StoredWorld):
    """The world beyond the record, cut to what the reader may see of it. `known`: records that
    were read already, and those that are read here."""

    def __init__(
        self,
        reader: Reading,
        locale: str = "zh",
        known: dict[tuple[str, int], Values | None] | None = None,
    ) -> None:
        super().__init__(reader, locale)
        self._reader = reader
        if known is not None:
            self._records = known

    def linked(self, form: str, id: int) -> Values | None:
        found = super().linked(form, id)
        return None if found is None else visible(self._reader, form, found)

    def shown(self, form: str, record: Values) -> Values | None:
        if not self._reader.rights.may_read(self._reader, form, record).allowed:
            return None
        return visible(self._reader, form, record)

    def scope(self, form: str) -> RowScope:
        return self._reader.rights.row_scope(self._reader, form)

    def all_of(self, form: str, where: Expression | None = None) -> list[Values]:
        return [visible(self._reader, form, one) for one in super().all_of(form, where)]
