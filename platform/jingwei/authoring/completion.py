"""What may be written at a cursor: keys of the language, names of this application, words of
expressions. The engine's own tables answer; an editor knows nothing by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.authoring.codes import Compared, codes_of, codes_set, compared_at, fields_set
from jingwei.authoring.cursor import ITEM, Cursor, locate
from jingwei.authoring.grammar import MENU_KINDS, element, kind_schema, named_parts, opened, thing
from jingwei.authoring.json_schema import Names, described
from jingwei.authoring.words_in_scope import (
    field_of,
    form_of,
    members_of,
    rows_of_aggregate,
    scope_at,
)
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS
from jingwei.language.expressions.tree import Type
from jingwei.language.expressions.words import type_words
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.fields import keys_of
from jingwei.language.form import SYSTEM_FIELDS, Field
from jingwei.language.kinds.table import KINDS
from jingwei.language.shapes import Schema
from jingwei.texts import has_text, text

MOST = 400
_CHAIN = re.compile(r"(?:[^\W\d][\w]*\.)*[\w]*\Z")
_TYPE_BESIDE = re.compile(r"\btype:\s*([a-z_]+)")
_KIND = re.compile(r"\A(?:#[^\n]*\n|\s)*kind:[ ]*([a-z_]+)")
_WORDS = (
    *("and", "or", "not", "in", "if", "else", "between", "is empty", "is not empty", "where"),
    *("true", "false", "null"),
)
# keys of a form whose words are names of its fields
_FIELD_LISTS = frozenset(("list", "layout", "permissions", "related", "rules", "facts", "restrict"))
_SETTING = frozenset(("form", "workflow", "alert"))  # kinds whose effects set fields


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to choose. `kind`: key, name, word, field, function; `detail` stands beside it,
    `said` explains it."""

    label: str
    kind: str
    detail: str = ""
    said: str = ""
    insert: str | None = None

    def to_json(self) -> dict[str, Any]:
        found = {"label": self.label, "kind": self.kind, "detail": self.detail, "said": self.said}
        return found if self.insert is None else {**found, "insert": self.insert}


@dataclass(frozen=True, slots=True)
class Offers:
    """`start`: offset of the letters that a choice takes the place of."""

    start: int
    offers: tuple[Offer, ...]


def kind_in(text_: str) -> str | None:
    """The kind a text says it is, when it is one."""
    found = _KIND.match(text_)
    return found[1] if found is not None and found[1] in KINDS else None


def complete(
    catalogue: Catalogue, names: Names, name: str, text_: str, offset: int, locale: str
) -> Offers:
    """What may stand at `offset` of the definition `name` that is being written as `text_`.

    `names`: kind → the names this application has of it, those of broken drafts too.
    """
    cursor = locate(text_, offset)
    kind = kind_in(text_)
    if cursor.in_text:
        return Offers(offset, ())
    maker = _Completion(catalogue, names, kind, name, cursor, text_, offset, locale)
    found = tuple(maker.offers())
    word = maker.word
    start = offset - len(word)
    wanted = [o for o in found if _fits(o.label, word)]
    return Offers(start, tuple(wanted[:MOST]))


def _fits(label: str, word: str) -> bool:
    """Whether the letters occur in this order, the first of them at the start of a word."""
    small, place = label.lower(), 0
    for number, letter in enumerate(word.lower()):
        place = small.find(letter, place)
        if place < 0:
            return False
        if number == 0 and place > 0 and small[place - 1].isalnum():
            return word.lower() in small
        place += 1
    return True


