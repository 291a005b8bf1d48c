"""A workflow drawn from its definition: every step is there, knows its line, and says how it is."""

from __future__ import annotations

import re
from typing import Any

import lxml.html
from approvals_house import BASE, case_files
from page_house import texts, words

from jingwei.catalogue.compile import compile_texts
from jingwei.language.workflow import Workflow
from jingwei.screens.flow_diagram import Stand, diagram, fit, width_of
from jingwei.screens.flow_layout import laid_out
from jingwei.screens.flow_words import field_names, rule_words

FLOW = """
defaults: {empty: flow_admin}
steps:
  - {id: a, title: "编制 <b>", fill: {who: initiator}}
  - id: gate
    title: 金额
    branch:
      - when: amount > 100万
        steps:
          - {id: law, title: 法务, approve: {mode: all, who: [{role: member}, {person: u1}]}}
      - else: []
  - id: both
    parallel:
      one: {title: 甲, steps: [{id: left, title: 左, approve: {who: {head_of: sector}}}]}
      two: {title: 乙, steps: [{id: right, title: 右, approve: {who: {person: u2}}}]}
  - {id: rows, each: {of: lines, steps: [{id: row, title: 逐行, approve: {who: {person: u3}}}]}}
"""


def workflow() -> Any:
    files = {**BASE, **case_files("req", FLOW)}
    return compile_texts({path: text.encode() for path, text in files.items()})


def drawn(*args: Any, **keys: Any) -> Any:
    keys.setdefault("locale", "zh")
    return lxml.html.fragment_fromstring(str(diagram(*args, **keys)))


def step(figure: Any, id: str) -> Any:
    return figure.xpath(f"//a[@data-step='{id}']")[0]


def test_every_step_is_a_link_that_knows_its_line_and_says_itself_in_full() -> None:
    catalogue = workflow()
    flow: Workflow = catalogue.workflows["req"]
    figure = drawn(flow, people=rule_words(catalogue, "zh"))
    source = catalogue.files[flow.origin.file].decode().splitlines()
    for id in ("a", "gate", "law", "both", "left", "right", "rows", "row"):
        line = int(step(figure, id).get("data-line"))
        assert f"id: {id}" in source[line - 1]
    assert step(figure, "law").get("aria-label") == "法务，会签，member、u1"
    assert step(figure, "left").get("aria-label") == "左，单人审批，板块负责人"
    assert figure.xpath("//*[local-name()='b']") == [], "what an author writes is never markup"
    assert "style=" not in str(diagram(flow, locale="zh"))


def test_a_block_shows_and_says_how_many_of_its_ways_are_gone() -> None:
    flow = """
steps:
  - {id: x, branch: [{when: amount > 1, steps: [{id: b, approve: {who: superior}}]}, {else: []}]}
  - id: n
    title: 会签范围
    inclusive: [{when: legal, steps: [{id: c, approve: {who: superior}}]}, {else: []}]
  - {id: p, parallel: {one: {steps: [{id: d, approve: {who: superior}}]}}}
"""
    files = {**BASE, **case_files("req", flow)}
    catalogue = compile_texts({path: text.encode() for path, text in files.items()})
    shown = catalogue.workflows["req"]
    for figure in (drawn(shown), drawn(shown, {"b": Stand("now")})):  # the studio, a request
        gates = {g.get("data-step"): g for g in figure.xpath("//*[contains(@class,'flow-gate ')]")}
        marks = {id: texts(g, "./*[local-name()='text']")[0] for id, g in gates.items()}
        assert marks == {"x": "或", "n": "且/或", "p": "且"}
        said = {id: g.get("aria-label").split("，正")[0] for id, g in gates.items()}
        assert said["x"].startswith("条件分支，只走一条：第一个成立的")
        assert said["n"].startswith("会签范围，成立的都走，办完再往下")
        assert said["p"].startswith("并行，每条都走，办完再往下")


def test_conditions_name_fields_as_people_know_them() -> None:
    figure = drawn(workflow().workflows["req"], names={"amount": "金额"})
    assert texts(figure, "//*[@class='flow-label']/*[local-name()='text']") == [
        "金额 > 100万", "否则", "甲", "乙", "lines",
    ]  # fmt: skip


