"""Answers to `explain`: what a key of the language means, and where a value here is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from jingwei.authoring.grammar import element, kind_schema, named_parts, opened, thing
from jingwei.authoring.json_schema import described
from jingwei.authoring.outline import Outline
from jingwei.authoring.policies import InForce, in_force, rule_in_force, step_place
from jingwei.authoring.resolved import resolved
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.layered import layers_of
from jingwei.catalogue.layering import BASE, merged
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.kinds.table import KINDS, LATER
from jingwei.language.kinds.workflow import POLICIES
from jingwei.language.leaves import plain_data
from jingwei.language.shapes import Schema
from jingwei.language.workflow import Workflow
from jingwei.problems import Position, Problems, nearest
from jingwei.reading.yaml_file import Data, Scalar, YamlFile
from jingwei.refusals import NotFound
from jingwei.texts import has_text, text

_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class KeyMeaning:
    """One key of the language."""

    path: str
    meaning: str | None
    shape: str
    required: bool
    values: tuple[str, ...] = ()  # the words it may have
    keys: tuple[str, ...] = ()  # what may be written below
    types: tuple[str, ...] = ()  # field types that have it; empty where that is not the question
    default: str | None = None  # what the engine takes where it is not written

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "meaning": self.meaning,
            "shape": self.shape,
            "required": self.required,
            "values": list(self.values),
            "keys": list(self.keys),
            "types": list(self.types),
            "default": self.default,
        }


@dataclass(frozen=True, slots=True)
class ValueHere:
    """A value of this application. `at` is None for a default that nobody wrote, and where the word
    stands that decides it, where another one does; `layer` names the layer it comes from (none: the
    definition itself)."""

    path: str
    value: Any
    at: Position | None
    key: KeyMeaning | None = field(default=None)
    layer: str = BASE
    in_force: tuple[InForce, ...] = ()  # of a whole workflow: the rules that hold, written or not

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "value": self.value,
            "file": self.at.file if self.at else None,
            "line": self.at.line if self.at else None,
            "column": self.at.column if self.at else None,
            "default": self.at is None,
            "layer": self.layer or "base",
            "key": self.key.to_json() if self.key else None,
            **({"in_force": [one.to_json() for one in self.in_force]} if self.in_force else {}),
        }


@dataclass(frozen=True, slots=True)
class WordMeaning:
    """A code of a problem, a function or a field type."""

    name: str
    group: str  # problem, function, aggregate, type
    title: str
    explanation: str
    wrong: str | None = None
    right: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "group": self.group,
            "title": self.title,
            "explanation": self.explanation,
            "wrong": self.wrong,
            "right": self.right,
        }


def explain_word(name: str, locale: str) -> WordMeaning | None:
    """What `unknown-key`, `days_between` or `money` is; None for anything else."""
    said = f"problems.{name}"
    if has_text(f"{said}.title", locale):
        wrong, right = (
            text(f"{said}.{side}", locale) if has_text(f"{said}.{side}", locale) else None
            for side in ("wrong", "right")
        )
        title, explanation = (text(f"{said}.{part}", locale) for part in ("title", "explanation"))
        return WordMeaning(name, "problem", title, explanation, wrong, right)
    if name in FUNCTIONS:
        signature = f"{FUNCTIONS[name].signature} → {FUNCTIONS[name].result}"
        meaning = text(f"keys.functions.{name}", locale)
        return WordMeaning(name, "function", signature, meaning)
    if name in AGGREGATES:
        meaning = text(f"keys.aggregates.{name}", locale)
        return WordMeaning(name, "aggregate", f"{name}(… where … by …)", meaning)
    if name in FIELD_TYPES and name not in KINDS:
        return WordMeaning(name, "type", name, text(f"keys.types.{name}", locale))
    return None


def explain_key(path: str, locale: str) -> KeyMeaning:
    """`form.fields.required`, `workflow.steps.approve.mode`; names of the application are skipped,
    so `form.fields.amount.required` is the same key. Raises NotFound naming what is there.
    """
    kind, *rest = path.split(".")
    if kind not in KINDS:
        every = (*KINDS, *LATER)
        raise NotFound("no-such-kind", name=kind, known=", ".join(every))
    schema = kind_schema(kind)
    around, key = schema, ""
    for number, part in enumerate(rest, 1):
        found = _step_down(schema, part)
        known = [*named_parts(schema), *named_parts(element(schema) or {})]
        guess = nearest(part, known)
        # `form.fields.requird` is rather a key misspelt than a field of that name
        misspelt = found is not None and not found[2] and guess and number == len(rest)
        if found is None or misspelt:
            raise NotFound(
                "no-such-key", name=part, path=path, known=guess or ", ".join(known[:_MOST_SHOWN])
            )
        around, schema, key = found
        if not key:  # a name of the application's own
            key = part
    return _meaning(path, schema, around, key or kind, locale)


def meaning_of(around: Schema, key: str, path: str, locale: str) -> KeyMeaning | None:
    """A key of a map of fixed keys, where it is known which map: no name is taken for a key."""
    schema = named_parts(around).get(key)
    return None if schema is None else _meaning(path, schema, around, key, locale)


def _step_down(schema: Schema, part: str) -> tuple[Schema, Schema, str] | None:
    """The map around, the schema of the key, and its word; through one map or list if need be."""
    parts = named_parts(schema)
    if part in parts:
        return schema, parts[part], part
    inner = element(schema)
    if inner is None:
        return None
    below = named_parts(inner)
    if part in below:
        return inner, below[part], part
    if opened(schema).get("jingwei") == "map" or part.isdigit() or element(inner) is not None:
        return schema, inner, ""
    return None


def _meaning(path: str, schema: Schema, around: Schema, key: str, locale: str) -> KeyMeaning:
    named = thing(around)
    basic = opened(schema)
    words = described(named, key, locale) if named else None
    if path in KINDS:
        words = (
            text(f"keys.kinds.{path}", locale) if has_text(f"keys.kinds.{path}", locale) else None
        )
    required = key in opened(around).get("required", ())
    below = named_parts(schema) or named_parts(element(schema) or {})
    return KeyMeaning(
        path=path,
        meaning=words,
        shape=shape_words(schema, locale),
        required=required,
        values=tuple(basic.get("enum", ())) or _values_of_shapes(basic),
        keys=tuple(below),
        types=_types_with(key) if named == "field" else (),
        default=default_words(schema),
    )


def default_words(schema: Schema) -> str | None:
    """What the engine takes where a key is not written, as it would be written."""
    default = schema.get("default")
    return f"[{', '.join(default)}]" if isinstance(default, list) else default


def _values_of_shapes(schema: Schema) -> tuple[str, ...]:
    """The words of a `by_shape` that is a word or something longer."""
    scalar = schema.get("shapes", {}).get("scalar", {})
    return tuple(scalar.get("enum", ()))


def _types_with(key: str) -> tuple[str, ...]:
    """The field types that alone have this key."""
    owners = tuple(name for name, one in FIELD_TYPES.items() if key in one.options)
    return owners if 0 < len(owners) < len(FIELD_TYPES) else ()


def shape_words(schema: Schema, locale: str) -> str:
    """What is written after a key: `an expression`, `a list of names` …"""
    word = schema.get("jingwei", "")
    if word == "ref":
        kind = schema["kind"]
        key = f"things.kind_{kind}"
        return text(
            "authoring.shapes.ref",
            locale,
            kind=text(key, locale) if has_text(key, locale) else kind,
        )
    if word == "list":
        inner = shape_words(schema["items"], locale)
        key = "one_or_list" if schema.get("one") else "list"
        return text(f"authoring.shapes.{key}", locale, inner=inner)
    if word == "map":
        inner = shape_words(schema["additionalProperties"], locale)
        return text("authoring.shapes.map", locale, inner=inner)
    if word == "by_shape":
        words = [shape_words(one, locale) for one in schema["shapes"].values()]
        return text("authoring.shapes.joint", locale).join(words)
    key = f"authoring.shapes.{word}"
    return text(key, locale) if has_text(key, locale) else word


def explain_value(outline: Outline, path: str, locale: str) -> ValueHere:
    """`form/NAME.fields.amount.required_if`: the value, and where it is written.

    Raises NotFound for a definition or key that is not there.
    """
    kind, name, rest = _definition_of(outline, path)
    file = outline.file(kind, name)
    if file is None:
        known = ", ".join(list(outline.names(kind))[:_MOST_SHOWN]) or "–"
        raise NotFound("no-such-definition", kind=kind, name=name, known=known)
    here, data = _descend(file.data, rest)
    key = _key_of(kind, rest, locale)
    if kind == "workflow" and rest[:1] == ["steps"]:  # the id of a step is no word of the language
        key = _key_of(kind, ["steps", *rest[2:]], locale)
    definition = outline.definition(kind, name)
    if isinstance(definition, Workflow):
        silent = _of_workflow(file, path, rest, key)
        if silent is not None:
            return silent
    if len(here) == len(rest):
        return ValueHere(path, plain_data(data), file.value_at(here), key)
    found = _default(definition, rest)
    if found is None:
        known = ", ".join(list(data)[:_MOST_SHOWN]) if isinstance(data, dict) else "–"
        raise NotFound("no-such-key", name=rest[len(here)], path=path, known=known)
    return ValueHere(path, found[0], None, key)


def _of_workflow(
    file: YamlFile, path: str, rest: list[str], key: KeyMeaning | None
) -> ValueHere | None:
    """What the file alone does not tell: the rules in force, and steps inside blocks by id."""
    if not rest:
        value, at = plain_data(file.data), file.value_at(())
        return ValueHere(path, value, at, key, in_force=tuple(in_force(file)))
    if rest == ["policy"] and ("policy",) not in file.values:
        return ValueHere(path, "standard", None, key)
    step, parts = (rest[1], rest[2:]) if rest[0] == "steps" and len(rest) > 1 else (None, rest[1:])
    place = step_place(file, step) if step is not None else None
    if place is not None:
        here, data = _descend(file.data, [*(str(part) for part in place), *parts])
        if len(here) == len(place) + len(parts):
            return ValueHere(path, plain_data(data), file.value_at(here), key)
    own = parts and parts[0] in POLICIES and (place is not None or rest[0] == "defaults")
    if own and (parts[0] != "return" or len(parts) == 2):
        rule = rule_in_force(file, step, tuple(parts))
        return ValueHere(path, rule.value, rule.at, key)
    return None


def explain_as(
    outline: Outline, catalogue: Catalogue, path: str, org: str, locale: str, today: date
) -> list[ValueHere]:
    """The value layer by layer, each time it changes, the one in force for this org last: what the
    definition says, then the layers from the top of the tree down, then the org's profile.

    Raises NotFound.
    """
    if org not in catalogue.orgs:
        known = ", ".join(list(catalogue.orgs)[:_MOST_SHOWN]) or "–"
        raise NotFound("no-such-definition", kind="org", name=org, known=known)
    found = _layer_by_layer(outline, catalogue, path, org, locale, today)
    if not found:
        found = [explain_value(outline, path, locale)]
    return found + _of_profile(outline, catalogue, path, org, found[0].key, today)


def _layer_by_layer(
    outline: Outline, catalogue: Catalogue, path: str, org: str, locale: str, today: date
) -> list[ValueHere]:
    kind, name, rest = _definition_of(outline, path)
    file = outline.file(kind, name)
    if file is None:
        return []
    key = _key_of(kind, rest, locale)
    found: list[ValueHere] = []
    layers = layers_of(catalogue, kind, name, org, today)
    for count in range(len(layers) + 1):
        made = merged(file, layers[:count], Problems())
        here, data = _descend(made.data, rest)
        if len(here) == len(rest):
            value, at = plain_data(data), made.values.get(here) or file.value_at(here)
            layer = made.layer_of(here)
            one = ValueHere(f"layer/{layer}" if layer else path, value, at, key, layer)
            if kind == "workflow" and not rest:
                one = replace(one, in_force=tuple(in_force(made)))
        elif found and found[-1].value is not None:
            one = ValueHere(path, None, layers[count - 1].origin.value("hide"), key)
            one = replace(one, layer=layers[count - 1].name)
        else:
            continue
        if not found or one.value != found[-1].value:
            found.append(one)
    return found


def _of_profile(
    outline: Outline,
    catalogue: Catalogue,
    path: str,
    org: str,
    key: KeyMeaning | None,
    today: date,
) -> list[ValueHere]:
    """What the profile of the org puts in the place of a key of a definition."""
    kind, name, rest = _definition_of(outline, path)
    profile = catalogue.tree.profile(org, today)
    file = outline.file("profile", profile) if profile is not None else None
    place = _place_in_profile(kind, name, rest)
    if file is None or place is None:
        return []
    here, data = _descend(file.data, place)
    if len(here) != len(place):
        return []
    full = f"profile/{profile}.{'.'.join(place)}"
    return [ValueHere(full, plain_data(data), file.value_at(here), key, f"profile/{profile}")]


def _place_in_profile(kind: str, name: str, rest: list[str]) -> list[str] | None:
    """Where a profile says something else than this key of a definition."""
    if kind == "form" and rest == ["workflow"]:
        return ["workflows", name]
    if kind == "form" and rest[:1] == ["collect"]:
        return ["collect", name, *rest[1:]]
    if kind == "indicator" and rest[:1] == ["thresholds"]:
        return ["thresholds", name, *rest[1:]]
    return None


def _definition_of(outline: Outline, path: str) -> tuple[str, str, list[str]]:
    """Kind, name and the keys after it; the code of an org may contain dots."""
    kind, _, after = path.partition("/")
    for name in sorted(outline.names(kind), key=len, reverse=True):
        if after == name or after.startswith(f"{name}."):
            rest = after[len(name) + 1 :]
            return kind, name, rest.split(".") if rest else []
    name, _, rest = after.partition(".")
    return kind, name, rest.split(".") if rest else []


def _descend(data: Data, parts: list[str]) -> tuple[tuple[str | int, ...], Data]:
    """As far as the path leads; steps of a list by their id or their number."""
    here: tuple[str | int, ...] = ()
    for part in parts:
        if isinstance(data, dict) and part in data:
            here, data = (*here, part), data[part]
        elif isinstance(data, list) and (index := _index(data, part)) is not None:
            here, data = (*here, index), data[index]
        else:
            break
    return here, data


def _index(items: list[Data], part: str) -> int | None:
    for index, item in enumerate(items):
        id_ = item.get("id") if isinstance(item, dict) else None
        if isinstance(id_, Scalar) and id_.text == part:
            return index
    return int(part) if part.isdigit() and int(part) < len(items) else None


def _key_of(kind: str, parts: list[str], locale: str) -> KeyMeaning | None:
    try:
        return explain_key(".".join((kind, *parts)), locale)
    except NotFound:
        return None


def _default(definition: Any, parts: list[str]) -> tuple[Any] | None:
    """What the engine takes where nothing is written."""
    if definition is None:
        return None
    value = resolved(definition)
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list):
            match = [one for one in value if isinstance(one, Mapping) and one.get("id") == part]
            if not match:
                return None
            value = match[0]
        else:
            return None
    return (value,)
