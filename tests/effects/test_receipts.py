"""Whoever is asked to acknowledge a record is asked once, reminded, and counted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from effects_small import all_of, new_plan, open_plans, press, raw, told
from services_house import House

from jingwei.refusals import Invalid
from jingwei.services import flows, receipts, tasks
from jingwei.services.people import SYSTEM

TWO = """
receipts:
  issued:
    title: {zh: 签收, en: Received}
    of: EVERYBODY
    when: state == "issued"
    due: 3d
    urge: [-1d, 0d, {after: 2d, to: superior}]
    then:
      - create: {form: letter, once_per: [plan, unit], set: {plan: =this, unit: =org}}
actions:
  issue: {title: 下达, to: issued}
  recall: {title: 撤回, from: issued, to: planned}
"""
EVERYBODY = "[{person: li.na}, {person: wang.wu}]"
TWO = TWO.replace("EVERYBODY", EVERYBODY)


def asked(house: House, login: str) -> list[dict[str, Any]]:
    with house.read(login) as view:
        return [t for t in tasks.inbox(view, "todo")["items"] if t["kind"] == "receipt"]


def answer(house: House, login: str, **body: Any) -> None:
    [task] = asked(house, login)
    house.do(login, lambda work: flows.act(work, task["id"], "acknowledge", body))


def counts(house: House, plan: int) -> dict[str, Any]:
    with house.read("ops") as view:
        return receipts.counts(view, "plan", plan)["issued"]


def test_those_who_are_named_are_asked_once_and_what_follows_waits_for_the_last(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path, database_url, TWO)
    plan = new_plan(house)
    assert asked(house, "li.na") == []
    press(house, "ops", "issue", plan)

    [task] = asked(house, "li.na")
    assert (task["title"], task["due_at"], task["actions"]) == (
        "签收",
        "2026-03-05T15:59:59.000Z",
        ["acknowledge"],
    )
    assert counts(house, plan) == {"asked": 2, "done": 0, "open": 2, "rate": Decimal("0.000000")}

    answer(house, "li.na")
    assert counts(house, plan)["rate"] == Decimal("0.500000")
    assert all_of(house, "letter") == []
    answer(house, "wang.wu")
    assert counts(house, plan) == {"asked": 2, "done": 2, "open": 0, "rate": Decimal("1.000000")}
    assert len(all_of(house, "letter")) == 1


@on_sqlite
def test_a_record_that_is_taken_back_asks_nobody_any_more(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path, database_url, TWO)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    answer(house, "li.na")
    press(house, "ops", "recall", plan)
    assert asked(house, "wang.wu") == []
    assert counts(house, plan) == {"asked": 1, "done": 1, "open": 0, "rate": Decimal("1.000000")}


def test_people_are_urged_by_the_ladder_each_rung_once(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, TWO.replace(EVERYBODY, "{person: li.na}"))
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    heard = []
    for _ in range(7):
        for _ in range(2):
            house.commands.run(lambda work: receipts.on_urge(work, {"form": "plan"}), SYSTEM)
        urged = [one for one in told(house, "li.na") if one.startswith("请尽快")]
        heard.append((len(urged), len(told(house, "boss.a"))))
        house.clock.move(timedelta(days=1))
    # asked on the 2nd, due on the 5th: the 4th, the 5th, and on the 7th the superior
    assert heard == [(0, 0), (0, 0), (1, 0), (2, 0), (2, 0), (2, 1), (2, 1)]
    assert told(house, "boss.a") == [f"李娜尚未签收计划 {plan}（签收）"]


@on_sqlite
def test_a_signature_needs_a_name_under_it(tmp_path: Path, database_url: str) -> None:
    text = TWO.replace("when: state", "done_by: sign\n    when: state")
    house = open_plans(tmp_path, database_url, text)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    with pytest.raises(Invalid) as refused:
        answer(house, "li.na")
    assert [(f.path, f.code) for f in refused.value.fields] == [("comment", "required")]
    assert len(asked(house, "li.na")) == 1
    answer(house, "li.na", comment="李娜")
    assert asked(house, "li.na") == []


@on_sqlite
def test_opening_the_record_is_the_answer_where_the_form_says_so(
    tmp_path: Path, database_url: str
) -> None:
    text = TWO.replace("when: state", "done_by: open\n    when: state")
    house = open_plans(tmp_path, database_url, text)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    with house.read("li.na") as view:
        assert receipts.is_done_by_opening(view, "plan", plan)
    assert house.do("li.na", lambda work: receipts.opened(work, "plan", plan)) == 1
    assert house.do("li.na", lambda work: receipts.opened(work, "plan", plan)) == 0
    assert counts(house, plan)["done"] == 1


@on_sqlite
def test_a_state_may_wait_until_everybody_has_signed(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, TWO)
    form = (house.root / "forms/plan.yaml").read_text(encoding="utf-8")
    form = form.replace(
        "enter_when: due is not empty and due < today", "enter_when: receipts.issued.rate == 100%"
    )
    house.publish({"forms/plan.yaml": form})
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    answer(house, "li.na")
    assert raw(house, "plan", plan)["state"] == "issued"
    answer(house, "wang.wu")
    assert raw(house, "plan", plan)["state"] == "late"


@on_sqlite
def test_a_new_version_is_acknowledged_anew(tmp_path: Path, database_url: str) -> None:
    text = TWO.replace("when: state", "again_on: version\n    when: state").replace(
        "actions:\n",
        "actions:\n  again: {title: 再发, do: [{publish: v2}, {set: {note: again}}]}\n",
    )
    house = open_plans(tmp_path, database_url, "versions: {cut: publish}\n" + text)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    answer(house, "li.na")
    press(house, "ops", "again", plan)
    assert asked(house, "li.na") == []  # the first version
    press(house, "ops", "again", plan)
    assert len(asked(house, "li.na")) == 1  # the second
    assert counts(house, plan)["done"] == 0
