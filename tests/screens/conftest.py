"""What the tests of the pages share."""

from __future__ import annotations

import pytest
from api_house import ApiHouse
from approvals_house import Approvals
from page_house import Pages


@pytest.fixture(scope="module")
def pages(house: ApiHouse | Approvals) -> Pages:
    """The pages of the module's `house`."""
    return Pages(house.api if isinstance(house, Approvals) else house)
