"""The application that comes along: its definitions hold together."""

from __future__ import annotations

from pathlib import Path

from jingwei.catalogue.compile import compile_catalogue

ROOT = Path(__file__).parents[2]


def test_every_definition_of_the_application_is_sound_and_run() -> None:
    catalogue = compile_catalogue(ROOT)
    assert [problem.message("en") for problem in catalogue.warnings] == []
