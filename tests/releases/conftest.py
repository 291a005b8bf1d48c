"""A small group with contracts, published, on both databases; shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from services_house import House, open_house


@pytest.fixture
def house(tmp_path: Any, database_url: str) -> Iterator[House]:
    found = open_house(tmp_path, database_url)
    yield found
    found.database.close()
