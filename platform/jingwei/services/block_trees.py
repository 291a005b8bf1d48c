"""Expressions of data blocks with the values of parameters and controls put in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import depends_on_row, finished, walk
from jingwei.language.expressions.tree import (
    Call,
    Constant,
    Expression,
    ListOf,
    Member,
    Name,
    Node,
)
from jingwei.services.commands import Reading
from jingwei.services.world import environment

_AROUND = frozenset(("me", "today", "now"))


def with_values(view: Reading, expression: Expression, given: Mapping[str, Any]) -> Expression:
    """The expression with every parameter and control as a constant, so that it can run in the
    database, where `control.org.sector` is no column."""

    def change(node: Node) -> Node | None:
        if isinstance(node, Name) and node.root == "this" and "this" in given:
            value = given["this"].get(node.name)
            return Constant(node.start, node.end, node.type, value)
        if isinstance(node, Name) and node.root == "variable" and node.name not in _AROUND:
            return _constant(view, node, given)
        if isinstance(node, Call | Member) and not depends_on_row(node) and _is_given(node):
            return _constant(view, node, given)
        return None

    if "this" not in given and not any(_is_given(node) for node in walk(expression.root)):
        return expression
    return finished(expression.source, mapped(expression.root, change))


def _is_given(node: Node) -> bool:
    return any(
        isinstance(part, Name) and part.root == "variable" and part.name not in _AROUND
        for part in walk(node)
    )


def _constant(view: Reading, node: Node, given: Mapping[str, Any]) -> Node:
    return constant(closure(Expression("", node))(environment(view, {}, **given)), node)


def constant(value: Any, node: Node) -> Node:
    """The value in the place of a node that was worked out."""
    if isinstance(value, list | tuple):
        of = node.type.of or node.type
        items = tuple(Constant(node.start, node.end, of, one) for one in value)
        return ListOf(node.start, node.end, node.type, items)
    return Constant(node.start, node.end, node.type, value)
