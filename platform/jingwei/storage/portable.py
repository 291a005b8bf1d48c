"""Values as a backup keeps them: plain JSON that either database reads back exactly.

A column's kind is a word: `integer`, `number`, `text`, `boolean`, `bytes`, `decimal:2`, `date`,
`instant`, `time`, or `words` for what full text is found by.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, LargeBinary, MetaData, Table
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine

from jingwei.storage.columns import SECRET
from jingwei.storage.full_text import words_kept
from jingwei.storage.types import Day, Instant, PeriodKey, ScaledDecimal, TimeOfDay

# words of the ledger that are kept as something plain
_PLAIN = {"json": "text", "several": "text", SECRET: "text"}
_OWN = ("text", "boolean", "decimal", "date", "instant", "time")
_LEXEME = re.compile(r"'((?:[^']|'')*)'(?::([0-9A-D,]+))?")


def kind_of_word(word: str) -> str:
    """Of a column that the ledger knows by this word; keys and links are whole numbers."""
    head = word.partition(":")[0]
    if head in _PLAIN:
        return _PLAIN[head]
    return word if head in _OWN else "integer"


def kind_of_type(type_: TypeEngine[Any]) -> str:
    """Of a column of the engine's own tables. Raises KeyError for a type that has no kind yet."""
    if isinstance(type_._variant_mapping.get("postgresql"), TSVECTOR):
        return "words"
    plain = type_.impl if isinstance(type_, TypeDecorator) else type_
    for one in (type_, plain):
        for kind, types in _KINDS.items():
            if isinstance(one, types):
                return kind
    raise KeyError(type(type_).__name__)


# kept as what they are made of: a name's key, the text of JSON
_KINDS: Mapping[str, tuple[type[TypeEngine[Any]], ...]] = {
    "instant": (Instant,),
    "date": (Day,),
    "time": (TimeOfDay,),
    "number": (Double,),
    "boolean": (Boolean,),
    "bytes": (LargeBinary,),
    "integer": (PeriodKey, BigInteger, Integer),
    "text": (SqlText,),
}


def plain_table(name: str, columns: Sequence[tuple[str, str]]) -> Table:
    """The table with columns of these kinds, as a backup reads and fills it."""
    return Table(name, MetaData(), *(Column(column, sql_of(kind)) for column, kind in columns))


def sql_of(kind: str) -> TypeEngine[Any]:
    """The type behind a kind."""
    head, _, rest = kind.partition(":")
    return ScaledDecimal(int(rest)) if head == "decimal" else _SQL[head]


class _Words(TypeDecorator[str]):
    """What full text is found by, as words with spaces between, whatever the database makes of
    it."""

    impl = SqlText
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        return dialect.type_descriptor(SqlText() if dialect.name == "sqlite" else TSVECTOR())  # type: ignore[no-any-return]

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return words_kept(value.split(" "), dialect.name == "sqlite")

    def process_result_value(self, value: Any, dialect: Any) -> str:
        return value if dialect.name == "sqlite" else _in_order(value)


def _in_order(vector: str) -> str:
    """The words of a tsvector in the order they stood in."""
    places: dict[int, str] = {}
    for lexeme, found in _LEXEME.findall(vector):
        for place in found.split(",") if found else ():
            places[int(place.rstrip("ABCD"))] = lexeme.replace("''", "'")
    return " ".join(word for _, word in sorted(places.items()))


_SQL: Mapping[str, TypeEngine[Any]] = {
    "integer": BigInteger(),
    "number": Double(),
    "text": SqlText(),
    "boolean": Boolean(create_constraint=False),
    "bytes": LargeBinary(),
    "date": Day(),
    "instant": Instant(),
    "time": TimeOfDay(),
    "words": _Words(),
}


# --- lines ---------------------------------------------------------------------------------------


def line(values: Sequence[Any]) -> bytes:
    """One row as one line of JSON."""
    return orjson.dumps(values, default=_text, option=orjson.OPT_APPEND_NEWLINE)


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, Sequence):  # a row of the database
        return list(value)
    raise TypeError(type(value).__name__)


@dataclass(frozen=True, slots=True)
class Reader:
    """Lines of one table back into values: `columns` (name, kind)."""

    columns: Sequence[tuple[str, str]]

    def rows(self, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        names = [name for name, _ in self.columns]
        turned = [
            (name, _BACK[kind.partition(":")[0]])
            for name, kind in self.columns
            if kind.partition(":")[0] in _BACK
        ]
        found = []
        for one in lines:
            row = dict(zip(names, orjson.loads(one), strict=True))
            for name, turn in turned:
                if row[name] is not None:
                    row[name] = turn(row[name])
            found.append(row)
        return found


_BACK: Mapping[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "bytes": base64.b64decode,
    "date": date.fromisoformat,
    "instant": datetime.fromisoformat,
    "time": time.fromisoformat,
}
