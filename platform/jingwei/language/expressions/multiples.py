"""Amounts of one unit written as another: `budget * 10000` is in 元 where `budget` is in 万元."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from jingwei.language.expressions.tree import Aggregate, Binary, Call, Constant, Name, Node, Unary
from jingwei.language.expressions.types import units_agree
from jingwei.language.scales import conversion

_OF_THE_SAME_UNIT = frozenset({"round", "floor", "ceil", "abs"})
_AGGREGATES = frozenset({"sum", "avg", "min", "max", "first", "last", "median", "percentile"})


def in_one_unit(left: Node, right: Node) -> tuple[Node, Node] | None:
    """Both, of one unit: as they are, or one converted by the factor that it is multiplied with."""
    if units_agree(left.type, right.type):
        return left, right
    if right.type.unit is not None and is_converted(left, right.type.unit):
        return replace(left, type=replace(left.type, unit=right.type.unit)), right
    if left.type.unit is not None and is_converted(right, left.type.unit):
        return left, replace(right, type=replace(right.type, unit=left.type.unit))
    return None


def is_converted(node: Node, unit: str) -> bool:
    """Whether the factors inside make it an amount in `unit`."""
    many = None if node.type.unit is None else conversion(node.type.unit, unit)
    return many is not None and _factor(node) == many


def are_multiples(left: Node, right: Node) -> bool:
    """Whether both count the same by different measures, such as 元 and 万元."""
    one, other = left.type.unit, right.type.unit
    return bool(one and other and conversion(one, other) not in (None, 1))


def meant_multiple(node: Node, unit: str | None) -> str | None:
    """How the value of a plain name is written in another unit."""
    name = _written(node)
    many = conversion(node.type.unit, unit) if node.type.unit and unit else None
    if name is None or many is None or many == 1:
        return None
    return f"{name} * {many:f}" if many > 1 else f"{name} / {1 / many:f}"


def _written(node: Node) -> str | None:
    """A field, or an aggregate of a column, as it is written."""
    match node:
        case Name(root="record" | "variable", name=name):
            return name
        case Name(root=root, name=name):
            return f"{root}.{name}"
        case Aggregate(
            function=function, source=source, value=Name(name=name), where=None, by=None
        ) if source.origin == "table" and source.root == "record":
            return f"{function}({source.name}.{name})"
        case _:
            return None


def _factor(node: Node) -> Decimal:
    """The product of the constants that an amount is multiplied with."""
    match node:
        case Binary(op="*", left=left, right=Constant(value=Decimal() as by)):
            return _factor(left) * by
        case Binary(op="*", left=Constant(value=Decimal() as by), right=right):
            return _factor(right) * by
        case Binary(op="/", left=left, right=Constant(value=Decimal() as by)) if by:
            return _factor(left) / by
        case Unary(op="-", operand=operand):
            return _factor(operand)
        case Aggregate(function=function, value=value) if value and function in _AGGREGATES:
            return _factor(value)
        case Call(function=function, arguments=(first, *_)) if function in _OF_THE_SAME_UNIT:
            return _factor(first)
        case _:
            return Decimal(1)
