"""What the map of requirements points to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
ROWS = [line for line in MAP.splitlines() if re.match(r"\| R\d", line)]


def test_every_requirement_has_its_row_and_an_honest_state() -> None:
    numbers: set[int] = set()
    for row in ROWS:
        first = row.split("|")[1]
        span = re.search(r"R(\d+)–R(\d+)", first)
        found = range(int(span[1]), int(span[2]) + 1) if span else re.findall(r"R(\d+)", first)
        numbers |= {int(number) for number in found}
        assert re.search(r"\| (done|partly: .+|not yet.*|not measured) \|$", row), row
    assert numbers == set(range(1, 101))


def test_every_test_and_definition_it_names_exists() -> None:
    lacking = [path for path in re.findall(r"`(tests/[\w/.]+)`", MAP) if not (ROOT / path).exists()]
    for path in re.findall(r"`((?:definitions|forms|workflows|report_templates)/[\w/.]+)`", MAP):
        lacking += [] if list(ROOT.glob(path + "*")) else [path]
    for test, case in re.findall(r"T: (\w+)\.(\w+|\*)", MAP):
        text = (ROOT / f"definitions/tests/{test}.yaml").read_text(encoding="utf-8")
        lacking += [] if case == "*" or f"\n  {case}:" in text else [f"{test}.{case}"]
    assert lacking == []
