"""Conditions that can never hold, seen from the tree alone.

Only what is certain: constants compared with each other, and limits of one name that exclude each
other, of a constant or of another name. What depends on more is left to the author.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jingwei.language.expressions.closures import compiled
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import (
    Between,
    Binary,
    Constant,
    If,
    IsEmpty,
    ListOf,
    Name,
    Node,
    Unary,
)

_CLOSED = (Constant, ListOf, Unary, Binary, Between, If, IsEmpty)
_CONTRARY: Mapping[str, Any] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def never_true(node: Node) -> bool:
    """Whether the condition is false for every record. A literal `false` is meant, and is not."""
    if isinstance(node, Constant):
        return False
    if isinstance(node, Binary) and node.op == "or":
        return never_true(node.left) and never_true(node.right)
    parts = list(_conjuncts(node))
    if any(_is_false(part) for part in parts):
        return True
    if len(parts) == 1:
        return False
    return any(never_true(part) for part in parts) or _exclude_each_other(parts)


def covers(earlier: Node, later: Node) -> bool:
    """Whether `earlier` surely holds wherever `later` does: `n > 1` covers `n > 5`."""
    if any(isinstance(part, Constant) and part.value is None for part in walk(later)):
        return False
    match earlier:
        case Binary(op=op, left=Name(), right=Constant()) if op in _CONTRARY:
            contrary = replace(earlier, op=_CONTRARY[op])
            both = Binary(later.start, later.end, later.type, "and", later, contrary)
            return not never_true(later) and never_true(both)
    return False


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, Binary) and node.op == "and":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _is_false(node: Node) -> bool:
    """Built of constants alone, and false."""
    if isinstance(node, Constant) or not all(isinstance(part, _CLOSED) for part in walk(node)):
        return False
    try:
        return not compiled(node)(Environment())
    except ArithmeticError:
        return False


@dataclass
class _Limits:
    """What the parts of an `and` say about one name."""

    low: Any = None
    low_included: bool = True
    high: Any = None
    high_included: bool = True
    among: frozenset[Any] | None = None

    def above(self, value: Any, included: bool) -> None:
        if self.low is None or value > self.low or (value == self.low and not included):
            self.low, self.low_included = value, included

    def below(self, value: Any, included: bool) -> None:
        if self.high is None or value < self.high or (value == self.high and not included):
            self.high, self.high_included = value, included

    def one_of(self, values: frozenset[Any]) -> None:
        self.among = values if self.among is None else self.among & values

    @property
    def exclude_all(self) -> bool:
        if self.among is not None:
            return not any(self._inside(value) for value in self.among)
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return not (self.low_included and self.high_included)
        return bool(self.low > self.high)

    def _inside(self, value: Any) -> bool:
        if value is None:
            return self.low is None and self.high is None
        if self.low is not None and not (
            value > self.low or (self.low_included and value == self.low)
        ):
            return False
        return self.high is None or bool(
            value < self.high or (self.high_included and value == self.high)
        )


# how the left of two names may lie to the right: below, beside, above
_ORDERS: Mapping[str, frozenset[int]] = {
    "<": frozenset((-1,)),
    "<=": frozenset((-1, 0)),
    "==": frozenset((0,)),
    "!=": frozenset((-1, 1)),
    ">=": frozenset((0, 1)),
    ">": frozenset((1,)),
}


@dataclass
class _Known:
    limits: dict[tuple[str, str], _Limits] = field(default_factory=dict)
    orders: dict[tuple[str, ...], frozenset[int]] = field(default_factory=dict)

    def between(self, op: str, left: Name, right: Name) -> None:
        """Two names compared with each other, whichever stands first."""
        one, other = (left.root, left.name), (right.root, right.name)
        allowed = _ORDERS[op]
        if one > other:
            one, other, allowed = other, one, frozenset(-order for order in allowed)
        self.orders[one + other] = self.orders.get(one + other, allowed) & allowed

    def of(self, name: Name) -> _Limits:
        return self.limits.setdefault((name.root, name.name), _Limits())


def _exclude_each_other(parts: list[Node]) -> bool:
    known = _Known()
    for part in parts:
        _note(part, known)
    if any(limits.exclude_all for limits in known.limits.values()):
        return True
    return not all(known.orders.values())


def _note(node: Node, known: _Known) -> None:
    match node:
        case Between(operand=Name() as name, low=Constant(value=low), high=Constant(value=high)):
            if low is not None and high is not None and name.type.name != "period":
                known.of(name).above(low, included=True)
                known.of(name).below(high, included=True)
        case Binary(op="in", left=Name() as name, right=ListOf(items=items)):
            if all(isinstance(item, Constant) for item in items):
                values = frozenset(i.value for i in items if isinstance(i, Constant))
                known.of(name).one_of(values)
        case Binary(op=op, left=Name() as name, right=Name() as other) if op in _ORDERS:
            known.between(op, name, other)
        case Binary(op=op, left=Name() as name, right=Constant(value=value)):
            _compare(op, name, value, known)
        case Binary(op=op, left=Constant(value=value), right=Name() as name) if op in _MIRRORED:
            _compare(_MIRRORED[op], name, value, known)


def _compare(op: str, name: Name, value: Any, known: _Known) -> None:
    if op == "==":
        known.of(name).one_of(frozenset((value,)))
    elif value is None or name.type.name in ("period", "record", "any"):
        return
    elif op in ("<", "<="):
        known.of(name).below(value, included=op == "<=")
    elif op in (">", ">="):
        known.of(name).above(value, included=op == ">=")
