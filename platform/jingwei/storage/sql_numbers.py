"""Numbers in SQL: exact on PostgreSQL by NUMERIC, on SQLite by scaled integers and functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from jingwei.language.expressions.numbers import DIGITS, PLACES, plain
from jingwei.storage.types import ScaledDecimal, Total

Column = sa.ColumnElement[Any]
Truth = sa.ColumnElement[bool]

_NUMERIC = sa.Numeric()
_LARGEST = 2**63
_INTEGER_DIGITS = 19
_MOST_PLACES = 900
# One that overflows at 28 digits before the point, and rounds nothing that we keep.
_CHECK = sa.Numeric(1000, 1000 - DIGITS)


class DecimalText(TypeDecorator[Decimal]):
    """A decimal as text: what SQLite's functions take and give."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else plain(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Compared(TypeDecorator[Decimal]):
    """A decimal beside a scaled integer that `op` compares with it: exact, whatever its places."""

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, scale: int, op: str) -> None:
        super().__init__()
        self.scale = scale
        self.op = op

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = Decimal(value).scaleb(self.scale)
        if abs(exact) >= _LARGEST:
            return float("inf") if exact > 0 else float("-inf")
        whole = int(exact)
        if whole == exact:
            return whole
        if self.op in ("==", "!="):
            return 0.5  # no scaled integer is a half
        up = self.op in ("<", ">=")
        return int(exact.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a statement. `whole`, `places`: most digits before and after the point.

    On SQLite `kept` is the scale of an integer, or None for the text of a decimal. `bind` makes
    the place of a fixed value, of a given type.
    """

    element: Column
    whole: int
    places: int
    kept: int | None = None
    bind: Callable[[TypeEngine[Any]], Column] | None = None

    def with_element(self, element: Column) -> Number:
        return replace(self, element=element, bind=None)

    @property
    def pair(self) -> tuple[Column, Column]:
        """As SQLite's functions take it."""
        return self.element, sa.literal(self.kept or 0, sa.Integer())


# -- where numbers come from


def constant(value: Decimal | None, dialect: str) -> Number:
    if value is None:
        null = sa.cast(sa.null(), DecimalText() if dialect == "sqlite" else _NUMERIC)
        return Number(null, 0, 0)
    exponent = cast(int, Decimal(value).as_tuple().exponent)
    places, whole = max(0, -exponent), max(0, Decimal(value).adjusted() + 1)

    def bind(type_: TypeEngine[Any]) -> Column:
        return sa.bindparam(None, value, type_=type_, unique=True)

    type_ = DecimalText() if dialect == "sqlite" else _NUMERIC
    return Number(bind(type_), whole, places, None, bind)


def variable(bind: Callable[[TypeEngine[Any]], Column], dialect: str) -> Number:
    type_ = DecimalText() if dialect == "sqlite" else _NUMERIC
    return Number(bind(type_), DIGITS, PLACES, None, bind)


def of_column(column: Column, dialect: str) -> Number:
    """A column, or any value whose type says how it is kept."""
    type_ = column.type
    if isinstance(type_, ScaledDecimal):
        kept = type_.scale if dialect == "sqlite" else None
        return Number(column, DIGITS - type_.scale, type_.scale, kept)
    if isinstance(type_, DecimalText):
        return Number(column, DIGITS, _MOST_PLACES)
    if isinstance(type_, sa.Integer):
        return plain_integer(column)
    return Number(column, DIGITS, _MOST_PLACES)


def plain_integer(element: Column) -> Number:
    return Number(element, _INTEGER_DIGITS, 0, 0)


# -- arithmetic

_SQLITE = {"+": "jw_add", "-": "jw_subtract", "*": "jw_multiply", "/": "jw_divide"}


def arithmetic(op: str, left: Number, right: Number, dialect: str) -> Number:
    """`left op right`: exact, quotients half-up to 10 decimals, too many digits an error."""
    whole, places = _size(op, left, right)
    if dialect == "sqlite":
        return of_text(_SQLITE[op], (*left.pair, *right.pair), whole, places)
    one, other = _numeric(left), _numeric(right)
    if op == "/":
        element = _quotient(one, other, left.places + right.places)
    else:
        element = {"+": one + other, "-": one - other, "*": one * other}[op]
    return checked(Number(element, whole, places), dialect)


def _size(op: str, left: Number, right: Number) -> tuple[int, int]:
    if op == "*":
        return left.whole + right.whole, min(left.places + right.places, _MOST_PLACES)
    if op == "/":
        return left.whole + right.places, PLACES
    return max(left.whole, right.whole) + 1, max(left.places, right.places)


def _quotient(one: Column, other: Column, places: int) -> Column:
    """PostgreSQL rounds a quotient to the places of its operands: with places enough, rounding
    again to 10 is as rounding once."""
    enough = min(DIGITS + PLACES + 3 + places, _MOST_PLACES)
    zero = sa.cast(sa.literal(0, sa.Integer()), sa.Numeric(1000, enough))
    divided = (one + zero) / sa.func.nullif(other, 0, type_=_NUMERIC)
    return sa.func.round(divided, PLACES, type_=_NUMERIC)


def checked(number: Number, dialect: str) -> Number:
    """The number, with an error when it has more than 28 digits before the point."""
    if dialect == "sqlite" or number.whole <= DIGITS:
        return number
    element = sa.func.trim_scale(sa.cast(number.element, _CHECK), type_=_NUMERIC)
    return replace(number, element=element, whole=DIGITS)


def _numeric(number: Number) -> Column:
    """On PostgreSQL: never an integer, whose arithmetic is another."""
    if isinstance(number.element.type, sa.Integer):
        return sa.cast(number.element, _NUMERIC)
    return sa.type_coerce(number.element, _NUMERIC)


def of_text(name: str, arguments: tuple[Any, ...], whole: int, places: int) -> Number:
    """The result of one of SQLite's functions."""
    element = getattr(sa.func, name)(*arguments, type_=DecimalText())
    return Number(element, min(whole, DIGITS), places)


def negative(number: Number, dialect: str) -> Number:
    if dialect == "sqlite":
        return of_text("jw_negative", number.pair, number.whole, number.places)
    return Number(-_numeric(number), number.whole, number.places)


def percent_change(value: Number, base: Number, dialect: str) -> Number:
    if dialect == "sqlite":
        pairs = (*value.pair, *base.pair)
        return of_text("jw_percent_change", pairs, DIGITS, PLACES)
    difference = arithmetic("-", value, base, dialect)
    return arithmetic("/", difference, absolute(base, dialect), dialect)


def absolute(number: Number, dialect: str) -> Number:
    if dialect == "sqlite":
        return of_text("jw_absolute", number.pair, number.whole, number.places)
    return Number(sa.func.abs(_numeric(number), type_=_NUMERIC), number.whole, number.places)


def rounded(number: Number, places: int, dialect: str) -> Number:
    count = sa.literal(places, sa.Integer())
    if dialect == "sqlite":
        return of_text("jw_round", (*number.pair, count), number.whole + 1, places)
    element = sa.func.round(_numeric(number), count, type_=_NUMERIC)
    return checked(Number(element, number.whole + 1, places), dialect)


def cut(function: str, number: Number, dialect: str) -> Number:
    """`floor`, `ceil`"""
    if dialect == "sqlite":
        return of_text(f"jw_{function}", number.pair, number.whole + 1, 0)
    element = getattr(sa.func, function)(_numeric(number), type_=_NUMERIC)
    return checked(Number(element, number.whole + 1, 0), dialect)


# -- choosing


def alike(numbers: list[Number], dialect: str) -> list[Column]:
    """Several numbers in one representation."""
    if dialect != "sqlite":
        return [_numeric(n) for n in numbers]
    return [sa.func.jw_plain(*n.pair, type_=DecimalText()) for n in numbers]


def widest(numbers: list[Number], element: Column) -> Number:
    """A number that is one of several."""
    return Number(element, max(n.whole for n in numbers), max(n.places for n in numbers))


def chosen(condition: Truth, then: Number, otherwise: Number, dialect: str) -> Number:
    both = [then, otherwise]
    if dialect == "sqlite" and then.kept is not None and then.kept == otherwise.kept:
        element = sa.case((condition, then.element), else_=otherwise.element)
        return replace(widest(both, element), kept=then.kept)
    one, other = alike(both, dialect)
    return widest(both, sa.type_coerce(sa.case((condition, one), else_=other), one.type))


def or_zero(number: Number) -> Number:
    """A sum over no rows."""
    zero: Any = sa.literal(0, sa.Integer())
    if isinstance(number.element.type, DecimalText):
        zero = sa.literal(Decimal(0), DecimalText())
    element = sa.func.coalesce(number.element, zero, type_=number.element.type)
    return number.with_element(element)


# -- comparing

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def compared(op: str, left: Number, right: Number, dialect: str, *, bare: bool) -> Truth:
    """`left op right`; with `bare` null may stand for false."""
    if left.bind is not None and right.bind is None:
        return compared(_MIRRORED[op], right, left, dialect, bare=bare)
    if dialect == "sqlite":
        return _compared_on_sqlite(op, left, right, bare)
    one, other = left.element, right.element
    return _held(op, one, other, bare, right.bind is not None)


def _compared_on_sqlite(op: str, left: Number, right: Number, bare: bool) -> Truth:
    if left.kept is not None and right.bind is not None:
        other = right.bind(Compared(left.kept, op))
        return _held(op, sa.type_coerce(left.element, sa.BigInteger()), other, bare, True)
    if left.kept is not None and left.kept == right.kept:
        return _held(op, _integer(left), _integer(right), bare, False)
    if op in ("==", "!="):
        same = sa.func.jw_same(*left.pair, *right.pair, type_=sa.Integer())
        return same == (1 if op == "==" else 0)
    difference = sa.func.jw_compare(*left.pair, *right.pair, type_=sa.Integer())
    return _held(op, difference, sa.literal(0, sa.Integer()), bare, True)


def among(left: Number, others: list[Number], dialect: str, *, bare: bool) -> Truth:
    """Whether a number is one of those that are written out: one look at each, and no row of `or`,
    which SQLite takes to be nested as deeply as it is long."""
    if dialect != "sqlite":
        found = left.element.in_([one.element for one in others])
    elif left.kept is not None:
        as_kept = Compared(left.kept, "==")
        listed = [one.element if one.bind is None else one.bind(as_kept) for one in others]
        found = _integer(left).in_(listed)
    else:
        same = sa.func.jw_plain(*left.pair, type_=DecimalText())
        found = same.in_([one.element for one in others])
    return found if bare else sa.func.coalesce(found, sa.false(), type_=sa.Boolean())


def _integer(number: Number) -> Column:
    return sa.type_coerce(number.element, sa.BigInteger())


def _held(op: str, one: Column, other: Column, bare: bool, other_is_there: bool) -> Truth:
    if op == "==":
        return one == other if bare and other_is_there else one.is_not_distinct_from(other)
    if op == "!=":
        return one.is_distinct_from(other)
    found: Truth = {
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
    }[op]
    return found if bare else sa.func.coalesce(found, sa.false(), type_=sa.Boolean())


# -- aggregates


def extreme(function: str, column: Column) -> Column:
    """The least or the greatest (`min`, `max`) of a column of any type."""
    found: Column = getattr(sa.func, function)(column, type_=column.type)
    return found


def added_up(column: Column, dialect: str) -> Column:
    """The exact sum of a column of decimals or integers, in its type. SQLite breaks off a sum that
    passes 64 bits: there the upper and the lower halves of the numbers are added up."""
    if dialect != "sqlite":
        return sa.func.sum(column, type_=column.type)
    scale = column.type.scale if isinstance(column.type, ScaledDecimal) else 0
    kept = sa.type_coerce(column, sa.BigInteger())
    upper, lower = sa.func.sum(kept.op(">>")(32)), sa.func.sum(kept.op("&")(2**32 - 1))
    return sa.func.jw_joined(upper, lower, scale, type_=column.type)


def total(column: Column, dialect: str) -> Column:
    """The exact sum of a column of integers, a whole number as they are."""
    return sa.type_coerce(added_up(column, dialect), Total())


def folded(function: str, number: Number, dialect: str) -> Number:
    """`sum avg min max median` of a number over the rows of a select."""
    if dialect == "sqlite":
        return _folded_on_sqlite(function, number)
    value = _numeric(number)
    added = sa.func.sum(value, type_=_NUMERIC)
    total = Number(added, number.whole + _INTEGER_DIGITS, number.places)
    if function == "sum":
        return checked(total, dialect)
    if function == "avg":
        count = plain_integer(sa.func.count(value))
        return arithmetic("/", total, count, dialect)
    if function == "median":
        return _median(value, number, dialect)
    return number.with_element(getattr(sa.func, function)(value, type_=_NUMERIC))


def _median(value: Column, number: Number, dialect: str) -> Number:
    half = sa.literal(0.5, sa.Float())
    low = sa.func.percentile_disc(half).within_group(value.asc())
    high = sa.func.percentile_disc(half).within_group(value.desc())
    both = arithmetic("+", number.with_element(low), number.with_element(high), dialect)
    return arithmetic("/", both, constant(Decimal(2), dialect), dialect)


def percentile(share: Decimal, number: Number, dialect: str) -> Number:
    """Between two of the values in proportion: exact, which PostgreSQL's own is not."""
    places = number.places + max(-int(share.as_tuple().exponent), 0)
    if dialect == "sqlite":
        arguments = (*number.pair, sa.literal(plain(share), sa.Text()))
        return of_text("jw_percentile", arguments, DIGITS, places)
    value = _numeric(number)
    ascending = aggregate_order_by(value, value.asc())  # nulls stand last, where nobody looks
    values = sa.func.array_agg(ascending, type_=ARRAY(_NUMERIC))
    last = sa.cast(sa.func.count(value) - 1, _NUMERIC)
    at = last * sa.literal(share, _NUMERIC)
    below = sa.func.floor(at, type_=_NUMERIC)
    part = at - below
    lower = values[sa.cast(below, sa.Integer()) + 1]
    upper = values[sa.cast(sa.func.ceil(at, type_=_NUMERIC), sa.Integer()) + 1]
    element = lower * (sa.literal(1, sa.Integer()) - part) + upper * part
    return Number(element, number.whole, places)


def _folded_on_sqlite(function: str, number: Number) -> Number:
    if number.kept is not None and function in ("sum", "min", "max"):
        element = getattr(sa.func, function)(number.element, type_=sa.BigInteger())
        return replace(number.with_element(element), whole=_INTEGER_DIGITS)
    places = PLACES if function in ("avg", "median") else number.places
    return of_text(f"jw_{function}", number.pair, DIGITS, places)


# -- results


def result(number: Number, dialect: str) -> Column:
    """A column whose values come out as Decimal."""
    if dialect == "postgresql":
        return _numeric(number)
    if number.kept is not None:
        return sa.type_coerce(number.element, ScaledDecimal(number.kept))
    return sa.type_coerce(number.element, DecimalText())


def scaled(number: Number, scale: int, dialect: str) -> Column:
    """As a column of that scale keeps it."""
    if dialect == "postgresql":
        element = sa.func.round(_numeric(number), sa.literal(scale, sa.Integer()))
        return sa.type_coerce(element, ScaledDecimal(scale))
    if number.kept == scale:
        return sa.type_coerce(number.element, ScaledDecimal(scale))
    found = sa.func.jw_scaled(*number.pair, sa.literal(scale, sa.Integer()))
    return sa.type_coerce(found, ScaledDecimal(scale))


def sort_key(number: Number, dialect: str) -> Column:
    """What numbers sort by: on SQLite the text of a decimal would not do."""
    if dialect == "sqlite" and number.kept is None:
        return sa.cast(number.element, sa.REAL())
    return number.element
