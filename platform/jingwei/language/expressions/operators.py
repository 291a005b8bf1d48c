"""What operators accept, and what their constants become beside typed values."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Aggregate, Binary, Constant, Node, Type
from jingwei.language.expressions.types import (
    BOOLEAN,
    CODED,
    DATE,
    DATETIME,
    NUMBER,
    ORDERED,
    TEMPORAL,
    comparable,
    fits,
    product,
    quotient,
    summed,
    unit_of,
    units_agree,
)
from jingwei.language.expressions.words import kind_words, type_words, unit_words
from jingwei.language.periods import Period
from jingwei.problems import nearest

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def arithmetic(op: str, left: Node, right: Node) -> Node:
    """`left op right`, typed. Raises wrong-type or unit-mismatch."""
    if op in "+-" and (left.type.name in TEMPORAL or right.type.name in TEMPORAL):
        return _date_arithmetic(op, left, right)
    for node in (left, right):
        if not fits(node.type, "number"):
            raise ExpressionError(
                "wrong-operand",
                node.start,
                node.end,
                op=op,
                found=type_words(node.type),
            )
    if op in "+-":
        if not units_agree(left.type, right.type) or _counts_beside(left, right):
            raise mismatch(op, left, right)
        type_ = summed(left.type, right.type)
    else:
        type_ = product(left.type, right.type) if op == "*" else quotient(left.type, right.type)
    return Binary(left.start, right.end, type_, cast(Any, op), left, right)


def _counts_beside(left: Node, right: Node) -> bool:
    """Whether a count stands beside a number of something else: `count(lines) + growth`."""
    return any(
        isinstance(one, Aggregate) and one.function == "count" and unit_of(other.type) is not None
        for one, other in ((left, right), (right, left))
    )


def mismatch(op: str, left: Node, right: Node) -> ExpressionError:
    return ExpressionError(
        "unit-mismatch",
        left.start,
        right.end,
        op=op,
        left=_unit_words(left),
        right=_unit_words(right),
    )


def _unit_words(node: Node) -> object:
    counts = isinstance(node, Aggregate) and node.function == "count"
    return "count(…)" if counts else unit_words(node.type)


def _date_arithmetic(op: str, left: Node, right: Node) -> Node:
    """A day plus or minus a duration is a day; a day minus a day is a number of days."""
    if op == "-" and left.type.name == "date" and right.type.name == "date":
        return Binary(left.start, right.end, NUMBER, "-", left, right)
    if op == "+" and left.type.name == "duration":
        left, right = right, left
    if left.type.name in TEMPORAL and right.type.name == "duration":
        clock = isinstance(right, Constant) and right.value.unit in ("min", "h")
        type_ = DATETIME if clock or left.type.name == "datetime" else DATE
        start, end = min(left.start, right.start), max(left.end, right.end)
        return Binary(start, end, type_, cast(Any, op), left, right)
    wrong = right if left.type.name in TEMPORAL else left
    raise ExpressionError(
        "wrong-date-sum",
        wrong.start,
        wrong.end,
        op=op,
        found=type_words(wrong.type),
    )


def compared(scope: Scope, op: str, left: Node, right: Node) -> Binary:
    """`left op right`, typed; constants become what they are compared with."""
    left, right = as_type(left, right.type, scope), as_type(right, left.type, scope)
    if not comparable(left.type, right.type):
        raise ExpressionError(
            "types-differ",
            left.start,
            right.end,
            suggestion=_unquoted(left, right) or _unquoted(right, left),
            left=type_words(left.type),
            right=type_words(right.type),
        )
    if not units_agree(left.type, right.type):
        raise mismatch(op, left, right)
    if op not in ("==", "!="):
        for node in (left, right):
            if node.type.name not in ORDERED | {"any", "null"}:
                raise ExpressionError(
                    "no-order", node.start, node.end, found=type_words(node.type), op=op
                )
    return Binary(left.start, right.end, BOOLEAN, cast(Any, op), left, right)


def _unquoted(node: Node, other: Node) -> str | None:
    """A day that was quoted: it is written bare."""
    if other.type.name != "date" or not isinstance(node, Constant):
        return None
    return node.value if re.fullmatch(_DAY, str(node.value)) else None


# -- constants beside typed values


def as_type(node: Node, wanted: Type, scope: Scope) -> Node:
    """A constant as what it is compared with: a text as a period, date or an existing code.

    What is always null becomes a null of that type: databases want to know which.
    """
    if node.type.name == "null" and wanted.name not in ("null", "any"):
        return Constant(node.start, node.end, wanted, None)
    if not isinstance(node, Constant) or node.value is None:
        return node
    if node.type.name == "text":
        return _text_as(node, wanted, scope)
    if wanted.name == "period" and node.type.name == "number":
        return _period(node, str(node.value), wanted)
    if wanted.name == "record" and node.type.name == "number" and not scope.forms_allowed:
        return _record(node, wanted)
    return node


def _record(node: Constant, wanted: Type) -> Node:
    """The id of a record, which only a viewer's own filter may name: definitions know no rows."""
    if node.value != int(node.value) or abs(node.value) >= 2**63:
        return node
    return replace(node, type=wanted, value=int(node.value))


def _text_as(node: Constant, wanted: Type, scope: Scope) -> Node:
    if wanted.name == "period":
        return _period(node, node.value, wanted)
    if wanted.name == "choice" and wanted.choices is not None:
        return _code(node, wanted, wanted.choices, scope)
    if wanted.name in CODED:
        known = scope.types.known(wanted.name)
        return node if known is None else _code(node, wanted, known, scope)
    return node


def _code(node: Constant, wanted: Type, known: Collection[str], scope: Scope) -> Node:
    if node.value in known:
        return replace(node, type=wanted)
    titled = next((code for code in scope.types.titled(node.value) if code in known), None)
    raise ExpressionError(
        "unknown-code",
        node.start,
        node.end,
        suggestion=titled or nearest(node.value, known),
        value=node.value,
        kind=kind_words(wanted),
        known=", ".join(sorted(known)[:12]),
    )


def _period(node: Constant, text: str, wanted: Type) -> Node:
    try:
        period = Period.parse(text)
    except ValueError:
        raise ExpressionError("not-a-period", node.start, node.end, text=text) from None
    return replace(node, type=Type("period", grain=period.grain), value=period)
