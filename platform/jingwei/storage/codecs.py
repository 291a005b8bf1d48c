"""Engine value ⇄ driver value, one plain function a column, made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from jingwei.language.periods import Period
from jingwei.storage.types import Day, NameKey, PeriodKey, PersonKey, ScaledDecimal

Convert = Callable[[Any], Any]
# Of values that are all there; None where each is to be converted by itself.
ConvertAll = Callable[[Sequence[Any]], Sequence[Any] | None]


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
        return _Digits(type_.scale) if is_sqlite else _Plain()
    if isinstance(type_, Day):
        return None if is_sqlite else date.isoformat
    if isinstance(type_, PeriodKey):
        return _Periods().__getitem__
    return reader(type_, dialect)


class _Digits:
    """The text of scaled integers."""

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self._unit = 10**scale

    def __call__(self, value: int) -> str:
        if self._scale == 0:
            return str(value)
        whole, rest = divmod(abs(value), self._unit)
        return f"{'-' if value < 0 else ''}{whole}.{rest:0{self._scale}d}"

    def at_once(self, values: Sequence[int]) -> list[str]:
        """The same of many."""
        texts = list(map(str, values))
        if self._scale == 0:
            return texts
        point = -self._scale
        if min(values) >= self._unit:
            return [f"{text[:point]}.{text[point:]}" for text in texts]
        unit = self._unit
        return [
            f"{text[:point]}.{text[point:]}" if value >= unit else self(value)
            for value, text in zip(values, texts, strict=True)
        ]


class _Plain:
    """The text of decimals."""

    def __call__(self, value: Decimal) -> str:
        return f"{value:f}"

    def at_once(self, values: Sequence[Decimal]) -> list[str]:
        """The same of many."""
        texts = list(map(str, values))
        return texts if "E" not in "".join(texts) else list(map(self, values))


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
    if isinstance(type_, ScaledDecimal):
        return _scale(type_.scale) if dialect.name == "sqlite" else None
    if isinstance(type_, PeriodKey):
        return _period_key
    return type_.dialect_impl(dialect).bind_processor(dialect)


def column_writer(type_: TypeEngine[Any], dialect: Dialect) -> ConvertAll | None:
    """What converts many values as `writer` does, by a few calls; None where that is no faster."""
    if dialect.name == "sqlite" and isinstance(type_, ScaledDecimal):
        return _scale_all(type_.scale)
    if dialect.name == "sqlite" and isinstance(type_, Day):
        return _all_days
    return None


def _scale_all(scale: int) -> ConvertAll:
    unit, times = Decimal(1).scaleb(-scale), Decimal(10**scale)

    def scaled(values: Sequence[Any]) -> Sequence[int] | None:
        """Decimals that have the places of the column."""
        if set(map(type, values)) != {Decimal} or not all(map(unit.same_quantum, values)):
            return None
        return list(map(int, map(times.__mul__, values)))

    return scaled


def _all_days(values: Sequence[Any]) -> Sequence[str] | None:
    return list(map(_day_text, values)) if set(map(type, values)) == {date} else None


_day_text = lru_cache(maxsize=4_096)(date.isoformat)  # of days that come again and again


@lru_cache(maxsize=4_096)
def _period_key(value: Period | str | int) -> int:
    period = Period.parse(value) if isinstance(value, str) else value
    return period.key if isinstance(period, Period) else period


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