def test_a_definition_says_what_each_step_waits_for_and_where_it_leads() -> None:
    flow = """
steps:
  - {id: a, title: 编制, fill: {who: initiator}, due: 3wd}
  - {id: b, title: 表决, approve: {mode: vote, pass: weight>50, who: {post: leader, at: org}}}
  - id: c
    title: 复核
    when: amount > 100万
    approve: {who: {head_of: org}, on_reject: {return_to: a}}
  - {id: d, title: 到账, wait: {until: amount > 0, at_most: 5wd}}
  - {id: e, title: 不符, return: {to: a, when: amount < 0}}
  - {id: f, title: 重来, return: {to: initiator, max: 2}}
  - {id: g, title: 结束了, end: rejected}
"""
    files = {**BASE, **case_files("req", flow)}
    catalogue = compile_texts({path: text.encode() for path, text in files.items()})
    shown = catalogue.workflows["req"]
    names = field_names(catalogue.forms["req"], "zh")
    figure = drawn(shown, people=rule_words(catalogue, "zh"), names=names)
    assert [step(figure, id).get("aria-label") for id in "abcdefg"] == [
        "编制，填写，发起人，期限 3 个工作日",
        "表决，票签 权重超过 50，本单位分管领导",
        "复核，单人审批，本单位负责人，仅当 金额 > 100万，不同意退回到 编制",
        "到账，等待，直到 金额 > 0，最多 5 个工作日",
        "不符，退回到 编制，仅当 金额 < 0",
        "重来，退回到 发起人，最多 2 次",
        "结束了，拒绝并结束",
    ]


def test_a_return_that_may_not_happen_leads_on() -> None:
    flow = """
steps:
  - {id: a, approve: {who: {person: u1}}}
  - id: gate
    branch:
      - {when: amount > 1, steps: [{id: back, return: {to: a, when: amount > 5}}]}
      - {when: amount > 0, steps: [{id: always, return: {to: a}}]}
      - else: []
"""
    files = {**BASE, **case_files("req", flow)}
    shown = compile_texts({p: t.encode() for p, t in files.items()}).workflows["req"]
    edges = laid_out(shown.steps, lambda s: 2, lambda s, b: "").edges
    into_the_join = [edge.out_of for edge in edges if not edge.arrow and not edge.into]
    assert ("back",) in into_the_join
    assert ("always",) not in into_the_join


def test_a_running_request_shows_done_now_and_what_is_to_come() -> None:
    stands = {
        "a": Stand("done", "发起人", "已提交"),
        "law": Stand("now", "法务一", "自 10-13 起"),
        "left": Stand("ahead", "板块总"),
    }
    figure = drawn(workflow().workflows["req"], stands)
    assert step(figure, "law").get("aria-current") == "step"
    assert step(figure, "law").get("aria-label") == "法务，法务一，自 10-13 起，正在处理"
    steps = figure.xpath("//*[@data-step]")
    standing = {one.get("data-step"): one.get("class").split()[-1] for one in steps}
    assert standing == {
        "a": "done", "gate": "now", "law": "now", "both": "ahead", "left": "ahead",
        "right": "maybe", "rows": "maybe", "row": "maybe",
    }  # fmt: skip
    assert len(figure.xpath("//*[contains(@class, 'flow-edge walked')]")) == 6, "start, a, gate"
    legend = texts(figure, "//figcaption//li")
    assert legend[:6] == ["已完成", "拒绝或退回", "正在处理", "将到达", "视条件而定", "未经过"]
    assert legend[6:] == [
        "或只走一条：第一个成立的", "且每条都走，办完再往下", "每每行走一次",
    ]  # fmt: skip
    ended = drawn(workflow().workflows["req"], {"a": Stand("done")}, ended="bad")
    assert step(ended, "law").get("class").split()[-1] == "skipped"


def test_nothing_lies_over_another_box_or_outside_the_paper() -> None:
    layout = laid_out(workflow().workflows["req"].steps, lambda s: 3, lambda s, b: "")
    boxes = [b for b in layout.boxes if b.kind != "frame"]
    for box in boxes:
        assert box.x >= 0 and box.x + box.wide <= layout.wide
        assert box.y >= 0 and box.y + box.high <= layout.high
        for other in boxes:
            apart = (
                box is other
                or box.x + box.wide <= other.x
                or other.x + other.wide <= box.x
                or box.y + box.high <= other.y
                or other.y + other.high <= box.y
            )
            assert apart, (box, other)


def test_long_titles_are_cut_and_kept_whole_for_those_who_point() -> None:
    assert fit("短", 100, 12) == "短"
    cut = fit("一个很长很长的步骤标题", 60, 12)
    assert cut.endswith("…")
    assert width_of(cut, 12) <= 60
    figure = drawn(workflow().workflows["req"], {"law": Stand("now", "甲" * 40)})
    whole = words(step(figure, "law").xpath("*[local-name()='title']")[0])
    assert re.search("甲{40}", whole)
