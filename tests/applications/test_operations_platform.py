"""The application that comes along: its definitions hold together, and its own tests pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import run

ROOT = Path(__file__).parents[2]


def test_every_definition_of_the_application_is_sound() -> None:
    catalogue = compile_catalogue(ROOT)
    unrun = [p.message("en") for p in catalogue.warnings if p.code != "not-yet-run"]
    assert unrun == []


def test_every_claim_of_the_application_about_itself_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rights, flows, rules and reminders, as business administrators wrote them down."""
    code = run(["--application", str(ROOT), "--json", "test"])
    told = capsys.readouterr()
    played = json.loads(told.out)
    failed = [case for case in played["cases"] if not case["passed"]]
    assert (failed, code) == ([], 0)
    assert len(played["cases"]) >= 45
