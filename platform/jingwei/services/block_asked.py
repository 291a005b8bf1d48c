"""A data block about rows of a form, with its reader and the values of its parameters: what of it
he may read, which rows it means, what its columns are called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from jingwei.language.expressions.environment import Environment, Values
from jingwei.language.expressions.reads import finished
from jingwei.language.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Constant,
    Expression,
    Name,
    Node,
    Type,
)
from jingwei.language.form import SYSTEM_FIELDS, Field, Form
from jingwei.language.output import DataBlock
from jingwei.language.periods import Grain, Period
from jingwei.services.block_tables import BlockTable, Column
from jingwei.services.block_trees import with_values
from jingwei.services.commands import Reading
from jingwei.services.linked import (
    as_reader,
    asks_elsewhere,
    blank_along,
    held_scopes,
    is_whole,
    links_along,
)
from jingwei.services.reader_world import ReaderWorld
from jingwei.services.rights import both
from jingwei.services.world import environment, variables
from jingwei.storage.query import Query
from jingwei.texts import Words, has_text

_BOOLEAN = Type("boolean")


class Asked(ABC):
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
        return BlockTable(self.columns(self.asked_names()), [], total=0, closed=True)

    @abstractmethod
    def answer(self) -> BlockTable:
        """What the reader gets to see."""

    def asked_names(self) -> list[str]:
        if self.block.group or self.block.values or self.block.by:
            return [*self.block.group, *self.by_names(), *self.block.values]
        return [name for name, _ in self.shown_columns()]

    def by_names(self) -> tuple[str, ...]:
        return ("period",) if self.block.by else ()

    # --- what may be read -----------------------------------------------------------------------

    def may_read_conditions(self) -> bool:
        block, catalogue = self.block, self.view.catalogue
        formulas = [f for f in (block.where, *block.values.values()) if f is not None]
        if any(not self.may_read(catalogue.expression(f)) for f in formulas):
            return False
        if block.where is not None and asks_elsewhere(self.view, catalogue.expression(block.where)):
            return False
        paths = [*block.group, *((block.by,) if block.by else ())]
        paths += [p for p in self._sort_paths() if p not in block.values and p != "period"]
        return all(self.may_name(path) for path in paths)

    def is_followed_far(self, paths: Iterable[str]) -> bool:
        """Whether a path goes through a link to records that the reader may not all list."""
        return any(
            not is_whole(self.view, target) for path in paths for _, target in self.ways(path)
        )

    def ways(self, path: str) -> list[tuple[str, str]]:
        """The links that a path goes through, each as its own path, with the form it leads to."""
        view = self.view
        if self.table is None:
            return links_along(view, self.form, path)
        first, _, rest = path.partition(".")
        if first == "parent":
            return [(f"parent.{w}", form) for w, form in links_along(view, self.form, rest)]
        column = self.form.tables[self.table].fields.get(first)
        if not rest or column is None or column.type != "link" or len(column.to) != 1:
            return []
        beyond = links_along(view, view.catalogue.forms[column.to[0]], rest)
        return [(first, column.to[0]), *((f"{first}.{w}", form) for w, form in beyond)]

    def blanked(self, items: list[dict[str, Any]], paths: Sequence[str]) -> list[dict[str, Any]]:
        """The rows without values of records that the reader may not list. The rows have the links
        on the way, too."""
        blank_along(self.view, items, {path: self.ways(path) for path in paths})
        return items

    def with_ways(self, paths: Sequence[str]) -> tuple[str, ...]:
        """The paths, the links on the way to them, and the id."""
        ways = [way for path in paths for way, _ in self.ways(path)]
        return tuple(dict.fromkeys((*paths, *ways, "id")))

    def _sort_paths(self) -> list[str]:
        computed = {name for name, formula in self.block.columns if formula is not None}
        return [k.removeprefix("-") for k in self.block.sort if k.removeprefix("-") not in computed]

    def may_read(self, expression: Expression) -> bool:
        """Whether every path that an expression reads is open to the reader."""
        return all(self._may_read_path(path) for path in expression.reads)

    def _may_read_path(self, path: str) -> bool:
        first, _, rest = path.partition(".")
        if first == "this" and "this" in self.given:
            return True  # not of a record: what is assessed
        if first in ("parent", "this") and rest:
            return self.may_name(rest, of_record=True)
        own = self.form.fields.get(first)
        if self.table is None and first not in self.form.fields and first not in SYSTEM_FIELDS:
            return self._may_read_elsewhere(first, rest)
        if self.table is not None and first in self.form.tables[self.table].fields:
            return self._may_name_column(self.table, path)
        if own is not None and own.type == "table" and rest:
            return self._may_name_column(first, rest)
        if first == self.form.name:
            return not rest or self.may_name(rest)
        return self.may_name(path)

    def _may_read_elsewhere(self, form: str, rest: str) -> bool:
        """A path of another form, or of the rows of this one (`contract.amount`)."""
        if form not in self.view.catalogue.forms:
            return True  # a namespace of the engine's own: `receipts`, `flow`
        if not self.view.rights.row_scope(self.view, form).terms:
            return False
        seen = self.view.rights.fields(self.view, form)
        first, _, beyond = rest.partition(".")
        if rest and first not in seen.visible - seen.masked:
            return False
        own = self.view.catalogue.forms[form].tables
        if beyond and first in own and f"{first}.{beyond}" not in seen.visible:
            return beyond.partition(".")[0] not in own[first].fields
        return self._may_go_on(self.view.catalogue.forms[form].fields.get(first), beyond)

    def _may_name_column(self, table: str, path: str) -> bool:
        """A column of a table, or a field of the record that it links to."""
        first, _, rest = path.partition(".")
        if f"{table}.{first}" not in self.visible:
            return False
        return self._may_go_on(self.form.tables[table].fields.get(first), rest)

    def _may_go_on(self, definition: Field | None, rest: str) -> bool:
        """Whether the reader may see what a path looks at behind a field."""
        if not rest or definition is None or definition.type != "link":
            return True
        return all(self._may_read_elsewhere(to.partition(".")[0], rest) for to in definition.to)

    def may_name(self, path: str, *, of_record: bool = False) -> bool:
        first, _, rest = path.partition(".")
        if self.table is not None and not of_record:
            if first == "parent":
                return self.may_name(rest, of_record=True)
            if first in self.form.tables[self.table].fields:
                return self._may_name_column(self.table, path)
            return first == "id"
        if first not in self.visible:
            return False
        return self._may_go_on(self.form.fields.get(first), rest)

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
        return None if found is None else as_reader(found)

    def query(self, names: Sequence[str], **more: Any) -> Query:
        return Query(
            self.form.name,
            tuple(names),
            self.scope,
            table=self.table,
            held=held_scopes(self.view, more.get("where")),
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
        definition = self.field_of(path)
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

    # --- columns ----------------------------------------------------------------------------------

    def shown_columns(self) -> list[tuple[str, Any]]:
        """The columns that the reader may see."""
        catalogue = self.view.catalogue
        wanted = self.block.columns or tuple((name, None) for name in self._default_columns())
        return [
            (name, formula)
            for name, formula in wanted
            if (
                self.may_name(name) or name in self.rights.masked
                if formula is None
                else self.may_read(catalogue.expression(formula))
            )
        ]

    def _default_columns(self) -> Iterable[str]:
        if self.table is not None:
            return self.form.tables[self.table].fields
        return self.form.list.columns or ("number", "org", "status")

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
        definition = self.field_of(name)
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
                definition = self.field_of(root.value.name)
                if definition is not None:
                    title = title if isinstance(title, str) else definition.title
                    type_, unit = definition.type, definition.unit
        return title, type_ if type_ != "any" else "number", unit

    def field_of(self, path: str) -> Field | None:
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

    # --- whole records --------------------------------------------------------------------------

    def whole(self, ids: Sequence[int]) -> dict[Any, tuple[Values, Values | None]]:
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

    def around(self, row: Values, owner: Values | None) -> Environment:
        found = environment(self.view, row, parent=owner, **self.given)
        found.world = ReaderWorld(self.view)
        return found


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
