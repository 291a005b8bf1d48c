"""No key is passed over in silence: each is run, or `check` says that it is not."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from jingwei.authoring import grammar
from jingwei.catalogue.compile import compile_catalogue
from jingwei.language.kinds.table import KINDS
from jingwei.language.shapes import Schema

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
WHOLE = Path(__file__).parent / "whole_language"
# folders that look at definitions and run none
STATIC = {"authoring", "catalogue", "expressions", "house", "language", "problems", "reading"}
APPLICATION = ("definitions", "forms", "report_templates", "workflows")
_KEY = re.compile(r"(?<![\w.])([a-z_]+):(?=[\s\[{\"']|$)", re.MULTILINE)
_KIND = re.compile(r"^\s*kind: ([a-z_]+)\s*$", re.MULTILINE)
# keys of things of which `check` says as a whole that they wait
WAITING = {
    "source": "source",
    "connect": "source",
    "read": "source",
    "indicator_source": "source",
    "scenario": "scenario",
    "driver": "scenario",
    "scenario_base": "scenario",
}
# keys of a thing that waits itself, by the word that `check` says
OF_A_WAITING_ONE = {
    "render": {"report", "into"},
    "qualitative": {"scale"},
    "weights_from": {"target"},
}
# of one kind shown by no test, run by the code that runs them of another: blocks are read alike
AS_ELSEWHERE = {
    ("data_block", "sort"): "dashboard",
    ("data_block", "limit"): "dashboard",
    ("data_block", "value"): "dashboard",
    ("chart", "value"): "dashboard",
}
# run, and written by no test: each is owed one
OWED = {
    ("indicator", "valid_from"),
    ("threshold_set", "valid_from"),
    ("base_of_tier", "benchmark"),
    ("scoring_rule", "benchmark"),
    ("scoring_from", "value"),
    ("tile", "format"),
    ("test_person", "roles"),
}
# what is for readers and tools, and changes nothing
NOTES = {"renamed_from", "rebased_on", "folders", "layering", "description", "tags"}
# run, or said to wait, alike for every kind that has it
ALIKE = {"help", "retired"}
# run by tests that do not write them in YAML, or write them another way
SHOWN_IN = {
    "scoring": "measures/test_scores.py",
    "holidays": "services/test_workdays.py",
    "workdays": "services/test_workdays.py",
    "data_version": "measures/test_figures.py",
    "recalled": "flows/test_flow_whole.py",
    "terminated": "flows/test_flow_whole.py",
    "email": "api/test_session.py",
    "delegate": "flows/test_flow_people.py",
    "claim": "flows/test_flow_people.py",
}


def fragments(file: Path) -> Iterator[str]:
    """The texts of a file that may be definitions: of a test in Python its strings."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".yaml":
        yield text
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else " " for part in node.values)
            yield "".join(map(str, parts))


def written() -> dict[str, set[str]]:
    """By kind the keys that stand in a definition which some test publishes or runs; what stands
    apart from any `kind:` may belong to each."""
    files = [
        file
        for pattern in ("*.py", "*.yaml")
        for file in TESTS.rglob(pattern)
        if file.relative_to(TESTS).parts[0] not in STATIC and file.name != "problem_cases.py"
    ]
    files += [file for name in APPLICATION for file in (ROOT / name).rglob("*.yaml")]
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        apart: set[str] = set()
        for text in fragments(file):
            marks = list(_KIND.finditer(text))
            ends = [*(mark.start() for mark in marks), len(text)]
            apart |= set(_KEY.findall(text[: ends[0]]))
            for mark, end in zip(marks, ends[1:], strict=True):
                found[mark[1]] |= set(_KEY.findall(text[mark.start() : end]))
        for kind in KINDS:
            found[kind] |= apart
    return found


def kinds_of_keys() -> dict[tuple[str, str], set[str]]:
    """Of each key of each thing the kinds in which it may be written."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)

    def visit(schema: Schema, kind: str, seen: set[str]) -> None:
        word = schema.get("jingwei", "")
        if word in seen:
            return
        opened = grammar.opened(schema)
        if opened is not schema:
            seen.add(word)
        if opened.get("jingwei") == "keys":
            for key, part in opened["properties"].items():
                found[opened["thing"], key].add(kind)
                visit(part, kind, seen)
        elif opened.get("jingwei") == "by_shape":
            for shape in opened["shapes"].values():
                visit(shape, kind, seen)
        elif (inner := grammar.element(opened)) is not None:
            visit(inner, kind, seen)

    for kind in KINDS.values():
        visit(kind.schema, kind.name, set())
    return found


def test_every_key_of_every_kind_is_run_by_a_test_or_said_to_wait() -> None:
    waits = {str(p.holes["what"]) for p in compile_catalogue(WHOLE).warnings}
    waits.add("source")  # of an indicator: figures of a kind that waits
    run = written()
    elsewhere = NOTES | ALIKE
    for key, file in SHOWN_IN.items():
        assert re.search(rf"\b{key}\b", (TESTS / file).read_text(encoding="utf-8")), (key, file)
        elsewhere.add(key)
    for word, keys in OF_A_WAITING_ONE.items():
        assert word in waits
        elsewhere |= keys

    silent = [
        f"{thing}.{key} of {', '.join(sorted(kinds))}"
        for (thing, key), kinds in kinds_of_keys().items()
        if thing not in WAITING
        and (thing, key) not in OWED
        and key not in elsewhere | waits
        and not any(key in run[kind] for kind in {*kinds, AS_ELSEWHERE.get((thing, key), "")})
    ]
    assert silent == []
