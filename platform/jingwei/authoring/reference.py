"""The reference manual, made from the engine: kinds and keys, field types, functions, problems.

Examples are the files of the starter application, and for other kinds a scaffold in it: a test
compiles them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from jingwei.authoring.grammar import SHARED, element, opened, thing, things
from jingwei.authoring.json_schema import described
from jingwei.authoring.look_up import default_words, shape_words
from jingwei.authoring.onboarding import new_org
from jingwei.authoring.outline import Outline, kind_of, outline
from jingwei.authoring.scaffolds import SINGLE, Files, holes_of, scaffold
from jingwei.authoring.starter import starter
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.kinds.table import KINDS
from jingwei.language.shapes import COMMON, Schema
from jingwei.texts import LOCALES, catalogue, has_text, text

DAY = date(2026, 1, 1)  # of examples: the pages must not change from day to day
_LENT = ("indicator", "indicator_set")
_MODELINE = "# yaml-language-server"


def pages() -> dict[str, str]:
    """The pages of the manual: path below `docs/reference` → Markdown."""
    made: dict[str, str] = {}
    shown = examples()
    for locale in LOCALES:
        page = _Page(locale)
        made[f"{locale}/kinds.md"] = page.kinds(shown)
        made[f"{locale}/field_types.md"] = page.field_types()
        made[f"{locale}/functions.md"] = page.functions()
        made[f"{locale}/problems.md"] = page.problems()
    return made


def example_files() -> Files:
    """An application with a definition of every kind: the starter, and scaffolds for the rest.
    What a scaffold has to name and the starter lacks is that of another scaffold."""
    files = starter("office", "办公", "Office")
    held = _held(files)
    there = {kind_of(file) for file in held.checked.files.values()}
    for kind in KINDS:
        if kind in there or kind in SINGLE:
            continue
        name = f"new_{kind}"
        given = {hole: f"new_{hole}" for hole in _LENT if hole in holes_of(kind)}
        if kind == "org":
            files |= new_org(held, name, {}, {}, DAY)
        else:
            files |= scaffold(held, kind, name, given, DAY)
    return files


def _held(files: Files) -> Outline:
    with TemporaryDirectory() as folder:
        for path, content in files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return outline(Path(folder))


def examples() -> dict[str, tuple[str, str]]:
    """One definition of each kind: its path and text."""
    found: dict[str, tuple[str, str]] = {}
    for file in _held(example_files()).checked.files.values():
        kind = kind_of(file)
        if kind is not None:
            found.setdefault(kind, (file.path, _plain(file.text)))
    return found


def _plain(text_: str) -> str:
    """Without the line that editors read."""
    lines = text_.split("\n")
    return "\n".join(lines[1:] if lines[0].startswith(_MODELINE) else lines).rstrip("\n")


class _Page:
    """Writes the pages in one language."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    def say(self, key: str, **holes: object) -> str:
        return text(f"reference.{key}", self.locale, **holes)

    def page(self, name: str, parts: Iterator[str]) -> str:
        head = (
            f"# {self.say(f'{name}_title')}\n\n{self.say('generated')} {self.say(f'{name}_lead')}"
        )
        return "\n\n".join([head, *parts]) + "\n"

    def table(self, head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
        lines = [_row(head), _row(["---"] * len(head))]
        return "\n".join([*lines, *(_row(row) for row in rows)])

    # --- kinds and keys

    def kinds(self, shown: Mapping[str, tuple[str, str]]) -> str:
        return self.page("kinds", self._kinds(shown))

    def _kinds(self, shown: Mapping[str, tuple[str, str]]) -> Iterator[str]:
        every = things()
        yield f"## {self.say('every_kind')}"
        yield self._keys("every_kind", COMMON, ("kind",))
        for kind in KINDS.values():
            yield f"## {kind.name}"
            key = f"keys.kinds.{kind.name}"
            lead = text(key, self.locale) if has_text(key, self.locale) else ""
            yield f"{lead} {self.say('folder', folder=kind.folder)}".strip()
            own = {k: s for k, s in kind.schema["properties"].items() if k not in COMMON}
            yield self._keys(kind.name, own, kind.schema["required"])
            if kind.name in shown:
                path, example = shown[kind.name]
                yield f"{self.say('example')} `{path}`\n\n```yaml\n{example}\n```"
        yield f"## {self.say('things')}"
        for name, properties in every.items():
            if name not in KINDS:
                yield f"### {name}"
                title = text(f"things.{name}", self.locale) if self._has_thing(name) else name
                yield self.say("thing", title=title)
                yield self._keys(name, properties, self._required(name))

    def _has_thing(self, name: str) -> bool:
        return has_text(f"things.{name}", self.locale)

    def _required(self, name: str) -> Sequence[str]:
        for kind in KINDS.values():
            found = _find(kind.schema, name, set())
            if found is not None:
                required: Sequence[str] = found["required"]
                return required
        return ()

    def _keys(self, of: str, properties: Mapping[str, Schema], required: Sequence[str]) -> str:
        head = [self.say("key"), self.say("written"), self.say("meaning")]
        rows = (
            (
                f"`{key}`{'!' if key in required else ''}",
                self._shape(schema),
                self._meaning(of, key, schema),
            )
            for key, schema in properties.items()
        )
        return self.table(head, rows)

    def _meaning(self, of: str, key: str, schema: Schema) -> str:
        words = described(of, key, self.locale) or ""
        default = default_words(schema)
        if default is None:
            return words
        return f"{words} {self.say('default', word=f'`{default}`')}".strip()

    def _shape(self, schema: Schema) -> str:
        if schema.get("jingwei") == "enum":
            return _coded(schema["enum"])
        shown = shape_words(schema, self.locale)
        inner = element(schema) if schema.get("jingwei") in ("list", "map") else schema
        if inner is not None and inner.get("jingwei") == "enum":
            return f"{shown}: {_coded(inner['enum'])}"
        of = thing(inner) if inner is not None and inner.get("jingwei") not in SHARED else None
        return f"{shown} ([{of}](#{of}))" if of is not None else shown

    # --- field types

    def field_types(self) -> str:
        head = [self.say("type"), self.say("meaning"), self.say("own_keys"), self.say("operators")]
        rows = (
            (
                f"`{name}`",
                text(f"keys.types.{name}", self.locale),
                " ".join(f"`{option}`" for option in sorted(one.options)),
                " ".join(f"`{operator}`" for operator in one.operators if one.is_value),
            )
            for name, one in FIELD_TYPES.items()
        )
        return self.page("field_types", iter([self.table(head, rows)]))

    # --- functions

    def functions(self) -> str:
        return self.page("functions", self._functions())

    def _functions(self) -> Iterator[str]:
        head = [self.say("function"), self.say("result"), self.say("where"), self.say("meaning")]
        rows = (
            (
                f"`{one.signature}`",
                one.result,
                " ".join(
                    self.say(f"target_{target}") for target in _ORDER if target in one.targets
                ),
                text(f"keys.functions.{name}", self.locale),
            )
            for name, one in FUNCTIONS.items()
        )
        yield self.table(head, rows)
        yield f"## {self.say('aggregates')}"
        yield self.say("aggregates_lead")
        named = ((f"`{name}`", text(f"keys.aggregates.{name}", self.locale)) for name in AGGREGATES)
        yield self.table([self.say("function"), self.say("meaning")], named)

    # --- problems

    def problems(self) -> str:
        return self.page("problems", self._problems())

    def _problems(self) -> Iterator[str]:
        for code in problem_codes():
            yield f"## {code}"
            said = f"problems.{code}"
            yield f"**{self._text(f'{said}.title')}** — {self._text(f'{said}.explanation')}"
            yield f"> {self._text(f'{said}.what')} — {self._text(f'{said}.fix')}"
            for side in ("wrong", "right"):
                if has_text(f"{said}.{side}", self.locale):
                    example = self._text(f"{said}.{side}").rstrip("\n")
                    yield f"{self.say(side)}\n\n```yaml\n{example}\n```"

    def _text(self, key: str) -> str:
        return text(key, self.locale)


def _coded(words: Sequence[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


_ORDER = ("python", "sql", "javascript")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def problem_codes() -> list[str]:
    """Every code of a problem with definitions, in alphabetical order."""
    return sorted({key.split(".")[1] for key in catalogue("en") if key.startswith("problems.")})


def _find(schema: Schema, name: str, seen: set[str]) -> Schema | None:
    """The map of fixed keys of this name, somewhere below."""
    word = schema.get("jingwei", "")
    if word in SHARED:
        if word in seen:
            return None
        seen.add(word)
    schema = opened(schema)
    match schema.get("jingwei"):
        case "keys":
            if schema["thing"] == name:
                return schema
            below = list(schema["properties"].values())
        case "map":
            below = [schema["additionalProperties"]]
        case "list":
            below = [schema["items"]]
        case "by_shape":
            below = list(schema["shapes"].values())
        case _:
            return None
    found = (_find(one, name, seen) for one in below)
    return next((one for one in found if one is not None), None)
