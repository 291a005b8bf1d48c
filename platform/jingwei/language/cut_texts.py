"""Texts that YAML cut at a comma: the rest stands as a key of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jingwei.problems import Phrase
from jingwei.reading.yaml_file import Data, Path, Scalar

if TYPE_CHECKING:
    from jingwei.language.walker import Walker

MOST_GUESSED = 100  # problems of one file for which what was meant is looked for


def is_cut_text(walker: Walker, data: dict[str, Data], key: str, path: Path) -> bool:
    """Whether `key` is the rest of a text that YAML cut at a comma: `{help: 甲, 乙}`."""
    if not _is_bare(data[key]) or walker.failures >= MOST_GUESSED:
        return False
    before = list(data)[: list(data).index(key)]
    last = data[before[-1]] if before else None
    if not isinstance(last, Scalar) or last.style != "plain" or key.isascii():
        return False
    whole = f"{last.text}, {key}"[:60]
    meant = f'{before[-1]}: "{whole}"'
    if before[-1] == "choices":
        meant = f"choices: {{c1: {last.text[:20]}, c2: {key[:20]}}}"
    walker.fail("cut-text", walker.key_at((*path, key)), suggestion=meant, text=whole)
    return True


def cut_expression(walker: Walker, data: dict[str, Data], key: str, path: Path) -> bool:
    """Whether `key` is the rest of an expression that YAML cut at a comma: `max(a, 1)`."""
    if not _is_bare(data[key]) or walker.failures >= MOST_GUESSED:
        return False
    keys = list(data)
    for place in range(keys.index(key), 0, -1):
        rest, before = keys[place], keys[place - 1]
        if not _is_bare(data[rest]):
            return False
        last = data[before]
        if (
            isinstance(last, Scalar)
            and last.style == "plain"
            and _cut(walker, last, rest, before, path)
        ):
            return True
    return False


def rest_of_list(data: dict[str, Data], key: str) -> list[str]:
    """What stands behind `key` without a value: `unique: org, year` without its brackets."""
    keys = list(data)
    rest: list[str] = []
    for other in keys[keys.index(key) + 1 :]:
        if not _is_bare(data[other]):
            break
        rest.append(other)
    return rest


def cut_lists(data: dict[str, Data], known: Mapping[str, Any]) -> dict[str, str]:
    """For keys that are part of a list which lacks its brackets: the key of that list."""
    found: dict[str, str] = {}
    of: str | None = None
    for key, value in data.items():
        if key in known:
            is_one = isinstance(value, Scalar) and bool(value.text)
            of = key if is_one and known[key]["jingwei"] == "list" else None
        elif not _is_bare(value):
            of = None
        elif of is not None:
            found[key] = of
    return found


def _is_bare(data: Data) -> bool:
    """Whether nothing stands behind the key."""
    return isinstance(data, Scalar) and data.style == "plain" and data.text == ""


def _cut(walker: Walker, last: Scalar, rest: str, before: str, path: Path) -> bool:
    """Whether the value of `before` goes on in the key `rest`; a problem says so."""
    at = walker.value_at((*path, before))
    place = last.text.find("（")
    if place > last.text.find("）"):
        walker.fail("wrong-sign", at.shifted(place, place + 1), sign="（", suggestion="(")
        return True
    if re.fullmatch(r"[0-9]{3}(\.[0-9]+)?[万亿%]?", rest) and re.fullmatch(
        r"[+-]?[0-9]+", last.text
    ):
        why = Phrase("refusals.not-a-number", bare=True)
        written, plain = f"{last.text},{rest}", f"{last.text}{rest}"
        walker.fail("bad-value", at, suggestion=plain, value=written, why=why)
        return True
    open_ = [sign for sign, close in ("()", "[]") if last.text.count(sign) > last.text.count(close)]
    if open_:
        walker.fail("cut-expression", at, missing=")" if open_[0] == "(" else "]")
    return bool(open_)
