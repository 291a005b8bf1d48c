"""The tree as written: no types yet, names not looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Syntax:
    """`start`, `end`: 0-based characters of the source."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Value(Syntax):
    """A literal; `kind` is the token's, or `boolean`, `null`."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Items(Syntax):
    """`[a, b]`"""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Word(Syntax):
    """A bare name."""

    name: str


@dataclass(frozen=True, slots=True)
class Dot(Syntax):
    """`of.name`; `at` is where `name` begins."""

    of: Syntax
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Lookup(Syntax):
    """`of[key]`: a row of a table by its unique column."""

    of: Syntax
    key: Syntax


@dataclass(frozen=True, slots=True)
class Apply(Syntax):
    """`name(arguments where … by …)`"""

    name: str
    name_end: int
    arguments: tuple[Syntax, ...]
    where: Syntax | None = None
    by: Syntax | None = None


@dataclass(frozen=True, slots=True)
class Prefix(Syntax):
    """`-x`, `not x`"""

    op: str
    operand: Syntax


@dataclass(frozen=True, slots=True)
class Chain(Syntax):
    """`first op x op y …`, operators of one height: `+ -`, `* /`, `and`, `or`."""

    first: Syntax
    rest: tuple[tuple[str, Syntax], ...]


@dataclass(frozen=True, slots=True)
class Compare(Syntax):
    """`left op right`; `in` and `not in` too."""

    op: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Between(Syntax):
    """`operand between low and high`, both ends included."""

    operand: Syntax
    low: Syntax
    high: Syntax
    negated: bool


@dataclass(frozen=True, slots=True)
class Empty(Syntax):
    """`operand is empty`, `operand is not empty`"""

    operand: Syntax
    negated: bool


@dataclass(frozen=True, slots=True)
class Choose(Syntax):
    """`then if condition else otherwise`"""

    condition: Syntax
    then: Syntax
    otherwise: Syntax
