"""Columns of values as the text that PostgreSQL's COPY takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

_EMPTY = r"\N"
_SAME = (type(None), str, datetime)  # what the system says of a batch; equal is the same text
_SPECIAL = ("\\", "\t", "\n", "\r")
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_text(columns: Sequence[Sequence[Any]]) -> bytes:
    """The driver's values, a list a column, as lines of text. Many values of one kind are written
    by a few calls, where the driver looks at each."""
    texts = [_texts(column) for column in columns]
    lines = "\n".join(map("\t".join, zip(*texts, strict=True)))
    return f"{lines}\n".encode()


def _texts(column: Sequence[Any]) -> Sequence[str]:
    first = column[0]
    if type(first) in _SAME and column.count(first) == len(column):
        return [_EMPTY if first is None else _text(first)] * len(column)
    kinds = set(map(type, column))
    if len(kinds) == 1:
        kind = kinds.pop()
        if kind is str and not _holds_special(column):
            return column
        return list(map(_WRITTEN.get(kind, _text), column))
    return [_EMPTY if value is None else _text(value) for value in column]


def _holds_special(column: Sequence[str]) -> bool:
    """Whether some text of the column has a character that means something to COPY."""
    whole = "".join(column)
    return any(one in whole for one in _SPECIAL)


def _escaped(value: str) -> str:
    return value.translate(_ESCAPED)


def _truth(value: bool) -> str:
    return "t" if value else "f"


_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    str: _escaped,
    bool: _truth,
    int: str,
    float: repr,
    Decimal: str,
    datetime: str,
    date: str,
    time: str,
}


def _text(value: Any) -> str:
    """A value of whatever kind, or of one made from it. Raises TypeError."""
    written = _WRITTEN.get(type(value))
    if written is not None:
        return written(value)
    for kind, written in _WRITTEN.items():  # a truth is a number, a moment a day: in this order
        if isinstance(value, kind):
            return written(value)
    raise TypeError(f"COPY takes no {type(value).__name__}")
