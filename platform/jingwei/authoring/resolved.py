"""A definition as the engine sees it: every key with its default, in plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from jingwei.language.effects import Effect
from jingwei.language.organisation import Org
from jingwei.language.template import Template
from jingwei.language.text import Text
from jingwei.language.values import At, Due, Duration, Formula, Literal_, Rung
from jingwei.language.who import Who
from jingwei.problems import Position

_UNSAID = frozenset({"origin", "at", "fingerprint"})
# names of attributes that differ from the word of the language
WORDS: Mapping[str, str] = {
    "from_": "from",
    "for_": "for",
    "return_": "return",
    "field_at": "at",
    "unique_rows": "unique",
    "of_": "of",
}


def resolved(value: Any) -> Any:
    """Plain data: maps, lists, text, numbers, booleans, None. Expressions are their source."""
    match value:
        case None | bool() | int() | str() | Decimal():
            return value
        case date():
            return value.isoformat()
        case Text(zh=zh, en=en):
            return zh if zh == en else {"zh": zh, "en": en}
        case Template(source=source):
            return resolved(source)
        case Formula(source=source):
            return source
        case Literal_(value=literal):
            return resolved(literal)
        case At(text=text):
            return text
        case Duration(amount=amount, unit=unit):
            return f"{amount} periods" if unit == "periods" else f"{amount}{unit}"
        case Due():
            return _due(value)
        case Rung(offset=offset, to=None, channels=()):
            return resolved(offset)
        case Who():
            return _who(value)
        case Effect():
            return _effect(value)
        case Org():
            return _org(value)
        case Mapping():
            return {_key(name): resolved(one) for name, one in value.items()}
        case tuple() | list():
            return [resolved(one) for one in value]
        case Position():
            return str(value)
    if is_dataclass(value):
        return _all(value)
    return str(value)


def _key(name: Any) -> str:
    return str(name)


def _all(value: Any) -> dict[str, Any]:
    found = {}
    for one in fields(value):
        if one.name not in _UNSAID and one.name[0] != "_":
            found[WORDS.get(one.name, one.name)] = resolved(getattr(value, one.name))
    return found


def _given(value: Any) -> dict[str, Any]:
    """Only what differs from nothing."""
    return {name: part for name, part in _all(value).items() if part not in (None, [], {}, "")}


def _due(due: Due) -> Any:
    if due.date is not None:
        return due.date.source
    given = _given(due)
    return given["lag"] if set(given) == {"lag"} else given


def _who(who: Who) -> Any:
    """As it is written: `initiator`, `{post: planner, at: org}` …"""
    at, covering = resolved(who.org), resolved(who.covering)
    if who.kind in ("head_of", "members_of"):
        return {who.kind: at}
    if who.kind == "field":
        return {"field": who.name}
    if who.of and who.kind != "chosen_by":
        found: dict[str, Any] = {who.kind: [_who(one) for one in who.of]}
    elif who.name is not None:
        found = {who.kind: who.name}
    else:
        return who.kind
    more: Mapping[str, Any] = {
        "at": at,
        "covering": covering,
        "levels": who.levels if who.levels != 1 else None,
        "up_to": who.up_to,
        "from": [_who(one) for one in who.of] if who.kind == "chosen_by" else None,
        "except": [_who(one) for one in who.exclude] or None,
        "weight": who.weight,
    }
    return {**found, **{key: part for key, part in more.items() if part}}


def _effect(effect: Effect) -> dict[str, Any]:
    inside = {name: resolved(part) for name, part in effect.args.items()}
    if effect.values:
        inside["set"] = resolved(effect.values)
    for key in ("when", "each", "where"):
        formula = getattr(effect, key)
        if formula is not None:
            inside[key] = formula.source
    return {effect.verb: inside}


def _org(org: Org) -> dict[str, Any]:
    found = _all(org)
    found["profile"] = [
        {"profile": name, **({"from": since.isoformat()} if since else {})}
        for since, name in org.profile
    ]
    return found
