"""Typed tree to Python closures: one record at a time, nothing interpreted twice."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from jingwei.language.expressions import numbers
from jingwei.language.expressions.closure_calls import call_closure
from jingwei.language.expressions.closure_rows import aggregate_closure
from jingwei.language.expressions.days import day_of, shifted
from jingwei.language.expressions.environment import NOTHING, Environment
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
    Unary,
)
from jingwei.language.expressions.types import TEMPORAL
from jingwei.language.periods import Period
from jingwei.refusals import OutOfRange, Refused

Closure = Callable[[Environment], Any]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": numbers.add,
    "-": numbers.subtract,
    "*": numbers.multiply,
    "/": numbers.divide,
}


def closure(expression: Expression) -> Closure:
    """The expression as a function of its environment.

    It raises OutOfRange when a number grows past 28 digits, or a day leaves the calendar.
    """
    inner = compiled(expression.root)

    def value(environment: Environment) -> Any:
        try:
            return inner(environment)
        except Refused:
            raise
        except ArithmeticError as error:
            raise OutOfRange from error

    return value


def compiled(node: Node) -> Closure:
    """The closure of one node."""
    return _COMPILERS[type(node)](node)


# -- values


def _constant(node: Constant) -> Closure:
    value = node.value
    return lambda environment: value


def _list(node: ListOf) -> Closure:
    items = [compiled(item) for item in node.items]
    return lambda environment: [item(environment) for item in items]


def _name(node: Name) -> Closure:
    found = _found(node.root, node.name)
    if node.type.name == "boolean":
        return lambda environment: bool(found(environment))
    return found


def _found(root: str, name: str) -> Closure:
    if root == "record":
        return lambda environment: environment.record.get(name)
    if root == "variable":
        return _variable(name)
    at = operator.attrgetter(root)
    return lambda environment: (at(environment) or NOTHING).get(name)


def _variable(name: str) -> Closure:
    if "." not in name:
        return lambda environment: environment.variables.get(name)
    first, *rest = name.split(".")

    def value(environment: Environment) -> Any:
        found = environment.variables.get(first)
        for step in rest:
            if found is None:
                return None
            found = found.get(step)
        return found

    return value


def _member(node: Member) -> Closure:
    of, name, kind = compiled(node.of), node.name, node.of.type.name
    reach = _MEMBERS.get(kind)
    form = node.of.type.form
    boolean = node.type.name == "boolean"

    def value(environment: Environment) -> Any:
        owner = of(environment)
        if owner is None:
            found = None
        elif kind == "record":
            found = _linked(environment, form, owner, name)
        elif reach is not None:
            found = reach(environment, owner, name)
        elif kind == "any":
            found = owner.get(name)
        else:
            found = environment.world.named_member(kind, owner, name)
        return bool(found) if boolean else found

    return value


def _linked(environment: Environment, form: str | None, owner: Any, name: str) -> Any:
    if isinstance(owner, dict):  # a polymorphic link
        if name == "form" and form is None:
            return owner["form"]
        form, owner = owner["form"], owner["id"]
    record = environment.world.linked(form or "", owner)
    return None if record is None else record.get(name)


def _period_member(environment: Environment, period: Period, name: str) -> Any:
    if name == "year":
        return period.year
    if name == "month":
        return period.last_month
    return (period.last_month + 2) // 3


_MEMBERS: dict[str, Callable[[Environment, Any, str], Any]] = {
    "org": lambda environment, org, name: environment.world.org_member(org, name),
    "person": lambda environment, login, name: environment.world.person_member(login, name),
    "period": _period_member,
}


# -- operators


def _unary(node: Unary) -> Closure:
    operand = compiled(node.operand)
    if node.op == "not":
        return lambda environment: not operand(environment)

    def negative(environment: Environment) -> Any:
        value = operand(environment)
        return None if value is None else numbers.negative(value)

    return negative


def _binary(node: Binary) -> Closure:
    if node.op in ("and", "or"):
        return _logic(node)
    if node.op == "in":
        return _inside(node)
    if node.op in _ARITHMETIC:
        return _arithmetic(node)
    return _comparison(node)


def _logic(node: Binary) -> Closure:
    left, right = compiled(node.left), compiled(node.right)
    if node.op == "and":
        return lambda environment: left(environment) and right(environment)
    return lambda environment: left(environment) or right(environment)


def _arithmetic(node: Binary) -> Closure:
    if "duration" in (node.left.type.name, node.right.type.name):
        return _moved(node)
    if node.left.type.name in TEMPORAL:
        return _days(node)
    compute = _ARITHMETIC[node.op]
    if isinstance(node.right, Constant) and node.right.value is not None:
        return _with_constant(node, compute, node.right.value)
    left, right = compiled(node.left), compiled(node.right)

    def value(environment: Environment) -> Any:
        one = left(environment)
        if one is None:
            return None
        other = right(environment)
        return None if other is None else compute(one, other)

    return value


def _with_constant(node: Binary, compute: Callable[[Any, Any], Any], other: Decimal) -> Closure:
    left = compiled(node.left)
    if node.op == "/" and other == 100:
        compute, other = numbers.hundredth, Decimal(100)

    def value(environment: Environment) -> Any:
        one = left(environment)
        return None if one is None else compute(one, other)

    return value


def _moved(node: Binary) -> Closure:
    left, right = compiled(node.left), compiled(node.right)
    back, instant = node.op == "-", node.type.name == "datetime"

    def value(environment: Environment) -> Any:
        day = left(environment)
        by = right(environment)
        if day is None or by is None:
            return None
        return shifted(day, by, back, instant, environment)

    return value


def _days(node: Binary) -> Closure:
    left, right = compiled(node.left), compiled(node.right)

    def value(environment: Environment) -> Any:
        one, other = left(environment), right(environment)
        return None if one is None or other is None else Decimal((one - other).days)

    return value


def _comparison(node: Binary) -> Closure:
    left, right = _comparable(node.left, node.right), _comparable(node.right, node.left)
    if node.op == "==":
        return lambda environment: left(environment) == right(environment)
    if node.op == "!=":
        return lambda environment: left(environment) != right(environment)
    holds = _ORDER[node.op]
    if isinstance(node.right, Constant) and node.right.value is not None:
        other = right(Environment())

        def against_constant(environment: Environment) -> bool:
            one = left(environment)
            return one is not None and holds(one, other)

        return against_constant

    def value(environment: Environment) -> bool:
        one = left(environment)
        if one is None:
            return False
        two = right(environment)
        return two is not None and holds(one, two)

    return value


def _comparable(node: Node, other: Node) -> Closure:
    """The node as something Python compares as the language does."""
    value = compiled(node)
    names = {node.type.name, other.type.name}
    if node.type.name == "datetime" and "date" in names:
        return _as_day(value)
    if node.type.name == "period":
        return _as_key(value)
    if node.type.name == "record" and node.type.form and other.type.form is None:
        return _as_polymorphic(value, node.type.form)
    return value


def _as_day(value: Closure) -> Closure:
    def day(environment: Environment) -> Any:
        found = value(environment)
        return day_of(found, environment) if isinstance(found, datetime) else found

    return day


def _as_key(value: Closure) -> Closure:
    def key(environment: Environment) -> Any:
        found = value(environment)
        return None if found is None else found.key

    return key


def _as_polymorphic(value: Closure, form: str) -> Closure:
    def pair(environment: Environment) -> Any:
        found = value(environment)
        return {"form": form, "id": found} if isinstance(found, int) else found

    return pair


def _inside(node: Binary) -> Closure:
    left = compiled(node.left)
    if isinstance(node.right, ListOf) and all(isinstance(i, Constant) for i in node.right.items):
        members = frozenset(i.value for i in node.right.items if isinstance(i, Constant))
        return lambda environment: left(environment) in members
    right, of = compiled(node.right), node.right.type.of
    if of is not None and of.name == "record":
        left = _comparable(node.left, replace(node.right, type=of))
    return lambda environment: left(environment) in (right(environment) or ())


def _between(node: Between) -> Closure:
    value = _comparable(node.operand, node.low)
    low, high = _comparable(node.low, node.operand), _comparable(node.high, node.operand)

    def holds(environment: Environment) -> bool:
        one, least, most = value(environment), low(environment), high(environment)
        return one is not None and least is not None and most is not None and least <= one <= most

    return holds


def _empty(node: IsEmpty) -> Closure:
    operand = compiled(node.operand)
    if node.operand.type.name in ("list", "rows", "any"):
        return lambda environment: operand(environment) in (None, "", [], ())
    return lambda environment: operand(environment) is None


def _if(node: If) -> Closure:
    condition = compiled(node.condition)
    then, otherwise = compiled(node.then), compiled(node.otherwise)
    boolean = node.type.name == "boolean"

    def value(environment: Environment) -> Any:
        found = then(environment) if condition(environment) else otherwise(environment)
        return bool(found) if boolean else found

    return value


def _call(node: Call) -> Closure:
    return call_closure(node, [compiled(argument) for argument in node.arguments])


def _aggregate(node: Aggregate) -> Closure:
    value, where, by = (
        compiled(part) if part is not None else None for part in (node.value, node.where, node.by)
    )
    return aggregate_closure(node, value, where, by)


_COMPILERS: dict[type[Node], Callable[[Any], Closure]] = {
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
