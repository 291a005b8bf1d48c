"""One running application over the small installation: on SQLite, or on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import ApiHouse, open_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, f"sqlite:///{tmp_path / 'api.db'}")
    yield opened
    opened.close()


@pytest.fixture
def api_on_both(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    """One for the tests of a file that leave nothing behind in which another would stumble."""
    folder = tmp_path_factory.mktemp("shared")
    opened = open_api(folder, f"sqlite:///{folder / 'api.db'}")
    yield opened
    opened.close()
