"""Kinds calendar, code_list and module."""

from __future__ import annotations

from datetime import date
from typing import Any

from jingwei.language.choices import CHOICES
from jingwei.language.kinds.common import common, own
from jingwei.language.organisation import Calendar, CodeList, Module
from jingwei.language.shapes import (
    CONDITION,
    DATE,
    INTEGER,
    TEXT,
    WHO,
    WORD,
    by_shape,
    else_,
    enum,
    keys,
    kind,
    list_of,
    ref,
)
from jingwei.language.walker import BAD, Walker

CALENDAR = kind(
    "calendar",
    {
        "weekend": else_(
            list_of(enum("mon", "tue", "wed", "thu", "fri", "sat", "sun")), "sat", "sun"
        ),
        "holidays": list_of(
            by_shape(
                scalar=DATE,
                keyed=keys("holiday", {"from": DATE, "to": DATE, "title": TEXT}, ("from",)),
            )
        ),
        "workdays": list_of(DATE),
        "base": enum("CN"),
    },
)


def build_calendar(walker: Walker, name: str, values: dict[str, Any]) -> Calendar:
    spans = [_span(day) for day in values.get("holidays", ())]
    given = own(values, "weekend", "workdays", "base")
    return Calendar(**common(walker, name, values), holidays=tuple(spans), **given)


def _span(day: Any) -> tuple[date, date]:
    """First and last day, both included."""
    first: date = day["from"] if isinstance(day, dict) else day
    last: date = day.get("to", first) if isinstance(day, dict) else day
    return first, last


CODE_LIST = kind(
    "code_list",
    {
        "items": CHOICES,
        "source": keys(
            "code_source",
            {"form": ref("form"), "code": WORD, "title": WORD, "where": CONDITION},
            ("form", "code"),
        ),
    },
)


def build_code_list(walker: Walker, name: str, values: dict[str, Any]) -> Any:
    if walker.meant & {("items",), ("source",)}:
        return BAD  # it is there, misspelt
    if ("items" in values) == ("source" in values):
        at = walker.value_at(("kind",))
        return walker.fail("one-of-keys", at, keys="items, source")
    items = {choice.code: choice for choice in values.get("items", ())}
    return CodeList(**common(walker, name, values), items=items, source=values.get("source"))


_ENTRY = {"jingwei": "menu_entry", "type": "string"}
MODULE = kind(
    "module",
    {
        "menu": list_of(
            by_shape(
                scalar=_ENTRY,
                keyed=keys("menu_group", {"title": TEXT, "items": list_of(_ENTRY)}, ("items",)),
            )
        ),
        "for": WHO,
        "icon": WORD,
        "home": ref("dashboard"),
        "order": INTEGER,
    },
    ("menu",),
)


def build_module(walker: Walker, name: str, values: dict[str, Any]) -> Module:
    menu = tuple(
        entry if isinstance(entry, str) else (entry.get("title"), entry["items"])
        for entry in values["menu"]
    )
    return Module(
        **common(walker, name, values),
        menu=menu,
        for_=values.get("for", ()),
        **own(values, "icon", "home", "order"),
    )
