"""One record for the same values, however many ask for it at the same moment."""

from __future__ import annotations

import threading
from pathlib import Path

from effects_small import all_of, new_plan, open_plans, press

ONE = """
actions:
  make:
    title: 生成
    do:
      - create: {form: letter, once_per: [unit], set: {plan: =this, unit: A}}
"""


def test_several_people_who_press_at_once_make_one_record(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path, database_url, ONE)
    plans = [new_plan(house) for _ in range(4)]
    gate = threading.Barrier(len(plans))
    pressed: list[int] = []

    def run(plan: int) -> None:
        gate.wait()
        press(house, "ops", "make", plan)
        pressed.append(plan)

    threads = [threading.Thread(target=run, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pressed) == plans
    assert [one["unit"] for one in all_of(house, "letter")] == ["A"]
