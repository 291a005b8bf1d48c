"""Fields of forms, columns of tables, parameters of reports: schema and builder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from jingwei.language.choices import CHOICES
from jingwei.language.cut_texts import cut_expression, is_cut_text
from jingwei.language.expressions.shares import counts_hundredths, doubted_share
from jingwei.language.field_types.base import ValueRefused
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import SYSTEM_FIELDS, Field, Generate, Scorecard
from jingwei.language.leaves import refused_value
from jingwei.language.meant_keys import meant_key
from jingwei.language.misplaced import misplaced_field, too_deep
from jingwei.language.other_types import OTHER_TYPES
from jingwei.language.periods import GRAINS
from jingwei.language.sections import SECTION, build_section
from jingwei.language.shapes import (
    BOOLEAN,
    CONDITION,
    FORMULA,
    INTEGER,
    NAME,
    TEXT,
    VALUE,
    WORD,
    Schema,
    as_written,
    by_shape,
    else_,
    enum,
    keys,
    list_of,
    map_of,
    ref,
    text,
)
from jingwei.language.text import Text
from jingwei.language.values import Formula, Literal_, Value
from jingwei.language.walker import (
    BAD,
    DECIDING,
    Walker,
    reads,
    unknown_key,
    well_named,
    wrong_shape,
)
from jingwei.problems import Phrase, nearest
from jingwei.reading.yaml_file import Data, Path, Scalar

MOST_FIELDS = 500
# what an expression already calls by these names
SPOKEN_FOR = frozenset(
    (
        *("and", "or", "not", "in", "is", "empty", "between", "if", "else", "true", "false"),
        *("null", "where", "by", "this", "parent", "row", "old", "me", "today", "now", "ask"),
        *("flow", "version", "previous_version", "related", "receipts", "display", "is_new"),
        *("control", "record", "id"),
    )
)
# what the engine keeps beside the author's fields
RESERVED = SPOKEN_FOR | frozenset(SYSTEM_FIELDS) - {"org"}

COMMON: Mapping[str, Schema] = {
    "type": WORD,
    "title": TEXT,
    "placeholder": TEXT,
    "help": text(2_000),
    "required": BOOLEAN,
    "unique": BOOLEAN,
    "set_once": BOOLEAN,
    "no_copy": BOOLEAN,
    "index": BOOLEAN,
    "search": BOOLEAN,
    "track": BOOLEAN,
    "sensitive": BOOLEAN,
    "readonly": BOOLEAN,
    "public": BOOLEAN,
    "editable_after_submit": BOOLEAN,
    "print": BOOLEAN,
    "renamed_from": WORD,
    "required_if": CONDITION,
    "visible_if": CONDITION,
    "readonly_if": CONDITION,
    "when_hidden": else_(enum("keep", "clear"), "keep"),
    "default": VALUE,
    "compute": FORMULA,
    "mode": else_(enum("always", "default", "override_with_reason", "lock_if_found"), "always"),
    "freeze": WORD,
}
_GENERATE = keys(
    "generate",
    {
        "each": FORMULA,
        "set": map_of(VALUE),
        "locked": BOOLEAN,
        "refresh": else_(enum("never", "on_open", "on_change"), "never"),
    },
    ("each",),
)
_FILL = by_shape(
    scalar=WORD,
    keyed=keys("fill_rule", {"from": WORD, "mode": enum("copy", "if_empty", "follow")}, ("from",)),
)
_COLUMN_RIGHTS = keys(
    "column_rights", {"hide": list_of(NAME), "readonly": list_of(NAME), "mask": list_of(NAME)}
)
FIELDS: Schema = {"jingwei": "fields", "type": "object"}
OPTIONS: Mapping[str, Schema] = {
    "min": VALUE,
    "max": VALUE,
    "precision": INTEGER,
    "pattern": WORD,
    "unit": VALUE,
    "show_in": WORD,
    "choices": by_shape(scalar=ref("code_list"), keyed=CHOICES),
    "many": BOOLEAN,
    "to": list_of(WORD, one=True),
    "filter": CONDITION,
    "fill": map_of(as_written(_FILL)),
    "owner": BOOLEAN,
    "grain": enum(*GRAINS),
    "set": VALUE,
    "fields": FIELDS,
    "of": list_of(WORD, one=True),
    "columns": list_of(NAME),
    "layout": list_of(SECTION),
    "min_rows": INTEGER,
    "max_rows": INTEGER,
    "unique": list_of(NAME),
    "totals": list_of(NAME),
    "generate": _GENERATE,
    "append_only": BOOLEAN,
    "order": BOOLEAN,
    "permissions": map_of(as_written(_COLUMN_RIGHTS)),
    "with": map_of(FORMULA),
    "scheme": FORMULA,
    "org": FORMULA,
    "period": FORMULA,
    "as_of": FORMULA,
}


@cache
def keys_of(type_: str) -> Mapping[str, Schema]:
    """Every key a field of this type may have."""
    own = {name: OPTIONS[name] for name in sorted(FIELD_TYPES[type_].options)}
    if type_ == "scorecard":
        own["columns"] = FIELDS
    return {**COMMON, **own}


@cache
def _schema_of(type_: str) -> Schema:
    return keys("field", keys_of(type_), ("type",))


FIELD_SCHEMA = keys("field", {**OPTIONS, **COMMON, "type": enum(*FIELD_TYPES)}, ("type",))
FIELD_SCHEMA["properties"]["unique"] = {"type": ["boolean", "array"]}
FIELD_SCHEMA["properties"]["columns"] = {"type": ["object", "array"]}  # of scorecards, of tables


@reads("fields")
def read_fields(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """A map of fields as `Field` objects, by name, in reading order."""
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    if len(data) > MOST_FIELDS:
        at = walker.key_at(path)
        return walker.fail("too-many-fields", at, count=len(data), most=MOST_FIELDS)
    if not data and path == ("fields",):
        return walker.empty(path)
    table = str(path[-2]) if len(path) > 2 and path[-3] == "fields" else None
    fields: dict[str, Field] = {}
    bad = False
    flat = _keys_beside_their_field(walker, data, path)
    for name, part in data.items():
        here, was_bad = (*path, name), walker.bad
        if name in flat:
            if flat[name]:
                fields[name] = _stand_in(walker, name, here, table)
            continue
        if _is_key_of_a_field(walker, data, name, here):
            walker.bad = was_bad  # the form is as sound as without it, and is looked at too
            continue
        if not well_named(walker, name, "name", walker.key_at(here)):
            walker.bad = was_bad
            fields[name] = _stand_in(walker, name, here, table)
            continue
        if name in (SPOKEN_FOR if table else RESERVED):
            bad = True
            walker.fail("reserved-name", walker.key_at(here), suggestion=f"{name}_", name=name)
            continue
        if not (isinstance(part, dict) and "type" in part) and too_deep(walker, part, here):
            bad = True
            continue
        field = _field(walker, name, part, here, table)
        if field is BAD and _is_table(part):
            bad = True
            continue
        fields[name] = _stand_in(walker, name, here, table) if field is BAD else field
        walker.bad = was_bad
    return BAD if bad else fields


def _keys_beside_their_field(walker: Walker, data: dict[str, Data], path: Path) -> dict[str, bool]:
    """A field without anything, followed by keys in its own column: `amount:`, `type: number`.
    Whether each of these names is the field's; the first key is named."""
    found: dict[str, bool] = {}
    above = ""
    for name, part in data.items():
        if isinstance(part, Scalar) and part.is_empty:
            above = name
        elif above and isinstance(part, Scalar) and name in FIELD_SCHEMA["properties"]:
            if above not in found:
                bad = walker.bad
                walker.fail("misplaced-key", walker.key_at((*path, name)), key=name, before=above)
                walker.bad = bad
            found |= {above: True, name: False}
        else:
            above = ""
    return found


