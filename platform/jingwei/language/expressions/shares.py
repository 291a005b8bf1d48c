"""Percentages written as if they counted hundredths: `rate > 90`, `done / planned * 100`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import (
    Between,
    Binary,
    Call,
    Constant,
    If,
    Node,
    Type,
    TypeName,
)

_COMPARED = frozenset({"==", "!=", "<", "<=", ">", ">="})
_ADDED = frozenset({"+", "-"})
_LEAST = 2  # a share of 1.2 or 1.5 is meant: 120 % of the plan
_LEAST_ADDED = 3  # `2 - rate` is how a cost is scored
_MOST = 10**6  # above it nobody means a percentage
_KEEPING = frozenset({"round", "floor", "ceil", "coalesce"})


def numbers_beside_shares(root: Node, wanted: TypeName | Type | None = None) -> Iterator[Constant]:
    """Whole numbers, from 2, that are compared with a percentage, added to one, or stand for one.
    What grew may well have grown by 300 %."""
    if isinstance(wanted, Type) and wanted.name == "percent" and _is_whole(root, _LEAST):
        assert isinstance(root, Constant)
        yield root
    for node in walk(root):
        least = _LEAST
        match node:
            case Binary(op=op, left=left, right=right) if op in _COMPARED | _ADDED:
                least = _LEAST_ADDED if op in _ADDED else _LEAST
                pairs = [(left, right), (right, left)]
            case Between(operand=operand, low=low, high=high):
                pairs = [(operand, low), (operand, high)]
            case _:
                continue
        for share, number in pairs:
            grown = isinstance(share, Call) and share.function == "percent_change"
            if share.type.name == "percent" and not grown and _is_whole(number, least):
                assert isinstance(number, Constant)
                yield number


def hundreds(root: Node) -> Iterator[Constant]:
    """The hundred by which a result is multiplied that is a percentage already."""
    match root:
        case Binary(op="*", left=left, right=right):
            for node in (left, right):
                if isinstance(node, Constant) and node.value == 100 and node.type.name == "number":
                    yield node
        case If(then=then, otherwise=otherwise):
            yield from hundreds(then)
            yield from hundreds(otherwise)
        case Call(function=function, arguments=arguments) if function in _KEEPING and arguments:
            yield from hundreds(arguments[0])


def counts_hundredths(value: Decimal, least: int = _LEAST) -> bool:
    """Whether a share is hardly meant as it is written: 90, where 90 % is."""
    return value == value.to_integral_value() and least <= abs(value) < _MOST


def doubted_share(value: Decimal) -> dict[str, str]:
    """What is said of it: what it is as written, and both ways to write what was meant."""
    return {
        "value": f"{value:f}",
        "percent": f"{value * 100:f}",
        "share": f"{(value / 100).normalize():f}",
    }


def _is_whole(node: Node, least: int) -> bool:
    if not isinstance(node, Constant) or node.type.name != "number":
        return False
    return isinstance(node.value, Decimal) and counts_hundredths(node.value, least)
