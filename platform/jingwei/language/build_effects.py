"""`X` of the language: effects, each a map with one verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from jingwei.language.effects import Effect, Verb
from jingwei.language.shapes import (
    BOOLEAN,
    CONDITION,
    FORMULA,
    NAME,
    TEMPLATE,
    VALUE,
    WHO,
    WORD,
    Schema,
    by_shape,
    enum,
    keys,
    list_of,
    map_of,
    ref,
)
from jingwei.language.walker import BAD, Walker, reads, unknown_key, wrong_shape
from jingwei.problems import Phrase, Position, nearest
from jingwei.reading.yaml_file import Data, Path, Scalar

FLOW_KEYS: Mapping[str, Schema] = {"when": CONDITION, "each": FORMULA, "where": CONDITION}
_SET = map_of(VALUE, thing="effect")


def _verb(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    return keys("effect", {**properties, **FLOW_KEYS}, required)


_CREATE: Mapping[str, Schema] = {
    "form": ref("form"),
    "set": _SET,
    "once_per": list_of(NAME, one=True),
    "if_exists": enum("skip", "update", "refuse"),
    "write_back": WORD,
    "start": BOOLEAN,
    "open": BOOLEAN,
}
VERBS: Mapping[str, Schema] = {
    "set": _SET,
    "enter": NAME,
    "create": _verb(_CREATE, ("form", "set")),
    "update": _verb({"record": FORMULA, "form": ref("form"), "set": _SET}, ("set",)),
    "append": _verb(
        {"to": WORD, "from": FORMULA, "set": _SET, "once_per": list_of(NAME, one=True)},
        ("to", "set"),
    ),
    "notify": _verb(
        {"who": WHO, "message": TEMPLATE, "kind": enum("info", "cc", "todo")}, ("who",)
    ),
    "urge": _verb({"who": WHO, "message": TEMPLATE}, ("who",)),
    "start": by_shape(
        scalar=ref("workflow"), keyed=_verb({"workflow": ref("workflow")}, ("workflow",))
    ),
    "publish": TEMPLATE,
    "amend": BOOLEAN,
    "discard_amendment": BOOLEAN,
    "render": _verb({"report": ref("report"), "into": NAME}, ("report",)),
    "score": by_shape(scalar=NAME, keyed=_verb({"field": NAME}, ("field",))),
    "call": _verb({"webhook": NAME, "body": map_of(VALUE, thing="effect")}, ("webhook",)),
}
BESIDE = frozenset({"set", "enter", "publish", "amend", "discard_amendment"})
_ALONE = frozenset({"publish", "amend", "discard_amendment"})
# verbs whose argument is one word: the name of that word among the arguments
_SINGLE: Mapping[str, str] = {
    "enter": "state",
    "publish": "label",
    "start": "workflow",
    "score": "field",
}
_OTHER_VERBS = {"email": "notify", "mail": "notify", "send": "notify", "message": "notify"}


@reads("effects")
def read_effects(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if isinstance(data, dict):
        effect = _effect(walker, data, path)
        return BAD if effect is BAD else (effect,)
    if not isinstance(data, list):
        return wrong_shape(walker, "things.list", data, path)
    found = [_effect(walker, part, (*path, index)) for index, part in enumerate(data)]
    return BAD if any(effect is BAD for effect in found) else tuple(found)


def _effect(walker: Walker, data: Data, path: Path) -> Any:
    if isinstance(data, Scalar) and data.text in _ALONE:
        return _built(walker, data.text, {}, {}, path)
    if isinstance(data, Scalar) and data.text in VERBS:
        needed = VERBS[data.text].get("required") or ("…",)
        meant = f"{data.text}: {{{', '.join(f'{key}: …' for key in needed)}}}"
        return wrong_shape(walker, "things.map", data, path, meant)
    if isinstance(data, Scalar) and not data.is_empty:
        return _which(walker, {data.text: Scalar("")}, [], path)
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    verbs = [key for key in data if key in VERBS]
    if len(verbs) != 1:
        return _which(walker, data, verbs, path)
    verb = verbs[0]
    beside: dict[str, Any] = {}
    bad = False
    for key, part in data.items():
        here = (*path, key)
        if key == verb:
            continue
        if key in FLOW_KEYS and verb in BESIDE:
            value = walker.read(FLOW_KEYS[key], part, here)
            bad = bad or value is BAD
            beside[key] = value
        elif key in FLOW_KEYS:
            bad = True
            walker.fail("flow-key-beside", walker.key_at(here), key=key, verb=verb)
        else:
            bad = True
            known = [verb, *(FLOW_KEYS if verb in BESIDE else ())]
            unknown_key(walker, key, dict.fromkeys(known), Phrase("things.effect"), here)
    written = data[verb]
    if verb == "publish" and isinstance(written, Scalar) and written.text == "true":
        return BAD if bad else _built(walker, verb, {}, beside, path)  # called as the form says
    value = walker.read(VERBS[verb], written, (*path, verb))
    if bad or value is BAD:
        return BAD
    return _built(walker, verb, value, beside, path)


def _which(walker: Walker, data: dict[str, Data], verbs: list[str], path: Path) -> Any:
    if verbs:
        at = walker.key_at((*path, verbs[1]))
        return walker.fail("effect-twice", at, one=verbs[0], other=verbs[1])
    key = next(iter(data), "")
    suggestion = _OTHER_VERBS.get(key) or nearest(key, VERBS)
    at = walker.key_at((*path, key)) if key else walker.value_at(path)
    return walker.fail(
        "unknown-effect", at, suggestion=suggestion, verb=key, known=", ".join(VERBS)
    )


def _built(walker: Walker, verb: str, value: Any, beside: Mapping[str, Any], path: Path) -> Effect:
    if verb == "set":
        args: dict[str, Any] = {"set": value}
    elif verb in _SINGLE and not isinstance(value, dict):
        args = {_SINGLE[verb]: value}
    else:
        args = dict(value) if isinstance(value, dict) else {}
    args.update(beside)
    return Effect(
        verb=cast(Verb, verb),
        at=walker.value_at(path),
        path="/".join(str(part) for part in path),
        values=args.pop("set", {}),
        when=args.pop("when", None),
        each=args.pop("each", None),
        where=args.pop("where", None),
        args=args,
        places=_places(walker, verb, args, path),
    )


def _places(walker: Walker, verb: str, args: Mapping[str, Any], path: Path) -> dict[str, Position]:
    """Where the words stand that are looked for elsewhere."""
    inside = (*path, verb)
    single = _SINGLE.get(verb)
    places = {}
    for name in ("to", "once_per", "state", "workflow", "field"):
        if name in args:
            places[name] = walker.value_at((*inside, name))
    if single is not None and single in args and (*inside, single) not in walker.file.values:
        places[single] = walker.value_at(inside)
    for index, _ in enumerate(args.get("once_per", ())):
        here = (*inside, "once_per", index)
        if here in walker.file.values:
            places[f"once_per/{index}"] = walker.value_at(here)
    return places
