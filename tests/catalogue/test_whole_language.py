"""One application that uses every key of the language, and is right."""

from __future__ import annotations

import re
from pathlib import Path

from jingwei.authoring.grammar import things
from jingwei.catalogue.compile import compile_catalogue
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.kinds.table import KINDS

WHOLE = Path(__file__).parent / "whole_language"
_KEY = re.compile(r"(?<![\w.])([a-z_]+):(?=[\s\[{\"]|$)", re.MULTILINE)


def text() -> str:
    files = sorted(WHOLE.rglob("*.yaml"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_key_of_every_kind_is_read_linked_and_checked() -> None:
    catalogue = compile_catalogue(WHOLE)

    assert {problem.code for problem in catalogue.warnings} <= {"not-yet-run"}


def test_the_application_uses_every_key_of_the_language() -> None:
    used = set(_KEY.findall(text()))

    lacking = [f"{thing}.{key}" for thing, keys in things().items() for key in keys.keys() - used]
    assert lacking == []


def test_the_application_has_every_kind_and_every_type_of_field() -> None:
    written = text()

    assert [k for k in KINDS if f"kind: {k}\n" not in written] == []
    assert [t for t in FIELD_TYPES if f"type: {t}" not in written] == []
