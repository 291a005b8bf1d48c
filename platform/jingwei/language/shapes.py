"""The words schemas are written in: JSON Schema fragments that also name how we read them.

Each fragment is draft-07 for editors; the extra key `jingwei` says how `walker` reads the value
and `thing` what the author would call it. Editors ignore both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

NAME_PATTERN = "^[a-z][a-z0-9_]*$"
CODE_PATTERN = r"^[A-Za-z0-9_.-]+$"
MOST_NAME = 60


def _leaf(how: str, **schema: Any) -> Schema:
    return {"jingwei": how, **schema}


def text(most: int = 200) -> Schema:
    """`T`: words, or one text for each language."""
    both = {"type": "object", "properties": {"zh": {"type": "string"}, "en": {"type": "string"}}}
    return _leaf("text", anyOf=[{"type": "string"}, both], most=most)


def template(most: int = 2_000) -> Schema:
    """`T{}`: words with `{path}` holes."""
    return {**text(most), "jingwei": "template"}


TEXT = text()
LONG_WORDS = text(10_000)
TEMPLATE = template()
NAME = _leaf("name", type="string", pattern=NAME_PATTERN, maxLength=MOST_NAME)
CODE = _leaf("code", type="string", pattern=CODE_PATTERN)
WORD = _leaf("word", type="string")
COLOR = _leaf("color", type="string")
FORMULA = _leaf("formula", type="string")
CONDITION = _leaf("formula", type=["string", "boolean"])
VALUE = _leaf("value")
BOOLEAN = _leaf("boolean", type="boolean")
INTEGER = _leaf("integer", type="integer")
NUMBER = _leaf("number", type=["number", "string"])
DATE = _leaf("date", type="string", format="date")
DURATION = _leaf("duration", type="string")
DUE = _leaf("due", type=["string", "object"])
AT = _leaf("at", type="string")
WHO = _leaf("who", type=["string", "object", "array"])
EFFECTS = _leaf("effects", type="array")
LADDER = _leaf("ladder", type="array")
ANYTHING = _leaf("anything")


def ref(kind: str) -> Schema:
    """The name of a definition of this kind."""
    return _leaf("ref", type="string", kind=kind)


def enum(*words: str) -> Schema:
    return _leaf("enum", type="string", enum=list(words))


def else_(schema: Schema, *words: str) -> Schema:
    """What the engine takes where the key is not written: for the manual, editors and `explain`."""
    many = schema.get("type") == "array"
    return {**schema, "default": list(words) if many else words[0]}


def list_of(item: Schema, *, one: bool = False) -> Schema:
    """A list; with `one`, a single value stands for a list of itself."""
    return _leaf("list", type="array", items=item, one=one)


def map_of(value: Schema, *, names: str = "name", thing: str = "entry") -> Schema:
    """A map keyed by `name`, `code`, or anything (`any`)."""
    pattern = {"name": NAME_PATTERN, "code": CODE_PATTERN}.get(names)
    schema = _leaf("map", type="object", additionalProperties=value, names=names, thing=thing)
    if pattern:
        schema["propertyNames"] = {"pattern": pattern}
    return schema


def keys(
    thing: str, properties: Mapping[str, Schema], required: tuple[str, ...] = (), **more: Any
) -> Schema:
    """A map with fixed keys. `thing` is looked up in the texts: `things.<thing>`."""
    return _leaf(
        "keys",
        type="object",
        properties=dict(properties),
        required=list(required),
        additionalProperties=False,
        thing=thing,
        **more,
    )


def by_shape(
    *, scalar: Schema | None = None, items: Schema | None = None, keyed: Schema | None = None
) -> Schema:
    """One of several, told apart by whether a word, a list or a map is written."""
    ways = {"scalar": scalar, "list": items, "map": keyed}
    found = {shape: schema for shape, schema in ways.items() if schema is not None}
    return _leaf("by_shape", anyOf=list(found.values()), shapes=found)


COMMON: Mapping[str, Schema] = {
    "kind": WORD,
    "title": TEXT,
    "description": LONG_WORDS,
    "help": WORD,
    "renamed_from": WORD,
    "retired": DATE,
    "tags": list_of(NAME),
    "layering": map_of(enum("locked", "tighten", "open"), names="any"),
}


def as_written(schema: Schema) -> Schema:
    """Checked as `schema`, kept as plain data: words, lists and maps."""
    return {**schema, "as_written": True}


def kind(
    name: str,
    properties: Mapping[str, Schema],
    required: tuple[str, ...] = (),
    *,
    titled: bool = True,
) -> Schema:
    """A whole definition: its own keys beside those of every kind."""
    needed = ("kind", *(("title",) if titled else ()), *required)
    return keys(name, {**COMMON, **properties}, needed)


def plain(schema: Schema) -> Schema:
    """The schema as editors read it: draft-07, without our own words."""
    ours = {"jingwei", "thing", "names", "one", "shapes", "most", "kind", "as_written"}
    if "jingwei" not in schema:
        return schema
    return {key: _plain(key, value) for key, value in schema.items() if key not in ours}


def _plain(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: plain(part) for name, part in value.items()}
    if key == "anyOf":
        return [plain(part) for part in value]
    return plain(value) if isinstance(value, dict) else value
