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
