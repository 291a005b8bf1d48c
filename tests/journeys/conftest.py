"""The demo is made once; every module of journeys gets an installation that is a copy of it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import Visit, open_chromium, visit
from journeys_server import Installation
from playwright.sync_api import Browser

from jingwei.services.folder import OWN

PASSWORD = "password"
DRAIN_SECONDS = 120.0


def drain(made: Installation) -> None:
    """Let the messages of the loading be delivered, so that no copy has to do it again."""
    made.start()
    try:
        made.wait_for(lambda: waiting(made) == 0, DRAIN_SECONDS)
    finally:
        made.stop()


def waiting(made: Installation) -> int:
    """Messages that nobody has tried to deliver; what waits for a later time stays."""
    database = sqlite3.connect(made.root / "var" / "jingwei.db")
    try:
        (count,) = database.execute(
            "SELECT count(*) FROM sys_outbox WHERE state = 'ready' AND due_at IS NULL"
        ).fetchone()
    finally:
        database.close()
    return int(count)


@dataclass(frozen=True)
class Prepared:
    """A data folder to copy, and the password of its people."""

    folder: Path
    password: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The data folder of the demo, published and loaded: made once, by whichever worker is first,
    since it takes longer than most tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    kept = shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            made = Installation(tmp_path_factory.mktemp("prepared") / "application")
            made.load_demo()
            drain(made)
            (made.root / "var" / PASSWORD).write_text(made.password, encoding="utf-8")
            shutil.copytree(made.root / OWN, made.root / "var" / OWN)
            shutil.copytree(made.root / "var", kept)
    return Prepared(kept, (kept / PASSWORD).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def installation(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    opened = Installation(tmp_path_factory.mktemp("journey") / "application")
    shutil.copytree(prepared.folder, opened.root / "var")
    shutil.move(opened.root / "var" / OWN, opened.root / OWN)  # the folder begins there too
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
