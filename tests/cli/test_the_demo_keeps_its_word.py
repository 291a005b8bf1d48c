"""The demonstration application's own definition tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell, copy_of_the_demo


def test_every_definition_test_of_the_demo_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plain_environment: None
) -> None:
    told = Shell(copy_of_the_demo(tmp_path / "demo"), capsys).json("test")
    failed = {f"{c['test']}.{c['case']}": c["failures"] for c in told["cases"] if not c["passed"]}
    assert failed == {}
    assert told["passed"] > 40
