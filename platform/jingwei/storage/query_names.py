"""What names mean inside one statement: the compiler's side of translated expressions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.sql.elements import True_
from sqlalchemy.types import TypeEngine

from jingwei.language.expressions import tree
from jingwei.storage import sql_links
from jingwei.storage.expressions_sql import sql
from jingwei.storage.sources import Place, Tables, org_member, person_member
from jingwei.storage.sql_calls import NotInSql
from jingwei.storage.sql_names import SqlRows
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_releases import sys_name, sys_org_below
from jingwei.storage.types import JsonText, NameKey, PersonKey, Several

_PLACES = itertools.count()
_ONE: sa.Select[Any] = sa.select(sa.literal_column("1"))
_NAMED = frozenset(("org", "role", "post", "indicator"))
# That a record of a form is one that the reader may list.
Within = Callable[[str, Place], sa.ColumnElement[bool]]


class Store(Tables, Protocol):
    """What translated expressions ask of a store."""

    @property
    def dialect_name(self) -> Literal["sqlite", "postgresql"]: ...
    @property
    def zone(self) -> str: ...

    def live(self, form: str, name: str) -> tree.Expression | None:
        """The expression of a computed field that is kept in no column."""

    def searched(self, form: str) -> tuple[str, ...]:
        """The fields of a form that are found by words; none: it is searched as written."""


@dataclass(frozen=True, slots=True)
class QueryNames:
    """The names of one row: `row` is what bare names are of, `record` its record (the same but
    for rows of tables), `this` the outermost record. `open_to_reader`: which records a link of many
    leads to, in what a reader typed."""

    store: Store
    row: Place
    record: Place
    this: Place
    open_to_reader: Within | None = None

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        return self.store.dialect_name

    @property
    def zone(self) -> str:
        return self.store.zone

    def column(self, root: tree.Root, name: str) -> sa.ColumnElement[Any]:
        """A field that is kept; one that is live is worked out where it stands."""
        place = self._place(root)
        if place.keeps(name):
            return place.column(name)
        expression = None if place.stored.part else self.store.live(place.stored.form.name, name)
        if expression is None:
            raise NotInSql(f"{root}.{name}")
        return sql(expression, QueryNames(self.store, place, place, place))

    def _place(self, root: tree.Root) -> Place:
        if root == "record":
            return self.row
        if root == "parent":
            return self.record
        if root == "this":
            return self.this
        raise NotInSql(root)

    def variable(self, name: str, type_: TypeEngine[Any]) -> sa.ColumnElement[Any]:
        # one place each: the same variable may stand beside columns of different types
        return sa.bindparam(f"v_{name}@{next(_PLACES)}", type_=type_)

    def type(self, type_: tree.Type) -> TypeEngine[Any] | None:
        if type_.name in _NAMED:
            return NameKey(type_.name, self.store.book)
        return PersonKey(self.store.people) if type_.name == "person" else None

    def member(
        self, kind: str, owner: sa.ColumnElement[Any], name: str
    ) -> sa.ColumnElement[Any] | None:
        if kind == "org":
            return org_member(owner, name, self.store)
        if kind == "person":
            return person_member(owner, name, self.store)
        return None

    def text(self, kind: str, owner: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if kind in _NAMED or kind == "form":
            names = sys_name.alias()
            return sa.select(names.c.name).where(names.c.key == owner).scalar_subquery()
        if kind == "person":
            people = sys_person.alias()
            return sa.select(people.c.login).where(people.c.id == owner).scalar_subquery()
        raise NotInSql(f"the text of {kind}")

    def is_below(
        self, org: sa.ColumnElement[Any], of: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[bool]:
        below = sys_org_below.alias()
        return sa.exists().where(below.c.below == org, below.c.above == of)

    # --- other rows -----------------------------------------------------------------------------

    def linked(self, form: str, key: sa.ColumnElement[Any]) -> SqlRows:
        place = self._own(form)
        names = self._at(place, place)
        return SqlRows(names, place.table, (place.table,), (place.column("id") == key,))

    def _at(self, row: Place, record: Place) -> QueryNames:
        """The names of another row of the same condition."""
        return replace(self, row=row, record=record)

    def rows(self, source: tree.Source, around: sa.ColumnElement[Any] | None = None) -> SqlRows:
        if source.origin == "table" and around is not None:
            return self._rows_of_another(source, around)
        if source.origin == "table":
            return self._rows_of_table(source)
        if source.origin == "related":
            return self._related(source)
        if source.origin == "form":
            return self._rows_of_form(source)
        if source.origin == "link":
            return self._held(source, around)
        raise NotInSql(source.origin)

    def reachable(self, form: str, link: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        there = self._own(form)
        open_ = self._open(form, there)
        if isinstance(open_, True_):
            return open_
        wanted = (there.column("id") == link, there.column("deleted_at").is_(None), open_)
        found = _ONE.select_from(there.table).where(*wanted)
        return sa.or_(link.is_(None), sa.exists(found.correlate_except(there.table)))

    def _open(self, form: str, there: Place) -> sa.ColumnElement[bool]:
        """Whether a record is one that whoever asks may list."""
        if self.open_to_reader is None:
            raise NotInSql("rows of a link, without what its reader may list")
        return self.open_to_reader(form, there)

    def _rows_of_table(self, source: tree.Source) -> SqlRows:
        around = self._place(source.root)
        parts = self.store.stored(around.stored.form.name).parts
        if source.name not in parts:
            raise NotInSql(source.name)
        stored = parts[source.name]
        place = Place(stored, stored.table.alias())
        names = self._at(place, around)
        return SqlRows(
            names,
            place.table,
            (place.table,),
            (place.column("record_id") == around.column("id"),),
            (place.column("position"),),
        )

    def _related(self, source: tree.Source) -> SqlRows:
        """Records of another form whose link is this record."""
        if source.form is None or source.by is None:
            raise NotInSql(source.name)
        place = self._own(source.form)
        names = self._at(place, place)
        owner = self.this if source.root == "this" else self.record  # no row has a relation
        wanted = [
            self._leads_to(place.column(source.by), owner.column("id")),
            place.column("deleted_at").is_(None),
        ]
        if source.of_reader:
            wanted.append(self._open(source.form, place))
        return SqlRows(names, place.table, (place.table,), tuple(wanted), (place.column("id"),))

    def _leads_to(
        self, link: sa.ColumnElement[Any], key: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[bool]:
        """Whether a link leads to this record, or holds it among others."""
        if not isinstance(link.type, Several | JsonText):
            return link == key
        held = sql_links.held(link, self.dialect)
        found = _ONE.select_from(held.rows).where(held.id == key)
        return sa.exists(found.correlate_except(held.rows))

    def _rows_of_another(self, source: tree.Source, record: sa.ColumnElement[Any]) -> SqlRows:
        """The rows of a table of the record that a link leads to."""
        if source.form is None or source.table is None:
            raise NotInSql(source.name)
        stored = self.store.stored(source.form)
        row = Place(stored.parts[source.table], stored.parts[source.table].table.alias())
        there = Place(stored.own, stored.own.table.alias())
        joined = row.table.join(there.table, row.column("record_id") == there.column("id"))
        wanted = (row.column("record_id") == record,)
        tables = (row.table, there.table)
        return SqlRows(self._at(row, there), joined, tables, wanted, (row.column("position"),))

    def _held(self, source: tree.Source, holder: sa.ColumnElement[Any] | None) -> SqlRows:
        """The living records that a link of many holds."""
        holder = self.column(source.root, source.name) if holder is None else holder
        found = sql_links.held(holder, self.dialect)
        if source.form is None:
            return SqlRows(HeldNames(self, found), found.rows, (found.rows,), (), (found.place,))
        stored = self.store.stored(source.form).own
        key = stored.columns["id"].name
        records, table = sql_links.records(found, stored.table.alias(), key, self.dialect)
        place = Place(stored, table)
        wanted: list[sa.ColumnElement[bool]] = [place.column("deleted_at").is_(None)]
        if source.of_reader:
            wanted.append(self._open(source.form, place))
        names = self._at(place, place)
        return SqlRows(names, records, (found.rows, table), tuple(wanted), (found.place,))

    def _rows_of_form(self, source: tree.Source) -> SqlRows:
        record = self._own(source.form or source.name)
        living = record.column("deleted_at").is_(None)
        if source.table is None:
            names = self._at(record, record)
            return SqlRows(names, record.table, (record.table,), (living,), (record.column("id"),))
        stored = self.store.stored(record.stored.form.name).parts[source.table]
        row = Place(stored, stored.table.alias())
        joined = row.table.join(record.table, row.column("record_id") == record.column("id"))
        names = self._at(row, record)
        order = (record.column("id"), row.column("position"))
        return SqlRows(names, joined, (row.table, record.table), (living,), order)

    def _own(self, form: str) -> Place:
        stored = self.store.stored(form).own
        return Place(stored, stored.table.alias())


class HeldNames:
    """The names of what a link of many to several forms holds: which form it is of, and its id."""

    def __init__(self, around: QueryNames, held: sql_links.Held) -> None:
        self._around, self._held = around, held
        self.dialect, self.zone = around.dialect, around.zone
        self.variable, self.type = around.variable, around.type
        self.member, self.text = around.member, around.text
        self.linked, self.is_below = around.linked, around.is_below
        self.reachable = around.reachable

    def column(self, root: tree.Root, name: str) -> sa.ColumnElement[Any]:
        if root == "this":
            return self._around.column(root, name)
        if root == "record" and name == "form" and self._held.form is not None:
            return self._held.form
        if root == "record" and name == "id":
            return self._held.id
        raise NotInSql("a field behind a link to several forms")

    def rows(self, source: tree.Source, around: sa.ColumnElement[Any] | None = None) -> SqlRows:
        if source.root == "record" and source.origin != "form":
            raise NotInSql("a field behind a link to several forms")
        return self._around.rows(source, around)