def _is_table(data: Data) -> bool:
    type_ = data.get("type") if isinstance(data, dict) else None
    return isinstance(type_, Scalar) and type_.text == "table"


def _stand_in(walker: Walker, name: str, path: Path, table: str | None) -> Field:
    """In the place of a field that could not be read, so that what names it can be looked at."""
    return Field(
        name=name, type="json", title=Text.plain(name), at=walker.key_at(path), table=table
    )


def _is_key_of_a_field(walker: Walker, data: dict[str, Data], name: str, path: Path) -> bool:
    """Whether `name` is no field but a key of the field above it, indented too little."""
    part = data[name]
    before = list(data)[: list(data).index(name)]
    if name not in FIELD_SCHEMA["properties"] or not before or not isinstance(part, Scalar):
        return False
    if part.text in FIELD_TYPES:
        return False  # `unit: text` is a field written too briefly
    above = next((key for key in reversed(before) if isinstance(data[key], dict)), before[-1])
    walker.fail("misplaced-key", walker.key_at(path), key=name, before=above)
    return True


def _none_of(known: Mapping[str, Schema]) -> dict[str, object]:
    return {"key": "columns", "thing": Phrase("things.field"), "known": ", ".join(known)}


def _field(walker: Walker, name: str, data: Data, path: Path, table: str | None) -> Any:
    if not isinstance(data, dict):
        plain = data.text if isinstance(data, Scalar) else ""
        suggestion = f"{name}: {{type: {plain}}}" if plain in FIELD_TYPES else None
        return wrong_shape(walker, "things.map", data, path, suggestion)
    type_ = _type_of(walker, name, data, path)
    if type_ is None:
        _read_without_type(walker, data, path)
        return BAD
    if type_ == "table" and table is not None:
        return walker.fail("table-in-table", walker.value_at((*path, "type")), name=name)
    known = keys_of(type_)
    values: dict[str, Any] = {}
    bad = False
    for key, part in data.items():
        here = (*path, key)
        inner = known.get(key)
        if inner is None:
            was_bad = walker.bad
            if (
                cut_expression(walker, data, key, path)
                or is_cut_text(walker, data, key, path)
                or misplaced_field(walker, data, key, known, Phrase("things.field"), here)
                or _unknown(walker, key, type_, here)
            ):
                bad = True
            else:
                walker.bad = was_bad  # the field is as sound as without the key
            continue
        if (
            key == "columns"
            and type_ == "table"
            and isinstance(part, dict)
            and "fields" not in data
        ):
            walker.fail("unknown-key", walker.key_at(here), suggestion="fields", **_none_of(known))
            return BAD
        value = walker.read(inner, part, here)
        if value is not BAD:
            values[key] = value
        elif key in DECIDING:
            bad = True
    return BAD if bad else build_field(walker, name, values, path, table)


