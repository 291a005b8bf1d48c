"""A shell on an application of its own, without the settings of whoever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

from jingwei.authoring.starter import starter


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATA_DIR", "ENV", "REDIS_URL", "DEFAULT_LOCALE", "CLOCK_FILE"):
        monkeypatch.delenv(f"JINGWEI_{name}", raising=False)


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str], plain_environment: None) -> Shell:
    """Commands on a folder that is not there yet."""
    return Shell(tmp_path / "office", capsys)


@pytest.fixture
def office(empty: Shell) -> Shell:
    """Commands on the small application that `init` writes."""
    for path, content in starter("office", "办公", "Office").items():
        target = empty.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return empty
