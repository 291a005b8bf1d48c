"""Every mistake of the case files is answered at its place, whole, in both languages."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from problem_cases import Case, cases_of, found_in

FOLDER = Path(__file__).parent
CASES = [
    pytest.param(case, id=f"{path.stem}: {case.claim}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in cases_of(path)
]
# said about bytes, sizes, whole applications, viewers' filters and templates: tests/reading,
# tests/catalogue, tests/language and tests/documents have them
ELSEWHERE = {
    "not-utf8",
    "file-too-large",
    "too-deep",
    "too-many-values",
    "no-manifest",
    "no-org-types",
    "no-org",
    "not-a-file",
    "file-name-not-text",
    "too-many-files",
    "too-many-fields",
    "too-many-choices",
    "too-many-expressions",
    "yaml-syntax",
    "outside-the-form",
    "role-of-nobody",
    "no-org-here",
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_answered_at_its_place(case: Case, tmp_path: Path) -> None:
    assert sorted(found_in(case, tmp_path)) == sorted(case.expected)


def codes() -> set[str]:
    texts = files("jingwei.texts").joinpath("en", "problems.toml").read_text(encoding="utf-8")
    return set(tomllib.loads(texts))


def test_every_code_of_the_table_has_a_case() -> None:
    shown = {
        expected.code
        for path in FOLDER.glob("*.yaml")
        for case in cases_of(path)
        for expected in case.expected
    }

    others = {code for code in codes() - shown if not code.startswith("template-")}
    assert others == ELSEWHERE


def test_every_code_has_a_wrong_and_a_right_example() -> None:
    for locale in ("zh", "en"):
        texts = files("jingwei.texts").joinpath(locale, "problems.toml").read_text("utf-8")
        for code, said in tomllib.loads(texts).items():
            parts = {"title", "explanation", "what", "fix", "wrong", "right"}
            assert parts <= set(said), (locale, code)
