"""The pages of approvals: a record's flow with its operations, and the inbox."""

from __future__ import annotations

import io
from typing import Any

import pytest
from api_house import ApiHouse
from approvals_house import Approvals
from module_houses import approvals_of
from page_house import Pages, asks, buttons, texts, words

FLOWS = {
    "leave": """
        steps:
          - {id: draft, title: 编制, fill: {who: initiator, labels: {submit: 上报}}}
          - {id: a, title: 部门, approve: {mode: all, who: [{person: u1}, {person: u2}]}, due: 3wd}
          - {id: b, title: 板块, approve: {who: {person: u3}}}
        """,
    "secret": """
        steps:
          - id: a
            approve: {who: {person: u4}, opinion: required, labels: {approve: 核准}, signature: sign, fields: {hide: [amount]}}
        """,  # noqa: E501
    "box": """
        steps:
          - {id: a, title: 部门, approve: {mode: all, who: [{person: law1}, {person: law2}]}}
        """,
    "owing": """
        steps:
          - id: a
            approve: {who: {person: chief}, fields: {write: [opinion], require: [opinion]}}
        """,
    "named": """
        steps:
          - {id: a, title: 初审, approve: {mode: all, who: [{person: boss}, {person: head}]}}
          - id: b
            title: 复审
            approve: {who: {chosen_by: previous, from: {any_of: [{person: u5}, {person: u6}]}}}
        """,
    "pausing": "steps: [{id: w, wait: {for: 3d}}, {id: a, approve: {who: {person: u5}}}]",
    "parts": """
        steps:
          - id: parts
            title: 分项
            subflow:
              {workflow: piece, create: {form: piece, set: {title: =row.unit.title}}, each: lines}
          - {id: last, title: 汇总, approve: {who: {person: u5}}}
        """,
    "gated": """
        steps:
          - {id: a, title: 部门, approve: {who: {person: u8}}}
          - id: gate
            title: 金额
            branch:
              - when: amount > 5
                steps:
                  - {id: big, title: 大额, approve: {who: {person: u9}}}
                  - {id: pause, title: 公示, wait: {for: 3d}}
              - else: [{id: small, title: 小额, approve: {who: {person: u9}}}]
          - {id: law, title: 法务, when: legal, approve: {who: {person: u6}}}
          - {id: z, title: 集团, approve: {who: {person: u7}}}
        """,
    "piece": "steps: [{id: a, approve: {who: {person: u5}}}]",
}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60


house = approvals_of(FLOWS)


def sign(api: ApiHouse, login: str) -> int:
    sent = api.ask("POST", login, "files", data={"file": (io.BytesIO(PNG), "签名.png")})
    file: int = sent.get_json()["id"]
    answer = api.ask("PUT", login, "me/signature", json={"file": file})
    assert answer.status_code == 200
    return file


# --- the record ----------------------------------------------------------------------------------


def test_the_record_offers_each_person_what_that_person_may_do(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="甲")
    path = f"/f/leave/{flow['record']}"
    mine = buttons(pages.page("u1", path))
    for name in ("同意", "退回", "拒绝", "转办", "委派", "加签", "抄送", "评论"):
        assert name in mine, name
    assert asks(mine["加签"])["position"]["options"][0][0] == "before"
    assert asks(mine["转办"])["to"]["but"] == ["u1", "u2"], "nobody is asked twice"
    assert [name for name, _ in asks(mine["退回"]).get("to", {}).get("options", [])] == []
    begun = buttons(pages.page("I", path))
    assert {"撤销", "催办"} <= begun.keys()
    assert "同意" not in begun
    admin = buttons(pages.page("admin", f"/flows/{flow['id']}"))
    assert list(admin)[:3] == ["跳转", "挂起", "终止"]
    assert asks(admin["跳转"])["to"]["options"] == [
        ["draft", "编制"], ["a", "部门"], ["b", "板块"],
    ]  # fmt: skip
    assert asks(admin["跳转"])["reason"]["required"]


