"""The demo is made once; every module of journeys gets an installation that is a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from browser import Visit, open_chromium, visit
from journeys_server import Installation
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The application published, with its people and figures; nothing runs over it."""
    made = Installation(tmp_path_factory.mktemp("prepared") / "application")
    made.load_demo()
    return made


@pytest.fixture(scope="module")
def installation(
    prepared: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    opened = Installation(tmp_path_factory.mktemp("journey") / "application")
    shutil.copytree(prepared.root / "var", opened.root / "var")
    opened.password = prepared.password
    opened.start()
    yield opened
    opened.kill()  # nobody waits for its connections to end


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


Open = Callable[..., Visit]


@pytest.fixture
def as_person(chromium: Browser, installation: Installation) -> Iterator[Open]:
    """`as_person(login, size=PHONE, lang="en")`: a window; closed when the test ends."""
    opened: list[Visit] = []

    def open_(login: str | None, **how: object) -> Visit:
        found = visit(chromium, installation.address, login, installation.password, **how)  # type: ignore[arg-type]
        opened.append(found)
        return found

    yield open_
    for one in opened:
        one.close()