def _type_of(walker: Walker, name: str, data: dict[str, Data], path: Path) -> str | None:
    if "type" not in data:
        misspelt = _misspelt_type(data)
        if misspelt is not None:
            known = {"type": None}
            unknown_key(walker, misspelt, known, Phrase("things.field"), (*path, misspelt))
            return None
        thing = Phrase("things.field_named", (("name", name),))
        walker.fail("missing-key", walker.key_at(path), key="type", thing=thing)
        return None
    scalar = walker.scalar(data["type"], (*path, "type"), "things.words")
    if scalar is None:
        return None
    if scalar.text not in FIELD_TYPES:
        walker.fail(
            "unknown-field-type",
            walker.value_at((*path, "type")),
            suggestion=_meant_type(scalar.text),
            type=scalar.text[:40],
            known=", ".join(FIELD_TYPES),
        )
        return None
    return scalar.text


def _read_without_type(walker: Walker, data: dict[str, Data], path: Path) -> None:
    """What else is wrong with a field of which the type is wrong or missing: values as those of
    the type that was meant, and where none is guessed, of the keys that every field has."""
    word = "type" if "type" in data else _misspelt_type(data)
    written = data.get(word or "")
    named = written.text if isinstance(written, Scalar) else ""
    type_ = named if named in FIELD_TYPES else _meant_type(named)
    known = keys_of(type_) if type_ is not None else {**OPTIONS, **COMMON}
    for key, part in data.items():
        here = (*path, key)
        if key == word:
            continue
        if key in known:
            if type_ is not None or key in COMMON:
                walker.read(known[key], part, here)
        elif key in OPTIONS or (word is None and meant_key(key, known) is None):
            continue  # of a type that may be meant; a whole that may be no field
        elif not (
            cut_expression(walker, data, key, path)
            or is_cut_text(walker, data, key, path)
            or misplaced_field(walker, data, key, known, Phrase("things.field"), here)
        ):
            unknown_key(walker, key, known, Phrase("things.field"), here)


def _misspelt_type(data: dict[str, Data]) -> str | None:
    return next((key for key in data if meant_key(key, {"type": None})), None)


def _meant_type(written: str) -> str | None:
    """`varchar(20)` means text."""
    word = written.partition("(")[0].strip().lower()
    return OTHER_TYPES.get(word) or nearest(word, FIELD_TYPES)


def _unknown(walker: Walker, key: str, type_: str, path: Path) -> bool:
    """Says that the key is none; whether the field's meaning may hang on it."""
    owners = [name for name, other in FIELD_TYPES.items() if key in other.options]
    if owners:
        walker.fail(
            "key-not-for-type",
            walker.key_at(path),
            key=key,
            type=type_,
            types=", ".join(owners),
        )
        return True
    return unknown_key(walker, key, keys_of(type_), Phrase("things.field"), path) in DECIDING


_SHEET = ("scheme", "org", "period", "as_of")
# what is put together below, and what is read and checked but not yet part of the field
_DROPPED = frozenset({"type", "title", "permissions", "with", *_SHEET})
_TYPED = ("default", "min", "max")
ANY_FORM = "any"  # `to: any`


