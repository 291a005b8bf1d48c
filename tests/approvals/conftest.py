"""One installation a database, with every case as a form and a workflow of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from approval_cases import cases_of, flows_of
from approvals_house import Approvals, open_approvals
from own_postgres import own_postgres

SHARED = [case for case in cases_of(Path(__file__).parent) if not case.publishes]


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    folder = tmp_path_factory.mktemp("approvals")
    house = open_approvals(folder, f"sqlite:///{folder / 'a.db'}", flows_of(SHARED))
    yield house
    house.api.close()


@pytest.fixture(scope="session")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    folder = tmp_path_factory.mktemp("approvals")
    with own_postgres() as url:
        house = open_approvals(folder, url, flows_of(SHARED))
        yield house
        house.api.close()
