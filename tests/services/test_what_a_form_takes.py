"""What a form takes and shows: days of choices, what stays open, what is kept once, what hides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from services_house import FILES, PEOPLE, House, open_house

from jingwei.refusals import Conflict, Invalid, Refused
from jingwei.services import history
from jingwei.services.records import submit_without_flow as submit

FORM = """
kind: form
title: 登记
submit: {cancel: true}
fields:
  code:
    {type: text, title: 编号, placeholder: 2026-001, pattern: "[0-9]{4}-[0-9]{3}", set_once: true}
  kind:
    type: choice
    title: 种类
    many: true
    choices:
      old: {title: {zh: 旧类, en: Old kind}, valid_to: 2026-02-28}
      new: {title: 新类, valid_from: 2026-03-01}
      next: {title: {zh: 来年, en: Next kind}, valid_from: 2027-01-01}
  shown: {type: boolean, title: 显示}
  gone: {type: text, title: 清空, visible_if: shown, when_hidden: clear}
  kept: {type: text, title: 保留, visible_if: shown, when_hidden: keep}
  quiet: {type: text, title: 不留痕, track: false}
  scan: {type: text, title: 扫描件, editable_after_submit: true}
  base: {type: number, title: 底数}
  open: {type: number, title: 公开, compute: base * 2, public: true}
  shut: {type: number, title: 不公开, compute: base * 3}
  lines:
    type: table
    title: 明细
    max_rows: 2
    fields:
      sort: {type: choice, title: 类别, choices: kinds}
      seen: {type: text, title: 验收, editable_after_submit: true}
permissions:
  planner: {post: planner, can: [read, create, update, submit], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [base]}
"""
MEMO = """
kind: form
title: 便笺
fields:
  subject: {type: text, title: 主题, required: true}
  body: {type: long_text, title: 正文, required: true}
  page: {type: rich_text, title: 版面}
  code: {type: barcode, title: 条码}
  rows:
    type: table
    title: 明细
    fields: {x: {type: text, title: 甲}, y: {type: text, title: 乙}}
  budget: {type: number, title: 预算}
rules:
  at_path: {each: rows, check: x is not empty, at: rows.x, message: {zh: 缺甲, en: No x}}
  at_column: {each: rows, check: y is not empty, at: y, message: {zh: 缺乙, en: No y}}
  at_row: {each: rows, check: x != y, message: {zh: 相同, en: Alike}}
  at_field: {each: rows, check: x != "大", at: budget, message: {zh: 太大, en: Too large}}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""
