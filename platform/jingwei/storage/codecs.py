"""Engine value ⇄ driver value, one plain function a column, made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from jingwei.language.periods import Period
from jingwei.storage.types import Day, NameKey, PeriodKey, PersonKey, ScaledDecimal

Convert = Callable[[Any], Any]


class UnknownPerson(KeyError):
    """A person who is not in the book yet: read the book again."""


def reader(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """From what the driver gives to the engine value; None when they are the same.

    Never called with None.
    """
    if isinstance(type_, NameKey):
        return type_.book.names.__getitem__
    if isinstance(type_, PersonKey):
        return type_.book.logins.__getitem__
    if isinstance(type_, ScaledDecimal):
        return _unscale(type_.scale) if dialect.name == "sqlite" else None
    ours = type_.dialect_impl(dialect)
    if dialect.name == "sqlite" or type(type_).__module__.startswith("jingwei."):
        return ours.result_processor(dialect, None)
    return None


def words(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Like `reader`, but with the text of what is written in one way only: decimals with all their
    digits, days and periods. From the driver's value that is a third of the work."""
    is_sqlite = dialect.name == "sqlite"
    if isinstance(type_, ScaledDecimal):
        return _digits(type_.scale) if is_sqlite else "{:f}".format
    if isinstance(type_, Day):
        return None if is_sqlite else date.isoformat
    if isinstance(type_, PeriodKey):
        return _Periods().__getitem__
    return reader(type_, dialect)


def _digits(scale: int) -> Convert:
    unit = 10**scale

    def digits(value: int) -> str:
        if scale == 0:
            return str(value)
        if value >= unit:
            written = str(value)
            return f"{written[:-scale]}.{written[-scale:]}"
        whole, rest = divmod(abs(value), unit)
        return f"{'-' if value < 0 else ''}{whole}.{rest:0{scale}d}"

    return digits


class _Periods(dict[int, str]):
    """Periods as text by their key; there are few of them."""

    def __missing__(self, key: int) -> str:
        found = self[key] = str(Period.from_key(key))
        return found


def _unscale(scale: int) -> Convert:
    def unscaled(value: int | str) -> Decimal:
        return Decimal(value) if isinstance(value, str) else Decimal(value).scaleb(-scale)

    return unscaled


def writer(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """From the engine value to what the driver takes, strictly: a name must exist."""
    if isinstance(type_, NameKey):
        kind, keys = type_.kind, type_.book.keys
        return lambda name: keys[kind, name]
    if isinstance(type_, PersonKey):
        return _person_id(type_)
    if isinstance(type_, ScaledDecimal) and dialect.name == "sqlite":
        return _scale(type_.scale)
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _scale(scale: int) -> Convert:
    def scaled(value: Decimal | int) -> int:
        number = (value if type(value) is Decimal else Decimal(value)).scaleb(scale)
        whole = int(number)
        return whole if whole == number else int(number.to_integral_value(ROUND_HALF_UP))

    return scaled


def _person_id(type_: PersonKey) -> Convert:
    ids = type_.book.ids

    def person_id(login: str) -> int:
        try:
            return ids[login]
        except KeyError:
            raise UnknownPerson(login) from None

    return person_id