def test_a_return_may_go_to_any_earlier_step_and_a_decision_is_taken_back_while_nobody_acted(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="乙")
    path = f"/f/leave/{flow['record']}"
    house.decide("u1", flow["id"])
    assert "拿回" in buttons(pages.page("u1", path))
    house.decide("u2", flow["id"])
    back = asks(buttons(pages.page("u3", path))["退回"])
    assert back["to"]["options"] == [["a", "部门"], ["draft", "编制"]]
    house.decide("u3", flow["id"])
    assert "拿回" not in buttons(pages.page("u1", path))


def test_who_corrects_a_request_sees_why_it_came_back_and_where_it_goes_on(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="申")
    path = f"/f/leave/{flow['record']}"
    house.decide("u1", flow["id"])
    house.decide("u2", flow["id"])
    house.decide("u3", flow["id"], "return", comment="缺附件", to="draft")
    shown = pages.page("I", path)
    (told,) = texts(shown, "//*[contains(@class,'sent-back')]")
    assert told.startswith("审批人3 已退回") and "：缺附件" in told
    assert "直接回到“板块”" in told or "重新" not in told
    assert [words(b) for b in shown.xpath("//button[@data-act]")].count("上报") == 1
    assert "催办" not in buttons(shown), "nobody urges himself"
    assert "审批人3 退回 · 板块 → 编制" in " ".join(texts(shown, "//*[@class='moment-head']"))


def test_who_asked_another_first_sees_for_whom_the_task_waits_and_the_other_what_is_asked(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="酉")
    path = f"/f/leave/{flow['record']}"
    house.decide("u1", flow["id"], "delegate", to="u7", comment="请先看")
    waits = pages.page("u1", path)
    (card,) = waits.xpath("//section[contains(@class,'decide')]")
    assert words(card.find("h2")) == "等待 审批人7 先答复部门"
    assert list(buttons(card)) == ["催办", "拿回", "评论"]
    assert "拿回" not in buttons(waits.xpath("//section[contains(@class,'flow-card')]")[0])
    (listed,) = pages.page("u1", "/tasks?box=waiting").xpath("//li[@class='task']")
    assert "等待 审批人7" in words(listed)
    asked = pages.page("u7", path)
    (told,) = texts(asked, "//*[contains(@class,'sent-back')]")
    assert told.startswith("审批人1 委派") and "：请先看" in told
    assert "审批人1 决定" in told
    assert list(buttons(asked.xpath("//section[contains(@class,'decide')]")[0]))[0] == "答复"
    house.decide("u7", flow["id"], "submit", comment="可行")
    again = pages.page("u1", path)
    assert "同意" in buttons(again)
    assert "审批人7（受审批人1委派） 已答复" in words(again.xpath("//ol[@class='path']")[0])


