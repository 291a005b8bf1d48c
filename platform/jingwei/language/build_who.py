"""`W` of the language: who, read from words, one-key maps and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from jingwei.language.shapes import (
    FORMULA,
    INTEGER,
    WHO,
    WORD,
    Schema,
    enum,
    list_of,
    ref,
)
from jingwei.language.walker import BAD, Walker, reads
from jingwei.language.who import Who, WhoKind, Whos
from jingwei.problems import Phrase, nearest
from jingwei.reading.yaml_file import Data, Path, Scalar

WORDS = ("initiator", "me", "everyone", "system", "superior")
_AT: Mapping[str, Schema] = {"at": FORMULA, "covering": FORMULA}
# main key → its schema, and the keys that may stand beside it
RULES: Mapping[str, tuple[Schema, Mapping[str, Schema]]] = {
    "person": (WORD, {}),
    "role": (ref("role"), _AT),
    "post": (ref("post"), _AT),
    "head_of": (FORMULA, {}),
    "superior_of": (WHO, {"levels": INTEGER}),
    "chain_of": (WHO, {"up_to": ref("org_type")}),
    "field": (FORMULA, {}),
    "members_of": (FORMULA, {}),
    "chosen_by": (enum("initiator", "previous"), {"from": WHO}),
    "any_of": (list_of(WHO), {"except": WHO}),
}
WHO_KEYS = frozenset(RULES) | {"at", "covering", "levels", "up_to", "from", "except", "who"}
OTHER_RULES = {
    "user": "person",
    "users": "person",
    "posts": "post",
    "roles": "role",
    "position": "post",
    "manager_of": "head_of",
}
_EVERYWHERE: Mapping[str, Schema] = {"weight": INTEGER}


@reads("who")
def read_who(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """A rule, or a list of rules: always a tuple."""
    if isinstance(data, list):
        found = [_one(walker, part, (*path, index)) for index, part in enumerate(data)]
        if not found:
            return walker.empty(path)
        return BAD if any(who is BAD for who in found) else tuple(found)
    who = _one(walker, data, path)
    return BAD if who is BAD else (who,)


def _one(walker: Walker, data: Data, path: Path) -> Any:
    if isinstance(data, list):
        whos = read_who(walker, WHO, data, path)
        return BAD if whos is BAD else Who("any_of", walker.value_at(path), of=whos)
    if isinstance(data, Scalar):
        return _word(walker, data, path)
    return rule(walker, data, path)


def _word(walker: Walker, scalar: Scalar, path: Path) -> Any:
    if scalar.is_empty:
        return walker.empty(path)
    at = walker.value_at(path)
    if scalar.text in WORDS:
        return Who(cast(WhoKind, scalar.text), at)
    kind, colon, name = scalar.text.partition(":")
    suggestion = nearest(scalar.text, WORDS)
    if colon and kind.strip() in RULES and name.strip():
        suggestion = f"{{{kind.strip()}: {name.strip()[:40]}}}"
    return walker.fail("unknown-who", at, suggestion=suggestion, value=scalar.text[:40])


def rule(walker: Walker, data: dict[str, Data], path: Path) -> Any:
    """A rule written as a map: `{post: planner, at: org}`."""
    mains = [key for key in data if key in RULES]
    if len(mains) != 1:
        return _which(walker, data, mains, path)
    main = mains[0]
    main_schema, beside = RULES[main]
    known = {main: main_schema, **beside, **_EVERYWHERE}
    values: dict[str, Any] = {}
    bad = False
    for key, part in data.items():
        here = (*path, key)
        if key not in known:
            bad = True
            walker.fail(
                "unknown-key",
                walker.key_at(here),
                suggestion=nearest(key, known),
                key=key,
                thing=Phrase("things.who"),
                known=", ".join(known),
            )
            continue
        value = walker.read(known[key], part, here)
        bad = bad or value is BAD
        values[key] = value
    return BAD if bad else _built(walker, main, values, path)


def _which(walker: Walker, data: dict[str, Data], mains: list[str], path: Path) -> Any:
    if mains:
        at = walker.key_at((*path, mains[1]))
        return walker.fail("who-twice", at, one=mains[0], other=mains[1])
    for key in data:
        guess = OTHER_RULES.get(key) or nearest(key, RULES)
        if guess and key not in WHO_KEYS:
            at = walker.key_at((*path, key))
            return walker.fail("unknown-who", at, suggestion=guess, value=key[:40])
    return walker.fail("unknown-who", walker.value_at(path), value=", ".join(data)[:40])


def _built(walker: Walker, main: str, values: dict[str, Any], path: Path) -> Who:
    value = values[main]
    levels = values.get("levels", 1)
    org = value if main in ("head_of", "members_of") else values.get("at")
    of: Whos = ()
    if main in ("superior_of", "chain_of"):
        of = value
    elif main == "any_of":
        of = tuple(who for whos in value for who in whos)
    elif main == "chosen_by":
        of = values.get("from", ())
    name = value if main in ("person", "role", "post", "chosen_by") else None
    return Who(
        kind=cast(WhoKind, main),
        at=walker.value_at(path),
        name=value.source if main == "field" else name,
        path=value if main == "field" else None,
        org=org,
        covering=values.get("covering"),
        of=of,
        levels=levels,
        levels_at=walker.value_at((*path, "levels")),
        up_to=values.get("up_to"),
        exclude=values.get("except", ()),
        weight=values.get("weight"),
    )


def split_who(data: Data) -> tuple[dict[str, Data], dict[str, Data]]:
    """The keys that say who, and the rest, of a map that holds both (`permissions`)."""
    assert isinstance(data, dict)
    who = {key: part for key, part in data.items() if key in WHO_KEYS}
    rest = {key: part for key, part in data.items() if key not in WHO_KEYS}
    return who, rest
