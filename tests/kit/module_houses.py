"""Installations that all tests of one module share, as fixtures: `house = house_of(FILES)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from api_house import ApiHouse, open_api
from approvals_house import Approvals, open_approvals
from own_postgres import own_postgres


def house_of(files: Mapping[str, str] | None = None) -> Any:
    """The fixture of an installation with these files."""

    @pytest.fixture(scope="module")
    def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
        folder = tmp_path_factory.mktemp("house")
        opened = open_api(folder, f"sqlite:///{folder / 'house.db'}", files)
        yield opened
        opened.close()

    return house


def houses_of(files: Mapping[str, str], people: Sequence[Mapping[str, str]]) -> Any:
    """The fixture of such an installation of these people on each database in turn."""

    @pytest.fixture(scope="module", params=["sqlite", "postgresql"])
    def api(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[ApiHouse]:
        folder = tmp_path_factory.mktemp("api")
        own = own_postgres() if request.param == "postgresql" else nullcontext(None)
        with own as url:
            opened = open_api(folder, url or f"sqlite:///{folder / 'api.db'}", files, people)
            yield opened
            opened.close()

    return api


def approvals_of(flows: Mapping[str, str]) -> Any:
    """The fixture of an installation with these flows: name → workflow text."""

    @pytest.fixture(scope="module")
    def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
        folder = tmp_path_factory.mktemp("approvals")
        opened = open_approvals(folder, f"sqlite:///{folder / 'approvals.db'}", flows)
        yield opened
        opened.api.close()

    return house
