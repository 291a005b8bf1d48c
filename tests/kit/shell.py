"""Commands run as a user types them, in this process, on one application's folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jingwei.cli import run

ROOT = Path(__file__).parents[2]
SOURCES = ("definitions", "forms", "workflows", "report_templates")


class Shell:
    """`say` answers (exit code, words); `json` the machine-readable result."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def say(self, *arguments: str, lang: str = "en") -> tuple[int, str]:
        self._capsys.readouterr()
        code = run(["--application", str(self.root), "--lang", lang, *arguments])
        out, err = self._capsys.readouterr()
        return code, (out + err).rstrip("\n")

    def json(self, *arguments: str) -> Any:
        code, out = self.say(*arguments, "--json")
        assert code in (0, 1), out
        return json.loads(out)

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.lstrip("\n"), encoding="utf-8")
        return target

    def change(self, path: str, old: str, new: str) -> None:
        """One place of a file; a test that misses it fails here."""
        target = self.root / path
        text = target.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        target.write_text(text.replace(old, new), encoding="utf-8")


def copy_of_the_demo(target: Path) -> Path:
    """The demonstration application, to be changed by a test."""
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, target / folder)
    return target
