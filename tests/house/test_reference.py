"""The reference manual is what the engine says today, and its examples compile."""

from __future__ import annotations

from pathlib import Path

import pytest

from jingwei.authoring.grammar import things
from jingwei.authoring.json_schema import described
from jingwei.authoring.reference import example_files, examples, pages
from jingwei.catalogue.compile import compile_texts
from jingwei.language.expressions.functions import AGGREGATES, FUNCTIONS
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.kinds.table import KINDS
from jingwei.language.kinds.workflow import POLICIES, PRESETS
from jingwei.language.text import Text
from jingwei.language.workflow import Policy, Step, Workflow
from jingwei.problems import Position
from jingwei.texts import LOCALES, has_text

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_key_type_and_function_of_the_language_is_described(locale: str) -> None:
    lacking = [
        f"{thing}.{key}"
        for thing, keys in things().items()
        for key in keys
        if described(thing, key, locale) is None
    ]
    named = {"kinds": KINDS, "types": FIELD_TYPES, "functions": FUNCTIONS}
    for group, names in {**named, "aggregates": AGGREGATES}.items():
        lacking += [f"{group}.{n}" for n in names if not has_text(f"keys.{group}.{n}", locale)]
    assert lacking == [], f"add these to texts/{locale}/keys.toml"


def test_what_the_manual_says_of_unwritten_keys_of_a_flow_is_what_the_engine_takes() -> None:
    shown = things()
    policy = Policy()
    told = {
        key: schema["default"] for key, schema in shown["defaults"].items() if "default" in schema
    }
    assert told == {key: getattr(policy, key) for key in told}
    assert told.keys() == {key for key in POLICIES if key not in ("return", "remind")}
    rule = {key: part["default"] for key, part in shown["return_rule"].items() if "default" in part}
    assert rule == {"to": policy.return_.to, "resume": policy.return_.resume}
    step = Step(id="a", kind="approve", title=Text.plain("a"), at=Position("a"))
    for key in ("mode", "holders", "on_reject", "reject_needs", "opinion", "add_sign"):
        default = shown["approve"][key]["default"]
        assert getattr(step, key) == (tuple(default) if isinstance(default, list) else default)
    assert Workflow.__dataclass_fields__["recall"].default == shown["start"]["recall"]["default"]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_manual_names_all_that_the_strict_policy_sets(locale: str) -> None:
    words = described("workflow", "policy", locale) or ""
    assert [f"{key} {word}" in words for key, word in PRESETS["strict"].items()] == [True] * 5


def test_the_committed_pages_are_what_the_engine_makes() -> None:
    made = pages()
    there = {p.relative_to(REFERENCE).as_posix() for p in REFERENCE.rglob("*.md")}
    stale = [
        path
        for path, page in made.items()
        if path not in there or (REFERENCE / path).read_text(encoding="utf-8") != page
    ]
    assert (stale, sorted(there - set(made))) == ([], []), "run `jingwei reference`"


def test_every_example_of_the_reference_compiles() -> None:
    files = example_files()
    assert set(examples()) == set(KINDS)
    compile_texts(files)
