"""The one query compiler: `Query` → SQL, compiled once per shape and kept.

Every list, detail, filter, search, aggregate, chart, export and report reads through here, so a
hidden field and a row out of scope stay so whatever the question looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from jingwei.language.expressions.tree import Expression
from jingwei.language.expressions.types import NUMERIC
from jingwei.refusals import Malformed
from jingwei.storage import sql_numbers
from jingwei.storage.codecs import Convert, reader, words
from jingwei.storage.columns import FORM_PART
from jingwei.storage.expressions_sql import condition as sql_condition
from jingwei.storage.full_text import finds
from jingwei.storage.keyset import SortColumn, later
from jingwei.storage.prepared import Prepared, statement_dialect
from jingwei.storage.query import (
    AggregateColumn,
    Asked,
    OwnerScope,
    Query,
    RowScope,
    ScopeTerm,
    Search,
    SortKey,
)
from jingwei.storage.query_names import QueryNames, Store, Within
from jingwei.storage.rows import RowReader
from jingwei.storage.shaper import Shape, conditions_of
from jingwei.storage.shapes import LIST_LIMIT, Condition, bucket
from jingwei.storage.sources import Place, Source, period_of, sort_value
from jingwei.storage.sql_calls import NotInSql
from jingwei.storage.tables_releases import sys_org_below
from jingwei.storage.types import ScaledDecimal

CAPPED = 10_000
MOST_SCANNED = 20_000  # records of a form whose texts are looked through
_ONE: sa.Select[Any] = sa.select(sa.literal_column("1"))


@dataclass(slots=True)
class Statement:
    """A compiled query. `sorts` counts the sort values that stand behind the fields of a row."""

    rows: Prepared
    count: Prepared | None
    reader: RowReader
    sorts: int
    averages: tuple[str, ...]


class Compiler:
    """Builds statements for one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.name = store.dialect_name
        self.dialect = statement_dialect(self.name)

    def compile(self, query: Query, shape: Shape) -> Statement:
        """The statement of a shape. Raises Malformed for a path that leads nowhere, and for what is
        nested too deeply."""
        try:
            return self._compiled(query, shape)
        except RecursionError:
            raise Malformed("too-nested") from None

    def _compiled(self, query: Query, shape: Shape) -> Statement:
        source = self._source(query, shape)
        columns = _Columns(self.dialect)
        if query.group or query.aggregates:
            self._grouped(query, source, columns)
        else:
            for path in query.fields:
                columns.add_path(source, path)
        order = [self._sort(source, columns, key) for key in query.sort]
        identity = source.row.column("id")
        in_order = bool(query.page and order and columns.groups is None)
        wanted = self._where(query, shape, source, in_order=in_order)
        if query.page and query.page.after:
            wanted.append(later(order, identity, shape.empties))
        statement = self._statement(query, source, columns, order, wanted)
        sorts = 0 if columns.groups is not None else len(order)
        return Statement(
            Prepared(statement, self.dialect, shape.values, shape.raw),
            self._count(query, shape),
            columns.reader(),
            sorts,
            tuple(columns.averages),
        )

    def holding(self, query: Query, shape: Shape) -> Prepared:
        """Id and org of every living record, and which condition of the scope's terms it meets:
        one pass over the table, whoever asks."""
        source = self._source(query)
        record = source.record
        columns = [record.column("id"), sa.type_coerce(record.column("org"), sa.Integer())]
        columns += [self._condition(c.expression, source) for c in shape.terms if c is not None]
        labelled = [column.label(f"c{i}") for i, column in enumerate(columns)]
        living = record.column("deleted_at").is_(None)
        statement = sa.select(*labelled).select_from(source.from_).where(living)
        return Prepared(statement, self.dialect, shape.values)

    def _source(self, query: Query, shape: Shape | None = None) -> Source:
        """With the `shape`: whose links lead to what their reader may see."""
        places = {path: place for place, (path, _) in enumerate(query.seen)}

        def seen(path: str, joined: Place) -> sa.ColumnElement[bool] | None:
            place = places.get(path)
            if place is None or shape is None:
                return None
            bare = Place(joined.stored, joined.table)  # nothing is joined beside a join
            terms = shape.seen[place]
            within = self._within(query.seen[place][1], f"l{place}_", terms, bare, bare)
            return sa.and_(bare.column("deleted_at").is_(None), within)

        return Source(self.store, self._live, query.form, query.table, seen)

    def _live(self, place: Place, name: str) -> sa.ColumnElement[Any] | None:
        """A computed field that is kept nowhere, worked out where it is asked for."""
        if place.stored.part or self.store.live(place.stored.form.name, name) is None:
            return None
        return QueryNames(self.store, place, place, place).column("record", name)

    def _statement(
        self,
        query: Query,
        source: Source,
        columns: _Columns,
        order: Sequence[SortColumn],
        wanted: Sequence[sa.ColumnElement[bool]],
    ) -> sa.Select[Any]:
        ordered = [key.ordered(self.name) for key in order]
        chosen = list(columns.columns)
        identity = source.row.column("id")
        if columns.groups is None:
            chosen += [key.column for key in order] + [identity]
            ordered.append(identity.asc())
        labelled = [column.label(f"c{i}") for i, column in enumerate(chosen)]
        statement = sa.select(*labelled).select_from(source.from_).where(*wanted)
        if columns.groups:
            # by place in the SELECT: the same expression with binds is not the same to PostgreSQL
            places: list[sa.ColumnElement[Any]] = [
                sa.literal_column(str(i + 1)) for i in range(len(columns.groups))
            ]
            statement = statement.group_by(*places)
            ordered += places
        if query.page is not None:
            statement = statement.limit(sa.bindparam("limit", type_=sa.Integer()))
            if query.page.after is None:
                statement = statement.offset(sa.bindparam("offset", type_=sa.Integer()))
        return statement.order_by(*ordered)

    def _count(self, query: Query, shape: Shape) -> Prepared | None:
        """How many there are, without the joins that only show or sort."""
        if query.count is None:
            return None
        source = self._source(query)
        wanted = self._where(query, shape, source)
        if query.group:
            groups = [self._group(source, path) for path in query.group]
            return self._count_of(
                _ONE.select_from(source.from_).where(*wanted).group_by(*groups), shape
            )
        if query.count == "capped":
            capped = _ONE.select_from(source.from_).where(*wanted).limit(CAPPED + 1)
            return self._count_of(capped, shape)
        statement = sa.select(sa.func.count()).select_from(source.from_).where(*wanted)
        return Prepared(statement, self.dialect, shape.values, shape.raw)

    def _count_of(self, inner: sa.Select[Any], shape: Shape) -> Prepared:
        statement = sa.select(sa.func.count()).select_from(inner.subquery())
        return Prepared(statement, self.dialect, shape.values, shape.raw)

    # --- groups ---------------------------------------------------------------------------------

    def _grouped(self, query: Query, source: Source, columns: _Columns) -> None:
        columns.groups = []
        for path in query.group:
            column = self._group(source, path)
            columns.groups.append(column)
            columns.add(path, column)
        for aggregate in query.aggregates:
            self._aggregate(source, columns, aggregate)

    def _group(self, source: Source, path: str) -> sa.ColumnElement[Any]:
        """`signed_on` or, by period, `signed_on:month`."""
        plain, _, grain = path.partition(":")
        found = source.find(plain)
        if found.form is not None:
            raise Malformed("unknown-path", path=path)
        return period_of(found.column, grain, self.name) if grain else found.column

    def _aggregate(self, source: Source, columns: _Columns, wanted: AggregateColumn) -> None:
        if wanted.path is None:
            columns.add(wanted.name, sa.func.count())
            return
        column = source.find(wanted.path).column
        match wanted.function:
            case "count":
                columns.add(wanted.name, sa.func.count(column))
            case "count_distinct":
                columns.add(wanted.name, sa.func.count(column.distinct()))
            case "avg" if isinstance(column.type, ScaledDecimal | sa.Integer):
                # divided in Python, by the one rule for division
                columns.averages.append(wanted.name)
                columns.add(wanted.name, sql_numbers.added_up(column, self.name))
                columns.add(f"{wanted.name}#", sa.func.count(column))
            case "sum" if isinstance(column.type, sa.Integer):
                columns.add(wanted.name, sql_numbers.total(column, self.name))
            case function:
                columns.add(wanted.name, self._folded(function, column))

    def _folded(self, function: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if isinstance(column.type, ScaledDecimal) and function == "sum":
            return sql_numbers.added_up(column, self.name)
        if function in ("min", "max"):
            return sql_numbers.extreme(function, column)
        number = sql_numbers.of_column(column, self.name)
        return sql_numbers.result(sql_numbers.folded(function, number, self.name), self.name)

    def _sort(self, source: Source, columns: _Columns, key: SortKey) -> SortColumn:
        if columns.groups is not None:
            column = columns.named.get(key.path)
            if column is None:
                raise Malformed("unknown-path", path=key.path)
            return SortColumn(sort_value(column), key.descending)
        column = sort_value(source.find(key.path).column)
        if self.name == "sqlite" and self._is_live_number(source, key.path):
            column = sa.cast(column, sa.Float())  # decimals that are worked out are texts there
        return SortColumn(column, key.descending)

    def _is_live_number(self, source: Source, path: str) -> bool:
        expression = self.store.live(source.row.stored.form.name, path)
        return expression is not None and expression.type.name in NUMERIC

    # --- which rows -----------------------------------------------------------------------------

    def _where(
        self, query: Query, shape: Shape, source: Source, *, in_order: bool = False
    ) -> list[sa.ColumnElement[bool]]:
        """`in_order`: for the first rows of an order."""
        deleted = source.record.column("deleted_at")
        wanted: list[sa.ColumnElement[bool]] = [
            deleted.is_not(None) if query.deleted else deleted.is_(None)
        ]
        if query.ids is not None:
            wanted.append(self._among(source.row.column("id"), "id", len(query.ids)))
        if not query.scope.everything:
            wanted.append(self._scope(query.scope, shape, source, in_order=in_order))
        if shape.where is not None:
            open_ = self._open_to_reader(query, shape)
            wanted.append(self._condition(shape.where.expression, source, open_))
        if query.text is not None:
            wanted += self._search(query, query.text, shape, source)
        return wanted

    def _scope(
        self, scope: RowScope, shape: Shape, source: Source, *, in_order: bool
    ) -> sa.ColumnElement[bool]:
        org = source.record.column("org")
        if in_order and shape.wide and self.name == "sqlite":
            # SQLite would sort all that is in scope, not knowing that few rows of it are wanted: a
            # column with a sign is looked at, but finds nothing
            org = sa.type_coerce(org, sa.Integer()).op("+")(sa.literal_column("0"))
        return self._within(scope, "", shape.terms, source.row, source.record, org)

    def _within(
        self,
        scope: RowScope,
        prefix: str,
        conditions: Sequence[Condition | None],
        row: Place,
        record: Place,
        org: sa.ColumnElement[Any] | None = None,
    ) -> sa.ColumnElement[bool]:
        """That a record is in the scope; `prefix`: of the names of its binds."""
        org = record.column("org") if org is None else org
        own, beyond = conditions[: len(scope.terms)], iter(conditions[len(scope.terms) :])
        terms = [
            self._term(term, f"{prefix}{{}}{number}", where, row, record, org)
            for number, (term, where) in enumerate(zip(scope.terms, own, strict=True))
        ]
        if scope.also:
            terms.append(self._among(record.column("id"), f"{prefix}also", len(scope.also)))
        if not terms:
            return sa.false()
        owners = [
            self._owned(owner, f"{prefix}d{number}_", beyond, record)
            for number, owner in enumerate(scope.owners)
        ]
        return sa.and_(sa.or_(*terms), *owners)

    def _owned(
        self,
        owner: OwnerScope,
        prefix: str,
        conditions: Iterator[Condition | None],
        record: Place,
    ) -> sa.ColumnElement[bool]:
        """That the owner of a detail is one of those in the scope: looked up by its key."""
        link = record.column(owner.link)
        found: list[sa.ColumnElement[bool]] = [link.is_(None)]
        for place, (form, scope) in enumerate(owner.forms):
            stored = self.store.stored(form).own
            there = Place(stored, stored.table.alias())
            wanted = [there.column("id") == sa.type_coerce(link, sa.BigInteger())]
            if not owner.removed:
                wanted.append(there.column("deleted_at").is_(None))
            if not scope.everything:
                inside = list(islice(conditions, conditions_of(scope)))
                wanted.append(self._within(scope, f"{prefix}{place}_", inside, there, there))
            looked_up = _ONE.select_from(there.table).where(*wanted)
            found.append(looked_up.correlate_except(there.table).exists())
        return sa.or_(*found)

    def _term(
        self,
        term: ScopeTerm,
        bind: str,
        where: Condition | None,
        row: Place,
        record: Place,
        org: sa.ColumnElement[Any],
    ) -> sa.ColumnElement[bool]:
        parts: list[sa.ColumnElement[bool]] = []
        if not term.orgs.everything:
            parts.append(self._orgs(org, f"{bind.format('o')}_", term.orgs.orgs))
        if term.owner is not None:
            owner = sa.bindparam(bind.format("w"), type_=sa.BigInteger())
            parts.append(sa.type_coerce(record.column("owner"), sa.BigInteger()) == owner)
        if where is not None:
            names = QueryNames(self.store, row, record, record)
            parts.append(sql_condition(where.expression, names))
        return sa.and_(*parts) if parts else sa.true()

    def _orgs(
        self, org: sa.ColumnElement[Any], prefix: str, orgs: Sequence[int]
    ) -> sa.ColumnElement[bool]:
        plain = sa.type_coerce(org, sa.Integer())
        roots = self.store.roots_of(orgs) if len(orgs) > LIST_LIMIT else None
        if roots is None:
            return self._among(plain, prefix, len(orgs))
        below = sys_org_below.alias()
        return sa.exists().where(
            below.c.below == plain, self._among(below.c.above, prefix, len(roots))
        )

    def _among(
        self, column: sa.ColumnElement[Any], prefix: str, count: int
    ) -> sa.ColumnElement[bool]:
        """One of so many values: an array on PostgreSQL, a padded list on SQLite."""
        if count == 0:
            return sa.false()
        if self.name == "postgresql":
            return column == sa.any_(sa.bindparam(prefix, type_=ARRAY(sa.BigInteger())))
        type_ = sa.BigInteger()
        binds = [sa.bindparam(f"{prefix}{i}", type_=type_) for i in range(bucket(count))]
        return column.in_(binds)

    def _search(
        self, query: Query, search: Search, shape: Shape, source: Source
    ) -> list[sa.ColumnElement[bool]]:
        """That each word is found somewhere."""
        places = count()

        def found(reading: tuple[Asked, ...]) -> sa.ColumnElement[bool]:
            return sa.and_(*(self._found(query, next(places), shape, source) for _ in reading))

        return [sa.or_(*map(found, readings)) for readings in search]

    def _found(
        self, query: Query, place: int, shape: Shape, source: Source
    ) -> sa.ColumnElement[bool]:
        """That one word is found: in the words that are kept, in the texts of the newest records,
        or as what a value is called."""
        ways: list[sa.ColumnElement[bool]] = []
        identity = source.record.column("id")
        if query.search_fields:
            key = self.store.book.key("form", query.form)
            word = sa.bindparam(f"text{place}", type_=sa.Text())
            ways.append(finds(identity, key, query.search_fields, word, self.name))
        if query.scanned:
            like = sa.bindparam(f"like{place}", type_=sa.Text())
            texts = [
                sa.type_coerce(source.find(path).column, sa.Text()).ilike(like, escape="\\")
                for path in query.scanned
            ]
            ways.append(sa.and_(self._is_new(query.form, identity), sa.or_(*texts)))
        titled = shape.called[place]
        if titled is not None:
            ways.append(self._condition(titled.expression, source))
        return sa.or_(*ways) if ways else sa.false()

    def _is_new(self, form: str, identity: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """One of the newest records of a form: older ones are too many to look through."""
        ids = self.store.stored(form).own.table.alias().c.id
        oldest = sa.select(ids).order_by(ids.desc()).offset(MOST_SCANNED).limit(1)
        return identity > sa.func.coalesce(oldest.scalar_subquery(), -1)

    def _condition(
        self, expression: Expression, source: Source, open_to_reader: Within | None = None
    ) -> sa.ColumnElement[bool]:
        record = source.record
        names = QueryNames(self.store, source.row, record, record, open_to_reader)
        return sql_condition(expression, names)

    def _open_to_reader(self, query: Query, shape: Shape) -> Within:
        """Which records of a form a link of many leads its reader to."""
        places = {form: place for place, (form, _) in enumerate(query.held)}

        def within(form: str, there: Place) -> sa.ColumnElement[bool]:
            place = places.get(form)
            if place is None:
                raise NotInSql("rows of a link, without what its reader may list")
            scope = query.held[place][1]
            if scope.everything:
                return sa.true()
            return self._within(scope, f"h{place}_", shape.held[place], there, there)

        return within


class _Columns:
    """The columns of a SELECT, and how each is read. `groups`: None unless it groups."""

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect
        self.keys: list[str] = []
        self.columns: list[sa.ColumnElement[Any]] = []
        self.named: dict[str, sa.ColumnElement[Any]] = {}
        self.averages: list[str] = []
        self.groups: list[sa.ColumnElement[Any]] | None = None
        self._converters: list[Convert | None] = []
        self._words: list[Convert | None] = []

    def add_path(self, source: Source, path: str) -> None:
        found = source.find(path)
        self.add(path, found.column)
        if found.form is not None:
            self.add(f"{path}.{FORM_PART}", found.form)

    def add(self, key: str, column: sa.ColumnElement[Any]) -> None:
        self.keys.append(key)
        self.columns.append(column)
        self.named[key] = column
        self._converters.append(reader(column.type, self._dialect))
        self._words.append(words(column.type, self._dialect))

    def reader(self) -> RowReader:
        return RowReader(self.keys, self._converters, self._words)
