"""What a button does happens with it or not at all, and as its definition says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from backends import on_sqlite
from effects_small import all_of, new_plan, open_plans, press, raw, told

from jingwei.refusals import Conflict, Invalid, Malformed, NotAllowed, NotFound, Refused

ISSUE = """
actions:
  issue:
    title: {zh: 下达, en: Issue}
    from: planned
    to: issued
    check: targets is not empty
    message: {zh: 没有目标可以下达, en: There is nothing to issue}
    do:
      - create:
          form: letter
          each: targets
          once_per: [plan, unit]
          write_back: letter
          set: {plan: =this, unit: =row.unit, org: =row.unit, year: =year, amount: =row.amount}
      - notify:
          who: {post: planner, at: row.unit}
          each: targets
          message: {zh: "{display} 已下达，目标 {row.amount}", en: "{display} issued"}
"""


def test_issuing_a_plan_makes_one_letter_a_company(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, ISSUE)
    plan = new_plan(house)

    press(house, "ops", "issue", plan)

    letters = all_of(house, "letter")
    assert [(one["unit"], one["amount"], one["plan"]) for one in letters] == [
        ("A", Decimal("100.00"), plan),
        ("B", Decimal("200.00"), plan),
    ]
    record = raw(house, "plan", plan)
    assert record["state"] == "issued"
    assert [row["letter"] for row in record["targets"]] == [one["id"] for one in letters]


@on_sqlite
def test_the_person_who_presses_stands_in_the_history(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, ISSUE)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    [one, _] = all_of(house, "letter")
    assert (one["owner"], one["created_by"]) == ("ops", "ops")
    with house.read("ops") as view:
        from jingwei.services.history import history

        entries = history(view, "letter", one["id"])
    assert (entries[0]["actor"], entries[0]["on_behalf_of"]) == (None, "ops")


@on_sqlite
def test_a_person_is_told_in_words_that_show_what_that_person_may_see(
    tmp_path: Path, database_url: str
) -> None:
    text = ISSUE.replace("{display} 已下达，目标 {row.amount}", "{display} {secret}")
    text = text.replace("{post: planner, at: row.unit}", "[{role: group_ops}, {person: chen.jie}]")
    house = open_plans(tmp_path, database_url, text)
    rows = [{"unit": "A", "amount": 100}]
    plan = new_plan(house, org="A", secret="90", targets=rows)

    press(house, "ops", "issue", plan)

    assert told(house, "ops") == ["2026 90"]
    assert told(house, "chen.jie") == ["2026 —"]
    assert told(house, "nobody") == []


def test_a_button_that_fails_half_way_changes_nothing(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, ISSUE)
    rows = [{"unit": "A", "amount": 1}, {"amount": 2}]
    plan = new_plan(house, targets=rows)

    with pytest.raises(Invalid) as refused:
        press(house, "ops", "issue", plan)

    assert [(f.path, f.code) for f in refused.value.fields] == [
        ("org", "required"),
        ("unit", "required"),
    ]
    assert all_of(house, "letter") == []
    assert raw(house, "plan", plan)["state"] == "planned"
    assert told(house, "li.na") == []


@on_sqlite
def test_a_button_is_for_those_a_grant_or_who_names(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, ISSUE)
    rows = [{"unit": "A", "amount": 1}]
    plan = new_plan(house, "li.na", org="A", targets=rows)
    with pytest.raises(NotAllowed) as refused:
        press(house, "li.na", "issue", plan)
    assert refused.value.message("en") == "You may not do this."
    with pytest.raises(NotFound):
        press(house, "nobody", "issue", plan)
    with pytest.raises(NotFound):
        press(house, "ops", "vanish", plan)


@on_sqlite
def test_a_button_out_of_its_state_says_so(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, ISSUE)
    plan = new_plan(house)
    press(house, "ops", "issue", plan)
    with pytest.raises(Conflict) as refused:
        press(house, "ops", "issue", plan)
    assert refused.value.message("zh") == "现在不能执行“下达”。请刷新页面查看记录的状态。"
    assert refused.value.message("en") == (
        "Issue is not possible now. Reload the page to see the record's state."
    )
    assert len(all_of(house, "letter")) == 2


@on_sqlite
def test_what_a_button_checks_is_refused_in_the_authors_words(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path, database_url, ISSUE)
    plan = new_plan(house, targets=[])
    with pytest.raises(Invalid) as refused:
        press(house, "ops", "issue", plan)
    assert [f.message("zh") for f in refused.value.fields] == ["没有目标可以下达"]


ASK = """
actions:
  more:
    title: 追加
    ask:
      amount: {type: money, unit: CNY, title: 金额, required: true, min: 1}
      unit: {type: org, title: 单位, required: true}
      word: {type: text, title: 说明, default: =title}
    do:
      - set: {note: =ask.word}
      - append: {to: targets, set: {unit: =ask.unit, amount: =ask.amount}}
