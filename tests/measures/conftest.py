"""Open houses with indicators: most rules of figures are no matter of the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from measures_house import figures_house
from services_house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """On SQLite, which opens in no time."""
    opened = figures_house(tmp_path / "application", f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    opened.database.close()


@pytest.fixture
def house_on_both(tmp_path: Path, database_url: str) -> Iterator[House]:
    """On each database in turn, for what is asked of it."""
    opened = figures_house(tmp_path / "application", database_url)
    yield opened
    opened.database.close()
