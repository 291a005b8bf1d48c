"""Relations in expressions: `count(related.orders)` counts what their definition lets in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from jingwei.language.expressions.mapped import mapped
from jingwei.language.expressions.reads import finished, walk
from jingwei.language.expressions.tree import Aggregate, Binary, Expression, Node, Source, Type
from jingwei.language.form import Form
from jingwei.language.values import Formula

_BOOLEAN = Type("boolean")


class Linked(Protocol):
    """What is asked of a catalogue."""

    @property
    def forms(self) -> Mapping[str, Form]: ...
    @property
    def expressions(self) -> Mapping[Formula, Expression]: ...


def within_relations(catalogue: Linked, expression: Expression) -> Expression:
    """The expression, with the records of each relation as few as its `where` has them. In a
    `where` no relation can be named, so that it is put in as it stands."""
    if not any(isinstance(n, Aggregate) and n.source.owner for n in walk(expression.root)):
        return expression

    def change(node: Node) -> Node | None:
        if not isinstance(node, Aggregate) or node.source.owner is None:
            return None
        value, where, by = (
            None if part is None else mapped(part, change)
            for part in (node.value, node.where, node.by)
        )
        own = _where(catalogue, node.source)
        if own is not None:
            where = own if where is None else Binary(0, 0, _BOOLEAN, "and", own, where)
        return replace(node, value=value, where=where, by=by)

    root = mapped(expression.root, change)
    return expression if root == expression.root else finished(expression.source, root)


def _where(catalogue: Linked, source: Source) -> Node | None:
    where = catalogue.forms[source.owner or ""].related[source.name].where
    return None if where is None else catalogue.expressions[where].root
