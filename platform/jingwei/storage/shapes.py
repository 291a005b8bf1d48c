"""The shape of a query: what its statement depends on, with the values taken out.

`amount > 100` and `amount > 5` are one statement with one bind; so are two people's lists whose
orgs are equally many, counted up to the next power of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jingwei.language.expressions.tree import (
    Aggregate,
    Between,
    Binary,
    Call,
    Constant,
    Expression,
    If,
    IsEmpty,
    ListOf,
    Member,
    Name,
    Node,
    Reachable,
    Unary,
)

LIST_LIMIT = 1_000  # more orgs than these are asked of the tree
_NO_VALUES = (bool, type(None))


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression without its compared constants. `key` is what its SQL depends on; `values`
    are the constants by the name of their bind."""

    expression: Expression
    key: tuple[Any, ...]
    values: Mapping[str, Any]


def condition(expression: Expression, prefix: str) -> Condition:
    """`expression` with binds `<prefix>0`, `<prefix>1` … where it compares with a constant."""
    taken: list[Constant] = []
    root = _lifted(expression.root, prefix, taken)
    types = tuple(constant.type.name for constant in taken)
    values = {f"{prefix}{i}": constant.value for i, constant in enumerate(taken)}
    return Condition(replace(expression, source="", root=root), (root, types), values)


def _lifted(node: Node, prefix: str, taken: list[Constant]) -> Node:
    """The same tree, without positions, each compared constant a variable."""

    def again(part: Node) -> Node:
        return _lifted(part, prefix, taken)

    def side(part: Node) -> Node:
        if isinstance(part, Constant) and not isinstance(part.value, _NO_VALUES):
            taken.append(part)
            return Name(0, 0, part.type, "variable", f"{prefix}{len(taken) - 1}")
        return again(part)

    match node:
        case Binary(op="and" | "or" | "+" | "-" | "*" | "/", left=left, right=right):
            return replace(node, start=0, end=0, left=again(left), right=again(right))
        case Binary(op="in", left=left, right=ListOf(items=items) as listed):
            each = replace(listed, start=0, end=0, items=tuple(side(i) for i in items))
            return replace(node, start=0, end=0, left=again(left), right=each)
        case Binary(left=left, right=right):
            return replace(node, start=0, end=0, left=side(left), right=side(right))
        case Between(operand=operand, low=low, high=high):
            operand, low, high = again(operand), side(low), side(high)
            return replace(node, start=0, end=0, operand=operand, low=low, high=high)
        case Unary(operand=operand) | IsEmpty(operand=operand):
            return replace(node, start=0, end=0, operand=again(operand))
        case Reachable(link=link):
            return replace(node, start=0, end=0, link=again(link))
        case Member(of=of):
            return replace(node, start=0, end=0, of=again(of))
        case ListOf(items=items):
            return replace(node, start=0, end=0, items=tuple(again(i) for i in items))
        case If(condition=test, then=then, otherwise=otherwise):
            test, then, otherwise = again(test), again(then), again(otherwise)
            return replace(node, start=0, end=0, condition=test, then=then, otherwise=otherwise)
        case Call(arguments=arguments):
            return replace(node, start=0, end=0, arguments=tuple(again(a) for a in arguments))
        case Aggregate(source=source, value=value, where=where, by=by):
            behind = None if source.behind is None else again(source.behind)
            return replace(
                node,
                start=0,
                end=0,
                source=replace(source, start=0, end=0, behind=behind),
                value=again(value) if value else None,
                where=again(where) if where else None,
                by=again(by) if by else None,
            )
        case _:
            return replace(node, start=0, end=0)


def bucket(count: int) -> int:
    """`count` rounded up to a power of two."""
    return 1 << (count - 1).bit_length() if count > 1 else count


def padded(values: Sequence[int]) -> Sequence[int]:
    """The values, the last one repeated up to the bucket's size."""
    return [*values, *[values[-1]] * (bucket(len(values)) - len(values))]
