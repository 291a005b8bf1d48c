"""Plain data against a schema: typed values, references, and problems in our own sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.cut_texts import (
    MOST_GUESSED,
    cut_expression,
    cut_lists,
    is_cut_text,
    rest_of_list,
)
from jingwei.language.meant_keys import meant_key, other_word
from jingwei.language.meant_shape import code_of, meant_shape
from jingwei.language.meant_words import meant_name
from jingwei.language.misplaced import misplaced_field, too_deep
from jingwei.language.shapes import CODE_PATTERN, MOST_NAME, NAME_PATTERN, Schema
from jingwei.problems import Phrase, Position, Problem, Problems
from jingwei.reading.yaml_file import Data, Path, Scalar, YamlFile, plain_data

# keys that decide what others mean: where one is misspelt, nothing more is said of its thing
DECIDING = frozenset(
    {"kind", "type", "unit", "choices", "fields", "of", "to", "many", "states", "form", "tables"}
    | {"choices_from", "columns", "actions", "steps", "set", "each", "source", "where", "as"}
)
# keys without which a thing is as sound as with them: where one is wrong, the rest is looked at
SOFT = frozenset(
    {"title", "description", "help", "placeholder", "message", "confirm", "color", "icon", "tags"}
    | {"compare", "comparisons", "sort", "limit", "precision", "direction", "output", "style"}
    | {"bulk", "phone", "layout", "list", "filters", "order", "retired", "archive", "opinion"}
)
# keys of a step, which are looked for in what happens in it
OF_A_STEP = frozenset(
    ("id", "title", "when", "due", "overdue", "can", "help", "empty", "remind")
    + ("same_person", "self_approval")
)
MOST_KINDS = 3  # a key of more kinds than these says of none
IN_A_STEP = frozenset(("approve", "fill", "cc", "acknowledge"))
_NAME = re.compile(NAME_PATTERN)
_CODE = re.compile(CODE_PATTERN)


class _Bad:
    """Stands for a value that had a problem; nothing is built from its file."""

    def __repr__(self) -> str:
        return "BAD"


BAD: Any = _Bad()


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must belong to a definition of `kind`, and where it is written."""

    kind: str
    name: str
    at: Position


