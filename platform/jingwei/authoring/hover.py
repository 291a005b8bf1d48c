"""What the word under a pointer means: a key, a name, a word of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jingwei.authoring.completion import descend, kind_in, step_down
from jingwei.authoring.cursor import ITEM, Cursor, locate
from jingwei.authoring.grammar import opened
from jingwei.authoring.look_up import explain_word, meaning_of
from jingwei.authoring.words_in_scope import field_of, inside_aggregate, scope_at, type_of
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.words import type_words
from jingwei.language.kinds.table import KINDS
from jingwei.language.shapes import Schema
from jingwei.problems import Position
from jingwei.texts import has_text, text

MOST_LISTED = 24
_BEFORE, _AFTER = re.compile(r"[\w.]*\Z"), re.compile(r"\w*")
_COLON = re.compile(r"[\"']?\s*:(?=\s|$)", re.M)


@dataclass(frozen=True, slots=True)
class Meaning:
    """`start`, `end`: the word in the text. `at`: where it is defined."""

    start: int
    end: int
    title: str
    lines: tuple[str, ...]
    at: Position | None = None

    def to_json(self) -> dict[str, Any]:
        at = None if self.at is None else {"file": self.at.file, "line": self.at.line}
        return {
            "start": self.start,
            "end": self.end,
            "title": self.title,
            "lines": list(self.lines),
            "at": at,
        }


def hover(catalogue: Catalogue, name: str, text_: str, offset: int, locale: str) -> Meaning | None:
    """What the word at `offset` of a definition means; None where nothing can be said."""
    kind = kind_in(text_)
    line_start = text_.rfind("\n", 0, offset) + 1
    before = _BEFORE.search(text_, line_start, offset)
    after = _AFTER.match(text_, offset)
    start = before.start() if before else offset
    end = after.end() if after else offset
    word = text_[start:end]
    if kind is None or not word.strip("."):
        return None
    cursor = locate(text_, start)
    if cursor.in_text:
        return None
    if cursor.is_key and _COLON.match(text_, end):
        return _key(catalogue, kind, name, (*cursor.path, word), (start, end), locale)
    return _value(catalogue, kind, name, cursor, word, (start, end), locale)


def _key(
    catalogue: Catalogue,
    kind: str,
    name: str,
    path: tuple[str, ...],
    place: tuple[int, int],
    locale: str,
) -> Meaning | None:
    around = descend(kind, path[:-1])
    if around is None:
        return None
    key = meaning_of(around, path[-1], ".".join((kind, *path)), locale)
    if key is None:
        return _field(catalogue, kind, name, path, place, locale)
    shape = text("cli_definitions.written_as", locale, shape=key.shape)
    listed = [
        text(f"cli_definitions.{label}", locale, listed=", ".join(words[:MOST_LISTED]))
        for label, words in (("values", key.values), ("keys", key.keys))
        if words
    ]
    if key.default is not None:
        listed.insert(0, text("cli_definitions.not_written", locale, default=key.default))
    lines = [line for line in (key.meaning, shape, *listed) if line]
    return Meaning(*place, path[-1], tuple(lines))


def _field(
    catalogue: Catalogue,
    kind: str,
    name: str,
    path: tuple[str, ...],
    place: tuple[int, int],
    locale: str,
) -> Meaning | None:
    """The name that a field or column is given."""
    form = catalogue.forms.get(name) if kind == "form" else None
    parts = [part for part in path if part != "fields"]
    if form is None or "fields" not in path[-2:-1]:
        return None
    found = form.fields.get(parts[0])
    if found is not None and len(parts) > 1:
        found = found.fields.get(parts[1])
    if found is None:
        return None
    said = text(f"keys.types.{found.type}", locale)
    return Meaning(
        *place, ".".join(parts), (found.title(locale), f"{found.type}: {said}"), found.at
    )


def _value(
    catalogue: Catalogue,
    kind: str,
    name: str,
    cursor: Cursor,
    word: str,
    place: tuple[int, int],
    locale: str,
) -> Meaning | None:
    around = descend(kind, cursor.path)
    schema = around
    if around is not None and cursor.key not in (None, ITEM):
        schema = step_down(around, cursor.key or "")
    if not cursor.path and cursor.key == "kind":
        said = f"keys.kinds.{word}"
        words = (text(said, locale),) if has_text(said, locale) else ()
        return Meaning(*place, word, words)
    named = _name(catalogue, schema, word, place, locale) if schema is not None else None
    if named is not None:
        return named
    chain = [part for part in word.split(".") if part]
    scope = scope_at(catalogue, kind, name, cursor.value_path)
    scope = inside_aggregate(scope, cursor.written)
    type_ = type_of(scope, chain)
    if type_ is not None:
        field = field_of(catalogue, scope, name if kind == "form" else None, chain)
        lines = [type_words(type_)(locale)]
        if field is not None:
            lines.insert(0, field.title(locale))
            if field.help is not None:
                lines.append(field.help(locale))
        return Meaning(*place, word, tuple(lines), field.at if field is not None else None)
    found = explain_word(word, locale)
    if found is None:
        return None
    return Meaning(*place, found.title, (found.explanation,))


def _name(
    catalogue: Catalogue, schema: Schema, word: str, place: tuple[int, int], locale: str
) -> Meaning | None:
    """A name of another definition, when the place asks for one."""
    for kind in _kinds_asked(schema):
        held = getattr(catalogue, "orgs" if kind == "org" else f"{kind}s", {})
        found = held.get(word.removeprefix("set.").rpartition("/")[2])
        if found is not None and hasattr(found, "origin"):
            words = text(f"things.kind_{kind}", locale)
            return Meaning(
                *place, found.title(locale), (f"{words} · {word}",), Position(found.origin.file)
            )
    return None


def _kinds_asked(schema: Schema) -> list[str]:
    if schema.get("jingwei") == "indicator_names":
        return ["indicator", "indicator_set"]
    if schema.get("jingwei") == "menu_entry":
        return [kind for kind in KINDS if kind not in ("manifest", "org_types")]
    basic = opened(schema)
    word = basic.get("jingwei")
    if word == "ref":
        return [basic["kind"]]
    if word == "list":
        return _kinds_asked(basic["items"])
    if word == "by_shape":
        return [kind for shape in basic["shapes"].values() for kind in _kinds_asked(shape)]
    return []
