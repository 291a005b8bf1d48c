"""Data blocks that group rows of a form: folded by the database where it can, else here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.environment import Environment, Values
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import finished, walk
from jingwei.language.expressions.tree import (
    Aggregate,
    Constant,
    Expression,
    Name,
    Node,
    Source,
)
from jingwei.language.periods import Grain, Period
from jingwei.refusals import Refused
from jingwei.services.block_asked import Asked
from jingwei.services.block_tables import BlockTable, sorted_rows
from jingwei.services.block_trees import with_values
from jingwei.services.commands import Reading
from jingwei.services.link_order import places_of, target_of
from jingwei.services.reader_world import ReaderWorld
from jingwei.services.world import environment
from jingwei.storage.query import AggregateColumn, Page

MOST_ROWS = 1_000  # of one block
MOST_FOLDED = 20_000  # rows that are aggregated outside the database
SQL_FOLDS = ("sum", "avg", "min", "max", "count", "count_distinct")
_FOLD = "()"  # what is folded, under what no field is called


class Groups(Asked):
    """A block that asks for groups, or for aggregates of everything."""

    def answer(self) -> BlockTable:
        block = self.block
        keys = [*block.group]
        if block.by is not None:
            keys.append(f"{block.by}:{block.every or 'month'}")
        names = [*block.group, *self.by_names()]
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        values = dict(block.values) or {}
        for name, formula in values.items():
            expression = with_values(self.view, self.view.catalogue.expression(formula), self.given)
            for key, value in self._folded(expression, keys).items():
                row = groups.setdefault(key, dict(zip(names, key, strict=True)))
                row[name] = value
        if not values:
            for key in self._counts(keys):
                groups.setdefault(key, dict(zip(names, key, strict=True)))
        rows = list(groups.values()) if keys else [groups.get((), {})]
        if block.by is not None and block.period_count and not block.group:
            rows = self._filled(rows)
        for row in rows:
            for name, formula in values.items():
                row.setdefault(name, _of_nothing(self.view.catalogue.expression(formula)))
        total = len(rows)
        sort = block.sort or (("period",) if block.by else ())
        named = self._in_order_of_names(keys, rows)
        if named and not sort:
            sort = tuple(names)
        if sort:
            rows = sorted_rows(rows, sort, lambda row: _placed(row, named))
        rows = rows[: min(block.limit or MOST_ROWS, MOST_ROWS)]
        return BlockTable(self.columns([*names, *values]), rows, total=total)

    def _in_order_of_names(
        self, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> dict[str, dict[Any, int]]:
        """Of the keys that are links, where each record stands among the others by its name."""
        found = {}
        for key in keys:
            field = self.field_of(key)
            if field is not None and target_of(self.view, field) is not None:
                ids = [row[key] for row in rows if row.get(key) is not None]
                found[key] = places_of(self.view, field, ids)
        return found

    def _filled(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A row for each period, whether or not something happened in it."""
        found = {row["period"]: row for row in rows}
        return [found.get(period, {"period": period}) for period in self.buckets()]

    def _counts(self, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        if self.is_followed_far(_paths(keys)):
            return list(dict.fromkeys(_key(row, keys) for row in self._rows_of_keys(keys)))
        query = self.query(
            (),
            where=self.where(),
            group=tuple(keys),
            aggregates=(AggregateColumn(_FOLD, "count"),),
            page=Page(MOST_ROWS * 5),
        )
        found = self.view.store.select(self.view.connection, query).items
        return [tuple(row[key] for key in keys) for row in found]

    def _folded(self, expression: Expression, keys: Sequence[str]) -> dict[tuple[Any, ...], Any]:
        """The value of an expression over aggregates, by group."""
        aggregates = [node for node in walk(expression.root) if isinstance(node, Aggregate)]
        own = [node for node in aggregates if self.is_of_rows(node.source)]
        fits = len(own) == len(aggregates) and all(self._fits_database(node) for node in own)
        if not fits or self.is_followed_far(_paths(keys)):
            return self._folded_here(expression, keys)
        parts = [(node, self._in_database(node, keys)) for node in own]
        found: dict[tuple[Any, ...], Any] = {}
        for key in dict.fromkeys(key for _, values in parts for key in values):

            def known(node: Node, at: tuple[Any, ...] = key) -> Node | None:
                for one, values in parts:
                    if node is one:
                        value = values.get(at, _empty(one))
                        return Constant(one.start, one.end, one.type, value)
                return None

            root = mapped(expression.root, known)
            found[key] = closure(Expression(expression.source, root))(
                environment(self.view, {}, **self.given)
            )
        return found

    def is_of_rows(self, source: Source) -> bool:
        return (
            source.origin == "form"
            and (source.form or source.name) == self.form.name
            and source.table == self.table
        )

    def _fits_database(self, node: Aggregate) -> bool:
        plain = node.value is None or (isinstance(node.value, Name) and node.value.root == "record")
        boolean = node.value is not None and node.value.type.name == "boolean"
        return node.function in SQL_FOLDS and plain and not boolean and node.by is None

    def _in_database(self, node: Aggregate, keys: Sequence[str]) -> dict[tuple[Any, ...], Any]:
        path = node.value.name if isinstance(node.value, Name) else None
        where = None if node.where is None else finished(node_source(node), node.where)
        column = AggregateColumn(_FOLD, cast(Any, node.function), path)
        query = self.query(
            (),
            where=self.where(where),
            group=tuple(keys),
            aggregates=(column,),
            page=Page(MOST_ROWS * 5),
        )
        found = self.view.store.select(self.view.connection, query).items
        empty = _empty(node)
        return {
            tuple(row[key] for key in keys): empty if row[_FOLD] is None else row[_FOLD]
            for row in found
        }

    def _rows_of_keys(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """The rows with what they are grouped by, where the reader may see it. Raises Refused for
        more rows than can be folded here."""
        paths = _paths(keys)
        query = self.query(
            self.with_ways(paths),
            where=self.where(),
            page=Page(MOST_FOLDED + 1),
        )
        found = self.view.store.select(self.view.connection, query).items
        if len(found) > MOST_FOLDED:
            raise Refused("too-many-to-fold", form=self.form.title, most=MOST_FOLDED)
        return self.blanked(found, paths)

    def _folded_here(
        self, expression: Expression, keys: Sequence[str]
    ) -> dict[tuple[Any, ...], Any]:
        """The same over the rows themselves, for what the database cannot fold."""
        found = self._rows_of_keys(keys)
        pairs = self.whole([row["id"] for row in found])
        groups: dict[tuple[Any, ...], list[tuple[Values, Values | None]]] = {}
        for row in found:
            if row["id"] in pairs:
                groups.setdefault(_key(row, keys), []).append(pairs[row["id"]])
        make = closure(expression)
        answers: dict[tuple[Any, ...], Any] = {}
        for key, rows in groups.items():
            around = environment(self.view, {}, **self.given)
            around.world = _TheseRows(self.view, self, rows)
            answers[key] = make(around)
        return answers


def _placed(row: Mapping[str, Any], named: Mapping[str, Mapping[Any, int]]) -> Mapping[str, Any]:
    return {**row, **{key: places.get(row.get(key)) for key, places in named.items()}}


def _paths(keys: Sequence[str]) -> list[str]:
    return [key.partition(":")[0] for key in keys]


class _TheseRows(ReaderWorld):
    """The world in which the rows of the block's form are those of one group."""

    def __init__(
        self, view: Reading, asked: Groups, rows: Sequence[tuple[Values, Values | None]]
    ) -> None:
        super().__init__(view)
        self._asked = asked
        self._rows = rows

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        if self._asked.is_of_rows(source):
            return self._rows
        return super().rows(source, where, environment)


def _key(row: Mapping[str, Any], keys: Sequence[str]) -> tuple[Any, ...]:
    found: list[Any] = []
    for key in keys:
        path, _, grain = key.partition(":")
        value = row.get(path)
        if grain and value is not None:
            value = Period.containing(value, cast(Grain, grain))
        found.append(value)
    return tuple(found)


def _empty(node: Aggregate) -> Any:
    """What an aggregate over no rows is."""
    return 0 if node.function in ("sum", "count", "count_distinct") else None


def _of_nothing(expression: Expression) -> Any:
    root = expression.root
    return _empty(root) if isinstance(root, Aggregate) else None


def node_source(node: Aggregate) -> str:
    """A text that tells conditions of aggregates apart in keys of caches."""
    return f"where@{node.start}:{node.end}"