class Walker:
    """Reads one file by its kind's schema."""

    def __init__(
        self,
        file: YamlFile,
        problems: Problems,
        elsewhere: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`elsewhere`: key → the kinds that have it."""
        self.file = file
        self.elsewhere = elsewhere or {}
        self.problems = problems
        self.references: list[Reference] = []
        self.bad = False
        self.failures = 0
        self.formula_characters = 0
        self.meant: set[Path] = set()  # keys that are there, misspelt
        self.thing, self.keys_of_all = "", frozenset[str]()  # of the whole definition
        self.beside: set[Path] = set()  # things beside whose `fields` there are fields
        self.deep: set[str] = set()  # keys of it that are there, inside of something else

    # -- saying what is wrong

    def fail(
        self, code: str, at: Position, *, suggestion: str | None = None, **holes: object
    ) -> Any:
        """Adds a problem; the value is BAD."""
        self.bad = True
        self.failures += 1
        self.problems.extend([Problem(code, at, holes, "error", suggestion)])
        return BAD

    def warn(self, code: str, at: Position, **holes: object) -> None:
        self.problems.extend([Problem(code, at, holes, "warning")])

    def value_at(self, path: Path) -> Position:
        return self.file.value_at(path)

    def key_at(self, path: Path) -> Position:
        return self.file.key_at(path)

    def inside(self, path: Path, scalar: Scalar) -> Position:
        """Where the text itself begins: after the quote, or on the line below `|` and `>`."""
        at = self.value_at(path)
        if scalar.style in ("single", "double"):
            return Position(at.file, at.line, at.column + 1, max(at.end_column - 1, 0))
        if scalar.style in ("literal", "folded"):
            return self._block_start(at)
        return at

    def _block_start(self, at: Position) -> Position:
        lines = self.file.text.split("\n")
        for number in range(at.line, len(lines)):
            line = lines[number]
            if line.strip():
                return Position(at.file, number + 1, len(line) - len(line.lstrip()) + 1)
        return at

    # -- reading

    def read(self, schema: Schema, data: Data, path: Path) -> Any:
        """The typed value, or BAD."""
        value = READERS[schema["jingwei"]](self, schema, data, path)
        return plain_data(data) if "as_written" in schema and value is not BAD else value

    def scalar(self, data: Data, path: Path, wanted: str) -> Scalar | None:
        """The scalar here, or None after saying that something else, or nothing, is written."""
        if not isinstance(data, Scalar):
            found = Phrase("things.list" if isinstance(data, list) else "things.map")
            meant = meant_shape(wanted, data, path)
            at = self.value_at(path)
            self.fail("wrong-shape", at, suggestion=meant, wanted=Phrase(wanted), found=found)
            return None
        if data.is_empty:
            self.empty(path)
            return None
        return data

    def is_quoted(self, path: Path) -> bool:
        """Whether `true` or `false` is written in quotation marks, which make it a text."""
        data: Any = self.file.data
        for part in path:
            data = data[part]
        quoted = isinstance(data, Scalar) and data.style in ("single", "double")
        return quoted and data.text in ("true", "false")

    def empty(self, path: Path) -> Any:
        key = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
        meant = "else: []" if key == "else" else None
        return self.fail("empty-value", self.key_at(path), suggestion=meant, key=key)

    def reference(self, kind: str, name: str, at: Position) -> str:
        self.references.append(Reference(kind, name, at))
        return name


Reader = Callable[[Walker, Schema, Data, Path], Any]
READERS: dict[str, Reader] = {}


def reads(name: str) -> Callable[[Reader], Reader]:
    """Marks the reader of a schema word."""

    def mark(reader: Reader) -> Reader:
        READERS[name] = reader
        return reader

    return mark


@reads("keys")
def read_keys(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    properties: Mapping[str, Schema] = schema["properties"]
    thing = Phrase("things." + schema["thing"])
    if not path:
        walker.thing, walker.keys_of_all = schema["thing"], frozenset(properties)
    values: dict[str, Any] = {}
    meant: set[str | None] = set()  # keys that are there, misspelt
    cut_in: dict[str, str] | None = None  # the lists that unknown keys are part of
    bad = False
    for key, part in data.items():
        here = (*path, key)
        inner = properties.get(key)
        if misplaced_field(walker, data, key, properties, thing, here):
            bad = True
            continue
        if inner is None:
            if cut_expression(walker, data, key, path) or is_cut_text(walker, data, key, path):
                bad = True
                continue
            if cut_in is None:
                cut_in = cut_lists(data, properties)
            if (cut := cut_in.get(key)) is not None:
                bad = True
                wrong_shape(walker, "things.list", data[cut], (*path, cut))
                continue
            if schema["thing"] == "branch_way" and key in IN_A_STEP:
                bad = True
                meant.add("steps")
                inside = f"steps: [{{id: …, {key}: …}}]"
                unknown_key(walker, key, properties, thing, here, inside)
                continue
            if too_deep(walker, part, here):
                bad = True
                continue
            if key in OF_A_STEP and schema["thing"] in IN_A_STEP:
                bad = True
                outer = str(path[-1])
                walker.fail("key-of-step", walker.key_at(here), key=key, thing=thing, outer=outer)
                continue
            was_bad, word = walker.bad, unknown_key(walker, key, properties, thing, here)
            meant.add(word)
            if word in DECIDING:
                bad = True
            else:
                walker.bad = was_bad  # the rest is as sound as without it, and is looked at too
            continue
        was_bad = walker.bad
        value = walker.read(inner, part, here)
        if value is not BAD:
            values[key] = value
        elif key in SOFT and key not in schema["required"]:
            walker.bad = was_bad
        else:
            bad = True
    for key in schema["required"]:
        if key not in data:
            bad = True
            if key not in meant and (path or key not in walker.deep):
                walker.fail("missing-key", missing_at(walker, path), key=key, thing=thing)
    return BAD if bad else values


def missing_at(walker: Walker, path: Path) -> Position:
    """The key of the thing that lacks something; of a list's entry, the entry."""
    return walker.key_at(path) if path else walker.value_at(path)


def unknown_key(
    walker: Walker,
    key: str,
    known: Mapping[str, Any],
    thing: Phrase,
    path: Path,
    meant: str | None = None,
) -> str | None:
    """Adds the problem; gives the key that was probably meant, which `meant` may know better."""
    kinds = walker.elsewhere.get(key, ()) if len(path) == 1 else ()
    if 0 < len(kinds) <= MOST_KINDS and other_word(key, known) is None:
        walker.meant.add(path)
        at, listed = walker.key_at(path), ", ".join(kinds)
        walker.fail("key-of-other-kind", at, key=key, thing=thing, kinds=listed)
        return None
    guessed = meant is None and walker.failures < MOST_GUESSED
    suggestion = meant_key(key, known) if guessed else meant
    walker.meant.add((*path[:-1], suggestion or key))
    walker.fail(
        "unknown-key",
        walker.key_at(path),
        suggestion=suggestion,
        key=key,
        thing=thing,
        known=", ".join(known),
    )
    return suggestion


def wrong_shape(
    walker: Walker, wanted: str, data: Data, path: Path, suggestion: str | None = None
) -> Any:
    """Something else is written than `wanted` (a key of `things`); BAD."""
    if isinstance(data, Scalar):
        if data.is_empty:
            return walker.empty(path)
        if wanted == "things.map" and data.style == "plain" and "：" in data.text:
            at = walker.value_at(path)
            colon = at.shifted(data.text.index("："), data.text.index("：") + 1)
            return walker.fail("full-width-colon", colon)
        found = Phrase("things.words")
    else:
        found = Phrase("things.list" if isinstance(data, list) else "things.map")
    at = walker.value_at(path)
    if suggestion is None and wanted == "things.list" and isinstance(data, Scalar):
        suggestion = _without_brackets(walker, data, path)
    suggestion = suggestion or meant_shape(wanted, data, path)
    return walker.fail("wrong-shape", at, suggestion=suggestion, wanted=Phrase(wanted), found=found)


def _without_brackets(walker: Walker, first: Scalar, path: Path) -> str | None:
    """`{unique: org, year}` is cut at the comma: the list with what stands behind it."""
    around: Any = walker.file.data
    for part in path[:-1]:
        around = around[part]
    rest = rest_of_list(around, str(path[-1])) if isinstance(around, dict) else []
    return f"[{', '.join((first.text, *rest))[:60]}]" if rest else None


@reads("map")
def read_map(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    inner = schema["additionalProperties"]
    names = schema["names"]
    values: dict[str, Any] = {}
    bad = False
    for key, part in data.items():
        here = (*path, key)
        own = inner.get("properties", {})
        strange = own and isinstance(part, dict) and own.keys().isdisjoint(part)
        if strange and too_deep(walker, part, here):
            bad = True
            continue
        if names != "any" and not well_named(walker, key, names, walker.key_at(here)):
            bad = True
            continue
        value = walker.read(inner, part, here)
        if value is BAD:
            bad = True
        else:
            values[key] = value
    return BAD if bad else values


def well_named(walker: Walker, name: str, names: str, at: Position) -> bool:
    """Whether `name` may be a name, or a code; a problem is added when not."""
    if names == "code":
        if not _CODE.match(name):
            walker.fail("bad-code", at, suggestion=code_of(name), name=name)
            return False
        return True
    if _NAME.match(name) and len(name) <= MOST_NAME:
        return True
    better = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if len(better) > MOST_NAME:  # whole words, as far as they fit
        better = better[: MOST_NAME + 1].rpartition("_")[0] or better[:MOST_NAME]
    suggestion = better if _NAME.match(better) else meant_name(name)
    equals = re.match(r"([A-Za-z_]\w*)\s*=", name)
    if equals:
        walker.fail("missing-colon", at, text=name[: equals.end()])
        return False
    if _NAME.match(name):
        facts = {"name": name[:80], "length": len(name), "most": MOST_NAME}
        walker.fail("name-too-long", at, suggestion=suggestion, **facts)
    else:
        walker.fail("bad-name", at, suggestion=suggestion, name=name[:60])
    return False


@reads("list")
def read_list(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    if not isinstance(data, list):
        if schema["one"] and not (isinstance(data, Scalar) and data.is_empty):
            value = walker.read(schema["items"], data, path)
            return BAD if value is BAD else (value,)
        return wrong_shape(walker, "things.list", data, path)
    inner = schema["items"]
    if inner["jingwei"] == "list" and not inner["one"] and len(data) > 1:
        words = [part.text[:20] for part in data if isinstance(part, Scalar)]
        if len(words) == len(data):  # rows were meant, and one is written
            meant = f"[[{', '.join(words)[:60]}]]"
            at = walker.value_at((*path, 0))
            facts = {"wanted": Phrase("things.list"), "found": Phrase("things.words")}
            return walker.fail("wrong-shape", at, suggestion=meant, **facts)
    values = [walker.read(inner, part, (*path, index)) for index, part in enumerate(data)]
    return BAD if any(value is BAD for value in values) else tuple(values)


@reads("by_shape")
def read_by_shape(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    shapes: Mapping[str, Schema] = schema["shapes"]
    shape = "scalar" if isinstance(data, Scalar) else "list" if isinstance(data, list) else "map"
    if shape in shapes:
        return walker.read(shapes[shape], data, path)
    wanted = "map" if shape == "list" and "map" in shapes else next(iter(shapes))
    names = {"scalar": "things.words", "list": "things.list", "map": "things.map"}
    return wrong_shape(walker, names[wanted], data, path)
