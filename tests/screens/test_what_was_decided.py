"""The steps of a request on its page: who decided what, for whom, why the system did, and in which
round."""

from __future__ import annotations

import json
from typing import Any

from approvals_house import Approvals
from module_houses import approvals_of
from page_house import Pages, texts, words

FLOWS = {
    "plan": """
        steps:
          - {id: draft, title: 编制, fill: {who: initiator}}
          - id: a
            title: 部门
            approve:
              mode: vote
              who: [{person: u1}, {person: u2}, {person: u3}]
              pass: 50%
              add_sign: [with]
          - id: rows
            title: 逐行
            each: {of: lines, steps: [{id: row, title: 行, approve: {who: {field: row.keeper}}}]}
          - id: size
            title: 金额
            branch:
              - when: amount > 100
                steps: [{id: big, title: 集团, approve: {who: {person: chief}}}]
              - else: []
          - {id: gap, title: 空缺, approve: {who: {post: vacant, at: org}}, empty: pass}
          - {id: b, title: 板块, approve: {who: {person: head}, add_sign: [with]}}
        """,
    "waits": """
        steps:
          - {id: w, title: 等文件, wait: {until: "opinion == 'ok'", at_most: 2d, then: b}}
          - {id: b, title: 部门, approve: {who: {person: u1}}}
        """,
    "late": """
        steps:
          - id: a
            title: 部门
            approve: {who: {person: u1}}
            due: 1d
            overdue: [{after: 0d, transfer: {person: u9}}, {after: 1d, decide: approve}]
        """,
    "copied": """
        steps:
          - {id: a, title: 部门, approve: {who: {person: u1}}}
          - {id: tell, title: 知会, cc: {who: {person: u2}, more: initiator}}
        """,
    "again": """
        steps:
          - {id: a, title: 部门, approve: {who: {person: u1}}}
          - {id: b, title: 板块, approve: {who: {person: u1}}}
          - {id: c, title: 集团, approve: {who: {person: u2}}}
        """,
    "aside": """
        steps:
          - id: both
            parallel:
              left: {steps: [{id: a, title: 甲审, approve: {who: {person: u1}}}]}
              right: {steps: [{id: b, title: 乙审, approve: {who: {person: u2}}}]}
          - {id: c, title: 汇审, approve: {who: {person: u3}}}
        """,
    "above": """
        steps:
          - id: parts
            title: 分项
            subflow: {workflow: gone, create: {form: gone, set: {title: 分项一}}, wait: all}
          - {id: b, title: 部门, approve: {who: {person: u1}}}
        """,
    "gone": """
        steps:
          - {id: a, title: 部门, approve: {who: {person: u1}}}
          - {id: tell, title: 知会, cc: {who: {person: u2}}}
          - {id: b, title: 空缺, approve: {who: {post: vacant, at: org}}, empty: reject}
        """,
}


house = approvals_of(FLOWS)


def opinions(shown: Any, step: str) -> list[str]:
    return texts(shown, f"//li[@id='step-{step}']//*[contains(@class,'path-opinion')]")


def standing(shown: Any, step: str) -> str:
    box = shown.xpath(f"//*[@data-step='{step}']")[0]
    found: str = box.get("class").split()[-1]
    return found


def moments(shown: Any) -> list[str]:
    return texts(shown, "//*[@class='moment-head']")


