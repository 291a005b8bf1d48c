"""One open house with indicators, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from measures_house import figures_house
from services_house import House


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = figures_house(tmp_path / "application", database_url)
    yield opened
    opened.database.close()
