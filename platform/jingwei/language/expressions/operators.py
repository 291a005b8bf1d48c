"""What operators accept, and what their constants become beside typed values."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from jingwei.language.clock_words import SECONDS, seconds_of, time_of
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.multiples import in_one_unit, meant_multiple
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Aggregate, Binary, Constant, If, Name, Node, Type
from jingwei.language.expressions.types import (
    BOOLEAN,
    CODED,
    DATE,
    DATETIME,
    NUMBER,
    NUMERIC,
    ORDERED,
    TEMPORAL,
    comparable,
    fits,
    product,
    quotient,
    summed,
    unit_of,
)
from jingwei.language.expressions.words import kind_words, type_words, unit_words
from jingwei.language.meant import days_meant
from jingwei.language.periods import Period
from jingwei.language.scales import conversion
from jingwei.language.values import Duration
from jingwei.problems import nearest

_NUMBER = r"-?[0-9][0-9_]*(?:\.[0-9]+)?(?:%|pp|千|万|百万|千万|亿)?"
_YES = ("是", "yes", "true", "1", "y", "on")
_NO = ("否", "no", "false", "0", "n", "off")


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
        left, right = of_one_unit(op, left, right)
        type_ = summed(left.type, right.type)
    else:
        type_ = product(left.type, right.type) if op == "*" else quotient(left.type, right.type)
    return Binary(left.start, right.end, type_, cast(Any, op), left, right)


def of_one_unit(op: str, left: Node, right: Node) -> tuple[Node, Node]:
    """Both sides of what is for numbers of one unit. Raises unit-mismatch."""
    counts = op in ("+", "-") and _counts_beside(left, right)
    found = None if counts else in_one_unit(left, right)
    if found is None:
        raise UnitMismatch(op, left, right)
    return found


def _counts_beside(left: Node, right: Node) -> bool:
    """Whether a count stands beside a number of something else: `count(lines) + growth`."""
    return any(
        isinstance(one, Aggregate) and one.function == "count" and unit_of(other.type) is not None
        for one, other in ((left, right), (right, left))
    )


class UnitMismatch(ExpressionError):
    """Two amounts of different units, which stand there for their remedies."""

    def __init__(self, op: str, left: Node, right: Node) -> None:
        self.left, self.right = left, right
        super().__init__(
            "unit-mismatch",
            left.start,
            right.end,
            suggestion=meant_multiple(left, right.type.unit)
            or meant_multiple(right, left.type.unit),
            op=op,
            left=_unit_words(left),
            right=_unit_words(right),
        )

    def want(self, unit: str) -> None:
        """Name the remedy that leaves an amount in the unit that is wanted of the whole."""
        for kept, other in ((self.left, self.right), (self.right, self.left)):
            if kept.type.unit is not None and conversion(kept.type.unit, unit) == 1:
                self.suggestion = meant_multiple(other, kept.type.unit)


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
        written = right.value if isinstance(right, Constant) else None
        if isinstance(written, Duration):
            clock = written.unit in ("min", "h")
        else:
            clock = not isinstance(right, If)  # of a field: its seconds
        type_ = DATETIME if clock or left.type.name == "datetime" else DATE
        start, end = min(left.start, right.start), max(left.end, right.end)
        return Binary(start, end, type_, cast(Any, op), left, right)
    wrong = right if left.type.name in TEMPORAL else left
    between = None
    if op == "-" and left.type.name in TEMPORAL and right.type.name in TEMPORAL:
        names = [one.name if isinstance(one, Name) else "…" for one in (right, left)]
        between = f"days_between({', '.join(names)})"
    raise ExpressionError(
        "wrong-date-sum",
        wrong.start,
        wrong.end,
        suggestion=between,
        op=op,
        found=type_words(wrong.type),
    )


def compared(scope: Scope, op: str, left: Node, right: Node) -> Binary:
    """`left op right`, typed; constants become what they are compared with."""
    left, right = as_value(left, right.type, scope), as_value(right, left.type, scope)
    if "duration" in (left.type.name, right.type.name):  # `90min == "1h30min"`: both in seconds
        left, right = as_value(left, right.type, scope), as_value(right, left.type, scope)
    if not comparable(left.type, right.type):
        held = _among(left, right, op) or _among(right, left, op)
        if held is not None:
            raise ExpressionError("list-compared", left.start, right.end, suggestion=held)
        raise ExpressionError(
            "types-differ",
            left.start,
            right.end,
            suggestion=_unquoted(left, right, op) or _unquoted(right, left, op),
            left=type_words(left.type),
            right=type_words(right.type),
        )
    left, right = of_one_unit(op, left, right)
    if op not in ("==", "!="):
        for node in (left, right):
            if node.type.name not in ORDERED | {"any", "null"}:
                raise ExpressionError(
                    "no-order", node.start, node.end, found=type_words(node.type), op=op
                )
    return Binary(left.start, right.end, BOOLEAN, cast(Any, op), left, right)


def _unquoted(node: Node, other: Node, op: str) -> str | None:
    """A day that was quoted, or written another way; a truth in words."""
    if other.type.name == "boolean" and op in ("==", "!="):
        word = str(node.value).lower() if isinstance(node, Constant) else ""
        return "true" if word in _YES else "false" if word in _NO else None
    if other.type.name in NUMERIC and isinstance(node, Constant):
        return node.value if re.fullmatch(_NUMBER, str(node.value)) else None
    if other.type.name not in TEMPORAL:
        return None
    return " / ".join(days_meant(_day_written(node))) or None


def _among(one: Node, held: Node, op: str) -> str | None:
    """What asks whether a list holds a value that it was set equal to: `"red" in colours`."""
    of = held.type.of
    if held.type.name != "list" or of is None or op not in ("==", "!="):
        return None
    if not isinstance(held, Name) or held.root != "record" or not comparable(one.type, of):
        return None
    sign = "in" if op == "==" else "not in"
    if isinstance(one, Constant) and one.type.name in ("text", "choice"):
        return f'"{one.value}" {sign} {held.name}'
    return f"{one.name} {sign} {held.name}" if isinstance(one, Name) else None


def _day_written(node: Node) -> str:
    """`"2026-03-01"`, `20260301`, and what `2026-3-1`, `2026/3/1` and `1-3-2026` are without
    quotes."""
    match node:
        case Constant(value=value):
            return str(value)
        case Binary(
            op="-" | "/" as op,
            left=Binary(
                op=inner,
                left=Constant(value=Decimal() as one),
                right=Constant(value=Decimal() as two),
            ),
            right=Constant(value=Decimal() as three),
        ) if op == inner:
            return f"{one}-{two}-{three}"
    return ""


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


def as_value(node: Node, wanted: Type, scope: Scope) -> Node:
    """The same where a field's value is meant: what moves a day is `3d`, what a field holds are
    seconds."""
    written = isinstance(node, Constant) and not isinstance(node.value, int | None)
    if wanted.name == "duration" and isinstance(node, Constant) and written:
        return _seconds(node, wanted)
    return as_type(node, wanted, scope)


def _seconds(node: Constant, wanted: Type) -> Node:
    """A length of time as fields keep it: `8h`, `"1h30min"`, or a whole number of seconds."""
    value = node.value
    if isinstance(value, Duration):
        if value.unit not in SECONDS:
            raise ExpressionError(
                "no-fixed-length", node.start, node.end, text=f"{value.amount}{value.unit}"
            )
        return replace(node, type=wanted, value=value.amount * SECONDS[value.unit])
    if node.type.name == "text":
        seconds = seconds_of(value)
        if seconds is None:
            raise ExpressionError("not-a-duration", node.start, node.end, text=value)
        return replace(node, type=wanted, value=seconds)
    if node.type.name == "number" and value == int(value) and abs(value) < 2**63:
        return replace(node, type=wanted, value=int(value))
    return node


def _time(node: Constant, wanted: Type) -> Node:
    found = time_of(node.value)
    if found is None:
        raise ExpressionError("not-a-time", node.start, node.end, text=node.value)
    return replace(node, type=wanted, value=found)


def _text_as(node: Constant, wanted: Type, scope: Scope) -> Node:
    if wanted.name == "period":
        return _period(node, node.value, wanted)
    if wanted.name == "time":
        return _time(node, wanted)
    if wanted.name in ("choice", "text") and wanted.choices is not None:
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
