"""Bodies of the changes that made many records of one form, written a column at a time: the same
canonical JSON as of each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from jingwei.storage.types import json_text, plain_decimal

_SAME = (str, datetime)  # what the system says of a batch; equal is written alike


def bodies_of_new(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """What each body holds behind its envelope, `,"amount":[null,1.50],"code":[null,"A-1"]`.

    `columns`: JSON values, one a record and None where there is none, by names that begin with a
    letter; there is one at least.
    """
    pattern: list[str] = []
    values: list[Sequence[str]] = []
    count = 0
    for name in sorted(columns):
        column = columns[name]
        count = len(column)
        first = column[0]
        there = [value for value in column if value is not None]
        if not there:
            continue
        if type(first) in _SAME and column.count(first) == count:
            pattern.append(f',"{name}":[null,{json_text(first)}]'.replace("%", "%%"))
            continue
        texts, mark = _texts(there)
        if len(there) == count:
            pattern.append(f',"{name}":[null,{mark}]')
            values.append(texts)
            continue
        rest = iter(texts)
        pattern.append("%s")
        part = f',"{name}":[null,{mark}]'
        values.append(["" if value is None else part % next(rest) for value in column])
    whole = "".join(pattern)
    return list(map(whole.__mod__, zip(*values, strict=True))) if values else [whole % ()] * count


def _texts(values: Sequence[Any]) -> tuple[Sequence[str], str]:
    """Values as text, and where it stands: between quotes, if none of it has to be escaped."""
    kinds = set(map(type, values))
    if kinds == {str} and b"\\" not in orjson.dumps("".join(values)):
        return values, '"%s"'
    if kinds == {Decimal}:
        texts = list(map(str, values))
        if "E" in "".join(texts):  # where there are many zeros
            texts = list(map(plain_decimal, values))
        return texts, "%s"
    if kinds == {int}:
        return list(map(str, values)), "%s"
    if kinds == {bool}:
        return ["true" if value else "false" for value in values], "%s"
    return list(map(json_text, values)), "%s"
