"""What a record brings about by itself happens in the transaction of the change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from effects_small import all_of, new_plan, open_plans, press, raw, told

from jingwei.refusals import Conflict, Refused
from jingwei.services import effects, records
from jingwei.services.effects import listeners
from jingwei.services.people import SYSTEM

CREATED = """
events:
  created:
    - create:
        form: letter
        once_per: [plan, unit]
        set: {plan: =this, unit: =org, year: =year}
  field.year:
    - update:
        form: letter
        where: plan == this
        set: {year: =year}
  changed:
    - set: {note: "=title"}
      when: note is empty
  entered.issued:
    - append:
        to: log
        from: targets
        once_per: [unit]
        set: {unit: =row.unit, amount: =row.amount}
  deleted:
    - notify: {who: {role: group_ops}, message: {zh: "{display} 没有了", en: "{display} is gone"}}
actions:
  issue: {title: 下达, to: issued}
  remake:
    title: 再来
    do:
      - create:
          form: letter
          once_per: [plan, unit]
          if_exists: refuse
          set: {plan: =this, unit: =org}
  renew:
    title: 更新
    do:
      - create:
          form: letter
          once_per: [plan, unit]
          if_exists: update
          set: {plan: =this, unit: =org, year: 2030}
"""


def test_a_new_record_brings_another_and_keeps_it_in_step(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path, database_url, CREATED)
    plan = new_plan(house)
    other = new_plan(house, year=2031)
    house.update("ops", "plan", plan, year=2027)
    assert [(one["plan"], one["year"]) for one in all_of(house, "letter")] == [
        (plan, 2027),
        (other, 2031),
    ]
    assert raw(house, "plan", plan)["note"] == "2026"


@on_sqlite
def test_a_state_that_is_entered_fills_a_table_once(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, CREATED)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    press(house, "ops", "issue", plan)
    log = raw(house, "plan", plan)["log"]
    assert [(row["unit"], row["amount"]) for row in log] == [
        ("A", Decimal("100.00")),
        ("B", Decimal("200.00")),
    ]


@on_sqlite
def test_a_record_that_goes_is_missed(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, CREATED)
    plan = new_plan(house)
    [letter] = all_of(house, "letter")
    house.do(  # what links to a record goes before it
        "ops",
        lambda work: records.delete(
            work, "letter", letter["id"], expected_revision=None, source="action"
        ),
    )
    house.do(
        "ops",
        lambda work: records.delete(
            work, "plan", plan, expected_revision=raw(house, "plan", plan)["revision"]
        ),
    )
    assert told(house, "ops") == ["2026 没有了"]


def test_one_record_for_the_same_values_whatever_the_way(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, CREATED)
    plan = new_plan(house)
    [letter] = all_of(house, "letter")

    with pytest.raises(Conflict) as refused:
        press(house, "ops", "remake", plan)
    assert refused.value.message("en") == (
        f"Letter has such a record already (plan = {plan}, unit = G); no second one was made."
    )
    press(house, "ops", "renew", plan)
    assert [(one["id"], one["year"]) for one in all_of(house, "letter")] == [(letter["id"], 2030)]

    def away(work: Any) -> None:
        revision = work.store.load(work.connection, "letter", [letter["id"]])[letter["id"]]
        records.delete(work, "letter", letter["id"], expected_revision=revision["revision"])

    house.do("ops", away)
    press(house, "ops", "remake", plan)
    assert [one["unit"] for one in all_of(house, "letter")] == ["G"]


@on_sqlite
def test_a_letter_written_by_hand_counts_as_the_one(tmp_path: Path, database_url: str) -> None:
    text = CREATED.replace("  created:", "  field.due:")
    house = open_plans(tmp_path, database_url, text)
    plan = new_plan(house)
    house.create("ops", "letter", plan=plan, unit="G", org="G")
    house.update("ops", "plan", plan, due="2026-12-31")
    assert len(all_of(house, "letter")) == 1


def test_the_same_occasion_runs_once(tmp_path: Path, database_url: str) -> None:
    text = """
events:
  field.due:
    - append: {to: log, each: targets, once_per: [amount], set: {amount: =row.amount}}
    - notify: {who: {role: group_ops}, message: x}
