"""No key is passed over in silence: each is run, or `check` says that it is not."""

from __future__ import annotations

import re
from pathlib import Path

from jingwei.authoring.grammar import things
from jingwei.catalogue.compile import compile_catalogue

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
WHOLE = Path(__file__).parent / "whole_language"
# folders that look at definitions and run none
STATIC = {"authoring", "catalogue", "expressions", "house", "language", "problems", "reading"}
APPLICATION = ("definitions", "forms", "report_templates", "workflows")
_KEY = re.compile(r"(?<![\w.])([a-z_]+):(?=[\s\[{\"']|$)", re.MULTILINE)
# keys of things of which `check` says as a whole that they wait
WAITING = {
    "source": "source",
    "connect": "source",
    "read": "source",
    "indicator_source": "source",
    "scenario": "scenario",
    "driver": "scenario",
    "base_of_scenario": "scenario",
}
# keys of a thing that waits itself, by the word that `check` says
OF_A_WAITING_ONE = {
    "render": {"report", "into"},
    "scorecard": {"scheme", "as_of"},
    "qualitative": {"scale"},
}
# what is for readers and tools, and changes nothing
NOTES = {"renamed_from", "layering", "rebased_on", "folders"}
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


def written() -> set[str]:
    """Every key that stands in a definition which some test publishes or runs."""
    files = [
        file
        for pattern in ("*.py", "*.yaml")
        for file in TESTS.rglob(pattern)
        if file.relative_to(TESTS).parts[0] not in STATIC and file.name != "problem_cases.py"
    ]
    files += [file for name in APPLICATION for file in (ROOT / name).rglob("*.yaml")]
    return {key for file in files for key in _KEY.findall(file.read_text(encoding="utf-8"))}


def test_every_key_is_run_by_a_test_or_said_to_wait() -> None:
    waits = {str(p.holes["what"]) for p in compile_catalogue(WHOLE).warnings}
    run = written() | NOTES
    for key, file in SHOWN_IN.items():
        assert re.search(rf"\b{key}\b", (TESTS / file).read_text(encoding="utf-8")), (key, file)
        run.add(key)
    for word, keys in OF_A_WAITING_ONE.items():
        assert word in waits
        run |= keys

    silent = [
        f"{thing}.{key}"
        for thing, keys in things().items()
        if thing not in WAITING
        for key in keys
        if key not in run | waits
    ]
    assert silent == []
