"""One installation with the demo in it for each module of journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys_server import Installation


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    opened = Installation(tmp_path_factory.mktemp("journey") / "application")
    opened.load_demo()
    opened.start()
    yield opened
    opened.stop()
