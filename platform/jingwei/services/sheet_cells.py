"""Cells of sheets: what a column may be called, what a cell means, and how a value is written.

What is written is read back as the same value: text that a spreadsheet would take for a formula is
quoted, and unquoted again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jingwei.catalogue.by_kind import definitions_of
from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.form import Field, Form
from jingwei.services.commands import Reading
from jingwei.services.sheet_long import DOUBTED, MARK, doubted
from jingwei.services.sheet_rows import Unread
from jingwei.services.sheet_values import (
    SHORTENED,
    all_whole,
    amount,
    as_they_are,
    days,
    fraction,
    moments,
    periods,
    scaled,
    whole,
)
from jingwei.services.titles import choices
from jingwei.texts import text

YES, NO = frozenset({"true", "1", "yes", "y", "是"}), frozenset({"false", "0", "no", "n", "否"})
SEVERAL = (";", "；", "、")
_MOST_REMEMBERED = 5_000
NAMED = ("org", "role", "post", "indicator", "form")
NOT_TAKEN = ("heading", "note", "table")  # of what sheets bring
NOT_IN_SHEETS = (*NOT_TAKEN, "secret")  # of what is exported
# What a spreadsheet takes for a formula, half and full width; quoted text of it is quoted again.
_RISKY = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
RISKY_FIRST = frozenset("'=+-@\t\r\n＝＋－＠")
_QUOTED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
Converter = Callable[[str], Any]


def quoted(words: str) -> str:
    """The text as a cell of CSV that no spreadsheet takes for a formula."""
    return f"'{words}" if words[:1] in RISKY_FIRST and _RISKY.match(words) else words


def unquoted(cell: str) -> str:
    """What `quoted` was given."""
    return cell[1:] if cell[:1] == "'" and _QUOTED.match(cell) else cell


# --- columns -------------------------------------------------------------------------------------


def columns_of(form: Form, visible: frozenset[str]) -> dict[str, str]:
    """Field names by what a column may be called: the name, or a title in either language that
    only one field has."""
    titles: dict[str, set[str]] = {}
    for name, definition in form.fields.items():
        if name in visible and definition.type not in NOT_TAKEN:
            for locale in ("zh", "en"):
                titles.setdefault(definition.title(locale), set()).add(name)
    if "org" not in form.fields:
        for locale in ("zh", "en"):
            titles.setdefault(text("system_fields.org", locale), set()).add("org")
    found = {title: next(iter(names)) for title, names in titles.items() if len(names) == 1}
    found |= {name: name for name in form.fields if name in visible}
    return {**found, "org": "org"}


def columns_of_rows(table: Field, visible: frozenset[str]) -> dict[str, str]:
    """The same for the columns of a table."""
    titles: dict[str, set[str]] = {}
    for name, column in table.fields.items():
        if column.path in visible and column.type not in NOT_TAKEN:
            for title in {name, column.title("zh"), column.title("en")}:
                titles.setdefault(title, set()).add(name)
    return {title: next(iter(names)) for title, names in titles.items() if len(names) == 1} | {
        name: name for name, column in table.fields.items() if column.path in visible
    }


# --- in ------------------------------------------------------------------------------------------


def converter(view: Reading, definition: Field | None, *, from_1904: bool = False) -> Converter:
    """From a cell to the JSON value it means; what is not understood is left for the field to
    refuse. Made once a sheet. `definition` None: the org of a record."""
    if definition is None:
        return _coded(view.catalogue.orgs)
    one = _one(view, definition, from_1904)
    if definition.type in ("date", "period", "boolean", "datetime"):
        one = _Remembered(one).__getitem__
    if definition.type == "tags":
        return _several(str)
    return _several(one) if definition.many else one


class _Remembered(dict[str, Any]):
    """What cells mean that come again and again."""

    def __init__(self, convert: Converter) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, cell: str) -> Any:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        value = self[cell] = self._convert(cell)
        return value


def converted(convert: Converter, cells: Sequence[Any]) -> Sequence[Any]:
    """What the cells of a column mean, of which there is one at least; what is no word stays as it
    is. Where all are plain, a few calls tell."""
    are_words = set(map(type, cells)) == {str}
    if are_words and max(map(len, cells)) <= DOUBTED and MARK not in "".join(cells):
        at_once = _AT_ONCE.get(convert)
        found = None if at_once is None else at_once(cells)
        return list(map(convert, cells)) if found is None else found
    whole = [doubted(cell) if type(cell) is str else cell for cell in cells]
    return [convert(cell) if type(cell) is str else cell for cell in whole]


def _several(one: Converter) -> Converter:
    def several(cell: str) -> list[Any]:
        if cell[:1] == "[":  # as it is written where a word holds a separator
            try:
                listed = json.loads(cell)
            except ValueError:
                listed = None
            if isinstance(listed, list):
                return listed
        for mark in SEVERAL[1:]:
            cell = cell.replace(mark, SEVERAL[0])
        words = (word.strip() for word in cell.split(SEVERAL[0]))
        return [one(word) for word in words if word]

    return several


def _one(view: Reading, field: Field, from_1904: bool) -> Converter:
    match field.type:
        case "barcode" | "phone":
            return _code
        case "text" if is_code(field):
            return _code
        case "text" | "long_text" | "markdown" | "rich_text" | "code" | "secret":
            return str
        case "choice" | "classification":
            return _coded({c.code: c for c in choices(view, field)})
        case "org" | "role" | "post" | "indicator" | "form":
            return _coded(getattr(view.catalogue, f"{field.type}s"))
        case "definition":
            return _coded(definitions_of(view.catalogue, field))
        case "link":
            return _record_of_any if is_polymorphic(field) else str.strip
        case "money":
            return amount if getattr(field.unit, "value", field.unit) == "CNY" else scaled
        case "date":
            return days(from_1904)
        case "datetime":
            return moments(view.clock.zone, from_1904)
        case "period":
            return periods(field.grain or "month", from_1904)
        case _:
            return _PLAIN.get(field.type, str.strip)


def is_code(field: Field) -> bool:
    """Whether a field holds codes, of which a spreadsheet loses zeros and digits."""
    if field.type == "text":
        return field.unique or field.pattern is not None
    return field.type == "barcode"


def _code(cell: str) -> Any:
    if ("E" in cell or "e" in cell) and SHORTENED.match(cell):
        return Unread("number-shortened", {"words": cell})
    return cell


def _coded(known: Mapping[str, Any]) -> Converter:
    """The code itself, or the one whose title this is, if it is the only one."""
    titles: dict[str, str | None] = {}
    for code, one in known.items():
        for title in {one.title("zh"), one.title("en")}:
            titles[title] = None if title in titles else code
    words = {**{title: code for title, code in titles.items() if code}, **{c: c for c in known}}
    return _Codes(words).__getitem__


class _Codes(dict[str, str]):
    """Codes by what they may be called; of a word that is none of these, the word."""

    def __missing__(self, cell: str) -> str:
        word = cell.strip()
        return self.get(word) or word


def _boolean(cell: str) -> Any:
    word = cell.strip().lower()
    return True if word in YES else False if word in NO else cell


def is_id(word: str) -> bool:
    """Whether an id is written so; one with noughts before it is the number of something."""
    return word.isascii() and word.isdigit() and word[0] != "0" and len(word) < 19


def _identity(cell: str) -> Any:
    word = cell.strip()
    return int(word) if is_id(word) else word


def _record_of_any(cell: str) -> Any:
    form, _, identity = cell.strip().rpartition("/")
    return {"form": form, "id": _identity(identity)} if form else cell


def _json(cell: str) -> Any:
    try:
        return json.loads(cell, parse_float=Decimal)
    except ValueError:
        return Unread("not-json")


def _place(cell: str) -> Any:
    """`31.2, 121.5`: latitude and longitude."""
    if cell.lstrip()[:1] == "{":
        return _json(cell)
    lat, _, lon = cell.replace("，", ",").partition(",")
    try:
        return {"lat": float(lat), "lon": float(lon)}
    except ValueError:
        return cell


_PLAIN: Mapping[str, Converter] = {
    "boolean": _boolean,
    "file": _identity,
    "image": _identity,
    "signature": _identity,
    "integer": whole,
    "duration": whole,
    "rating": whole,
    "number": scaled,
    "percent": fraction,
    "json": _json,
    "geolocation": _place,
}

# of converters that leave most cells as they are: None where some cell is more than that
_AT_ONCE: Mapping[Converter, Callable[[Sequence[str]], Sequence[Any] | None]] = {
    str: lambda cells: cells,
    _code: lambda cells: None if {"E", "e"} & set("".join(cells)) else cells,
    amount: as_they_are,
    scaled: as_they_are,
    fraction: as_they_are,
    whole: all_whole,
}