"""
    house = open_plans(tmp_path, database_url, text)
    plan = new_plan(house)
    what = house.commands.active.current.catalogue.forms["plan"].events["field.due"]

    def run(occasion: str) -> None:
        house.commands.run(
            lambda work: effects.run(work, what, "plan", plan, trigger=occasion), SYSTEM
        )

    run("one")
    run("one")
    assert told(house, "ops") == ["x"]
    run("two")
    assert told(house, "ops") == ["x", "x"]
    assert len(raw(house, "plan", plan)["log"]) == 2


def test_events_that_cause_each_other_end_with_a_refusal(tmp_path: Path, database_url: str) -> None:
    text = """
events:
  changed:
    - set: {year: =year + 1}
"""
    house = open_plans(tmp_path, database_url, text)
    plan = new_plan(house)
    with pytest.raises(Refused) as refused:
        house.update("ops", "plan", plan, title="again")
    assert refused.value.code == "too-many-consequences"
    assert raw(house, "plan", plan)["title"] == "2026"


def test_a_state_follows_its_condition_at_a_change_and_when_a_day_has_passed(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path, database_url, "")
    first = new_plan(house, due="2026-03-01")
    second = new_plan(house, due="2026-03-03", title="two")
    assert [raw(house, "plan", one)["state"] for one in (first, second)] == ["late", "planned"]

    house.clock.move(timedelta(days=2))
    assert house.clock.today() == date(2026, 3, 4)
    house.commands.run(lambda work: listeners.on_tick(work, {"form": "plan"}), SYSTEM)

    assert raw(house, "plan", second)["state"] == "late"
    before = raw(house, "plan", second)["revision"]
    house.commands.run(lambda work: listeners.on_tick(work, {"form": "plan"}), SYSTEM)
    assert raw(house, "plan", second)["revision"] == before


@on_sqlite
def test_a_final_state_is_not_left(tmp_path: Path, database_url: str) -> None:
    text = "actions:\n  issue: {title: 下达, to: issued}\n"
    house = open_plans(tmp_path, database_url, text)
    house.publish(
        {
            "forms/plan.yaml": (house.root / "forms/plan.yaml")
            .read_text(encoding="utf-8")
            .replace(
                "issued: {title: 已下达, locked: true}", "issued: {title: 已下达, final: true}"
            )
        }
    )
    plan = new_plan(house, due="2026-03-20")
    press(house, "ops", "issue", plan)
    house.clock.move(timedelta(days=60))
    house.commands.run(lambda work: listeners.on_tick(work, {"form": "plan"}), SYSTEM)
    assert raw(house, "plan", plan)["state"] == "issued"


ASKED = """
actions:
  ask:
    title: 征求
    do:
      - notify: {who: {person: li.na}, kind: todo, message: "{display}：请反馈"}
      - notify: {who: {person: wang.wu}, kind: cc, message: "{display}：供参考"}
      - urge: {who: {person: chen.jie}}
"""


@on_sqlite
def test_people_get_something_to_do_a_copy_or_a_push(tmp_path: Path, database_url: str) -> None:
    from jingwei.services import tasks

    house = open_plans(tmp_path, database_url, ASKED)
    plan = new_plan(house)
    press(house, "ops", "ask", plan)

    def box(login: str, name: str) -> list[str]:
        with house.read(login) as view:
            return [item["title"] for item in tasks.inbox(view, name)["items"]]

    assert box("li.na", "todo") == ["—：请反馈"]
    assert box("wang.wu", "cc") == ["—：供参考"]
    assert told(house, "chen.jie") == ["请尽快处理计划 "]


@on_sqlite
def test_what_is_over_leaves_nothing_to_do(tmp_path: Path, database_url: str) -> None:
    from jingwei.services import tasks

    stop = "  stop: {title: 终止, to: issued}\n"
    house = open_plans(tmp_path, database_url, ASKED + stop)
    text = (house.root / "forms/plan.yaml").read_text(encoding="utf-8")
    house.publish({"forms/plan.yaml": text.replace("locked: true", "final: true")})
    plan = new_plan(house)
    press(house, "ops", "ask", plan)
    with house.read("li.na") as view:
        assert len(tasks.inbox(view, "todo")["items"]) == 1
    press(house, "ops", "stop", plan)

    with house.read("li.na") as view:
        assert tasks.inbox(view, "todo")["items"] == []  # what others ended was not done by her
        assert tasks.inbox(view, "done")["items"] == []
