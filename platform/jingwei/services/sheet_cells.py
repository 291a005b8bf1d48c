"""Cells of sheets: what a column may be called, what a cell means, and how a value is written.

What is written is read back as the same value: text that a spreadsheet would take for a formula is
quoted, and unquoted again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.form import Field, Form
from jingwei.services.commands import Reading
from jingwei.services.titles import choices
from jingwei.texts import text

YES, NO = frozenset({"true", "1", "yes", "y", "是"}), frozenset({"false", "0", "no", "n", "否"})
SEVERAL = (";", "；", "、")
NAMED = ("org", "role", "post", "indicator")
NOT_IN_SHEETS = ("heading", "note", "table", "secret")
# What a spreadsheet takes for a formula, half and full width; quoted text of it is quoted again.
_RISKY = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_FIRST = frozenset("'=+-@\t\r\n＝＋－＠")
_QUOTED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?\Z", re.ASCII)
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\Z", re.ASCII)
Converter = Callable[[str], Any]


def quoted(words: str) -> str:
    """The text as a cell of CSV that no spreadsheet takes for a formula."""
    return f"'{words}" if words[:1] in _FIRST and _RISKY.match(words) else words


def unquoted(cell: str) -> str:
    """What `quoted` was given."""
    return cell[1:] if cell[:1] == "'" and _QUOTED.match(cell) else cell


# --- columns -------------------------------------------------------------------------------------


def columns_of(form: Form, visible: frozenset[str]) -> dict[str, str]:
    """Field names by what a column may be called: the name, or a title in either language that
    only one field has."""
    titles: dict[str, set[str]] = {}
    for name, definition in form.fields.items():
        if name in visible and definition.type not in NOT_IN_SHEETS:
            for locale in ("zh", "en"):
                titles.setdefault(definition.title(locale), set()).add(name)
    if "org" not in form.fields:
        for locale in ("zh", "en"):
            titles.setdefault(text("system_fields.org", locale), set()).add("org")
    found = {title: next(iter(names)) for title, names in titles.items() if len(names) == 1}
    found |= {name: name for name in form.fields if name in visible}
    return {**found, "org": "org"}


# --- in ------------------------------------------------------------------------------------------


def converter(view: Reading, form: Form, name: str) -> Converter:
    """From a cell to the JSON value it means; what is not understood is left for the field to
    refuse. Made once a sheet."""
    definition = form.fields.get(name)
    if definition is None:
        return _coded(view.catalogue.orgs)
    one = _one(view, definition)
    if not definition.many:
        return one

    def several(cell: str) -> list[Any]:
        for mark in SEVERAL[1:]:
            cell = cell.replace(mark, SEVERAL[0])
        words = (word.strip() for word in cell.split(SEVERAL[0]))
        return [one(word) for word in words if word]

    return several


def _one(view: Reading, field: Field) -> Converter:
    match field.type:
        case "text" | "long_text" | "markdown" | "rich_text" | "code":
            return str
        case "choice":
            return _coded({c.code: c for c in choices(view, field)})
        case "org" | "role" | "post" | "indicator":
            return _coded(getattr(view.catalogue, f"{field.type}s"))
        case _:
            return _PLAIN.get(field.type, str.strip)


def _coded(known: Mapping[str, Any]) -> Converter:
    """The code itself, or the one whose title this is, if it is the only one."""
    titles: dict[str, str | None] = {}
    for code, one in known.items():
        for title in {one.title("zh"), one.title("en")}:
            titles[title] = None if title in titles else code

    def code_of(cell: str) -> str:
        word = cell.strip()
        return word if word in known else titles.get(word) or word

    return code_of


def _boolean(cell: str) -> Any:
    word = cell.strip().lower()
    return True if word in YES else False if word in NO else cell


def _identity(cell: str) -> Any:
    word = cell.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else word


def _number(cell: str) -> str:
    """Digits with separators of thousands are digits."""
    word = cell.strip()
    return word.replace(",", "") if "," in word and _GROUPED.match(word) else word


def _whole(cell: str) -> Any:
    word = _number(cell)
    return int(word) if word.isascii() and word.lstrip("-").isdigit() and len(word) < 40 else word


def _fraction(cell: str) -> str:
    """`13%` as the fraction it is."""
    word = _number(cell)
    if not word.endswith("%"):
        return word
    try:
        return f"{Decimal(word[:-1]) / 100:f}"
    except InvalidOperation:
        return word


def _day(cell: str) -> str:
    """`2026/3/1`, `2026年3月1日`: dates as people type them where a cell holds text."""
    word = cell.strip()
    match = _DAY.match(word)
    if match is None:
        return word
    year, month, day = match.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


_PLAIN: Mapping[str, Converter] = {
    "boolean": _boolean,
    "link": _identity,
    "file": _identity,
    "image": _identity,
    "integer": _whole,
    "rating": _number,
    "number": _number,
    "money": _number,
    "percent": _fraction,
    "date": _day,
}
