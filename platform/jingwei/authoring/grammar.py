"""The keys of the language as one tree: the words that read something composite are opened.

`opened(schema)` answers in five words only — `keys`, `map`, `list`, `by_shape` and leaves — so
that explaining, ordering, describing and exporting keys are each a walk over the same tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from jingwei.language import build_effects, build_who, leaves
from jingwei.language.choices import CHOICE
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.fields import COMMON, FIELDS, OPTIONS
from jingwei.language.kinds import form as form_kind
from jingwei.language.kinds import seats, trial, workflow
from jingwei.language.kinds.table import KINDS
from jingwei.language.shapes import (
    AT,
    DURATION,
    FORMULA,
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


@cache
def field() -> Schema:
    """Every key a field of any type may have; `type` first, then in the order of the language."""
    first = {"type": enum(*FIELD_TYPES), "title": COMMON["title"]}
    unique = by_shape(scalar=COMMON["unique"], items=OPTIONS["unique"])
    columns = by_shape(keyed=FIELDS, items=OPTIONS["columns"])  # of scorecards, of tables
    more = {"type": first["type"], "unique": unique, "columns": columns}
    return keys("field", {**first, **COMMON, **OPTIONS, **more})


@cache
def who_keys() -> Schema:
    properties: dict[str, Schema] = {}
    for main, (schema, beside) in build_who.RULES.items():
        properties[main] = schema
        properties.update(beside)
    properties["from"] = WHO
    properties["except"] = WHO
    properties["weight"] = {"jingwei": "integer", "type": "integer"}
    return keys("who", properties)


@cache
def step() -> Schema:
    order = ("id", "title", "when")
    first = {name: workflow.STEP_KEYS[name] for name in order}
    return keys("step", {**first, **workflow.BLOCKS, **workflow.STEP_KEYS}, ("id",))


@cache
def effect() -> Schema:
    return keys("effect", {**build_effects.VERBS, **build_effects.FLOW_KEYS})


@cache
def grant() -> Schema:
    """A permission: who beside what they may do."""
    return keys("permission", {"who": WHO, **who_keys()["properties"], **form_kind.GRANT}, ("can",))


@cache
def branch() -> Schema:
    return keys("branch_way", {**workflow.WAY["properties"], **workflow.OTHERWISE["properties"]})


_OPENED: Mapping[str, Callable[[], Schema]] = {
    "fields": lambda: map_of(field(), thing="field"),
    "choices": lambda: map_of(CHOICE, names="code", thing="choice"),
    "permissions": lambda: map_of(grant(), thing="permission"),
    "seats": lambda: map_of(by_shape(scalar=WORD, items=list_of(WORD)), names="any"),
    "steps": lambda: list_of(step()),
    "branches": lambda: list_of(branch()),
    "who": lambda: by_shape(scalar=enum(*build_who.WORDS), items=list_of(WHO), keyed=who_keys()),
    "effects": lambda: by_shape(items=list_of(effect()), keyed=effect()),
    "ladder": lambda: list_of(by_shape(scalar=DURATION, keyed=leaves.RUNG_KEYS)),
    "due": lambda: by_shape(scalar=FORMULA, keyed=leaves.DUE_KEYS),
    "indicator_names": lambda: list_of(ref("indicator"), one=True),
    "block_periods": lambda: FORMULA,
    "check_time": lambda: AT,
    "menu_entry": lambda: WORD,
    "test_step": lambda: by_shape(scalar=enum("submit"), keyed=trial.STEP),
    "test_record": lambda: map_of(VALUE, names="any"),
}
# composite words that several places share: named once where a schema is written out
SHARED: Mapping[str, str] = {
    "fields": "fields",
    "choices": "choices",
    "permissions": "permissions",
    "steps": "steps",
    "branches": "branches",
    "who": "who",
    "effects": "effects",
    "ladder": "ladder",
}
MENU_KINDS = seats.MENU_KINDS


def opened(schema: Schema) -> Schema:
    """The same shape in the basic words; a leaf is itself."""
    while (made := _OPENED.get(schema.get("jingwei", ""))) is not None:
        schema = made()
    return schema


def kind_schema(kind: str) -> Schema:
    """All keys of a definition of this kind. Raises KeyError."""
    return KINDS[kind].schema


def named_parts(schema: Schema) -> Mapping[str, Schema]:
    """The fixed keys that may be written below, whether directly or in one of several shapes."""
    schema = opened(schema)
    if schema.get("jingwei") == "keys":
        found: Mapping[str, Schema] = schema["properties"]
        return found
    if schema.get("jingwei") == "by_shape":
        merged: dict[str, Schema] = {}
        for shape in schema["shapes"].values():
            merged.update(named_parts(shape))
        return merged
    return {}


def element(schema: Schema) -> Schema | None:
    """What each entry of a map or list is; None for anything else."""
    schema = opened(schema)
    word = schema.get("jingwei")
    if word == "map":
        entry: Schema = schema["additionalProperties"]
        return entry
    if word == "list":
        item: Schema = schema["items"]
        return item
    if word == "by_shape":
        for shape in schema["shapes"].values():
            found = element(shape)
            if found is not None:
                return found
    return None


def thing(schema: Schema) -> str | None:
    """What a map of fixed keys is called in the texts: `field`, `step`, `due` …"""
    schema = opened(schema)
    if schema.get("jingwei") == "keys":
        return str(schema["thing"])
    if schema.get("jingwei") == "by_shape":
        found = (thing(shape) for shape in schema["shapes"].values())
        return next((one for one in found if one is not None), None)
    return None


def things() -> dict[str, dict[str, Schema]]:
    """Every map of fixed keys of the language by what it is called, with its keys in order; things
    of one name in different places are taken together."""
    found: dict[str, dict[str, Schema]] = {}
    seen: set[str] = set()

    def visit(schema: Schema) -> None:
        word = schema.get("jingwei", "")
        if word in _OPENED:
            if word in seen:
                return
            seen.add(word)
        schema = opened(schema)
        if schema.get("jingwei") == "keys":
            known = found.setdefault(schema["thing"], {})
            for key, part in schema["properties"].items():
                known.setdefault(key, part)
                visit(part)
        elif schema.get("jingwei") == "by_shape":
            for shape in schema["shapes"].values():
                visit(shape)
        elif (inner := element(schema)) is not None:
            visit(inner)

    for kind in KINDS.values():
        visit(kind.schema)
    return found
