"""One installation a database, with each case that is to run as a form and workflow of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from approval_cases import Case, flows_of
from approvals_house import Approvals, open_approvals
from own_postgres import own_postgres


@pytest.fixture(scope="session")
def on_sqlite(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Approvals]:
    folder = tmp_path_factory.mktemp("approvals")
    flows = flows_of(_cases_on(request, "on_sqlite"))
    house = open_approvals(folder, f"sqlite:///{folder / 'a.db'}", flows)
    yield house
    house.api.close()


@pytest.fixture(scope="session")
def on_postgresql(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Approvals]:
    folder = tmp_path_factory.mktemp("approvals")
    with own_postgres() as url:
        house = open_approvals(folder, url, flows_of(_cases_on(request, "on_postgresql")))
        yield house
        house.api.close()


def _cases_on(request: pytest.FixtureRequest, database: str) -> list[Case]:
    """The cases that this run plays there: a house of all of them takes seconds to open."""
    found: dict[str, Case] = {}
    for item in request.session.items:
        given = getattr(item, "callspec", None)
        if given is None or "case" not in given.params:
            continue
        names = {given.params.get("database"), *getattr(item, "fixturenames", ())}
        if database in names:
            case = given.params["case"]
            found[case.name] = case
    return list(found.values())