class _Completion:
    def __init__(
        self,
        catalogue: Catalogue,
        names: Names,
        kind: str | None,
        name: str,
        cursor: Cursor,
        text_: str,
        offset: int,
        locale: str,
    ) -> None:
        self.catalogue = catalogue
        self.names = names
        self.kind = kind
        self.name = name
        self.cursor = cursor
        self.text = text_
        self.before = text_[:offset]
        self.next = text_[offset : offset + 1]
        self.locale = locale
        self.word = cursor.word

    def offers(self) -> Iterator[Offer]:
        cursor = self.cursor
        if cursor.key == "kind" and not cursor.path:
            yield from self.kinds()
            return
        if self.kind is None:
            if cursor.is_key and not cursor.path:
                yield Offer("kind", "key", insert="kind: ")
            return
        around = descend(self.kind, cursor.path)
        if around is None:
            return
        if cursor.is_key:
            yield from self.keys(around)
            if cursor.is_item:
                yield from self.values(around)
            return
        schema = around if cursor.key == ITEM else step_down(around, cursor.key or "")
        if schema is not None:
            yield from self.values(schema)

    def kinds(self) -> Iterator[Offer]:
        for kind in KINDS:
            yield Offer(
                kind, "word", self._said(f"things.kind_{kind}"), self._said(f"keys.kinds.{kind}")
            )

    # -- keys

    def keys(self, around: Schema) -> Iterator[Offer]:
        named = thing(around)
        shape = opened(around)
        if named is None:
            yield from self._names_of_map(shape)
            return
        allowed = self._of_type(named)
        required = set(shape.get("required", ()))
        for key, part in named_parts(around).items():
            if key in self.cursor.beside or (allowed is not None and key not in allowed):
                continue
            said = described(named, key, self.locale) or ""
            detail = "*" if key in required else ""
            yield Offer(key, "key", detail, said, insert=f"{key}{_after(part)}")

    def _of_type(self, named: str) -> Collection[str] | None:
        """Of a field only the keys of its type."""
        if named != "field":
            return None
        type_ = self._type_beside()
        return {*keys_of(type_), "type"} if type_ in FIELD_TYPES else None

    def _type_beside(self) -> str:
        """What the lines, or the braces, around the cursor say the type is."""
        if "type" not in self.cursor.beside:
            return ""
        path = self.cursor.path
        name = path[-1] if path else ""
        found = re.search(rf"^ *{re.escape(name)}:(?:[^\n]*\n)(?: +[^\n]*\n)*?", self.text, re.M)
        part = self.text[found.start() :][:2_000] if found else ""
        match = _TYPE_BESIDE.search(part)
        return match[1] if match else ""

    def _names_of_map(self, shape: Schema) -> Iterator[Offer]:
        """Keys that are names of the application: of forms in `workflows:`, of fields in `set:`."""
        words = self.cursor.path
        if self.kind == "profile" and words[:1] in (("workflows",), ("collect",)):
            yield from self._named("form")
        elif self.kind == "profile" and words[:1] == ("thresholds",):
            yield from self._named("indicator")
        elif words[-1:] == ("set",) and self.kind in _SETTING:
            yield from self._set_names()

    # -- values

    def values(self, schema: Schema) -> Iterator[Offer]:
        word = schema.get("jingwei", "")
        if word == "menu_entry":
            for kind in MENU_KINDS:
                yield from self._named(kind, f"{kind}/")
            return
        if word == "indicator_names":
            yield from self._named("indicator")
            yield from self._named("indicator_set", "set.")
            return
        basic = opened(schema)
        word = basic.get("jingwei", "")
        if word == "by_shape":
            for shape in basic["shapes"].values():
                yield from self.values(shape)
        elif word == "list":
            yield from self.values(basic["items"])
        elif word == "enum":
            for one in basic["enum"]:
                yield Offer(one, "word", "", self._of_enum(one))
        elif word == "ref":
            yield from self._named(basic["kind"])
        elif word == "boolean":
            yield from (Offer("true", "word"), Offer("false", "word"))
        elif word == "formula" or (word == "value" and self._is_expression()):
            yield from self.expression(self.cursor.written)
        elif word == "value":
            yield from self._codes()
        elif word in ("template", "text") and "{" in self.cursor.written:
            hole = self.cursor.written.rpartition("{")[2]
            if "}" not in hole:
                yield from self.expression(hole)
        elif word in ("word", "name", "anything") and self._lists_fields():
            yield from self._fields()

    def _set_names(self) -> Iterator[Offer]:
        fields = self._fields_set()
        for name, field in fields.items():
            is_computed = field.compute is not None and field.mode == "always"
            if name not in self.cursor.beside and not is_computed:
                yield Offer(name, "field", self._titled(field), insert=f"{name}: ")
        for name in ("org", "owner"):
            if name not in self.cursor.beside and name not in fields:
                said = self._said(f"system_fields.{name}")
                yield Offer(name, "field", said, insert=f"{name}: ")

    def _fields_set(self) -> Mapping[str, Field]:
        assert self.kind is not None
        return fields_set(self.catalogue, self.kind, self.name, self.cursor.path, self.before)

    def _codes(self) -> Iterator[Offer]:
        """Of a choice that is set, or that a choice field begins with."""
        path, key = self.cursor.path, self.cursor.key or ""
        if path[-1:] == ("set",) and self.kind in _SETTING:
            for code, title in codes_set(self._fields_set(), self.catalogue, key, self.locale):
                yield Offer(code, "word", title)
        elif key == "default" and self.kind == "form" and path[:1] == ("fields",):
            form = self.catalogue.forms.get(self.name)
            field = form.fields.get(path[1]) if form is not None else None
            if field is not None and len(path) == 4:
                field = field.fields.get(path[3])
            codes = codes_of(self.catalogue, field, self.locale) if field is not None else {}
            yield from (Offer(code, "word", title) for code, title in codes.items())

    def _titled(self, field: Field) -> str:
        return f"{field.title(self.locale)} · {field.type}"

    def _is_expression(self) -> bool:
        """A value that begins with `=` is one."""
        return self.cursor.written.lstrip("\"'").startswith("=")

    def _of_enum(self, word: str) -> str:
        if self.cursor.key == "type" and word in FIELD_TYPES:
            return self._said(f"keys.types.{word}")
        return ""

    def _named(self, kind: str, prefix: str = "") -> Iterator[Offer]:
        held = getattr(self.catalogue, "orgs" if kind == "org" else f"{kind}s", {})
        if kind == "org_type":
            held = self.catalogue.org_types.types
        for name in sorted(self.names(kind)):
            title = getattr(held.get(name), "title", None)
            yield Offer(f"{prefix}{name}", "name", title(self.locale) if callable(title) else "")

    def _lists_fields(self) -> bool:
        return (
            self.kind == "form"
            and bool(self.cursor.path[:1])
            and (self.cursor.path[0] in _FIELD_LISTS)
        )

    def _fields(self) -> Iterator[Offer]:
        """Fields of the form at hand, as far as the drafts can be read."""
        form = self.catalogue.forms.get(self.name) if self.kind == "form" else None
        path = self.cursor.path
        if form is None:
            return
        if path[:1] == ("related",) and len(path) > 1 and path[1] in form.related:
            form = self.catalogue.forms.get(form.related[path[1]].form, form)
        for name, field in form.fields.items():
            yield Offer(name, "field", self._titled(field))
        for name in SYSTEM_FIELDS:
            yield Offer(name, "field", self._said(f"system_fields.{name}"))

    # -- expressions

    def expression(self, before: str) -> Iterator[Offer]:
        assert self.kind is not None
        chain = (_CHAIN.search(before) or [""])[0]
        *above, self.word = chain.split(".")
        scope = scope_at(self.catalogue, self.kind, self.name, self.cursor.value_path)
        own = form_of(self.catalogue, self.kind, self.name)
        form = own.name if own is not None else None
        rows = rows_of_aggregate(scope, before)
        if rows is not None:
            scope = scope.inside(rows)
            form = form if rows.type.table else rows.type.form
        compared = compared_at(self.catalogue, scope, form, before, self.locale)
        if compared is not None:
            yield from self._compared(compared)
            if compared.quote:
                return
        if above:
            for name, type_ in members_of(scope, above).items():
                yield self._member(scope, form, [*above, name], type_)
            return
        for name, symbol in scope.symbols.items():
            yield self._member(scope, form, [name], symbol.type)
        for name, function in FUNCTIONS.items():
            said = self._said(f"keys.functions.{name}")
            yield Offer(name, "function", function.signature, said, insert=f"{name}(")
        for name in AGGREGATES:
            if name not in FUNCTIONS:
                said = self._said(f"keys.aggregates.{name}")
                yield Offer(name, "function", f"{name}(… where …)", said, insert=f"{name}(")
        for name in _WORDS:
            yield Offer(name, "word")
        if scope.forms_allowed:
            for name in self.catalogue.forms:
                if name not in scope.symbols:
                    yield Offer(name, "name", self.catalogue.forms[name].title(self.locale))

    def _compared(self, found: Compared) -> Iterator[Offer]:
        """Codes in quotes: those the author began, else the pair that YAML leaves free here."""
        self.word = found.word
        outer = self.cursor.written.lstrip()[:1]
        pair = "'" if outer == '"' else '"'
        for code, title in found.codes.items():
            if not found.quote:
                yield Offer(code, "word", title, insert=f"{pair}{code}{pair}")
            elif found.quote.endswith(self.next) and self.next:
                yield Offer(code, "word", title)
            else:
                yield Offer(code, "word", title, insert=f"{code}{found.quote}")

    def _member(self, scope: Any, form: str | None, chain: list[str], type_: Type) -> Offer:
        field = field_of(self.catalogue, scope, form, chain)
        words = type_words(type_)(self.locale)
        title = field.title(self.locale) if field is not None else ""
        return Offer(chain[-1], "field", f"{title} · {words}" if title else words)

    def _said(self, key: str) -> str:
        return text(key, self.locale) if has_text(key, self.locale) else ""


def _after(schema: Schema) -> str:
    """What follows a key: a new line for what is a map or list of its own."""
    basic = opened(schema)
    return ":\n" if basic.get("jingwei") in ("map", "keys") else ": "


def descend(kind: str, path: Iterable[str]) -> Schema | None:
    """The schema at a path of a kind; None where the language knows no such place."""
    schema: Schema | None = kind_schema(kind)
    for part in path:
        schema = step_down(schema, part) if schema is not None else None
    return schema


def step_down(schema: Schema, part: str) -> Schema | None:
    """The schema of a key of a map, or (`-`) of an entry of a list."""
    basic = opened(schema)
    word = basic.get("jingwei")
    if word == "by_shape":
        found = (step_down(shape, part) for shape in basic["shapes"].values())
        return next((one for one in found if one is not None), None)
    if part == ITEM:
        return element(basic) if word == "list" else None
    if word == "keys":
        return named_parts(basic).get(part)
    if word == "map":
        return element(basic)
    if word == "list" and basic.get("one"):
        return step_down(basic["items"], part)
    return None
