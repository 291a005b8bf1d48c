"""Amounts of one unit written as another: `budget * 10000` is in 元 where `budget` is in 万元."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

from jingwei.language.expressions.reads import parts, walk
from jingwei.language.expressions.tree import (
    Aggregate,
    Binary,
    Call,
    Constant,
    If,
    Name,
    Node,
    Unary,
)
from jingwei.language.expressions.types import units_agree
from jingwei.language.scales import conversion

_OF_THE_FIRST = frozenset({"round", "floor", "ceil", "abs"})
_OF_ALL = frozenset({"coalesce", "min", "max"})
_AGGREGATES = frozenset({"sum", "avg", "min", "max", "first", "last", "median", "percentile"})
_MOST = 24  # powers of ten further off convert nothing

# By which powers of ten an amount may have been converted: of `cost * 10000` 0 and 4, as the
# factor may also be meant as one. None: a constant, which is of whatever unit is wanted.
Powers = frozenset[int]
Known = Mapping[int, Powers | None]
_AS_IT_IS: Powers = frozenset({0})


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
    if many is None:
        return False
    powers = _powers(node)[id(node)]
    return powers is None or many.adjusted() in powers


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


def unconverted(root: Node) -> Binary | None:
    """A quotient of 万元 by 元, say, that no factor makes into a share: neither one of the two
    sides nor one around it, as in `cost / yuan * 10000`."""
    known = _powers(root)
    waiting: list[tuple[Node, Powers]] = [(root, _AS_IT_IS)]
    while waiting:
        node, around = waiting.pop()
        if isinstance(node, Binary) and node.op == "/" and are_multiples(node.left, node.right):
            one, other = cast(str, node.left.type.unit), cast(str, node.right.type.unit)
            many = conversion(one, other)
            inside = _sums(_of(node.left, known), _negative(_of(node.right, known)))
            if many is not None and many.adjusted() not in _sums(around, inside):
                return node
        waiting.extend(reversed(list(_below(node, around, known))))
    return None


def _below(node: Node, around: Powers, known: Known) -> Iterator[tuple[Node, Powers]]:
    """The parts of a node with the powers that a quotient in them is multiplied with."""
    match node:
        case Binary(op="*", left=left, right=right):
            yield left, _sums(around, _of(right, known))
            yield right, _sums(around, _of(left, known))
        case Binary(op="/", left=left, right=right):
            yield left, _sums(around, _negative(_of(right, known)))
            yield right, _negative(_sums(around, _of(left, known)))
        case Binary(op="+" | "-") | Unary(op="-") | Aggregate():
            yield from ((part, around) for part in parts(node))
        case If(condition=condition, then=then, otherwise=otherwise):
            yield from ((condition, _AS_IT_IS), (then, around), (otherwise, around))
        case Call(function=function) if function in _OF_THE_FIRST | _OF_ALL:
            yield from ((part, around) for part in parts(node))
        case _:
            yield from ((part, _AS_IT_IS) for part in parts(node))


def _powers(root: Node) -> Known:
    """Those of every node below, by its identity: without recursion, for trees of any height."""
    known: dict[int, Powers | None] = {}
    for node in reversed(list(walk(root))):
        known[id(node)] = _own(node, known)
    return known


def _own(node: Node, known: Known) -> Powers | None:
    match node:
        case Constant():
            return None
        case Binary(op="*", left=left, right=right):
            return _sums(_of(left, known), _of(right, known))
        case Binary(op="/", left=left, right=right):
            return _sums(_of(left, known), _negative(_of(right, known)))
        case Binary(op="+" | "-", left=left, right=right):
            return _shared((left, right), known)
        case If(then=then, otherwise=otherwise):
            return _shared((then, otherwise), known)
        case Unary(op="-", operand=operand):
            return known[id(operand)]
        case Aggregate(function=function, value=value) if value and function in _AGGREGATES:
            return known[id(value)]
        case Call(function=function, arguments=(first, *_)) if function in _OF_THE_FIRST:
            return known[id(first)]
        case Call(function=function, arguments=arguments) if function in _OF_ALL:
            return _shared(arguments, known)
        case _:
            return _AS_IT_IS


def _of(factor: Node, known: Known) -> Powers:
    """The powers that a factor of a product brings; those of a constant too."""
    if not isinstance(factor, Constant):
        return known[id(factor)] or _AS_IT_IS
    value = factor.value
    if not isinstance(value, Decimal) or not value or factor.type.name != "number":
        return _AS_IT_IS
    power = value.adjusted()
    ten = abs(value) == Decimal(1).scaleb(power)
    return frozenset({0, power}) if ten else _AS_IT_IS


def _shared(nodes: tuple[Node, ...], known: Known) -> Powers | None:
    """What all amounts of a sum, or of a choice, have been converted by."""
    shared: Powers | None = None
    for node in nodes:
        powers = known[id(node)]
        if powers is not None:
            shared = powers if shared is None else shared & powers
    return shared


def _sums(one: Powers, other: Powers) -> Powers:
    return frozenset(sum_ for a in one for b in other if abs(sum_ := a + b) <= _MOST)


def _negative(powers: Powers) -> Powers:
    return frozenset(-power for power in powers)
