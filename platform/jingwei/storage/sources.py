"""FROM: the table a query reads, and what it joins on the way along a path."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from jingwei.refusals import Malformed
from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.branches import Branches
from jingwei.storage.columns import FORM_PART
from jingwei.storage.tables import StoredForm, StoredTable
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_releases import sys_name, sys_org, sys_org_below
from jingwei.storage.types import NameKey, PeriodKey, PersonKey

MOST_LINKS = 3
_ORG_COLUMNS = {"code": sys_org.c.code, "type": sys_org.c.type, "profile": sys_org.c.profile}
_PERSON_COLUMNS = {
    name: sys_person.c[name] for name in ("login", "name", "title", "email", "phone")
}


class Tables(Protocol):
    """What a statement asks of the store it belongs to."""

    @property
    def book(self) -> NameBook: ...
    @property
    def people(self) -> PersonBook: ...
    @property
    def org_types(self) -> Collection[str]: ...

    @property
    def branches(self) -> Branches: ...

    def stored(self, form: str) -> StoredForm: ...
    def roots_of(self, orgs: Sequence[int]) -> Sequence[int] | None:
        """The tops of whole branches that these orgs are; None when they are no whole branches."""


@dataclass(frozen=True, slots=True)
class Place:
    """One table of a statement, under an alias."""

    stored: StoredTable
    table: sa.FromClause
    join: Callable[[Place, StoredTable], sa.FromClause] | None = None  # for what layers add

    def keeps(self, key: str) -> bool:
        """Whether there is such a column."""
        return self.stored.keeps(key)

    def column(self, key: str) -> sa.ColumnElement[Any]:
        """A column, or what a layer adds to the row: joined, where the statement can."""
        own = self.stored.columns.get(key)
        if own is not None:
            return self.table.c[own.name]
        extension = self.stored.extended[key]
        name = extension.columns[key].name
        if self.join is not None:
            return self.join(self, extension).c[name]
        there = extension.table.alias()
        return _one(there.c[name], there.c.id == self.column("id"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a path leads to. `form`: the column that says which form a polymorphic link means."""

    column: sa.ColumnElement[Any]
    form: sa.ColumnElement[Any] | None = None


# The value of a computed field that is kept in no column; None: there is no such field.
Live = Callable[[Place, str], sa.ColumnElement[Any] | None]
# Which records are joined behind the link at a path; None: every one.
Seen = Callable[[str, Place], sa.ColumnElement[bool] | None]


class Source:
    """The tables of one statement. `record` is the form's; `row` the sub-table's when rows of a
    table are read, the record's own otherwise."""

    def __init__(
        self,
        store: Tables,
        live: Live,
        form: str,
        part: str | None = None,
        seen: Seen | None = None,
    ) -> None:
        self.store = store
        self._live = live
        self._seen = seen
        stored = store.stored(form)
        self._extended: dict[tuple[int, str], sa.FromClause] = {}
        self.record = Place(stored.own, stored.own.table.alias("r"), self._extend)
        self.row = self.record
        self.from_: sa.FromClause = self.record.table
        if part is not None:
            rows = stored.parts[part]
            self.row = Place(rows, rows.table.alias("t"), self._extend)
            self.from_ = self.row.table.join(
                self.record.table, self.row.column("record_id") == self.record.column("id")
            )
        self._joined: dict[tuple[int, str], Place] = {}

    def find(self, path: str) -> Found:
        """The column a path leads to; links are followed, orgs and people asked.

        Raises Malformed `unknown-path`.
        """
        names = path.split(".")
        place = self.row
        if names[0] == "parent" and self.row is not self.record:
            place, names = self.record, names[1:]
        if len(names) > MOST_LINKS + 1:
            raise Malformed("path-too-long", path=path, most=MOST_LINKS)
        return self._find(place, names, path)

    def _find(self, place: Place, names: list[str], path: str) -> Found:
        name, rest = names[0], names[1:]
        if not place.keeps(name):
            live = None if rest else self._live(place, name)
            if live is None:
                raise Malformed("unknown-path", path=path)
            return Found(live)
        column = place.column(name)
        word = place.stored.type_of(name)
        if not rest:
            kind = f"{name}.{FORM_PART}"
            form = place.column(kind) if place.keeps(kind) else None
            return Found(column, form)
        if word.startswith("link:"):
            way = path.removesuffix(f".{'.'.join(rest)}")
            return self._find(self.join(place, name, way), rest, path)
        member = self.member(column, word, rest[0])
        if member is None or len(rest) > 1:
            raise Malformed("unknown-path", path=path)
        return Found(member)

    def join(self, place: Place, link: str, way: str) -> Place:
        """The record that a link points to; joined once, however often it is asked for. `way`: the
        path that leads to the link."""
        key = (id(place), link)
        joined = self._joined.get(key)
        if joined is None:
            target = place.stored.type_of(link).partition(":")[2]
            form, _, part = target.partition(".")
            stored = self.store.stored(form)
            table = stored.parts[part] if part else stored.own
            joined = Place(table, table.table.alias(f"j{len(self._joined)}"), self._extend)
            self._joined[key] = joined
            points = place.column(link)  # may itself join what a layer adds
            wanted = joined.column("id") == points
            seen = self._seen(way, joined) if self._seen is not None else None
            if seen is not None:
                wanted = sa.and_(wanted, seen)
            self.from_ = self.from_.outerjoin(joined.table, wanted)
        return joined

    def _extend(self, place: Place, extension: StoredTable) -> sa.FromClause:
        """What a layer adds to the rows of a place; joined once."""
        key = (id(place.table), extension.part)
        joined = self._extended.get(key)
        if joined is None:
            joined = extension.table.alias(f"e{len(self._extended)}")
            self._extended[key] = joined
            self.from_ = self.from_.outerjoin(joined, joined.c.id == place.column("id"))
        return joined

    def member(
        self, column: sa.ColumnElement[Any], word: str, name: str
    ) -> sa.ColumnElement[Any] | None:
        """`.name` of an org or a person; None when it has none of this name."""
        if word == "org":
            return org_member(column, name, self.store)
        if word == "person":
            return person_member(column, name, self.store)
        return None