"""


@on_sqlite
def test_a_dialog_is_judged_like_a_form(tmp_path: Path, database_url: str) -> None:
    house = open_plans(tmp_path, database_url, ASK)
    plan = new_plan(house, targets=[])
    with pytest.raises(Invalid) as refused:
        press(house, "ops", "more", plan, amount=0)
    assert [(f.path, f.code) for f in refused.value.fields] == [
        ("amount", "below-least"),
        ("unit", "required"),
    ]
    with pytest.raises(Malformed):
        press(house, "ops", "more", plan, amount=1, unit="A", title="x")
    press(house, "ops", "more", plan, amount=5, unit="A")
    record = raw(house, "plan", plan)
    assert record["note"] == "2026"
    assert [(row["unit"], row["amount"]) for row in record["targets"]] == [("A", Decimal("5.00"))]


ROW = """
actions:
  drop:
    title: 归零
    place: row targets
    who: {role: group_ops}
    when: row.amount > 0
    do:
      - append: {to: log, set: {unit: =row.unit, amount: =row.amount}}
"""


def test_a_button_of_a_row_knows_its_row(tmp_path: Path, database_url: str) -> None:
    from jingwei.services import actions

    house = open_plans(tmp_path, database_url, ROW)
    plan = new_plan(house)
    rows = raw(house, "plan", plan)["targets"]

    def drop(row: int) -> None:
        house.do(
            "ops",
            lambda work: actions.act(work, "plan", plan, "drop", {}, table="targets", row=row),
        )

    drop(rows[1]["id"])
    drop(rows[1]["id"])  # twice adds nothing
    log = raw(house, "plan", plan)["log"]
    assert [(row["unit"], row["amount"]) for row in log] == [("B", Decimal("200.00"))]
    with pytest.raises(NotFound):
        drop(1)
    with pytest.raises(NotFound):
        press(house, "ops", "drop", plan)


@on_sqlite
def test_buttons_are_offered_to_those_who_may_press_them_now(
    tmp_path: Path, database_url: str
) -> None:
    from jingwei.services import actions

    house = open_plans(tmp_path, database_url, ISSUE)
    plan = new_plan(house)
    form = house.commands.active.current.catalogue.forms["plan"]

    def offered(login: str) -> list[str]:
        with house.read(login) as view:
            return [one.name for one in actions.offered(view, form, raw(house, "plan", plan))]

    assert offered("ops") == ["issue"]
    assert offered("li.na") == []
    press(house, "ops", "issue", plan)
    assert offered("ops") == []


@on_sqlite
def test_one_button_touches_five_thousand_records_at_most(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jingwei.services.effects import scene

    monkeypatch.setattr(scene, "WIDEST", 1)
    house = open_plans(tmp_path, database_url, ISSUE)
    plan = new_plan(house)
    with pytest.raises(Refused) as refused:
        press(house, "ops", "issue", plan)
    assert refused.value.message("en") == (
        "One operation handles at most 1 records; nothing was saved. Narrow its `each` or `where`."
    )
    assert all_of(house, "letter") == []
