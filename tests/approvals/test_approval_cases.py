"""Every case of the YAML files beside this one, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from approval_cases import Case, Run, cases_of, flows_of
from approvals_house import Approvals, open_approvals

CASES = cases_of(Path(__file__).parent)
SHARED = [case for case in CASES if not case.publishes]
OWN = [case for case in CASES if case.publishes]


@pytest.mark.parametrize("database", ["on_sqlite", "on_postgresql"])
@pytest.mark.parametrize("case", SHARED, ids=lambda case: case.name)
def test_a_case_goes_as_written(case: Case, database: str, request: pytest.FixtureRequest) -> None:
    Run(request.getfixturevalue(database), case).play()


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_a_case_of_definitions_that_change_goes_as_written(
    case: Case, database_url: str, tmp_path: Path
) -> None:
    house = open_approvals(tmp_path, database_url, flows_of([case]))
    try:
        Run(house, case).play()
    finally:
        house.api.close()


@pytest.mark.long
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.file == "races.yaml"], ids=lambda case: case.name
)
def test_a_race_ends_alike_two_hundred_times(case: Case, on_postgresql: Approvals) -> None:
    for _ in range(200):
        Run(on_postgresql, case).play()