def test_a_step_names_its_buttons_and_says_when_an_opinion_is_owed(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("secret", title="丙")
    decide = buttons(pages.page("u4", f"/f/secret/{flow['record']}"))["核准"]
    assert decide.get("data-opinion") == "owed"
    listed = pages.page("u4", "/tasks").xpath("//button[@data-title='核准: 丙']")
    assert [b.get("data-opinion") for b in listed] == ["owed"]
    draft = house.api.make("I", "leave", title="丁", amount=1)
    assert "上报" in buttons(pages.page("I", f"/f/leave/{draft['id']}"))


def test_who_decides_is_told_where_the_signature_goes(house: Approvals, pages: Pages) -> None:
    flow = house.start("secret", title="签")
    path, hint = (
        f"/f/secret/{flow['record']}",
        "//section[contains(@class,'decide')]/p[@class='hint']",
    )
    (told,) = texts(pages.page("u4", path), hint)
    assert told == "您还没有签名，同意时“签字”为空。 画一个签名"
    house.draw("u4")
    assert texts(pages.page("u4", path), hint) == ["同意时，您的签名写入“签字”。"]
    house.decide("u4", flow["id"], comment="行")
    assert house.signer(house.record(flow)["sign"]) == "u4"
    assert pages.get("I", f"/api/v1/files/{house.record(flow)['sign']}").status_code == 200


def test_an_opinion_stands_beside_the_signature_of_its_day_for_those_who_may_read_it(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="戊")
    signed = sign(house.api, "u1")
    house.later(minutes=5)
    house.decide("u1", flow["id"], comment="可以")
    house.later(minutes=5)
    sign(house.api, "u1")
    path = f"/f/leave/{flow['record']}"
    (picture,) = pages.page("I", path).xpath("//img[@class='signed']")
    assert picture.get("src") == f"{path}/signatures/{signed}"
    assert picture.get("alt") == "审批人1的签名"
    answer = pages.get("I", picture.get("src"))
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", PNG)
    assert pages.get("out", picture.get("src")).status_code == 404
    assert pages.get("I", f"{path}/signatures/{signed + 1}").status_code == 404


def test_a_copy_opens_the_record_but_not_what_the_step_hides_and_asks_nothing(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("secret", title="己", amount=77)
    (task,) = house.todo("u4", flow["id"])
    answer = house.act("u4", task["id"], "cc", {"people": ["out", "u9"], "comment": "请阅"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    house.check(flow["id"])
    again = house.act("u4", task["id"], "cc", {"people": ["out"]})
    assert (again.status_code, again.get_json()["error"]["code"]) == (422, "flow-has-copy")
    assert "己" in texts(pages.page("out", "/tasks?box=cc"), "//*[@class='task-name']")
    assert len(pages.page("out", "/tasks?box=cc").xpath("//*[@class='task-name']")) == 1
    shown = pages.page("out", f"/f/secret/{flow['record']}")
    assert "77" not in words(shown.xpath("//main")[0])
    assert buttons(shown).keys() & {"同意", "核准"} == set()
    house.decide("u4", flow["id"], comment="行")
    assert house.flow(flow["id"])["status"] == "approved"


def test_a_record_shows_who_is_waited_for_since_when_and_what_was_said(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="未")
    house.decide("u1", flow["id"], comment="可以")
    shown = pages.page("I", f"/f/leave/{flow['record']}")
    _, done_or_now, ahead = texts(shown, "//ol[@class='path']/li")
    assert "审批人2" in done_or_now
    assert "审批人1 已同意" in done_or_now
    assert "可以" in done_or_now
    assert "正在处理 · 自" in done_or_now
    assert "板块" in ahead


def stood(page: Any) -> dict[str, str]:
    """How each step stands in the picture."""
    steps = page.xpath("//*[local-name()='svg']//*[@data-step]")
    return {one.get("data-step"): one.get("class").split()[-1] for one in steps}


def test_the_picture_names_who_signed_already_and_who_is_still_waited_for(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="半签")
    path = f"/f/leave/{flow['record']}"

    def said() -> str:
        (step,) = pages.page("I", path).xpath("//a[@data-step='a']")
        return str(step.get("aria-label"))

    assert said().startswith("部门，审批人1、审批人2，自 ")
    house.decide("u2", flow["id"])
    assert said().startswith("部门，审批人2 已同意，还等 审批人1，自 ")
    house.decide("u1", flow["id"])
    assert said().startswith("部门，审批人1、审批人2，已同意 ")


def test_the_picture_marks_the_way_that_todays_values_give(house: Approvals, pages: Pages) -> None:
    flow = house.start("gated", title="大", amount=9)
    page = pages.page("I", f"/f/gated/{flow['record']}")
    assert stood(page) == {
        "a": "now", "gate": "ahead", "big": "likely", "pause": "likely", "small": "otherwise",
        "law": "otherwise", "z": "ahead",
    }  # fmt: skip
    ways = page.xpath("//*[contains(@class, 'flow-label')]")
    assert [one.get("class") for one in ways] == ["flow-label likely", "flow-label otherwise"]
    assert texts(page, "//figcaption//li")[4:6] == ["按当前数据将到达", "否则（数据改变时）"]
    house.decide("u8", flow["id"], "return", comment="补", to="initiator")
    again = stood(pages.page("I", f"/f/gated/{flow['record']}"))
    assert (again["big"], again["small"]) == ("likely", "otherwise")
    small = house.start("gated", title="小", amount=2, legal=True)
    page = pages.page("I", f"/f/gated/{small['record']}")
    assert {name: how for name, how in stood(page).items() if how in ("likely", "otherwise")} == {
        "big": "otherwise", "pause": "otherwise", "small": "likely", "law": "likely",
    }  # fmt: skip
    house.decide("u8", small["id"])
    house.decide("u9", small["id"])
    page = pages.page("I", f"/f/gated/{small['record']}")
    assert stood(page) == {
        "a": "done", "gate": "done", "big": "skipped", "pause": "skipped", "small": "done",
        "law": "now", "z": "ahead",
    }  # fmt: skip


def test_the_last_to_decide_must_name_who_is_asked_next(house: Approvals, pages: Pages) -> None:
    flow = house.start("named", title="戌")
    path = f"/f/named/{flow['record']}"

    def asked(login: str) -> Any:
        return asks(buttons(pages.page(login, path))["同意"])["chosen.b"]

    assert (asked("boss")["required"], asked("boss")["among"]) == (False, ["u5", "u6"])
    house.decide("boss", flow["id"])
    assert asked("head")["required"]
    (task,) = house.todo("head", flow["id"])
    refused = house.act("head", task["id"], "approve").get_json()["error"]
    assert [f["code"] for f in refused["fields"]] == ["chosen-missing"]
    house.decide("head", flow["id"], chosen={"b": ["u6"]})
    assert house.asked(house.flow(flow["id"])) == ["b:u6"]


# --- the inbox -----------------------------------------------------------------------------------


def test_boxes_show_counts_and_tasks_can_be_chosen(house: Approvals, pages: Pages) -> None:
    for title in ("甲", "乙"):
        house.start("box", "out", title=title)
    house.start("owing", "out", title="丙")
    shown = pages.page("law1", "/tasks")
    boxes = texts(shown, "//*[@class='boxes']/a")
    assert boxes == ["待办2", "等他人", "已办", "我发起的", "抄送我的"]
    assert sorted(texts(shown, "//*[@class='task-name']")) == ["乙", "甲"]
    assert len(shown.xpath("//input[@data-choose-task]")) == 2
    owing = pages.page("chief", "/tasks")
    assert owing.xpath("//input[@data-choose-task]") == []
    (way,) = owing.xpath("//div[@class='task-buttons']/a")
    assert words(way) == "填写并处理" and way.get("href").endswith("#decide-title")
    assert "外人 发起" in words(shown.xpath("//*[@class='task-meta']")[0])
    mine = pages.page("out", "/tasks?box=mine")
    assert sorted(texts(mine, "//*[@class='task-name']")) == ["丙", "乙", "甲"]
    begun = texts(
        pages.page("out", "/"), "//*[@aria-labelledby='begun-title']//*[@class='task-name']"
    )
    assert sorted(begun) == ["丙", "乙", "甲"]


def test_what_one_began_says_what_it_waits_for_where_that_is_nobody(
    house: Approvals, pages: Pages
) -> None:
    house.start("parts", "out", title="合", lines=[{"unit": "A"}, {"unit": "B"}])
    house.start("pausing", "out", title="歇")
    shown = pages.page("out", "/tasks?box=mine")
    told = texts(shown, "//*[@class='task-meta']")
    assert any("等到 " in one for one in told), told
    assert any("等待 piece 甲公司、piece 乙公司" in one for one in told), told


def test_the_inbox_is_narrowed_searched_and_turned_page_by_page(
    house: Approvals, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jingwei.screens.tasks.SIZE", 2)
    before = {t["display"] for t in house.todo("u2")}
    made = [house.start("leave", title=f"翻页{n}") for n in range(5)]
    seen: list[str] = []
    address = "/tasks?q=翻页"
    for _ in range(4):
        shown = pages.page("u2", address)
        seen += texts(shown, "//*[@class='task-name']")
        following = shown.xpath("//nav[@class='pager']//a[text()='下一页']/@href")
        if not following:
            break
        address = following[0]
    assert seen == [f"翻页{n}" for n in range(5)]
    house.on_flow("I", made[3]["id"], "urge", {"comment": "急"})
    assert texts(pages.page("u2", "/tasks?urged=1"), "//*[@class='task-name']") == ["翻页3"]
    assert texts(pages.page("u2", "/tasks?form=secret"), "//*[@class='task-name']") == []
    assert texts(pages.page("u2", "/tasks?org=B"), "//*[@class='task-name']") == []
    narrowed = pages.page("u2", "/tasks?org=A&q=翻页4&since=2020-01-01")
    assert texts(narrowed, "//*[@class='task-name']") == ["翻页4"]
    late = texts(pages.page("u2", "/tasks?overdue=1"), "//*[@class='task-name']")
    assert set(late) <= before

    part = "//h3[@class='home-part']"
    monkeypatch.setattr("jingwei.screens.tasks.SOON_DAYS", -365)
    assert texts(pages.page("u2", "/"), part) == []
    monkeypatch.setattr("jingwei.screens.tasks.SOON_DAYS", 10)  # they are due in three workdays
    assert texts(pages.page("u2", "/"), part)[0] == "即将到期"
    assert pages.get("u2", "/tasks?behind=nonsense&since=x").status_code == 200


def test_people_are_found_by_their_initials_and_only_those_who_may_be_asked(pages: Pages) -> None:
    found = pages.get("u1", "/people/options?q=jtz").get_json()
    assert [one["value"] for one in found] == ["chief"]
    among = pages.get("u1", "/people/options?q=&among=u2&among=u3&but=u3").get_json()
    assert [one["value"] for one in among] == ["u2"]
    assert pages.get(None, "/people/options?q=").status_code in (302, 401)


# --- away ----------------------------------------------------------------------------------------


def test_a_stand_in_is_shown_on_top_and_chains_are_explained(
    house: Approvals, pages: Pages
) -> None:
    day = "2099-01-01"
    house.api.post("u6", "proxies", {"to": "u7", "until": day})
    assert "审批人7 正在代您处理待办，到 2099-01-01 为止。" in words(
        pages.page("u6", "/tasks").xpath("//*[@class='standing-in']")[0]
    )
    assert pages.page("u7", "/tasks").xpath("//*[@class='standing-in']") == []
    house.api.post("u7", "proxies", {"to": "u8", "until": day})
    chain = texts(pages.page("u6", "/settings"), "//*[@class='proxy-chain']")
    assert chain == ["此人也设置了代理：审批人6 → 审批人7 → 审批人8，实际由 审批人8 处理。"]
    house.api.post("u8", "proxies", {"to": "u6", "until": day})
    (loop,) = texts(pages.page("u6", "/settings"), "//*[@class='proxy-chain']")
    assert loop.startswith("代理关系成环")
    house.forget_absences()


def test_a_task_that_is_with_its_owner_again_is_not_said_to_be_with_a_stand_in(
    house: Approvals, pages: Pages
) -> None:
    day = "2099-01-01"
    rule = house.api.post("u3", "proxies", {"to": "u7", "until": day}).get_json()
    flow = house.start("leave", title="归还")
    house.decide("u1", flow["id"])
    house.decide("u2", flow["id"])
    house.api.ask("DELETE", "u3", f"proxies/{rule['id']}")
    house.api.post("u7", "proxies", {"to": "u8", "until": day, "include_open": True})
    page = pages.page("I", f"/f/leave/{flow['record']}")
    assert "回到本人处理 · 板块 → 审批人3" in texts(page, "//li[@class='moment-flow']/div/span")
    house.forget_absences()
