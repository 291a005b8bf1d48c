"""Cells of sheets: what a column may be called, what a cell means, and how a value is written.

What is written is read back as the same value: text that a spreadsheet would take for a formula is
quoted, and unquoted again.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from jingwei.language.field_types.link import is_polymorphic
from jingwei.language.form import Field, Form
from jingwei.language.periods import Period
from jingwei.services.commands import Reading
from jingwei.services.display import AMOUNTS
from jingwei.services.sheet_rows import Unread
from jingwei.services.titles import choices
from jingwei.texts import text

YES, NO = frozenset({"true", "1", "yes", "y", "是"}), frozenset({"false", "0", "no", "n", "否"})
SEVERAL = (";", "；", "、")
_MOST_REMEMBERED = 5_000
NAMED = ("org", "role", "post", "indicator")
NOT_IN_SHEETS = ("heading", "note", "table", "secret")
# What a spreadsheet takes for a formula, half and full width; quoted text of it is quoted again.
_RISKY = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
RISKY_FIRST = frozenset("'=+-@\t\r\n＝＋－＠")
_QUOTED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?\Z", re.ASCII)
_UNIT = re.compile(f"(.*?[0-9])\\s*({'|'.join(AMOUNTS)})\\Z")
_MOMENT = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?)?\Z",
    re.ASCII,
)
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\Z", re.ASCII)
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
        if name in visible and definition.type not in NOT_IN_SHEETS:
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
        if column.path in visible and column.type not in NOT_IN_SHEETS:
            for title in {name, column.title("zh"), column.title("en")}:
                titles.setdefault(title, set()).add(name)
    return {title: next(iter(names)) for title, names in titles.items() if len(names) == 1} | {
        name: name for name, column in table.fields.items() if column.path in visible
    }


# --- in ------------------------------------------------------------------------------------------


def converter(view: Reading, definition: Field | None) -> Converter:
    """From a cell to the JSON value it means; what is not understood is left for the field to
    refuse. Made once a sheet. `definition` None: the org of a record."""
    if definition is None:
        return _coded(view.catalogue.orgs)
    one = _one(view, definition)
    if definition.type in ("date", "period", "boolean", "datetime"):
        one = _remembering(one)
    if definition.type == "tags":
        return _several(str)
    return _several(one) if definition.many else one


def _remembering(one: Converter) -> Converter:
    """The same of cells that come again and again."""
    known: dict[str, Any] = {}

    def remembered(cell: str) -> Any:
        try:
            return known[cell]
        except KeyError:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            value = known[cell] = one(cell)
            return value

    return remembered


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


def _one(view: Reading, field: Field) -> Converter:
    match field.type:
        case "text" | "long_text" | "markdown" | "rich_text" | "code":
            return str
        case "choice" | "classification":
            return _coded({c.code: c for c in choices(view, field)})
        case "org" | "role" | "post" | "indicator":
            return _coded(getattr(view.catalogue, f"{field.type}s"))
        case "link":
            return _record_of_any if is_polymorphic(field) else _identity
        case "money":
            return _amount if getattr(field.unit, "value", field.unit) == "CNY" else _number
        case "datetime":
            return _moment(view)
        case "period":
            return _period(field)
        case _:
            return _PLAIN.get(field.type, str.strip)


def _coded(known: Mapping[str, Any]) -> Converter:
    """The code itself, or the one whose title this is, if it is the only one."""
    titles: dict[str, str | None] = {}
    for code, one in known.items():
        for title in {one.title("zh"), one.title("en")}:
            titles[title] = None if title in titles else code
    words = {**{title: code for title, code in titles.items() if code}, **{c: c for c in known}}

    def code_of(cell: str) -> str:
        found = words.get(cell)
        if found is not None:
            return found
        word = cell.strip()
        return words.get(word) or word

    return code_of


def _boolean(cell: str) -> Any:
    word = cell.strip().lower()
    return True if word in YES else False if word in NO else cell


def _identity(cell: str) -> Any:
    word = cell.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else word


def _record_of_any(cell: str) -> Any:
    form, _, identity = cell.strip().rpartition("/")
    return {"form": form, "id": _identity(identity)} if form else cell


def _number(cell: str) -> str:
    """Digits, however wide, with separators of thousands, a sign of yuan, or in the brackets that
    accountants put around what is negative."""
    if cell.isascii() and "," not in cell and "(" not in cell:
        return cell.strip()
    word = unicodedata.normalize("NFKC", cell).strip()
    word = word.removeprefix("¥").removeprefix("￥").strip()
    if word[:1] == "(" and word[-1:] == ")":
        word = f"-{word[1:-1].strip()}"
    return word.replace(",", "") if "," in word and _GROUPED.match(word) else word


def _amount(cell: str) -> str:
    """`1.5万元` is as exact as `15000`."""
    word = _number(cell)
    match = None if word.isascii() else _UNIT.match(word)
    if match is None:
        return word
    try:
        return f"{Decimal(_number(match[1])) * AMOUNTS[match[2]]:f}"
    except InvalidOperation:
        return word


def _whole(cell: str) -> Any:
    word = _number(cell)
    return int(word) if word.isascii() and word.lstrip("-").isdigit() and len(word) < 40 else word


def _fraction(cell: str) -> str:
    """`13%` as the fraction it is."""
    word = _number(cell)
    if not word.endswith("%"):
        return word
    try:
        return f"{Decimal(_number(word[:-1])) / 100:f}"
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


def _moment(view: Reading) -> Converter:
    """An instant; one without an offset is in the installation's zone."""
    zone = view.clock.zone

    def moment(cell: str) -> str:
        word = cell.strip()
        match = _MOMENT.match(word)
        if match is None:
            return word
        year, month, day, hour, minute, second, part = match.groups()
        text = (
            f"{year}-{month:0>2}-{day:0>2}T{hour or '00':0>2}:{minute or '00'}:{second or '00'}"
            f"{part or ''}"
        )
        try:
            return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
        except ValueError:
            return word

    return moment


def _period(field: Field) -> Converter:
    """A period; where a spreadsheet made a date of it, the one that begins on that day."""

    def period(cell: str) -> str:
        word = _day(cell)
        if len(word) != 10:
            return word
        try:
            day = date.fromisoformat(word)
            found = Period.containing(day, field.grain or "month")  # type: ignore[arg-type]
        except ValueError:
            return word
        return str(found) if found.start == day else word

    return period


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
    "integer": _whole,
    "duration": _whole,
    "rating": _whole,
    "number": _number,
    "percent": _fraction,
    "date": _day,
    "json": _json,
    "geolocation": _place,
}