def build_field(
    walker: Walker, name: str, values: dict[str, Any], path: Path, table: str | None
) -> Any:
    """The field; its default and limits typed by its own type."""
    type_ = values["type"]
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key in _DROPPED:
            continue
        if type_ == "table" and key == "unique":
            arguments["unique_rows"] = value
        else:
            arguments[key] = value
    if "layout" in arguments:
        arguments["layout"] = tuple(map(build_section, arguments["layout"]))
    if type_ == "link" and len(values.get("to", ())) == 1 and values["to"][0].startswith("="):
        arguments["to"], arguments["form_from"] = (), values["to"][0].removeprefix("=").strip()
    if type_ == "link" and tuple(values.get("to", ())) == (ANY_FORM,):
        arguments["to"], arguments["to_any"] = (), True
    if isinstance(arguments.get("generate"), dict):
        arguments["generate"] = Generate(**{"set": {}, **arguments["generate"]})
    if type_ == "table" and values.get("of"):
        walker.reference("rows", values["of"][0], walker.value_at((*path, "of")))
    if type_ == "classification" and values.get("of"):
        of = walker.reference("classification", values["of"][0], walker.value_at((*path, "of")))
        # written out by the catalogue, which knows the levels
        arguments["compute"] = Formula(f"classification {of}", walker.key_at(path))
        arguments["with_"] = values.get("with", {})
    if type_ == "scorecard":
        # a table from here on: the catalogue, which knows the schemes, gives it its own columns
        type_, sheet = "table", {key: values[key] for key in _SHEET if key in values}
        arguments["scorecard"] = Scorecard(**sheet)
        arguments["fields"] = arguments.pop("columns", {})
        arguments.setdefault("freeze", "submit")
    field = Field(
        name=name,
        type=type_,
        title=values.get("title", Text.plain(name)),
        at=walker.key_at(path),
        table=table,
        **{key: value for key, value in arguments.items() if key not in _TYPED},
    )
    if type_ == "percent":
        _warn_of_shares(walker, values, path)
    typed = {key: _typed(walker, field, key, values[key], path) for key in _TYPED if key in values}
    typed = {key: value for key, value in typed.items() if value is not BAD}
    if typed:
        field = Field(**{**_shallow(field), **typed})
    return field


def _warn_of_shares(walker: Walker, values: dict[str, Any], path: Path) -> None:
    """`max: 100` of a percentage is 10000 %."""
    for key in _TYPED:
        value = values.get(key)
        if not isinstance(value, Literal_) or not isinstance(value.value, str):
            continue
        with suppress(InvalidOperation):
            plain = value.value.replace("_", "")
            share = Decimal(plain)
            if f"{share:f}" != plain:
                continue  # 1e2, 0100: refused as numbers
            if counts_hundredths(share):
                at = walker.value_at((*path, key))
                walker.warn("percent-as-number", at, **doubted_share(share))


def _shallow(field: Field) -> dict[str, Any]:
    return {slot: getattr(field, slot) for slot in Field.__slots__}


def _typed(walker: Walker, field: Field, key: str, value: Value, path: Path) -> Any:
    """A literal of the definition as the field's own engine value."""
    if isinstance(value, Formula):
        return value
    type_ = FIELD_TYPES[field.type]
    here = (*path, key)
    written = value.value
    try:
        if key == "max" and field.type in ("text", "long_text", "markdown", "code", "rich_text"):
            typed: Any = FIELD_TYPES["integer"].written(field, str(written))
        elif isinstance(written, list) and (field.many or field.type == "tags"):
            typed = [type_.written(field, str(one)) for one in written]
            typed = [t[0] for t in typed] if field.type == "tags" else typed
        elif isinstance(written, str):
            if field.type == "boolean" and walker.is_quoted(here):
                at = walker.value_at(here)
                return walker.fail("quoted-boolean", at, suggestion=written, value=written[:40])
            typed = type_.written(field, written)
            typed = [typed] if field.many else typed
        else:
            return wrong_shape(
                walker, "things.words", {} if isinstance(written, dict) else [], here
            )
    except ValueRefused as refused:
        if refused.code == "not-a-choice" and isinstance(field.choices, tuple):
            codes = [choice.code for choice in field.choices]
            words = [str(one) for one in written] if isinstance(written, list) else [str(written)]
            word = next((one for one in words if one not in codes), words[0])
            return walker.fail(
                "default-not-a-choice",
                walker.value_at(here),
                suggestion=nearest(word, codes),
                value=word[:40],
                known=", ".join(codes[:12]),
            )
        return refused_value(walker, refused, Scalar(str(written)), here)
    return Literal_(typed, value.at)
