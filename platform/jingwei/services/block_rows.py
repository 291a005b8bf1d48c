"""Data blocks about rows of a form: `{form, where, columns, group, values, by, sort, limit}`.

Rows and aggregates come through the query compiler with the reader's scope. What a block names and
the reader may not see is not there: a hidden column is left out, and a condition, a group or an
aggregate that reads something hidden yields no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.environment import Environment, Values
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import finished, walk
from jingwei.language.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Constant,
    Expression,
    Name,
    Node,
    Source,
    Type,
)
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.language.output import DataBlock
from jingwei.language.periods import Grain, Period
from jingwei.services.block_trees import with_values
from jingwei.services.commands import Reading
from jingwei.services.linked import blank, links_along
from jingwei.services.presenting import MASK
from jingwei.services.rights import both
from jingwei.services.world import StoredWorld, environment, variables
from jingwei.storage.query import AggregateColumn, Page, Query, SortKey
from jingwei.texts import Words, has_text

MOST_ROWS = 1_000  # of one block
MOST_FOLDED = 20_000  # rows that are aggregated outside the database
SQL_FOLDS = ("sum", "avg", "min", "max", "count", "count_distinct")
_BOOLEAN = Type("boolean")

# name, title (a text, or what gives it in a locale), type of its values, unit
Column = tuple[str, Any, str, Any]


@dataclass(slots=True)
class BlockTable:
    """A block's answer: every row has every column, and may have more than the columns say.

    `ids`: of the record of each row, where a row is one record. `cells`: of an indicator block,
    what is known of each row's figures beside the value.
    """

    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    ids: Sequence[int | None] = ()
    total: int | None = None
    cells: Sequence[Any] = field(default_factory=tuple)


def run_form_block(view: Reading, block: DataBlock, given: Mapping[str, Any]) -> BlockTable:
    """The rows (or groups) of a form that the reader may see. `given`: parameters, `control`."""
    assert block.form is not None
    name, _, table = block.form.partition(".")
    asked = _Asked(view, view.catalogue.forms[name], table or None, block, given)
    if not view.rights.row_scope(view, name).terms:
        return asked.nothing()
    if not asked.may_read_conditions():
        return asked.nothing()
    if block.group or block.values or block.by:
        return asked.grouped()
    return asked.listed()


# --- one block ------------------------------------------------------------------------------------


class _Asked:
    """One block with its form, its reader and the values of parameters."""

    def __init__(
        self,
        view: Reading,
        form: Form,
        table: str | None,
        block: DataBlock,
        given: Mapping[str, Any],
    ) -> None:
        self.view = view
        self.form = form
        self.table = table
        self.block = block
        self.given = given
        self.rights = view.rights.fields(view, form.name)
        self.scope = view.rights.row_scope(view, form.name)
        self.visible = self.rights.visible - self.rights.masked

    def nothing(self) -> BlockTable:
        return BlockTable(self.columns(self._asked_names()), [], total=0)

    def _asked_names(self) -> list[str]:
        if self.block.group or self.block.values or self.block.by:
            return [*self.block.group, *self._by_names(), *self.block.values]
        return [name for name, _ in self._shown_columns()]

    def _by_names(self) -> tuple[str, ...]:
        return ("period",) if self.block.by else ()

    # --- what may be read -----------------------------------------------------------------------

    def may_read_conditions(self) -> bool:
        block, catalogue = self.block, self.view.catalogue
        formulas = [f for f in (block.where, *block.values.values()) if f is not None]
        if any(not self._may_read(catalogue.expression(f)) for f in formulas):
            return False
        paths = [*block.group, *((block.by,) if block.by else ())]
        paths += [p for p in self._sort_paths() if p not in block.values and p != "period"]
        return all(self._may_name(path) for path in paths)

    def _sort_paths(self) -> list[str]:
        computed = {name for name, formula in self.block.columns if formula is not None}
        return [k.removeprefix("-") for k in self.block.sort if k.removeprefix("-") not in computed]

    def _may_read(self, expression: Expression) -> bool:
        """Whether every path that an expression reads is open to the reader."""
        return all(self._may_read_path(path) for path in expression.reads)

    def _may_read_path(self, path: str) -> bool:
        first, _, rest = path.partition(".")
        if first == "this" and "this" in self.given:
            return True  # not of a record: what is assessed
        if first in ("parent", "this") and rest:
            return self._may_name(rest, of_record=True)
        own = self.form.fields.get(first)
        if self.table is None and first not in self.form.fields and first not in SYSTEM_FIELDS:
            return self._may_read_elsewhere(first, rest)
        if self.table is not None and first in self.form.tables[self.table].fields:
            return f"{self.table}.{first}" in self.visible
        if own is not None and own.type == "table" and rest:
            return path in self.visible
        if first == self.form.name:
            return not rest or self._may_name(rest)
        return self._may_name(path)

    def _may_read_elsewhere(self, form: str, rest: str) -> bool:
        """A path of another form, or of the rows of this one (`contract.amount`)."""
        if form not in self.view.catalogue.forms:
            return True  # a namespace of the engine's own: `receipts`, `flow`
        if not self.view.rights.row_scope(self.view, form).terms:
            return False
        seen = self.view.rights.fields(self.view, form)
        return not rest or rest.split(".")[0] in seen.visible - seen.masked

    def _may_name(self, path: str, *, of_record: bool = False) -> bool:
        first, _, rest = path.partition(".")
        if self.table is not None and not of_record:
            if first == "parent":
                return self._may_name(rest, of_record=True)
            if first in self.form.tables[self.table].fields:
                return f"{self.table}.{first}" in self.visible
            return first == "id"
        if first not in self.visible:
            return False
        definition = self.form.fields.get(first)
        if not rest or definition is None or definition.type != "link" or not definition.to:
            return True
        return self._may_read_elsewhere(definition.to[0].partition(".")[0], rest)

    # --- which rows -----------------------------------------------------------------------------

    def where(self, more: Expression | None = None) -> Expression | None:
        found = None
        if self.block.where is not None:
            written = self.view.catalogue.expression(self.block.where)
            found = with_values(self.view, written, self.given)
        if self.block.by is not None and self.block.period_count:
            found = both(found, self._within())
        if more is not None:
            found = both(found, more)
        return found

    def query(self, names: Sequence[str], **more: Any) -> Query:
        return Query(
            self.form.name,
            tuple(names),
            self.scope,
            table=self.table,
            variables=variables(self.view),
            **more,
        )

    def buckets(self) -> list[Period]:
        """The periods of `by`, oldest first: `periods` of them, up to the one asked about."""
        grain = cast(Grain, self.block.every or "month")
        last = Period.containing(self.view.today, grain)
        control = self.given.get("control")
        around = control if isinstance(control, Mapping) else self.given
        asked = next((v for v in around.values() if isinstance(v, Period)), None)
        if asked is not None:
            last = asked.of_grain(grain)
        return [last.shifted(-back) for back in reversed(range(self.block.period_count or 0))]

    def _within(self) -> Expression:
        """The condition that keeps the dates inside the buckets."""
        periods = self.buckets()
        path = cast(str, self.block.by)
        definition = self._field_of(path)
        instant = path.endswith("_at") if definition is None else definition.type == "datetime"
        type_ = Type("datetime" if instant else "date")
        name = Name(0, 0, type_, "record", path)
        day = Type("date")
        first = Constant(0, 0, day, periods[0].start)
        last = Constant(0, 0, day, periods[-1].end - timedelta(days=1))
        of: Node = Call(0, 0, day, "date", (name,)) if instant else name
        root = Binary(
            0, 0, _BOOLEAN, "and",
            Binary(0, 0, _BOOLEAN, ">=", of, first),
            Binary(0, 0, _BOOLEAN, "<=", of, last),
        )  # fmt: skip
        return finished(f"{path} in {periods[0]}…{periods[-1]}", root)

    # --- rows -----------------------------------------------------------------------------------

    def _shown_columns(self) -> list[tuple[str, Any]]:
        """The columns that the reader may see."""
        catalogue = self.view.catalogue
        wanted = self.block.columns or tuple((name, None) for name in self._default_columns())
        return [
            (name, formula)
            for name, formula in wanted
            if (
                self._may_name(name) or name in self.rights.masked
                if formula is None
                else self._may_read(catalogue.expression(formula))
            )
        ]

    def _default_columns(self) -> Iterable[str]:
        if self.table is not None:
            return self.form.tables[self.table].fields
        return self.form.list.columns or ("number", "org", "status")

    def listed(self) -> BlockTable:
        shown = self._shown_columns()
        paths = [name for name, formula in shown if formula is None]
        computed = {name: f for name, f in shown if f is not None}
        limit = min(self.block.limit or MOST_ROWS, MOST_ROWS)
        sorted_here = any(k.removeprefix("-") in computed for k in self.block.sort)
        sort = () if sorted_here else tuple(_sort_key(key) for key in self.block.sort)
        own = paths if self.table is None else []  # paths of rows begin at the row
        ways = [way for path in own for way, _ in links_along(self.view, self.form, path)]
        query = self.query(
            (*dict.fromkeys((*paths, *ways, "id")),),
            where=self.where(),
            sort=sort or (SortKey("id"),),
            page=Page(MOST_FOLDED if sorted_here else limit),
            count="exact",
        )
        found = self.view.store.select(self.view.connection, query)
        blank(self.view, self.form, found.items, own)
        rows = [{name: self._shown(name, item.get(name)) for name in paths} for item in found.items]
        ids: list[int | None] = [item["id"] for item in found.items]
        if computed:
            self._compute(computed, ids, rows)
        if sorted_here:
            order = sorted_rows(list(enumerate(rows)), self.block.sort, lambda one: one[1])
            rows, ids = [r for _, r in order][:limit], [ids[i] for i, _ in order][:limit]
        names = [name for name, _ in shown]
        ordered = [{name: row[name] for name in names} for row in rows]
        return BlockTable(
            self.columns(names), ordered, ids if self.table is None else (), found.total
        )

    def _shown(self, path: str, value: Any) -> Any:
        full = f"{self.table}.{path}" if self.table else path
        if value is not None and full in self.rights.masked:
            return MASK
        return value

    def _compute(
        self, computed: Mapping[str, Any], ids: Sequence[int | None], rows: list[dict[str, Any]]
    ) -> None:
        """Columns that are expressions, over the whole record of each row."""
        pairs = self._whole([i for i in ids if i is not None])
        for name, formula in computed.items():
            make = closure(
                with_values(self.view, self.view.catalogue.expression(formula), self.given)
            )
            for identity, row in zip(ids, rows, strict=True):
                pair = pairs.get(identity)
                row[name] = None if pair is None else make(self._around(*pair))

    def _whole(self, ids: Sequence[int]) -> dict[Any, tuple[Values, Values | None]]:
        """Records, or rows of the table with their records, by id."""
        view = self.view
        if self.table is None:
            loaded = view.store.load(view.connection, self.form.name, ids)
            return {identity: (record, None) for identity, record in loaded.items()}
        query = Query(
            self.form.name,
            ("id", "parent.id"),
            self.scope,
            table=self.table,
            ids=tuple(ids),
            page=None,
            variables=variables(view),
        )
        owners = {row["parent.id"] for row in view.store.select(view.connection, query).items}
        records = view.store.load(view.connection, self.form.name, sorted(owners))
        wanted = set(ids)
        return {
            row["id"]: (row, record)
            for record in records.values()
            for row in record.get(self.table) or ()
            if row["id"] in wanted
        }

    def _around(self, row: Values, owner: Values | None) -> Environment:
        return environment(self.view, row, parent=owner, **self.given)

    # --- groups ---------------------------------------------------------------------------------

    def grouped(self) -> BlockTable:
        block = self.block
        keys = [*block.group]
        if block.by is not None:
            keys.append(f"{block.by}:{block.every or 'month'}")
        names = [*block.group, *self._by_names()]
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
        if sort:
            rows = sorted_rows(rows, sort, lambda row: row)
        rows = rows[: min(block.limit or MOST_ROWS, MOST_ROWS)]
        return BlockTable(self.columns([*names, *values]), rows, total=total)

    def _filled(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A row for each period, whether or not something happened in it."""
        found = {row["period"]: row for row in rows}
        return [found.get(period, {"period": period}) for period in self.buckets()]

    def _counts(self, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        query = self.query(
            (),
            where=self.where(),
            group=tuple(keys),
            aggregates=(AggregateColumn("n", "count"),),
            page=Page(MOST_ROWS * 5),
        )
        found = self.view.store.select(self.view.connection, query).items
        return [tuple(row[key] for key in keys) for row in found]

    def _folded(self, expression: Expression, keys: Sequence[str]) -> dict[tuple[Any, ...], Any]:
        """The value of an expression over aggregates, by group."""
        aggregates = [node for node in walk(expression.root) if isinstance(node, Aggregate)]
        own = [node for node in aggregates if self._is_of_rows(node.source)]
        if len(own) < len(aggregates) or not all(self._fits_database(node) for node in own):
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

    def _is_of_rows(self, source: Source) -> bool:
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
        column = AggregateColumn("value", cast(Any, node.function), path)
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
            tuple(row[key] for key in keys): empty if row["value"] is None else row["value"]
            for row in found
        }

    def _folded_here(
        self, expression: Expression, keys: Sequence[str]
    ) -> dict[tuple[Any, ...], Any]:
        """The same over the rows themselves, for what the database cannot fold."""
        query = self.query(
            (*dict.fromkeys(("id", *(key.partition(":")[0] for key in keys))),),
            where=self.where(),
            page=Page(MOST_FOLDED),
        )
        found = self.view.store.select(self.view.connection, query).items
        pairs = self._whole([row["id"] for row in found])
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

    # --- columns --------------------------------------------------------------------------------

    def columns(self, names: Sequence[str]) -> list[Column]:
        return [self._column(name) for name in names]

    def _column(self, name: str) -> Column:
        if name in self.block.values:
            return (name, *self._value_words(name))
        formula = dict(self.block.columns).get(name)
        if formula is not None:
            type_ = self.view.catalogue.expression(formula).type
            return (name, name, type_.name, type_.unit)
        if name == "period" and self.block.by:
            return (name, Words("measures.column.period"), "period", None)
        definition = self._field_of(name)
        last = name.rpartition(".")[2]
        if definition is not None:
            return (name, definition.title, definition.type, definition.unit)
        title = Words(f"system_fields.{last}") if has_text(f"system_fields.{last}") else last
        return (name, title, _SYSTEM_TYPES.get(last, "text"), None)

    def _value_words(self, name: str) -> tuple[Any, str, Any]:
        """Title, type and unit of an aggregate: of the field it is of, where it has no name."""
        expression = self.view.catalogue.expression(self.block.values[name])
        root = expression.root
        type_: str = expression.type.name
        unit: Any = expression.type.unit
        title: Any = name if not name.startswith("value") else Words("measures.column.value")
        if isinstance(root, Aggregate):
            if root.function == "count":
                title = title if isinstance(title, str) else Words("measures.column.count")
            elif isinstance(root.value, Name):
                definition = self._field_of(root.value.name)
                if definition is not None:
                    title = title if isinstance(title, str) else definition.title
                    type_, unit = definition.type, definition.unit
        return title, type_ if type_ != "any" else "number", unit

    def _field_of(self, path: str) -> Field | None:
        form, table = self.form, self.table
        first, _, rest = path.partition(".")
        if table is not None and first == "parent":
            first, _, rest = rest.partition(".")
        elif table is not None:
            return form.tables[table].fields.get(first)
        definition = form.fields.get(first)
        if rest and definition is not None and definition.type == "link" and definition.to:
            target = self.view.catalogue.forms.get(definition.to[0].partition(".")[0])
            return None if target is None else target.fields.get(rest)
        return None if rest else definition


