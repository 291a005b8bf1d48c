"""Percentages written as if they counted hundredths: `rate > 90`, `done / planned * 100`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.tree import Between, Binary, Call, Constant, If, Node

_BESIDE = frozenset({"==", "!=", "<", "<=", ">", ">=", "+", "-"})
_MOST = 10**6  # above it nobody means a percentage
_KEEPING = frozenset({"round", "floor", "ceil", "coalesce"})


def numbers_beside_shares(root: Node) -> Iterator[Constant]:
    """Whole numbers above 1 that are compared with a percentage, or added to one."""
    for node in walk(root):
        match node:
            case Binary(op=op, left=left, right=right) if op in _BESIDE:
                pairs = [(left, right), (right, left)]
            case Between(operand=operand, low=low, high=high):
                pairs = [(operand, low), (operand, high)]
            case _:
                continue
        for share, number in pairs:
            if share.type.name == "percent" and _counts_hundredths(number):
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


def _counts_hundredths(node: Node) -> bool:
    if not isinstance(node, Constant) or node.type.name != "number":
        return False
    return isinstance(node.value, Decimal) and 1 < abs(node.value) < _MOST
