"""Every case of the YAML files beside this one: all on SQLite, the samples and races on PostgreSQL
too, and with `make test-long` all on both, each race two hundred times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from approval_cases import Case, Run, cases_of, flows_of
from approvals_house import Approvals, open_approvals

CASES = cases_of(Path(__file__).parent)
SHARED = [case for case in CASES if not case.publishes]
OWN = [case for case in CASES if case.publishes]
RACES = [case for case in CASES if case.file == "races.yaml"]
SAMPLE = re.compile(r"W\d\d\b")


def on_both() -> Iterator[Any]:
    for case in SHARED:
        yield pytest.param("on_sqlite", case, id=f"{case.name}-sqlite")
        first = SAMPLE.match(case.name) is not None or case in RACES
        marks = () if first else (pytest.mark.long,)
        yield pytest.param("on_postgresql", case, id=f"{case.name}-postgresql", marks=marks)


@pytest.mark.parametrize(("database", "case"), list(on_both()))
def test_a_case_goes_as_written(case: Case, database: str, request: pytest.FixtureRequest) -> None:
    Run(request.getfixturevalue(database), case).play()


def changing() -> Iterator[Any]:
    """Samples on both databases, their neighbours on PostgreSQL only with `make test-long`."""
    for case in OWN:
        yield pytest.param("sqlite", case, id=f"{case.name}-sqlite")
        marks = () if SAMPLE.match(case.name) else (pytest.mark.long,)
        yield pytest.param("postgresql", case, id=f"{case.name}-postgresql", marks=marks)


@pytest.mark.parametrize(("database_url", "case"), list(changing()), indirect=["database_url"])
def test_a_case_of_definitions_that_change_goes_as_written(
    case: Case, database_url: str, tmp_path: Path
) -> None:
    house = open_approvals(tmp_path, database_url, flows_of([case]))
    try:
        Run(house, case).play()
    finally:
        house.api.close()


@pytest.mark.long
@pytest.mark.parametrize("case", RACES, ids=lambda case: case.name)
def test_a_race_ends_alike_two_hundred_times(case: Case, on_postgresql: Approvals) -> None:
    for _ in range(200):
        Run(on_postgresql, case).play()