_SYSTEM_TYPES = {
    "id": "integer",
    "revision": "integer",
    "org": "org",
    "owner": "person",
    "created_by": "person",
    "updated_by": "person",
    "created_at": "datetime",
    "updated_at": "datetime",
}


class _TheseRows(StoredWorld):
    """The world in which the rows of the block's form are those of one group."""

    def __init__(
        self, view: Reading, asked: _Asked, rows: Sequence[tuple[Values, Values | None]]
    ) -> None:
        super().__init__(view)
        self._asked = asked
        self._rows = rows

    def rows(
        self, source: Source, where: Node | None, environment: Environment
    ) -> Iterable[tuple[Values, Values | None]]:
        if self._asked._is_of_rows(source):
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


def _sort_key(key: str) -> SortKey:
    return SortKey(key.removeprefix("-"), key.startswith("-"))


def sorted_rows(
    rows: list[Any], keys: Sequence[str], row_of: Callable[[Any], Mapping[str, Any]]
) -> list[Any]:
    """By several keys, those without a value last."""
    for key in reversed(keys):
        name, descending = key.removeprefix("-"), key.startswith("-")
        there = [row for row in rows if row_of(row).get(name) is not None]
        absent = [row for row in rows if row_of(row).get(name) is None]
        there.sort(key=lambda row: _order(row_of(row)[name]), reverse=descending)
        rows = there + absent
    return rows


def _order(value: Any) -> Any:
    return value.key if isinstance(value, Period) else value
