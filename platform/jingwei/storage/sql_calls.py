"""The functions of the language in SQL, one line each where the databases allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from jingwei.language.expressions import relative
from jingwei.language.expressions.closure_calls import BLANKS
from jingwei.language.expressions.tree import Call, Constant, Name, Node, Type
from jingwei.language.expressions.types import NUMERIC
from jingwei.storage import sql_numbers, sql_periods
from jingwei.storage.sql_numbers import Number
from jingwei.storage.types import (
    CODE_POINT_TEXT,
    SEPARATOR,
    Day,
    JsonText,
    PeriodKey,
    Several,
)

Column = sa.ColumnElement[Any]
_TODAY = Name(0, 0, Type("date"), "variable", "today")


class Translating(Protocol):
    """What a function needs of the translation it is part of."""

    dialect: Any
    names: Any

    def number(self, node: Node) -> Number: ...
    def column(self, node: Node) -> Column: ...
    def day(self, node: Node, column: Column) -> Column: ...
    def text(self, node: Node, column: Column) -> Column: ...


class NotInSql(Exception):
    """The expression needs what a query cannot know; fold it first, or compute it in Python."""


_LAST_DAY = "date '9999-12-31'"
_BEYOND = 2**31 - 1  # days: no date of PostgreSQL is that late


def number(target: Translating, node: Call) -> Number:
    """A call that yields a number. Raises NotInSql."""
    translate = _NUMBERS.get(node.function)
    if translate is None:
        raise NotInSql(node.function)
    return translate(target, node)


def value(target: Translating, node: Call) -> Column:
    """A call that yields anything else. Raises NotInSql."""
    translate = _VALUES.get(node.function)
    if translate is None:
        raise NotInSql(node.function)
    return translate(target, node)


# -- numbers


def _rounded(target: Translating, node: Call) -> Number:
    places = node.arguments[1].value if len(node.arguments) > 1 else 0  # type: ignore[attr-defined]  # the checker proved a constant
    return sql_numbers.rounded(target.number(node.arguments[0]), int(places), target.dialect)


def _cut(target: Translating, node: Call) -> Number:
    return sql_numbers.cut(node.function, target.number(node.arguments[0]), target.dialect)


def _absolute(target: Translating, node: Call) -> Number:
    return sql_numbers.absolute(target.number(node.arguments[0]), target.dialect)


def _percent_change(target: Translating, node: Call) -> Number:
    left, right = (target.number(argument) for argument in node.arguments)
    return sql_numbers.percent_change(left, right, target.dialect)


def _number_of_several(target: Translating, node: Call) -> Number:
    numbers = [target.number(argument) for argument in node.arguments]
    name = {"min": "least", "max": "greatest", "coalesce": "coalesce"}[node.function]
    if target.dialect == "sqlite" and name != "coalesce":
        pairs = tuple(part for n in numbers for part in n.pair)
        whole, places = max(n.whole for n in numbers), max(n.places for n in numbers)
        return sql_numbers.of_text(f"jw_{name}_number", pairs, whole, places)
    elements = sql_numbers.alike(numbers, target.dialect)
    element = getattr(sa.func, name)(*elements, type_=elements[0].type)
    return sql_numbers.widest(numbers, element)


def _length(target: Translating, node: Call) -> Number:
    held = target.column(node.arguments[0])
    if isinstance(held.type, Several):
        text = sa.type_coerce(held, sa.Text())
        bars = sa.func.length(text) - sa.func.length(sa.func.replace(text, SEPARATOR, ""))
        length = bars - 1
    elif isinstance(held.type, JsonText):  # of links to several forms
        text = sa.type_coerce(held, sa.Text())
        sqlite = target.dialect == "sqlite"
        length = (
            sa.func.json_array_length(text)
            if sqlite
            else sa.func.jsonb_array_length(sa.cast(text, JSONB()))
        )
    else:
        length = sa.func.length(target.text(node.arguments[0], held))
    return sql_numbers.plain_integer(sa.func.coalesce(length, 0, type_=sa.Integer()))


def _date_part(target: Translating, node: Call) -> Number:
    argument = node.arguments[0]
    if argument.type.name == "period":
        part = period_part(target.dialect, node.function, target.column(argument))
    else:
        day_ = target.day(argument, target.column(argument))
        part = sql_periods.day_part(target.dialect, node.function, day_)
    return sql_numbers.plain_integer(part)


def _days_between(target: Translating, node: Call) -> Number:
    days = [target.day(argument, target.column(argument)) for argument in node.arguments]
    return sql_numbers.plain_integer(days_between(target.dialect, days[0], days[1]))


def period_part(dialect: str, name: str, key: Column) -> Column:
    """`year`, `quarter`, `month` of a period."""
    return sql_periods.part(dialect, name, key)


def days_between(dialect: str, start: Column, end: Column) -> Column:
    """Days from `start` to `end`."""
    if dialect == "sqlite":
        return sa.func.jw_days_between(_raw(start), _raw(end), type_=sa.Integer())
    return sa.type_coerce(sa.cast(end, sa.Date()) - sa.cast(start, sa.Date()), sa.Integer())


# -- text


def _raw(column: Column) -> Column:
    """Text as SQLite keeps days and instants."""
    return sa.type_coerce(column, sa.Text()) if not isinstance(column.type, sa.Text) else column


def _texts(target: Translating, node: Call) -> list[Column]:
    return [target.text(argument, target.column(argument)) for argument in node.arguments]


def _case(target: Translating, node: Call) -> Column:
    """ASCII only, everywhere the same."""
    (text,) = _texts(target, node)
    if target.dialect == "postgresql":
        text = sa.collate(text, "C")
    return getattr(sa.func, node.function)(text, type_=CODE_POINT_TEXT)  # type: ignore[no-any-return]  # sa.func is untyped


def _trim(target: Translating, node: Call) -> Column:
    (text,) = _texts(target, node)
    blanks = sa.literal(BLANKS, sa.Text())
    if target.dialect == "sqlite":
        return sa.func.jw_trim(text, type_=CODE_POINT_TEXT)
    return sa.func.nullif(sa.func.btrim(text, blanks), "", type_=CODE_POINT_TEXT)


def _concat(target: Translating, node: Call) -> Column:
    pieces = [sa.func.coalesce(_as_text(target, a), "", type_=sa.Text()) for a in node.arguments]
    joined: Column = pieces[0]
    for piece in pieces[1:]:
        joined = joined + piece
    return sa.func.nullif(joined, "", type_=CODE_POINT_TEXT)


def _as_text(target: Translating, node: Node) -> Column:
    if node.type.name in NUMERIC:
        found = target.number(node)
        if target.dialect == "sqlite":
            return sa.func.jw_plain(*found.pair, type_=sa.Text())
        numeric = sa.cast(found.element, sa.Numeric())
        return sa.cast(sa.func.trim_scale(numeric), sa.Text())
    column = target.column(node)
    if node.type.name == "period":
        return sql_periods.text(target.dialect, column)
    if node.type.name == "date":
        return _raw(column) if target.dialect == "sqlite" else sa.func.to_char(column, "YYYY-MM-DD")
    return sa.type_coerce(target.text(node, column), sa.Text())


def position(dialect: str, text: Column, part: Column) -> Column:
    """Where `part` begins in `text`, from 1; 0 when it is not there."""
    function = sa.func.instr if dialect == "sqlite" else sa.func.strpos
    return function(text, part, type_=sa.Integer())


def _contains(target: Translating, node: Call) -> Column:
    text, part = _texts(target, node)
    return position(target.dialect, text, part) > 0


def _starts_with(target: Translating, node: Call) -> Column:
    text, part = _texts(target, node)
    if target.dialect == "postgresql":
        return sa.func.starts_with(text, part, type_=sa.Boolean())
    return position("sqlite", text, part) == 1


def _ends_with(target: Translating, node: Call) -> Column:
    text, part = _texts(target, node)
    if target.dialect == "postgresql":
        return sa.func.right(text, sa.func.length(part), type_=sa.Text()) == part
    return sa.func.substr(text, -sa.func.length(part), type_=sa.Text()) == part


# -- days and periods


def day(dialect: str, instant: Column, zone: str) -> Column:
    """The calendar day of an instant in a zone."""
    name = sa.literal(zone, sa.Text())
    if dialect == "sqlite":
        return sa.type_coerce(sa.func.jw_day(_raw(instant), name), Day())
    return sa.type_coerce(sa.cast(sa.func.timezone(name, instant), sa.Date()), Day())


def moved(dialect: str, column: Column, amount: int, unit: str) -> Column:
    """A day moved by days, weeks, months, quarters or years."""
    months = {"mo": 1, "q": 3, "y": 12}.get(unit)
    count = amount * (months or {"d": 1, "w": 7}[unit])
    return _added(dialect, column, sa.literal(count, sa.Integer()), 0, months is not None)


def _added(dialect: str, column: Column, count: Column, scale: int, months: bool) -> Column:
    if dialect == "sqlite":
        function = sa.func.jw_add_months if months else sa.func.jw_add_days
        return sa.type_coerce(function(_raw(column), count, sa.literal(scale)), Day())
    whole = sa.cast(sa.func.trunc(count), sa.Integer())
    if not months:
        added: Column = sa.cast(column, sa.Date()) + whole
        return sa.type_coerce(_in_calendar(added), Day())
    interval = sa.func.make_interval(sa.literal(0, sa.Integer()), whole)
    return sa.type_coerce(_in_calendar(sa.cast(column + interval, sa.Date())), Day())


def _in_calendar(day: Column) -> Column:
    """The day, or PostgreSQL's error for one that is out of range: its calendar goes beyond
    the years 1 to 9999, which are ours."""
    outside = ~day.between(sa.literal_column("date '0001-01-01'"), sa.literal_column(_LAST_DAY))
    return sa.case((outside, day + sa.literal_column(str(_BEYOND))), else_=day)


def _date(target: Translating, node: Call) -> Column:
    return target.day(node.arguments[0], target.column(node.arguments[0]))


def _add(target: Translating, node: Call) -> Column:
    start = _date(target, node)
    count = target.number(node.arguments[1])
    months = node.function == "add_months"
    element = count.element
    return _added(target.dialect, start, element, count.kept or 0, months)


def _period(target: Translating, node: Call) -> Column:
    grain = node.arguments[1].value  # type: ignore[attr-defined]  # the checker proved a constant
    return sql_periods.containing(target.dialect, _date(target, node), grain)


def _this(target: Translating, node: Call) -> Column:
    grain = node.function.removeprefix("this_")
    return sql_periods.containing(target.dialect, target.column(_TODAY), grain)


def _last_closed(target: Translating, node: Call) -> Column:
    grain = node.arguments[0].value  # type: ignore[attr-defined]  # the checker proved a constant
    this = sql_periods.containing(target.dialect, target.column(_TODAY), grain)
    return sql_periods.shifted(target.dialect, this, -1, grain)


def _previous(target: Translating, node: Call) -> Column:
    (period,) = node.arguments
    return sql_periods.shifted(target.dialect, target.column(period), -1, period.type.grain)


def _last_year(target: Translating, node: Call) -> Column:
    key = sql_periods.key_of(target.column(node.arguments[0]))
    return sa.type_coerce(key - 1000, PeriodKey())


def _start(target: Translating, node: Call) -> Column:
    return sql_periods.start(target.dialect, target.column(node.arguments[0]))


def _end(target: Translating, node: Call) -> Column:
    return sql_periods.end(target.dialect, target.column(node.arguments[0]))


def _in_period(target: Translating, node: Call) -> Column:
    found = _date(target, node)
    first, last = _span(target, node.arguments[1])
    return sa.and_(found >= first, found <= last)


def _span(target: Translating, period: Node) -> tuple[Column, Column]:
    dialect = target.dialect
    if period.type.name == "period":
        key = target.column(period)
        return sql_periods.start(dialect, key), sql_periods.end(dialect, key)
    if not isinstance(period, Constant):
        raise NotInSql("relative time that is not written out")
    words = relative.steps(period.value)
    today = target.column(_TODAY)
    if words.grain is None:
        first = moved(dialect, today, words.first, "d")
        return first, moved(dialect, today, words.last, "d")
    if words.grain == "week":
        monday = sql_periods.monday(dialect, today)
        first = moved(dialect, monday, 7 * words.first, "d")
        return first, moved(dialect, monday, 7 * words.first + 6, "d")
    this = sql_periods.containing(dialect, today, words.grain)
    key = sql_periods.shifted(dialect, this, words.first, words.grain)
    return sql_periods.start(dialect, key), sql_periods.end(dialect, key)


# -- values of several kinds


def _value_of_several(target: Translating, node: Call) -> Column:
    columns = [target.column(argument) for argument in node.arguments]
    dialect = target.dialect
    name = {"min": "least", "max": "greatest", "coalesce": "coalesce"}[node.function]
    if dialect == "sqlite" and name != "coalesce":
        name = f"jw_{name}"
    type_: TypeEngine[Any] = next(
        (c.type for c in columns if not isinstance(c.type, sa.types.NullType)), columns[0].type
    )
    raw = [sa.type_coerce(c, type_) for c in columns]
    return sa.type_coerce(getattr(sa.func, name)(*raw), type_)


def _is_below(target: Translating, node: Call) -> Column:
    org, of = (target.column(argument) for argument in node.arguments)
    found: Column = target.names.is_below(org, of)
    return found


_NUMBERS: dict[str, Callable[[Translating, Call], Number]] = {
    "round": _rounded,
    "floor": _cut,
    "ceil": _cut,
    "abs": _absolute,
    "percent_change": _percent_change,
    "min": _number_of_several,
    "max": _number_of_several,
    "coalesce": _number_of_several,
    "len": _length,
    "year": _date_part,
    "month": _date_part,
    "quarter": _date_part,
    "day": _date_part,
    "days_between": _days_between,
}
_VALUES: dict[str, Callable[[Translating, Call], Column]] = {
    "lower": _case,
    "upper": _case,
    "trim": _trim,
    "concat": _concat,
    "contains": _contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "date": _date,
    "add_days": _add,
    "add_months": _add,
    "period": _period,
    "this_year": _this,
    "this_quarter": _this,
    "this_month": _this,
    "last_closed_period": _last_closed,
    "previous": _previous,
    "same_period_last_year": _last_year,
    "start": _start,
    "end": _end,
    "in_period": _in_period,
    "min": _value_of_several,
    "max": _value_of_several,
    "coalesce": _value_of_several,
    "is_below": _is_below,
}
