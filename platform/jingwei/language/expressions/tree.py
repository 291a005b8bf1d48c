"""The typed tree of an expression: what the targets translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

# What an expression yields. `record` is a row of a form, `rows` a sub-table or related records.
TypeName = Literal[
    "null",
    "boolean",
    "number",
    "percent",
    "text",
    "date",
    "datetime",
    "time",
    "duration",
    "period",
    "choice",
    "org",
    "person",
    "role",
    "post",
    "indicator",
    "profile",
    "record",
    "rows",
    "list",
    "secret",
    "any",
]


@dataclass(frozen=True, slots=True)
class Type:
    """A type, with the unit of a number, the form of a record, the element of a list."""

    name: TypeName
    unit: str | None = None
    form: str | None = None  # of record, rows; None: of one of several, by `choices`
    table: str | None = None  # rows of this table of the form
    of: Type | None = None  # element of a list
    choices: frozenset[str] | None = None
    grain: str | None = None
    # what was divided by what: `a / b` stands beside any unit, and is `a` again times `b`
    ratio: tuple[str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Node:
    """`start`, `end`: 0-based characters of the source."""

    start: int
    end: int
    type: Type = field(compare=False)


@dataclass(frozen=True, slots=True)
class Constant(Node):
    value: Any  # an engine value, or a Duration


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    items: tuple[Node, ...]


# where a name is looked up at run time
Root = Literal["record", "parent", "this", "row", "old", "previous_version", "variable"]


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A field of a root (`amount`, `parent.year`, `old.x`), or a variable (`me`, `value`)."""

    root: Root
    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`.name` of an org, person, period, linked record … The checker proved that it exists."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    op: Literal["-", "not"]
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    op: Literal["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in"]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """Both ends included; false when any of the three is null."""

    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class IsEmpty(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]


AggregateName = Literal[
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "any",
    "all",
    "first",
    "last",
    "count_distinct",
    "median",
    "percentile",
]


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """`sum(targets.amount where …)`. `source` yields rows; inside `value`, `where`, `by`, root
    `record` is the row, `parent` its record, `this` the record the definition is written on.

    `count` without a value counts rows, with a boolean one the rows where it is true, with another
    the rows where it is not null. `first` and `last` take the row's order, or that of `by`, in
    which rows without a `by` come last either way; without a value they yield the row's id.
    `share` is the fixed second argument of `percentile`.
    """

    function: AggregateName
    source: Source
    value: Node | None
    where: Node | None
    by: Node | None
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Source(Node):
    """Where rows come from: a table of the record in scope, a relation, another form, a link.

    Of a table: the rows at `root`.`name`. Of a relation: the records of `form` whose link `by` is
    the record at `root`. Of a form: all its records, or with `table` all rows of that table. Of a
    link: the records that the link of many at `root`.`name` holds, in its order; they are of
    `form`, or of any where that is None.
    """

    origin: Literal["table", "related", "form", "block", "link"]
    root: Root  # of a table, a relation, a link: whose
    name: str
    table: str | None = None
    form: str | None = None
    by: str | None = None
    owner: str | None = None  # of a relation: the form that defines it
    of_reader: bool = False  # only records that whoever asks may list, in what he typed
    behind: Node | None = None  # of a table, a link of many: the link to the record that has it


@dataclass(frozen=True, slots=True)
class Reachable(Node):
    """That a link leads to no record, or to one that whoever asks may list. Nobody writes it."""

    link: Node


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `reads` are the paths it depends on (`amount`, `targets.amount`,
    `other_form.field`), for lineage, rights and live recomputation."""

    source: str
    root: Node
    reads: frozenset[str] = frozenset()
    inside_record: bool = True  # every operand is inside the record (sub-tables included)
    functions: frozenset[str] = frozenset()
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def type(self) -> Type:
        return self.root.type
