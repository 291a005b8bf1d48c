"""Paging by position: the page after this row, however many rows came or went before it."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from jingwei.refusals import Malformed
from jingwei.storage.errors import is_mistyped

MOST_BYTES = 4_000


@dataclass(frozen=True, slots=True)
class SortColumn:
    """One key of the order, empty values first (last when it descends)."""

    column: sa.ColumnElement[Any]
    descending: bool

    def ordered(self, dialect: str) -> sa.ColumnElement[Any]:
        column = self.column.desc() if self.descending else self.column.asc()
        if dialect == "sqlite":
            return column
        return column.nulls_last() if self.descending else column.nulls_first()

    def after(self, bind: sa.BindParameter[Any], empty: bool) -> sa.ColumnElement[bool]:
        """Strictly later in the order than the value of `bind`."""
        if empty:
            return sa.false() if self.descending else self.column.is_not(None)
        if self.descending:
            return sa.or_(self.column < bind, self.column.is_(None))
        return self.column > bind

    def same(self, bind: sa.BindParameter[Any], empty: bool) -> sa.ColumnElement[bool]:
        return self.column.is_(None) if empty else self.column == bind


def later(
    order: Sequence[SortColumn], identity: sa.ColumnElement[int], empties: Sequence[bool]
) -> sa.ColumnElement[bool]:
    """Rows behind the position `k0, k1 …, kid`; `empties`: which of its values are empty."""
    tie = sa.bindparam("kid", type_=sa.BigInteger())
    condition: sa.ColumnElement[bool] = identity > tie
    for place in reversed(range(len(order))):
        key, empty = order[place], empties[place]
        bind = sa.bindparam(f"k{place}", type_=key.column.type)
        condition = sa.or_(key.after(bind, empty), sa.and_(key.same(bind, empty), condition))
    return condition


def order_word(form: str, sort: Sequence[tuple[str, bool]]) -> int:
    """What tells a position of one order from that of another; `sort`: paths, and whether each
    descends."""
    return zlib.crc32(repr((form, tuple(sort))).encode())


def position(order: int, values: Sequence[Any], identity: int) -> str:
    """An opaque word for a row's place in the order; `values` as the driver gave them."""
    word = orjson.dumps(
        [order, *values, identity], default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME
    )
    return base64.urlsafe_b64encode(word).decode().rstrip("=")


def _plain(value: Any) -> Any:
    for mark, type_, write, _ in _CODES:
        if type(value) is type_:
            return {mark: write(value)}
    raise TypeError(f"no position for {type(value).__name__}")


_CODES: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("n", Decimal, str, Decimal),
    ("i", datetime, datetime.isoformat, datetime.fromisoformat),
    ("d", date, date.isoformat, date.fromisoformat),
    ("t", time, time.isoformat, time.fromisoformat),
)
_READERS = {mark: read for mark, _, _, read in _CODES}


def read_position(after: str, order: int, keys: int) -> tuple[list[Any], int]:
    """The values and the id of a position. Raises Malformed for anything we did not write, and for
    a place in another order."""
    try:
        if len(after) > MOST_BYTES:
            raise ValueError
        raw = orjson.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        of, *values, identity = raw
        if of != order or len(values) != keys or type(identity) is not int:
            raise ValueError
        return [_value(v) for v in values], identity
    except (ValueError, TypeError, KeyError, ArithmeticError, binascii.Error):
        raise Malformed("bad-position") from None


@contextmanager
def known_place(is_asked: bool) -> Iterator[None]:
    """Raises Malformed where a statement fails because its position holds values of other types:
    it was forged, or its fields are others since."""
    try:
        yield
    except DBAPIError as error:
        if is_asked and is_mistyped(error):
            raise Malformed("bad-position") from error
        raise


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        ((mark, word),) = plain.items()
        return _READERS[mark](word)
    if isinstance(plain, list):
        raise ValueError
    return plain
