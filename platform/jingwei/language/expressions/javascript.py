"""Typed tree to JavaScript text: what a form knows by itself, computed live in the browser.

The text is a function `(x, e) => …`: `x` is the run-time (`platform/frontend/src/expressions.js`),
`e` the values. It contains nothing of an author's but names and constants, written as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from jingwei.language.clock_words import time_text
from jingwei.language.expressions import relative
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.numbers import plain
from jingwei.language.expressions.reads import names_its_form
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
    Type,
    Unary,
)
from jingwei.language.expressions.types import NUMERIC, TEMPORAL
from jingwei.language.periods import Period
from jingwei.language.values import Duration

# Roots and variables that a page holds. The rest is asked of the server.
_ROOTS = frozenset(("record", "parent", "this", "old"))
_VARIABLES = frozenset(("me", "today", "now", "is_new"))
_KINDS = {"text": "t", "choice": "t", "date": "d", "datetime": "i", "period": "p", "time": "t"}


_NUMBERS = NUMERIC | {"duration"}  # a length of time is its seconds


class _NotHere(Exception):
    """The browser cannot know it."""


def javascript(expression: Expression, scale: int | None = None) -> str | None:
    """The text of `(x, e) => value`, or None when the browser cannot know it.

    Numbers come out as decimal text, with `scale` rounded half-up as the field keeps them.
    """
    try:
        text = _node(expression.root)
    except _NotHere:
        return None
    if expression.type.name in _NUMBERS:
        text = f"x.plain({text})" if scale is None else f"x.scaled({text},{scale})"
    return f"(x,e)=>{text}"


def _node(node: Node) -> str:
    return _WRITERS[type(node)](node)


def _kind(*types: Type) -> str:
    """How the run-time compares: by number, text, day, instant, period, or as they are."""
    names = {t.name for t in types}
    if names & _NUMBERS:
        return '"n"'
    if names >= TEMPORAL:
        return '"d"'
    found = {_KINDS[name] for name in names if name in _KINDS}
    return f'"{found.pop()}"' if len(found) == 1 else '"v"'


def _string(text: str) -> str:
    # `<` is escaped, so that the text may stand inside a script element
    return json.dumps(text).replace("<", "\\u003c")


# -- values


def _constant(node: Constant) -> str:
    return _literal(node.value)


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return f'x.num("{plain(value)}")'
    if isinstance(value, int):
        return f'x.num("{value}")'
    if isinstance(value, datetime):
        raise _NotHere
    if isinstance(value, time):
        return _string(time_text(value))
    if isinstance(value, date | Period):
        return _string(str(value))
    if isinstance(value, str):
        return _string(value)
    raise _NotHere


def _list(node: ListOf) -> str:
    return f"[{','.join(_node(item) for item in node.items)}]"


def _name(node: Name) -> str:
    if node.root == "variable":
        if node.name not in _VARIABLES and not node.name.startswith("ask."):
            raise _NotHere
        found = f"x.variable(e,{_string(node.name)})"
    elif node.root in _ROOTS:
        found = f"x.get(e,{_string(node.root)},{_string(node.name)})"
    else:
        raise _NotHere
    if node.type.name in _NUMBERS:
        return f"x.num({found})"
    return f"x.truth({found})" if node.type.name == "boolean" else found


def _member(node: Member) -> str:
    if names_its_form(node):
        return f"(({_node(node.of)})?.form??null)"
    if node.of.type.name != "period":
        raise _NotHere
    return f"x.part({_string(node.name)},{_node(node.of)})"


# -- operators

_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
_ORDER = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _unary(node: Unary) -> str:
    if node.op == "not":
        return f"!{_node(node.operand)}"
    return f"x.neg({_node(node.operand)})"


def _binary(node: Binary) -> str:
    if node.op in _ARITHMETIC:
        return _arithmetic(node)
    if node.op in ("and", "or"):
        op = "&&" if node.op == "and" else "||"
        return f"({_node(node.left)}{op}{_node(node.right)})"
    if node.op == "in":
        return _inside(node)
    left, right = _pair(node.left, node.right)
    kind = _kind(node.left.type, node.right.type)
    if node.op in ("==", "!="):
        equal = f"x.eq({kind},{left},{right})"
        return equal if node.op == "==" else f"!{equal}"
    return f"x.{_ORDER[node.op]}({kind},{left},{right})"


def _pair(left: Node, right: Node) -> tuple[str, str]:
    """Both sides; where a day meets an instant, the day of the instant."""
    if {left.type.name, right.type.name} >= TEMPORAL:
        return _day(left), _day(right)
    return _node(left), _node(right)


def _day(node: Node) -> str:
    return f"x.day(e,{_node(node)})" if node.type.name == "datetime" else _node(node)


def _arithmetic(node: Binary) -> str:
    if node.right.type.name == "duration":
        return _moved(node)
    if node.left.type.name in TEMPORAL:
        return f"x.days_between({_day(node.right)},{_day(node.left)})"
    return f"x.{_ARITHMETIC[node.op]}({_node(node.left)},{_node(node.right)})"


def _moved(node: Binary) -> str:
    by = node.right.value if isinstance(node.right, Constant) else None
    if not isinstance(by, Duration) or node.type.name != "date" or by.unit == "wd":
        raise _NotHere
    amount = -by.amount if node.op == "-" else by.amount
    months = {"mo": 1, "q": 3, "y": 12}.get(by.unit)
    if months is not None:
        return f"x.add_months({_node(node.left)},{amount * months})"
    return f"x.add_days({_node(node.left)},{amount * {'d': 1, 'w': 7}[by.unit]})"


def _inside(node: Binary) -> str:
    element = node.right.type.of or node.left.type
    kind = _kind(node.left.type, element)
    return f"x.inside({kind},{_node(node.left)},{_node(node.right)})"


def _between(node: Between) -> str:
    operand, low = _pair(node.operand, node.low)
    _, high = _pair(node.operand, node.high)
    kind = _kind(node.operand.type, node.low.type, node.high.type)
    return f"x.between({kind},{operand},{low},{high})"


def _empty(node: IsEmpty) -> str:
    if node.operand.type.name == "boolean":
        return "false"
    return f"x.empty({_node(node.operand)})"


def _if(node: If) -> str:
    return f"({_node(node.condition)}?{_node(node.then)}:{_node(node.otherwise)})"


# -- functions


def _call(node: Call) -> str:
    if "javascript" not in FUNCTIONS[node.function].targets:
        raise _NotHere
    writer = _CALLS.get(node.function)
    if writer is not None:
        return writer(node)
    return f"x.{node.function}({','.join(_node(a) for a in node.arguments)})"


def _round(node: Call) -> str:
    places = node.arguments[1] if len(node.arguments) > 1 else None
    count = int(places.value) if isinstance(places, Constant) else 0
    return f"x.round({_node(node.arguments[0])},{count})"


def _extreme(node: Call) -> str:
    name = {"min": "least", "max": "greatest"}[node.function]
    kind = _kind(*(argument.type for argument in node.arguments))
    if any(argument.type.name == "datetime" for argument in node.arguments):
        raise _NotHere
    return f"x.{name}({kind},{','.join(_node(a) for a in node.arguments)})"


def _of_day(node: Call) -> str:
    """Functions whose first arguments are days."""
    arguments = (_day(argument) for argument in node.arguments)
    return f"x.{node.function}({','.join(arguments)})"


def _part(node: Call) -> str:
    return f"x.part({_string(node.function)},{_day(node.arguments[0])})"


def _period(node: Call) -> str:
    return f"x.period({_day(node.arguments[0])},{_node(node.arguments[1])})"


def _this(node: Call) -> str:
    return f"x.this_period(e,{_string(node.function.removeprefix('this_'))})"


def _last_closed(node: Call) -> str:
    return f"x.last_closed_period(e,{_node(node.arguments[0])})"


def _in_period(node: Call) -> str:
    value, period = node.arguments
    if period.type.name == "period":
        return f"x.in_period({_day(value)},{_node(period)})"
    if not isinstance(period, Constant):
        raise _NotHere
    steps = relative.steps(period.value)
    grain = _string(steps.grain) if steps.grain else "null"
    return f"x.in_span(e,{_day(value)},{steps.first},{steps.last},{grain})"


def _number_only(node: Call) -> str:
    """Parts of a text: dates and names are already text in the browser."""
    if any(argument.type.name in ("org", "person", "indicator") for argument in node.arguments):
        raise _NotHere
    return f"x.{node.function}({','.join(_node(a) for a in node.arguments)})"


_CALLS: dict[str, Callable[[Call], str]] = {
    "round": _round,
    "min": _extreme,
    "max": _extreme,
    "concat": _number_only,
    "date": lambda node: _day(node.arguments[0]),
    "year": _part,
    "month": _part,
    "quarter": _part,
    "day": _part,
    "days_between": _of_day,
    "add_days": _of_day,
    "add_months": _of_day,
    "period": _period,
    "this_year": _this,
    "this_quarter": _this,
    "this_month": _this,
    "last_closed_period": _last_closed,
    "in_period": _in_period,
}


# -- aggregates


def _aggregate(node: Aggregate) -> str:
    source = node.source
    if source.origin != "table" or source.root not in _ROOTS:
        raise _NotHere
    rows = f"x.rows(e,{_string(source.root)},{_string(source.name)})"
    value = _function(node.value) if node.value is not None else '(e)=>x.get(e,"record","id")'
    where = _function(node.where) if node.where is not None else "null"
    if node.function in ("first", "last"):
        by = _function(node.by) if node.by is not None else "null"
        kind = _kind(node.by.type) if node.by is not None else '"v"'
        return f'x.chosen("{node.function}",{kind},{rows},{value},{where},{by})'
    if node.function == "count" and node.value is None:
        value = "(e)=>true"
    kind = _kind(node.value.type) if node.value is not None else '"v"'
    share = f",{_literal(node.share)}" if node.share is not None else ""
    return f'x.fold("{node.function}",{kind},{rows},{value},{where}{share})'


def _function(node: Node) -> str:
    return f"(e)=>{_node(node)}"


_WRITERS: dict[type[Node], Callable[[Any], str]] = {
    Constant: _constant,
    ListOf: _list,
    Name: _name,
    Member: _member,
    Unary: _unary,
    Binary: _binary,
    Between: _between,
    IsEmpty: _empty,
    If: _if,
    Call: _call,
    Aggregate: _aggregate,
}
