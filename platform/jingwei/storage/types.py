"""Column types: how engine values are kept, the same on SQLite and PostgreSQL.

Instants are UTC with milliseconds. Decimals have a fixed scale. Orgs, indicators, forms, roles and
posts are kept as the small keys of `sys_name`, people by their id; outside only names appear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Date, Integer, Numeric, Text, Time
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from jingwei.language.field_types.secret import Sealed
from jingwei.language.periods import Period
from jingwei.storage.books import NameBook, PersonBook

DIGITS = 28
SEPARATOR = "\x1f"  # no value may hold it
NOBODY = -1  # the key of a name that is not there: equal to no row

# Text compares by code point on both databases.
CODE_POINT_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


class ScaledDecimal(TypeDecorator[Decimal]):
    """A decimal with a fixed number of places: NUMERIC(28, s), on SQLite a scaled integer."""

    impl = Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(DIGITS, self.scale))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        scaled = Decimal(value).scaleb(self.scale)
        whole = int(scaled)
        # A comparison may hold more places than the column: kept as a real, never rounded.
        return whole if whole == scaled else float(scaled)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]  # the driver's own Decimal
        return Decimal(value) if isinstance(value, str) else Decimal(value).scaleb(-self.scale)


class Total(TypeDecorator[int]):
    """A sum of whole numbers, of any size: PostgreSQL gives it as a decimal, SQLite one that passes
    64 bits as text. No column is of it."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant with milliseconds; on SQLite `2026-01-10T09:00:00.000Z`."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=3))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        return instant_text(value) if dialect.name == "sqlite" else truncated(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


@lru_cache(maxsize=1_024)
def truncated(value: datetime) -> datetime:
    """The instant in UTC, cut to milliseconds."""
    value = value.astimezone(UTC)
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


@lru_cache(maxsize=4_096)  # a batch says the same moment thousands of times
def instant_text(value: datetime) -> str:
    """Fixed-width ISO text, so that text order is time order."""
    utc = value.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


class Day(TypeDecorator[date]):
    """A calendar date; on SQLite ISO text."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]  # the driver's own date
        return date.fromisoformat(value)


class TimeOfDay(TypeDecorator[time]):
    """A wall-clock time; on SQLite ISO text."""

    impl = Time
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Time())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> time | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]  # the driver's own time
        return time.fromisoformat(value)


class PeriodKey(TypeDecorator[Period]):
    """A period as one integer; order holds within a grain."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, str):
            value = Period.parse(value)
        return value.key if isinstance(value, Period) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Period | None:
        return None if value is None else Period.from_key(value)


class NameKey(TypeDecorator[str]):
    """An org, indicator, form, role or post by its key in `sys_name`."""

    impl = Integer
    cache_ok = False

    def __init__(self, kind: str, book: NameBook) -> None:
        super().__init__()
        self.kind, self.book = kind, book

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or isinstance(value, int):
            return value
        return self.book.find(self.kind, value, NOBODY)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.book.names[value]


class PersonKey(TypeDecorator[str]):
    """A person by id; outside, the login."""

    impl = BigInteger
    cache_ok = False

    def __init__(self, book: PersonBook) -> None:
        super().__init__()
        self.book = book

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or isinstance(value, int):
            return value
        return self.book.ids.get(value, NOBODY)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.book.logins[value]


class Several(TypeDecorator[list[Any]]):
    """Several values of one plain type, each between two separators: one test for `contains`
    works on both databases (`holds`)."""

    impl = Text
    cache_ok = False

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or isinstance(value, str):
            return value
        bind = getattr(self.of, "process_bind_param", None)
        parts = [str(bind(part, dialect) if bind else part) for part in value]
        return SEPARATOR + SEPARATOR.join(parts) + SEPARATOR if parts else None

    def process_result_value(self, value: Any, dialect: Dialect) -> list[Any] | None:
        if value is None:
            return None
        parts: Sequence[Any] = value[1:-1].split(SEPARATOR)
        if isinstance(self.of, NameKey | PersonKey | Integer | BigInteger):
            parts = [int(part) for part in parts]
        result = getattr(self.of, "process_result_value", None)
        return [result(part, dialect) for part in parts] if result else list(parts)


class SealedText(TypeDecorator[Sealed]):
    """A secret, sealed before it comes here: a word as somebody typed it is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("a secret that is not sealed")
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Sealed | None:
        return None if value is None else Sealed(value)


class JsonText(TypeDecorator[Any]):
    """Canonical JSON (sorted keys, no spaces) as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else exact_json(value)


class PlainJson(JsonText):
    """The same without numbers that have a point: read three times as fast."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


def exact_json(value: str | bytes) -> Any:
    """JSON with every digit kept: numbers with a point are Decimal."""
    return json.loads(value, parse_float=Decimal)


def json_text(value: Any) -> str:
    """Canonical JSON as columns hold it."""
    return canonical_json(value).decode()


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces; engine values as the API shows them, decimals with exact digits."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return orjson.dumps(wide_as_text(value), default=_plain, option=orjson.OPT_SORT_KEYS)


def wide_as_text(value: Any) -> Any:
    """The same for orjson, which writes whole numbers to 64 bits: longer ones as their digits."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return {name: wide_as_text(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [wide_as_text(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        digits = str(value)  # with an exponent where there are many zeros
        return orjson.Fragment(plain_decimal(value) if "E" in digits else digits)
    if isinstance(value, Period):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def plain_decimal(value: Decimal) -> str:
    """The digits as kept, never with an exponent."""
    return f"{value:f}"
