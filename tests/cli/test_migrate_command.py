"""`migrate`: what becomes of each running request, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

from jingwei.app import build_platform
from jingwei.services import flows, records
from jingwei.settings import Settings

FLOW = "purchase_approval"


def test_times_that_move_are_told_by_the_clock_of_the_house(
    office: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("2026-03-02T01:00:00+00:00", encoding="utf-8")
    monkeypatch.setenv("JINGWEI_CLOCK_FILE", str(clock))
    office.change(
        "workflows/purchase_approval.yaml",
        "    due: 2wd\n  - id: size",
        "    due: 5h\n  - id: size",
    )
    office.json("demo")
    _submit_one(office)
    office.change("workflows/purchase_approval.yaml", "due: 5h", "due: 7h")
    office.json("apply", "--yes")
    code, told = office.say("migrate", FLOW, "--dry-run")
    assert code == 0, told
    assert "2026-03-02 14:00 → 2026-03-02 16:00" in told
    (item,) = office.json("migrate", FLOW, "--dry-run")["items"]
    assert [one["to"] for one in item["times"]] == ["2026-03-02T08:00:00.000Z"]


def _submit_one(office: Shell) -> None:
    """A request of EAST, submitted by its staff."""
    platform = build_platform(Settings.read(office.root))
    try:
        platform.active.poll()
        commands = platform.commands
        with platform.database.reading() as connection:
            staff = commands.people.find(connection, "east.staff", platform.clock.today())
        assert staff is not None
        lines = [{"thing": "桌", "quantity": 1, "price": "100.00"}]
        given = {"subject": "桌子", "category": "office", "lines": lines}
        made = commands.run(lambda work: records.create(work, "purchase_request", given), staff)
        commands.run(lambda work: flows.submit(work, "purchase_request", made.id), staff)
    finally:
        platform.database.close()
