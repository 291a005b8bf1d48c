"""Periods in SQL: integers `year·1000 + grain·100 + number`, and the days they begin and end."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from jingwei.language.periods import GRAINS
from jingwei.storage.types import Day, PeriodKey

Column = sa.ColumnElement[Any]
_MONTHS: dict[str, int] = {"year": 12, "half": 6, "quarter": 3, "month": 1}
_INTEGER = sa.Integer()


def key_of(column: Column) -> Column:
    """The period as its integer; a value that is bound is still bound as a period."""
    if isinstance(column, sa.BindParameter):
        return sa.cast(column, _INTEGER)
    return sa.type_coerce(column, _INTEGER)


def _div(one: Column, other: int) -> Column:
    return one // sa.literal(other, _INTEGER)


def _months(key: Column) -> Column:
    """How many months a period of this key lasts."""
    grain = _div(key % 1000, 100)
    cases = {GRAINS.index(g): m for g, m in _MONTHS.items()}
    return sa.case(*[(grain == g, m) for g, m in cases.items()])


def _number(key: Column) -> Column:
    """Its number within the year; a year's is kept as 0."""
    return sa.case((key % 1000 == 0, 1), else_=key % 100)


def part(dialect: str, name: str, column: Column) -> Column:
    """`year`; `month`: the last one; `quarter` of that month."""
    key = key_of(column)
    if name == "year":
        return _div(key, 1000)
    if dialect == "sqlite":
        last: Column = sa.func.jw_last_month(key, type_=_INTEGER)
    else:
        last = _number(key) * _months(key)
    return last if name == "month" else _div(last + 2, 3)


def day_part(dialect: str, name: str, day: Column) -> Column:
    """`year month quarter day` of a day."""
    if name == "quarter":
        return _div(day_part(dialect, "month", day) + 2, 3)
    if dialect == "postgresql":
        return sa.cast(sa.extract(name, day), _INTEGER)
    start, length = {"year": (1, 4), "month": (6, 2), "day": (9, 2)}[name]
    return sa.cast(sa.func.substr(sa.type_coerce(day, sa.Text()), start, length), _INTEGER)


def containing(dialect: str, day: Column, grain: str) -> Column:
    """The period of a grain that holds a day."""
    index = GRAINS.index(grain)
    if dialect == "sqlite":
        found = sa.func.jw_period(sa.type_coerce(day, sa.Text()), sa.literal(index, _INTEGER))
        return sa.type_coerce(found, PeriodKey())
    key = day_part(dialect, "year", day) * 1000
    if grain != "year":
        month = day_part(dialect, "month", day)
        key = key + index * 100 + _div(month - 1, _MONTHS[grain]) + 1
    return sa.type_coerce(key, PeriodKey())


def shifted(dialect: str, column: Column, by: int, grain: str | None) -> Column:
    """The period so many periods later."""
    key = key_of(column)
    if dialect == "sqlite":
        return sa.type_coerce(sa.func.jw_shifted(key, sa.literal(by, _INTEGER)), PeriodKey())
    if grain is not None:
        return sa.type_coerce(_shifted_known(key, by, grain), PeriodKey())
    words = [(_div(key % 1000, 100) == GRAINS.index(g), _shifted_known(key, by, g)) for g in GRAINS]
    return sa.type_coerce(sa.case(*words), PeriodKey())


def _shifted_known(key: Column, by: int, grain: str) -> Column:
    if grain == "year":
        return key + by * 1000
    count = 12 // _MONTHS[grain]
    index = _div(key, 1000) * count + key % 100 - 1 + by
    offset = GRAINS.index(grain) * 100 + 1
    return _div(index, count) * 1000 + offset + index % count


def start(dialect: str, column: Column) -> Column:
    """Its first day."""
    key = key_of(column)
    if dialect == "sqlite":
        return sa.type_coerce(sa.func.jw_start(key), Day())
    month = (_number(key) - 1) * _months(key) + 1
    return sa.type_coerce(sa.func.make_date(_div(key, 1000), month, 1), Day())


def end(dialect: str, column: Column) -> Column:
    """Its last day."""
    key = key_of(column)
    if dialect == "sqlite":
        return sa.type_coerce(sa.func.jw_end(key), Day())
    after = sa.func.make_interval(0, _months(key))
    last = sa.cast(start(dialect, column) + after, sa.Date()) - sa.literal(1, _INTEGER)
    return sa.type_coerce(last, Day())


def monday(dialect: str, day: Column) -> Column:
    """The Monday of a day's week."""
    if dialect == "sqlite":
        return sa.type_coerce(sa.func.jw_monday(sa.type_coerce(day, sa.Text())), Day())
    return sa.type_coerce(sa.cast(sa.func.date_trunc("week", day), sa.Date()), Day())


def text(dialect: str, column: Column) -> Column:
    """`2026`, `2026H1`, `2026Q1`, `2026-03`"""
    key = key_of(column)
    if dialect == "sqlite":
        return sa.func.jw_period_text(key, type_=sa.Text())
    grain = _div(key % 1000, 100)
    year = sa.func.lpad(sa.cast(_div(key, 1000), sa.Text()), 4, "0")
    number = sa.cast(key % 100, sa.Text())
    tail = sa.case(
        (grain == 0, ""),
        (grain == 1, sa.literal("H") + number),
        (grain == 2, sa.literal("Q") + number),
        else_=sa.literal("-") + sa.func.lpad(number, 2, "0"),
    )
    return sa.type_coerce(year + sa.type_coerce(tail, sa.Text()), sa.Text())