def test_the_picture_names_whom_a_step_will_ask_about_every_row(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("plan", lines=[{"keeper": "u4"}, {"keeper": "u5"}])
    (step,) = pages.page("I", f"/flows/{flow['id']}").xpath("//a[@data-step='row']")
    assert "审批人4、审批人5" in str(step.get("aria-label"))


def test_each_person_stands_beside_what_he_decided_himself(house: Approvals, pages: Pages) -> None:
    flow = house.start("plan", title="票签")
    house.decide("u1", flow["id"])
    house.decide("u2", flow["id"], "reject", comment="不同意")
    house.decide("u3", flow["id"])
    shown = pages.page("I", f"/f/plan/{flow['record']}")
    told = [line.rsplit(" ", 2)[0] for line in opinions(shown, "a")]
    assert [line.split(" ")[:2] for line in told] == [
        ["审批人1", "已同意"], ["审批人2", "已拒绝"], ["审批人3", "已同意"],
    ]  # fmt: skip
    label = shown.xpath("//*[@data-step='a']/@aria-label")[0]
    assert "审批人1、审批人3 已同意，审批人2 已拒绝" in label
    assert standing(shown, "rows") == "skipped", "there were no rows"
    assert standing(shown, "row") == standing(shown, "big") == "skipped"


def test_what_the_system_did_is_its_own_with_the_reason(house: Approvals, pages: Pages) -> None:
    flow = house.start("gone", title="系统拒绝")
    house.later(minutes=1)
    house.decide("u1", flow["id"])
    shown = pages.page("I", f"/f/gone/{flow['record']}")
    assert words(shown.xpath("//li[@id='step-tell']")[0]) == "知会审批人2已抄送"
    (line,) = opinions(shown, "b")
    assert line.startswith("系统 已拒绝 ") and line.endswith("：找不到处理人")
    assert "审批人1 已拒绝" not in " ".join(moments(shown))
    told = words(shown.xpath("//ol[@class='timeline']")[0])
    assert "系统 流程结束 · 已拒绝" in told
    assert "系统 找不到处理人 · 空缺" in told and "按规则拒绝" in told


def test_both_names_stand_where_one_acts_for_another(house: Approvals, pages: Pages) -> None:
    house.api.post("u1", "proxies", {"to": "u6", "until": "2099-01-01"})
    flow = house.start("plan", title="代理")
    path = f"/f/plan/{flow['record']}"
    assert "审批人6（代审批人1）" in words(
        pages.page("I", path).xpath("//*[contains(@class,'flow-waits')]")[0]
    )
    house.decide("u6", flow["id"], "reject", comment="代为拒绝")
    shown = pages.page("I", path)
    assert opinions(shown, "a")[0].startswith("审批人6（代审批人1） 已拒绝")
    house.forget_absences()


def test_signers_who_were_added_and_dropped_are_named_with_who_did(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("plan", title="加签")
    house.decide("u2", flow["id"], "transfer", to="u7", comment="转错了")
    (back,) = pages.page("u2", f"/f/plan/{flow['record']}").xpath("//button[@data-title='拿回']")
    assert back.get("data-act").endswith("/take_back")
    (task,) = house.todo("u1", flow["id"])
    house.act("u1", task["id"], "add_sign", {"people": ["u4", "u5"], "position": "with"})
    house.act("u1", task["id"], "drop_sign", {"people": ["u5"]})
    shown = pages.page("I", f"/f/plan/{flow['record']}")
    assert "审批人4（审批人1加签）" in words(shown.xpath("//li[@id='step-a']")[0])
    moved, dropped = opinions(shown, "a")
    assert moved.startswith("审批人2 已转办 → 审批人7") and moved.endswith("：转错了")
    assert dropped.startswith("审批人5 由审批人1减签")
    heads = moments(shown)
    assert any(line.startswith("审批人1 并加签 · 部门 → 审批人4、审批人5") for line in heads)
    assert any(line.startswith("审批人1 减签 · 部门 → 审批人5") for line in heads)


def test_who_is_asked_for_an_opinion_stands_with_everybody_who_asked(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("plan", title="委派")
    house.decide("u1", flow["id"], "delegate", to="u7", comment="请看")
    house.decide("u7", flow["id"], "delegate", to="u8", comment="再看")
    shown = pages.page("I", f"/f/plan/{flow['record']}")
    waited = words(shown.xpath("//li[@id='step-a']//*[@class='path-people']")[0])
    assert "审批人8（受审批人1 → 审批人7委派）" in waited
    house.decide("u8", flow["id"], "submit", comment="可行")
    shown = pages.page("I", f"/f/plan/{flow['record']}")
    assert any(line.startswith("审批人8 答复 · 部门") for line in moments(shown))


def test_rounds_stand_apart_and_old_refusals_mark_nothing(house: Approvals, pages: Pages) -> None:
    flow = house.start("plan", title="两轮")
    for login in ("u1", "u2"):
        house.decide(login, flow["id"])
    (early,) = opinions(pages.page("I", f"/f/plan/{flow['record']}"), "gap")
    assert early.startswith("系统 已同意") and early.endswith("：找不到处理人")
    house.decide("head", flow["id"], "return", to="draft", comment="缺附件")
    shown = pages.page("I", f"/f/plan/{flow['record']}")
    assert texts(shown, "//details[@class='round']/summary") == ["第 2 轮", "第 1 轮"]
    newest, oldest = shown.xpath("//details[@class='round']")
    assert "缺附件" in words(oldest) and "缺附件" not in words(newest)
    assert standing(shown, "b") == "ahead"
    assert standing(shown, "draft") == "now"


def test_a_request_that_asks_nobody_says_what_it_waits_for_and_until_when(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("waits", title="等待")
    shown = pages.page("I", f"/f/waits/{flow['record']}")
    (told,) = texts(shown, "//*[@class='flow-waits']")
    assert told.startswith("等文件： 等待条件成立：意见 == 'ok'") and "最迟 " in told
    assert standing(shown, "w") == "now"
    assert "等待条件成立" in words(shown.xpath("//li[@id='step-w']")[0])
    listed = words(pages.page("admin", "/flows?workflow=waits").xpath("//tr[@data-flow-line]")[0])
    assert "没有人：等待时间、条件或下级申请" in listed
    above = house.start("above", title="总项")
    shown = pages.page("I", f"/f/above/{above['record']}")
    (child,) = shown.xpath("//ul[@class='flow-children']/li")
    assert "gone 分项一" in words(child) and "等待 审批人1" in words(child)
    address = child.xpath("a/@href")[0]
    (back,) = pages.page("I", address).xpath("//*[@class='flow-related']/a")
    assert words(back) == "由“审批”发起（审批中）"
    assert back.get("href") == f"/flows/{above['id']}"
    assert pages.page("I", back.get("href")).xpath("//nav[@class='crumbs']/a/@href") == ["/tasks"]
    assert pages.page("u1", address).xpath("//*[@class='flow-related']") == []


def test_a_request_says_which_one_below_it_was_rejected_by_whom_and_why(
    house: Approvals, pages: Pages
) -> None:
    above = house.start("above", title="总项")
    (waits,) = pages.get("I", f"/api/v1/flows/{above['id']}").get_json()["waiting"]
    (below,) = waits["requests"]
    house.decide("u1", below["flow"], "reject", comment="资料不全")
    told = pages.get("I", f"/api/v1/flows/{above['id']}").get_json()
    (parts,) = [run for run in told["path"] if run["step"] == "parts"]
    assert (told["status"], parts["outcome"]) == ("rejected", "rejected")
    (child,) = parts["requests"]
    assert (child["status"], child["decided"]["by"]) == ("rejected", "u1")
    shown = pages.page("I", f"/f/above/{above['record']}")
    (said,) = opinions(shown, "parts")
    assert said.startswith("gone 分项一 已拒绝（审批人1）") and said.endswith("：资料不全")
    link = shown.xpath("//li[@id='step-parts']//a/@href")
    assert link == [f"/f/gone/{below['record']}"]
    assert standing(shown, "parts") == "bad"
    (box,) = shown.xpath("//*[@data-step='parts']")
    assert "子流程：审批" in words(box) and "flow" not in words(box)
    ended = texts(shown, "//ol[@class='timeline']//p")
    assert any("子流程未获批准" in one and "资料不全" in one for one in ended)


def test_a_jump_leaves_all_that_is_open_or_one_step_and_says_where_to(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("aside", title="并行")
    shown = pages.page("admin", f"/flows/{flow['id']}")
    (button,) = shown.xpath("//button[contains(@data-act, 'jump')]")
    leaves = json.loads(button.get("data-ask"))[0]
    assert [title for _, title in leaves["options"]] == ["全部未决步骤", "甲审", "乙审"]
    assert (leaves["options"][0][0], leaves["required"]) == ("", False)
    one = {"reason": "急", "step": "a", "to": "c"}
    house.on_flow("admin", flow["id"], "jump", one)
    assert house.asked(house.flow(flow["id"])) == ["b:u2"]
    shown = pages.page("admin", f"/flows/{flow['id']}")
    assert any("跳转 · 甲审 → 汇审" in head for head in moments(shown))
    (left,) = opinions(shown, "a")
    assert left.endswith("管理员跳转 → 汇审")
    house.on_flow("admin", flow["id"], "jump", {"reason": "急", "step": "", "to": "c"})
    shown = pages.page("admin", f"/flows/{flow['id']}")
    assert opinions(shown, "b")[0].endswith("管理员跳转 → 汇审")
    assert "审批人3" in words(shown.xpath("//li[@id='step-c']")[0])


def test_who_is_passed_over_is_said_once(house: Approvals, pages: Pages) -> None:
    flow = house.start("again", title="同一人")
    house.decide("u1", flow["id"])
    (said,) = opinions(pages.page("I", f"/f/again/{flow['record']}"), "b")
    assert said.startswith("审批人1 自动跳过") and said.endswith("：此人在本轮已同意")


def test_what_became_overdue_names_whose_task_went_to_whom(house: Approvals) -> None:
    flow = house.start("late", title="逾期")
    house.later(days=2)
    path = f"/f/late/{flow['record']}"
    shown = Pages(house.api).page("I", path)  # who signed in days ago signs in again
    assert any(h.startswith("系统 逾期处理 · 部门 → 审批人1 → 审批人9") for h in moments(shown))
    (moved,) = opinions(shown, "a")
    assert moved.startswith("审批人1 由系统转交 → 审批人9") and moved.endswith("：逾期")
    house.later(days=2)
    decided = opinions(Pages(house.api).page("I", path), "a")[-1]
    assert decided.startswith("系统（代审批人9） 已同意") and decided.endswith("：逾期")


def test_who_submits_may_say_who_else_gets_a_copy(house: Approvals) -> None:
    made = house.api.make("I", "copied", title="t")
    asked = Pages(house.api).get("I", f"/f/copied/{made['id']}/choices").get_json()
    assert [(one["name"], one["title"], one["required"]) for one in asked] == [
        ("chosen.tell", "“知会”还抄送给谁（可不选）", False)
    ]
