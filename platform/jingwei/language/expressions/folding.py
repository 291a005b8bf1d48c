"""An expression with what is already known put in: for queries, where only the row varies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from jingwei.language.expressions.closures import compiled
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.reads import parts, walk
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
    Root,
    Type,
    Unary,
)
from jingwei.language.expressions.types import ANY

_OUTSIDE: frozenset[Root] = frozenset(("variable",))


def folded(
    expression: Expression, environment: Environment, outside: Collection[Root] = _OUTSIDE
) -> Expression:
    """The expression in which every part that is the same for all rows is a constant.

    `outside` are the roots that are not the row: in a link's filter `this` and `row` too. Bare
    variables (`me`, `today`) stay, so that a statement can be kept and bound again.
    """
    return replace(expression, root=_folded(expression.root, environment, frozenset(outside)))


def _folded(node: Node, environment: Environment, outside: frozenset[Root]) -> Node:
    if isinstance(node, Constant) or _is_plain_variable(node):
        return node
    if isinstance(node, ListOf):
        return replace(node, items=tuple(_folded(i, environment, outside) for i in node.items))
    if _is_known(node, outside):
        return _constant(node, compiled(node)(environment))
    return _with_parts(node, [_folded(part, environment, outside) for part in parts(node)])


def _is_plain_variable(node: Node) -> bool:
    return isinstance(node, Name) and node.root == "variable" and "." not in node.name


def _is_known(node: Node, outside: frozenset[Root]) -> bool:
    for part in walk(node):
        if isinstance(part, Aggregate):
            return False  # rows are the database's to count
        if isinstance(part, Name) and part.root not in outside:
            return False
    return True


def _constant(node: Node, value: Any) -> Node:
    if not isinstance(value, list | tuple | set | frozenset):
        return Constant(node.start, node.end, node.type, value)
    element: Type = node.type.of or ANY
    items = tuple(Constant(node.start, node.end, element, v) for v in value)
    return ListOf(node.start, node.end, node.type, items)


def _with_parts(node: Node, new: list[Node]) -> Node:
    match node:
        case Member():
            return replace(node, of=new[0])
        case Unary() | IsEmpty():
            return replace(node, operand=new[0])
        case Binary():
            return replace(node, left=new[0], right=new[1])
        case Between():
            return replace(node, operand=new[0], low=new[1], high=new[2])
        case If():
            return replace(node, condition=new[0], then=new[1], otherwise=new[2])
        case Call():
            return replace(node, arguments=tuple(new))
        case Aggregate(value=value, where=where, by=by):
            left = iter(new)
            return replace(
                node,
                value=next(left) if value is not None else None,
                where=next(left) if where is not None else None,
                by=next(left) if by is not None else None,
            )
        case _:
            return node