KINDS = """
kind: code_list
title: 类别
items:
  a: 甲
  b: {title: 乙, valid_to: 2026-03-02}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root: Path = tmp_path_factory.mktemp("form")
    files = {
        **FILES,
        "forms/entry.yaml": FORM,
        "forms/memo.yaml": MEMO,
        "definitions/code_lists/kinds.yaml": KINDS,
    }
    opened = open_house(root / "application", f"sqlite:///{root / 'test.db'}", files, PEOPLE)
    yield opened
    opened.database.close()


def refused(house: House, **values: Any) -> list[tuple[str, str]]:
    return refused_by(house, "entry", "en", values)


def refused_by(house: House, form: str, locale: str, values: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as found:
        house.create("li.na", form, **values)
    return [(one.path, one.message(locale)) for one in found.value.fields]


@pytest.mark.parametrize(
    "nothing", [" ", "\u3000\t ", "\u200b\u2060\ufeff", "\u00ad\u3164\u2800", "\n\r\n"]
)
def test_text_that_cannot_be_seen_is_missing_where_it_is_required(
    house: House, nothing: str
) -> None:
    values = {"subject": "一", "body": nothing, "page": f"<p>{nothing}<br>&nbsp;</p>"}
    assert refused_by(house, "memo", "zh", values) == [("body", "必填。")]
    if nothing.strip(" \u3000\u200b\u2060\ufeff\u00ad\u3164\u2800") == "":
        assert refused_by(house, "memo", "zh", {**values, "subject": nothing, "body": "x"}) == [
            ("subject", "必填。")
        ]
    made = house.create("li.na", "memo", subject=" 桥\u200b ", body="\u202d一", page="<p> </p>")
    assert (made["subject"], made["page"]) == (" 桥\u200b ", None)


def test_a_line_does_not_turn_or_hide_what_stands_in_it(house: House) -> None:
    values = {"subject": "发票\u202efdp.exe", "body": "x"}
    assert refused_by(house, "memo", "zh", values) == [
        (
            "subject",
            "第 3 个字符（U+202E）看不见，却会改变文字的显示方向，请删除后重新输入这段文字。",
        )
    ]
    values["subject"] = "\u2066x"
    assert refused_by(house, "memo", "en", values) == [
        (
            "subject",
            "Character 1 (U+2066) cannot be seen but turns the direction of the text; "
            "delete it, or type the text again.",
        )
    ]
    for wrong, said in (("a\x85b", "这里只能写一行。"), ("a\u2028b", "这里只能写一行。"),
                        ("a\x9bb", "含有看不见的控制字符，请删除。")):  # fmt: skip
        assert refused_by(house, "memo", "zh", {**values, "subject": wrong}) == [("subject", said)]


def test_a_bar_code_has_no_blanks_around_it(house: House) -> None:
    made = house.create("li.na", "memo", subject="一", body="二", code="\u3000 069 0123\n")
    assert made["code"] == "069 0123"


def test_a_rule_about_each_row_says_the_row_and_its_column(house: House) -> None:
    rows = [{"x": "大", "y": "大"}, {"x": "一"}, {"y": "二"}]
    assert refused_by(house, "memo", "zh", {"subject": "一", "body": "二", "rows": rows}) == [
        ("rows.2.x", "缺甲"),
        ("rows.1.y", "缺乙"),
        ("rows.0", "相同"),
        ("budget", "太大"),
    ]


def test_a_choice_is_offered_on_its_days_only(house: House) -> None:
    assert refused(house, kind=["old", "next"]) == [
        ("kind", "“Old kind” could be chosen until 2026-02-28."),
        ("kind", "“Next kind” can be chosen from 2027-01-01 on."),
    ]
    assert house.create("li.na", "entry", kind=["new"])["kind"] == ["new"]


def test_a_record_keeps_a_choice_that_is_offered_no_more(house: House) -> None:
    made = house.create("li.na", "entry", lines=[{"sort": "b"}])
    house.clock.at = datetime(2026, 3, 9, 9, 0, tzinfo=house.clock.at.tzinfo)

    row = {"id": made["lines"][0]["id"], "sort": "b"}
    changed = house.update("li.na", "entry", made["id"], lines=[row, {"sort": "a"}])

    assert [line["sort"] for line in changed["lines"]] == ["b", "a"]
    assert refused(house, lines=[{"sort": "b"}])[0][0] == "lines.0.sort"


def test_only_what_is_left_open_is_changed_after_submitting(house: House) -> None:
    made = house.create("li.na", "entry", code="2026-001")
    house.do("li.na", lambda work: submit(work, "entry", made["id"]))

    assert house.update("li.na", "entry", made["id"], scan="扫描")["scan"] == "扫描"
    for values in ({"quiet": "x"}, {"scan": "y", "quiet": "x"}):
        with pytest.raises(Conflict):
            house.update("li.na", "entry", made["id"], **values)


def test_of_rows_only_the_columns_left_open_are_changed_after_submitting(house: House) -> None:
    made = house.create("li.na", "entry", lines=[{"sort": "a"}])
    house.do("li.na", lambda work: submit(work, "entry", made["id"]))
    row = {"id": made["lines"][0]["id"]}

    changed = house.update("li.na", "entry", made["id"], lines=[{**row, "sort": "a", "seen": "是"}])
    assert [(line["sort"], line["seen"]) for line in changed["lines"]] == [("a", "是")]

    for lines in ([], [{**row, "sort": "b"}], [row, {"seen": "又一行"}], [{"seen": "新行"}]):
        with pytest.raises(Conflict):
            house.update("li.na", "entry", made["id"], lines=lines)


def test_a_pattern_holds_and_what_is_set_once_stays(house: House) -> None:
    assert refused(house, code="26-1") == [("code", "Not in the wanted form: [0-9]{4}-[0-9]{3}.")]
    made = house.create("li.na", "entry", code="2026-002")

    with pytest.raises(Invalid) as found:
        house.update("li.na", "entry", made["id"], code="2026-003")
    assert [(one.path, one.code) for one in found.value.fields] == [("code", "set-once")]


def test_what_hides_is_cleared_or_kept_as_its_field_says(house: House) -> None:
    made = house.create("li.na", "entry", shown=True, gone="a", kept="b")

    after = house.update("li.na", "entry", made["id"], shown=False)

    assert (after["gone"], after["kept"]) == (None, "b")


def test_a_computed_field_of_a_hidden_one_is_shown_when_it_is_public(house: House) -> None:
    made = house.create("li.na", "entry", base=4)

    seen = house.show("chen.jie", "entry", made["id"])

    assert (seen["open"], "shut" in seen, "base" in seen) == (8, False, False)


def test_what_is_not_tracked_leaves_no_history_and_rows_have_a_most(house: House) -> None:
    made = house.create("li.na", "entry", quiet="a", base=1)
    house.update("li.na", "entry", made["id"], quiet="b", base=2)

    with house.read("li.na") as view:
        body = str(history.history(view, "entry", made["id"]))
    assert "'base': [Decimal('1.0000'), Decimal('2.0000')]" in body
    assert "'b'" not in body
    assert refused(house, lines=[{"sort": "a"}] * 3)[0][0] == "lines"


def test_a_person_who_may_not_create_is_refused(house: House) -> None:
    with pytest.raises(Refused):
        house.create("chen.jie", "entry", base=1)
