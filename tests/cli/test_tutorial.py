"""The tutorial, followed to the letter on a copy of the demonstration application."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from shell import ROOT, Shell, copy_of_the_demo

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```yaml\n# (\S+\.yaml)\n(.*?)```", re.DOTALL)


@pytest.fixture
def reader(tmp_path: Path, capsys: pytest.CaptureFixture[str], plain_environment: None) -> Shell:
    return Shell(copy_of_the_demo(tmp_path / "demo"), capsys)


def test_what_the_tutorial_writes_does_what_the_tutorial_says(reader: Shell) -> None:
    blocks = BLOCK.findall(TUTORIAL)
    reader.write(blocks[0][0], f"# {blocks[0][0]}\n{blocks[0][1]}")
    told = re.search(r"check forms\n(.*?)```", TUTORIAL, re.DOTALL)
    assert told is not None
    problems = reader.say("check", str(reader.root / "forms"))[1].split("\n")
    assert told[1].split("\n")[0] in problems
    for path, text in blocks[1:]:
        reader.write(path, text)
    report = re.search(r"jingwei (new report .*)", TUTORIAL)
    assert report is not None
    made = reader.json(*shlex.split(report[1]))
    assert made["problems"] == []
    played = reader.json("test", str(reader.root / "definitions/tests/leave_request.yaml"))
    assert [c["failures"] for c in played["cases"]] == [[], [], []]
