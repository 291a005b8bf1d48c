"""Aggregates over rows in SQL: sums and counts, any and all, the first and the last."""

from __future__ import annotations

from typing import Any, Literal, Protocol, Self

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from jingwei.language.expressions.tree import Aggregate, Name, Node, Source
from jingwei.language.expressions.types import NUMERIC
from jingwei.storage import sql_numbers
from jingwei.storage.sql_calls import NotInSql, Translating
from jingwei.storage.sql_names import Column, SqlNames, SqlRows, Truth
from jingwei.storage.sql_numbers import Number


class Folding(Translating, Protocol):
    """What an aggregate needs of the translation it is part of."""

    def condition(self, node: Node) -> Truth: ...
    def truth(self, node: Node) -> Truth: ...
    def around(self, source: Source) -> Column:
        """What rows behind a link are found by."""

    def inside(self, names: SqlNames) -> Self:
        """The translation of what stands inside, where names are of the rows."""


def truth(target: Folding, node: Aggregate) -> Truth:
    """`any` or `all`. Raises NotInSql."""
    rows, inner = _rows(target, node)
    if node.value is None:
        raise NotInSql(node.function)
    if node.function == "any":
        also = inner.condition(node.value)
    else:
        also = sa.not_(inner.truth(node.value))
    found = _select(rows, inner, sa.literal(1), node.where, also)
    exists = sa.exists(found.correlate_except(*rows.tables))
    return exists if node.function == "any" else sa.not_(exists)


def number(target: Folding, node: Aggregate) -> Number:
    """An aggregate that yields a number. Raises NotInSql."""
    rows, inner = _rows(target, node)
    if node.function in ("count", "count_distinct"):
        return _count(node, rows, inner)
    if node.value is None:
        raise NotInSql(node.function)
    if node.function in ("first", "last"):
        of_row = inner.number(node.value)
        ordered = _ordered(node, rows, inner, of_row.element)
        return of_row.with_element(single(ordered, rows, of_row.element.type))
    folded = _folded(node, inner.number(node.value), target.dialect)
    chosen = _select(rows, inner, folded.element, node.where)
    found = folded.with_element(single(chosen, rows, folded.element.type))
    return sql_numbers.or_zero(found) if node.function == "sum" else found


def _folded(node: Aggregate, of_row: Number, dialect: str) -> Number:
    if node.share is not None:
        return sql_numbers.percentile(node.share, of_row, dialect)
    return sql_numbers.folded(node.function, of_row, dialect)


def value(target: Folding, node: Aggregate) -> Column:
    """An aggregate that yields anything else. Raises NotInSql."""
    rows, inner = _rows(target, node)
    if node.function in ("min", "max") and node.value is not None:
        of_row = inner.column(node.value)
        extreme = getattr(sa.func, node.function)(of_row, type_=of_row.type)
        return single(_select(rows, inner, extreme, node.where), rows, of_row.type)
    if node.function not in ("first", "last"):
        raise NotInSql(node.function)
    of_row = inner.column(node.value) if node.value else rows.names.column("record", "id")
    return single(_ordered(node, rows, inner, of_row), rows, of_row.type)


def rows_of(names: SqlNames, node: Node) -> SqlRows:
    """The rows that a name stands for. Raises NotInSql."""
    if not isinstance(node, Name) or node.type.name != "rows":
        raise NotInSql("rows that are no table")
    origin: Literal["table"] = "table"
    source = Source(0, 0, node.type, origin, node.root, node.name, node.type.table, node.type.form)
    return names.rows(source)


def single(chosen: sa.Select[Any], rows: SqlRows, type_: TypeEngine[Any]) -> Column:
    """One value of a query inside the query."""
    found = chosen.correlate_except(*rows.tables).scalar_subquery()
    return sa.type_coerce(found, type_)


def _rows(target: Folding, node: Aggregate) -> tuple[SqlRows, Folding]:
    around = None if node.source.behind is None else target.around(node.source)
    rows = target.names.rows(node.source, around)
    return rows, target.inside(rows.names)


def _select(
    rows: SqlRows, inner: Folding, value: Column, where: Node | None, *also: Truth
) -> sa.Select[Any]:
    wanted = [*rows.where, *also]
    if where is not None:
        wanted.append(inner.condition(where))
    return sa.select(value).select_from(rows.from_).where(*wanted)


def _count(node: Aggregate, rows: SqlRows, inner: Folding) -> Number:
    counted: Column = sa.func.count()
    also: list[Truth] = []
    if node.value is not None and node.value.type.name == "boolean":
        also.append(inner.condition(node.value))
    elif node.value is not None:
        of_row = _countable(inner, node.value)
        counted = sa.func.count(of_row.distinct() if "distinct" in node.function else of_row)
    chosen = _select(rows, inner, counted, node.where, *also)
    return sql_numbers.plain_integer(single(chosen, rows, sa.BigInteger()))


def _countable(inner: Folding, node: Node) -> Column:
    """A value of which equal ones are equal in SQL too."""
    if node.type.name in NUMERIC:
        return inner.number(node).element
    return inner.column(node)


def _ordered(node: Aggregate, rows: SqlRows, inner: Folding, value: Column) -> sa.Select[Any]:
    order: list[Any] = []
    down = node.function == "last"
    if node.by is not None:
        key = _sort_key(inner, node.by)
        order += [key.is_(None), key.desc() if down else key.asc()]
    order += [column.desc() if down else column.asc() for column in rows.order]
    return _select(rows, inner, value, node.where).order_by(*order).limit(1)


def _sort_key(inner: Folding, node: Node) -> Column:
    if node.type.name in NUMERIC:
        return sql_numbers.sort_key(inner.number(node), inner.dialect)
    column = inner.column(node)
    return inner.text(node, column) if node.type.name == "text" else column