def org_member(
    org: sa.ColumnElement[Any], name: str, store: Tables
) -> sa.ColumnElement[Any] | None:
    """`org.profile`, `org.parent`, `org.sector` (the nearest of that type, itself included)."""
    there = sys_org.alias()
    if name in _ORG_COLUMNS:
        return _one(there.c[_ORG_COLUMNS[name].name], there.c.key == org)
    if name == "parent":
        return _keyed(_one(there.c.parent, there.c.key == org), NameKey("org", store.book))
    if name in store.org_types:
        below = sys_org_below.alias()
        nearest = (
            sa.select(below.c.above)
            .join(there, there.c.key == below.c.above)
            .where(below.c.below == org, there.c.type == name)
            .order_by(below.c.depth)
            .limit(1)
        )
        return _keyed(nearest.scalar_subquery(), NameKey("org", store.book))
    return None


def person_member(
    person: sa.ColumnElement[Any], name: str, store: Tables
) -> sa.ColumnElement[Any] | None:
    """`owner.name`, `owner.org` …"""
    there = sys_person.alias()
    if name in _PERSON_COLUMNS:
        return _one(there.c[name], there.c.id == person)
    if name == "org":
        return _keyed(_one(there.c.org, there.c.id == person), NameKey("org", store.book))
    return None


def _one(column: sa.ColumnElement[Any], where: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.select(column).where(where).scalar_subquery()


def _keyed(column: sa.ColumnElement[Any], type_: NameKey) -> sa.ColumnElement[Any]:
    return sa.type_coerce(column, type_)


def sort_value(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What a column sorts by: names by their text, never by the key they are kept as."""
    if isinstance(column.type, NameKey):
        there = sys_name.alias()
        return _one(there.c.name, there.c.key == column)
    if isinstance(column.type, PersonKey):
        person = sys_person.alias()
        return _one(person.c.login, person.c.id == column)
    return column


_MONTHS: Mapping[str, tuple[int, int]] = {"half": (6, 100), "quarter": (3, 200)}


def period_of(column: sa.ColumnElement[Any], grain: str, dialect: str) -> sa.ColumnElement[Any]:
    """The period of a date or instant (UTC), as the integer that periods are kept as."""
    year, month = _year_month(column, dialect)
    if grain == "year":
        key = year * 1000
    elif grain == "month":
        key = year * 1000 + 300 + month
    else:
        months, offset = _MONTHS[grain]
        key = year * 1000 + offset + (month + (months - 1)) // months
    return sa.type_coerce(sa.cast(key, sa.Integer), PeriodKey())


def _year_month(
    column: sa.ColumnElement[Any], dialect: str
) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    if dialect == "sqlite":
        text = sa.type_coerce(column, sa.Text())
        year = sa.cast(sa.func.substr(text, 1, 4), sa.Integer)
        return year, sa.cast(sa.func.substr(text, 6, 2), sa.Integer)
    year = sa.cast(sa.extract("year", column), sa.Integer)
    return year, sa.cast(sa.extract("month", column), sa.Integer)
