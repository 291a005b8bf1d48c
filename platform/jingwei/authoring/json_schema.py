"""JSON Schema (draft-07) of each kind for editors, with the names that exist in this application.

Editors say less than `check` does and never more: what they refuse, `check` refuses too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from jingwei.authoring.grammar import (
    MENU_KINDS,
    SHARED,
    field,
    kind_schema,
    opened,
)
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.fields import keys_of
from jingwei.language.kinds.table import KINDS
from jingwei.language.kinds.workflow import BLOCKS
from jingwei.language.shapes import Schema
from jingwei.texts import has_text, text

DRAFT = "http://json-schema.org/draft-07/schema#"
Names = Callable[[str], Collection[str]]
_SCALAR: Mapping[str, Any] = {"type": ["string", "number", "boolean"]}
_WORDS: Mapping[str, Any] = {
    "anyOf": [
        _SCALAR,
        {
            "type": "object",
            "properties": {"zh": _SCALAR, "en": _SCALAR},
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}
# what a field of a type is nothing without
_NEEDED: Mapping[str, Any] = {
    "choice": {"required": ["choices"]},
    "link": {"required": ["to"]},
    "table": {"anyOf": [{"required": ["fields"]}, {"required": ["of"]}]},
}
_DURATION = r"^[+-]?[0-9]{1,5}((min|h|d|wd|w|mo|q|y)| periods?)$"
# words of leaves → what an editor may accept there
_LEAVES: Mapping[str, Any] = {
    "text": _WORDS,
    "template": _WORDS,
    "word": _SCALAR,
    "formula": _SCALAR,
    "value": {},
    "anything": {},
    "boolean": {"type": "boolean"},
    "integer": {"type": ["integer", "string"]},
    "number": {"type": ["number", "string"]},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "duration": {"type": "string", "pattern": _DURATION},
    "at": {"type": "string"},
    "check_time": {"type": "string"},
}


def export(kind: str, names: Names, locale: str) -> dict[str, Any]:
    """The schema of one kind. `names`: kind → the names this application has of it."""
    return _Exporter(names, locale).kind(kind)


def export_all(names: Names, locale: str) -> dict[str, dict[str, Any]]:
    """Every kind's schema, by kind."""
    return {kind: export(kind, names, locale) for kind in KINDS}


class _Exporter:
    """Writes one schema; shapes that several keys share become `definitions`."""

    def __init__(self, names: Names, locale: str) -> None:
        self.names = names
        self.locale = locale
        self.shared: dict[str, Any] = {}

    def kind(self, kind: str) -> dict[str, Any]:
        schema = kind_schema(kind)
        body = self.of(schema)
        body["properties"]["kind"] = {"const": kind}
        return {
            "$schema": DRAFT,
            "title": kind,
            **body,
            **({"definitions": self.shared} if self.shared else {}),
        }

    def of(self, schema: Schema) -> dict[str, Any]:
        word = schema.get("jingwei", "")
        if word in SHARED:
            return self.reference(SHARED[word], lambda: self.basic(opened(schema)))
        if word == "menu_entry":
            return self.menu_entry()
        if word == "indicator_names":
            return self.indicator_names()
        return self.basic(opened(schema))

    def reference(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if name not in self.shared:
            self.shared[name] = {}  # a placeholder: shapes may contain themselves
            self.shared[name] = make()
        return {"$ref": f"#/definitions/{name}"}

    def basic(self, schema: Schema) -> dict[str, Any]:
        match schema.get("jingwei"):
            case "keys" if schema is field():
                return self.reference("field", self.field)
            case "keys":
                return self.keys(schema)
            case "map":
                return self.map(schema)
            case "list":
                items = self.of(schema["items"])
                many: dict[str, Any] = {"type": "array", "items": items}
                return {"anyOf": [items, many]} if schema["one"] else many
            case "by_shape":
                return {"anyOf": [self.of(one) for one in schema["shapes"].values()]}
            case "enum":
                return {"enum": list(schema["enum"])}
            case "ref":
                return self.name_of(schema["kind"])
            case "name" | "code":
                return {"type": "string", "pattern": schema["pattern"]}
            case word:
                return dict(_LEAVES.get(word or "", {}))

    def keys(self, schema: Schema) -> dict[str, Any]:
        properties = {key: self.key(schema, key) for key in schema["properties"]}
        made: dict[str, Any] = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        if schema["required"]:
            made["required"] = list(schema["required"])
        if schema["thing"] == "step":
            made["anyOf"] = [{"required": [block]} for block in BLOCKS]
        return made

    def key(self, schema: Schema, key: str) -> dict[str, Any]:
        made = self.of(schema["properties"][key])
        if "default" in schema["properties"][key] and "$ref" not in made:
            made = {**made, "default": schema["properties"][key]["default"]}
        words = described(schema["thing"], key, self.locale)
        if words is None:
            return made
        if "$ref" in made:  # draft-07 ignores what stands beside a reference
            return {"allOf": [made], "description": words}
        return {**made, "description": words}

    def map(self, schema: Schema) -> dict[str, Any]:
        made: dict[str, Any] = {
            "type": "object",
            "additionalProperties": self.of(schema["additionalProperties"]),
        }
        if "propertyNames" in schema:
            made["propertyNames"] = dict(schema["propertyNames"])
        return made

    def field(self) -> dict[str, Any]:
        """All keys of fields, and by type the ones it may have."""
        made = self.keys(field())
        by_type = [
            {
                "if": {"properties": {"type": {"const": type_}}, "required": ["type"]},
                "then": {
                    "propertyNames": {"enum": sorted({*keys_of(type_), "type"})},
                    **_NEEDED.get(type_, {}),
                },
            }
            for type_ in FIELD_TYPES
        ]
        return {**made, "required": ["type"], "allOf": by_type}

    def name_of(self, kind: str) -> dict[str, Any]:
        names = sorted(self.names(kind))
        return {"enum": names} if names else {"type": "string"}

    def menu_entry(self) -> dict[str, Any]:
        names = [f"{kind}/{name}" for kind in MENU_KINDS for name in sorted(self.names(kind))]
        return {"enum": names} if names else {"type": "string"}

    def indicator_names(self) -> dict[str, Any]:
        names = sorted(self.names("indicator"))
        names += [f"set.{name}" for name in sorted(self.names("indicator_set"))]
        one: dict[str, Any] = {"enum": names} if names else {"type": "string"}
        return {"anyOf": [one, {"type": "array", "items": one}]}


# things whose keys are partly those of another
_ALSO: Mapping[str, str] = {"permission": "who", "tile": "data_block", "step": "defaults"}


def described(thing: str, key: str, locale: str) -> str | None:
    """What a key means, in one sentence; keys that every kind has are described once."""
    for name in (thing, _ALSO.get(thing, ""), "every_kind"):
        if has_text(f"keys.{name}.{key}", locale):
            return text(f"keys.{name}.{key}", locale)
    return None
