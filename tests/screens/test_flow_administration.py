"""The pages of those who administer flows: what runs, hand-overs, moves to a new version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from approvals_house import Approvals, case_files
from module_houses import approvals_of
from page_house import Pages, asks, buttons, texts, words

FLOWS = {
    "leave": "steps: [{id: a, approve: {mode: all, who: [{person: u1}, {person: u2}]}}]",
    "named": """
        steps:
          - {id: a, title: 初审, approve: {mode: all, who: [{person: boss}, {person: head}]}}
          - id: b
            title: 复审
            approve: {who: {chosen_by: previous, from: {any_of: [{person: u5}, {person: u6}]}}}
        """,
    "timed": """
        steps:
          - {id: z, title: 部门, approve: {mode: all, who: [{person: u8}, {person: u9}]}}
          - {id: b, title: 板块, approve: {who: {person: head}}}
        """,
    "abroad": "steps: [{id: a, title: 会签, approve: {who: {person: out}}}]",
    "old": "steps: [{id: a, title: 初审, approve: {who: {person: u5}}}]",
    "counted": """
        steps:
          - id: a
            title: 表决
            approve:
              mode: vote
              pass: "51"
              who: [{person: u1, weight: 60}, {person: u2, weight: 40}]
        """,
    "taken": "steps: [{id: a, title: 初审, approve: {who: {person: u6}}}]",
}


house = approvals_of(FLOWS)


def running(house: Approvals) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.api.get("admin", "flows?size=100").get_json()["items"]
    return found


def test_administrators_look_after_requests_whose_records_they_may_not_read(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("leave", title="庚")
    assert pages.get("admin", f"/f/leave/{flow['record']}").status_code == 404
    shown = pages.page("admin", f"/flows/{flow['id']}")
    assert words(shown.xpath("//h1")[0]) == "庚"
    assert "审批人1、审批人2" in words(shown.xpath("//*[contains(@class,'flow-waits')]")[0])
    assert pages.get("out", f"/flows/{flow['id']}").status_code == 404
    house.on_flow("admin", flow["id"], "suspend", {"reason": "核实情况"})
    shown = pages.page("admin", f"/flows/{flow['id']}")
    (why,) = texts(shown, "//*[@class='flow-reason']")
    assert why.startswith("管理员 于 ") and why.endswith(" 挂起：核实情况")
    held = pages.page("u1", f"/f/leave/{flow['record']}")
    assert held.xpath("//textarea[@id='opinion']") == [], "nobody types what cannot be sent"
    assert why in words(held.xpath("//section[contains(@class,'decide')]")[0])
    (card,) = [
        c for c in pages.page("u1", "/tasks").xpath("//li[@class='task']") if "庚" in words(c)
    ]
    assert "已挂起" in words(card)
    assert list(buttons(shown)) == ["激活", "终止"]
    overview = pages.page("admin", "/flows?state=suspended&org=A&workflow=leave")
    assert "庚" in words(overview.xpath("//section[.//*[@id='running-title']]")[0])
    assert pages.get("u1", "/flows").status_code == 403


def test_administrators_see_who_is_waited_for_and_how_long_steps_take(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("timed", title="子")
    house.later(hours=2)
    house.decide("u8", flow["id"])
    house.decide("u9", flow["id"])
    shown = pages.page("admin", "/flows?workflow=timed")
    (line,) = shown.xpath("//section[.//*[@id='running-title']]//tbody/tr")
    for told in ("子", "TIMED-0001", "板块总", "板块"):
        assert told in words(line), told
    path = "//section[.//*[@id='{}']]//{}"
    shown = pages.page("admin", "/flows/statistics?workflow=timed")
    (head,) = shown.xpath(path.format("figures-title", "thead/tr/th[4]"))
    assert words(head) == "中位用时（小时）"
    figures = texts(shown, path.format("figures-title", "tbody/tr/td"))
    assert figures == ["审批", "部门", "1", "2", "2", "0%", "0"]
    chart = shown.xpath("//*[@data-chart]")[0]
    assert chart.get("aria-label") == "最慢的步骤（中位用时）: 部门 2 小时"
    assert pages.get("u1", "/flows").status_code == 403
    for login, entries in (("admin", ["流程管理"]), ("u1", [])):
        menu = pages.page(login, "/notices").xpath("//nav[@class='side']")[0]
        assert texts(menu, ".//a[@href='/flows']") == entries


def test_requests_are_found_by_title_person_and_form_and_acted_on_together(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("named", title="寻找我")

    def listed(query: str) -> list[str]:
        return texts(pages.page("admin", f"/flows?{query}"), "//tr[@data-flow-line]//a")

    assert listed("q=寻找") == ["寻找我"]
    assert "寻找我" in listed("q=甲总") and "寻找我" in listed("q=NAMED-")
    assert listed("q=寻找&workflow=leave") == []
    shown = pages.page("admin", "/flows?q=寻找&org=A")
    assert texts(shown, "//*[@class='flow-chips']/a") == ["“寻找”", "甲公司"]
    assert "org=" not in shown.xpath("//*[@class='flow-chips']/a[2]/@href")[0]
    assert texts(shown, "//button[@data-bulk-flow]") == ["催办", "改派", "挂起", "激活", "终止"]
    tasks = json.loads(shown.xpath("//tr[@data-flow-line]/@data-tasks")[0])
    assert [one["name"] for one in tasks] == ["甲总", "板块总"]
    offered = buttons(pages.page("admin", f"/flows/{flow['id']}"))
    assert [name for name in offered if name.startswith("改派")] == [
        "改派甲总的待办",
        "改派板块总的待办",
    ]
    assert list(asks(offered["改派甲总的待办"])) == ["to", "reason"]


def test_a_list_that_is_not_looked_through_to_its_end_says_so_and_all_are_still_found(
    house: Approvals, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = [house.start("leave", title=f"众多{n}")["id"] for n in range(5)]
    known = len(running(house))
    monkeypatch.setattr("jingwei.services.flows.overview.MOST", known - 1)
    monkeypatch.setattr("jingwei.services.flows.overview.STRETCH", 3)
    shown = pages.page("admin", "/flows")
    assert texts(shown, "//button[@data-every]") == [f"符合条件的全部（{known - 1} 项以上）"]
    found: list[int] = []
    after: str | None = "0"
    while after is not None:
        page = house.api.get("admin", f"flows?q=众多&size=2&after={after}").get_json()
        found += [one["id"] for one in page["items"]]
        after = page["after"]
    assert found == flows
    assert house.api.get("u1", "flows?after=0").status_code == 403
    assert house.api.get("admin", "flows?after=x").status_code == 400


def who_gets(pages: Pages, login: str, leaver: str, to: str) -> dict[str, str]:
    """What the list before a hand-over says, by record."""
    shown = pages.page(login, f"/flows/hand-over?person={leaver}&to={to}")
    count = texts(shown, "//*[@data-hand-all]")
    found = {
        words(r.xpath("td[1]")[0]): words(r.xpath("td[6]")[0]) for r in shown.xpath("//tr[td]")
    }
    return {**found, "": " ".join(count)}


def test_the_list_before_a_hand_over_says_who_gets_each_task(
    house: Approvals, pages: Pages
) -> None:
    house.start("old", title="辛")
    assert who_gets(pages, "admin", "u5", "u6")["辛"] == "审批人6"
    assert who_gets(pages, "admin", "u5", "")["辛"] == "甲总", "the superior"
    told = who_gets(pages, "admin", "u5", "I")["辛"]
    assert told == "甲总 （发起人不能审批自己的申请，未能交给指定的人）"
    assert "没有" in words(pages.page("admin", "/flows/hand-over?person=u9").xpath("//main")[0])
    assert pages.page("admin", "/flows/hand-over?person=nobody").xpath("//*[@class='wrong']")
    assert pages.get("u1", "/flows/hand-over").status_code == 403


def test_a_leavers_tasks_of_other_orgs_stay_with_who_administers_them(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("abroad", title="癸")
    told = who_gets(pages, "admin.b", "out", "u1")
    assert (told["癸"], told[""]) == ("留在原处 （记录所属单位不由您管理，任务仍在离任者处）", "")
    assert who_gets(pages, "admin", "out", "u1")[""] == "全部移交 (1)"
    why = {"reason": "离任", "to": "u1"}
    kept = house.api.post("admin.b", "people/out/hand-over", why).get_json()
    assert (kept["tasks"], [(i["flow"], i["to"], i["why"]) for i in kept["items"]]) == (
        0,
        [(flow["id"], "out", "other-org")],
    )
    assert house.todo("out", flow["id"])
    given = house.api.post("admin", "people/out/hand-over", why).get_json()
    assert (given["tasks"], given["items"][0]["to"]) == (1, "u1")


@pytest.mark.parametrize("number", ["²", "9" * 30, "9" * 5_000, "-1", "1_0"])
def test_what_is_no_number_in_an_address_is_as_if_it_was_not_there(
    pages: Pages, number: str
) -> None:
    for path in ("/flows?page=", "/flows/migrate?id=", "/notices?before="):
        assert pages.get("admin", path + number).status_code == 200, path


def test_moving_to_a_new_version_is_rehearsed_for_each_request(
    house: Approvals, pages: Pages
) -> None:
    house.start("old", title="壬")
    again = "steps: [{id: a, title: 复审, approve: {who: {person: u6}}}]"
    house.publish(case_files("old", again))
    shown = pages.page("admin", "/flows/migrate?workflow=old")
    lines = {
        words(r.xpath("td[2]")[0]): words(r.xpath("td[4]")[0]) for r in shown.xpath("//tr[td]")
    }
    assert lines["壬"] == "初审 → 复审待办保留：审批人5"
    only = next(f["id"] for f in running(house) if f["display"] == "壬")
    assert len(pages.page("admin", f"/flows/migrate?id={only}").xpath("//tr[td]")) == 1
    assert not pages.page("admin.b", f"/flows/migrate?id={only}").xpath("//tr[td]")
    assert not pages.page("admin.b", "/flows/migrate?workflow=old").xpath("//tr[td]")
    other = "steps: [{id: z, title: 终审, approve: {who: {person: u6}}}]"
    house.decide("u5", only)
    house.publish(case_files("old", other))
    figures = pages.page("admin", "/flows/statistics?workflow=old").xpath(
        "//*[@class='figures-name']"
    )
    assert "初审（已取消的步骤）" in [words(one) for one in figures]
    shown = pages.page("admin", "/flows/migrate?workflow=old")
    (refused, *_) = texts(shown, "//*[@class='refused']")
    assert refused.startswith("不能迁移")
    assert texts(shown, "//label[select[@name='to.old.a']]/span") == ["“初审”（审批）改为"]
    assert shown.xpath("//select[@name='to.old.a']/option/@value") == ["", "z"]
    shown = pages.page("admin", "/flows/migrate?workflow=old&to.old.a=z&to.old.b=y&to.x.a=z")
    assert shown.xpath("//*[@class='refused']") == []
    (line, *_) = texts(shown, "//tr[td]/td[4]")
    assert line.startswith("初审 → 终审") and "审批人6" in line
    assert shown.xpath("//tr/@data-map")[0] == '{"a": "z"}'
    assert shown.xpath("//select[@name='to.old.a']/option[@selected]/@value") == ["z"]


def test_the_rehearsal_of_a_move_says_how_votes_are_counted(house: Approvals, pages: Pages) -> None:
    house.start("counted", title="癸")
    house.publish(case_files("counted", FLOWS["counted"].replace("51", "31").replace("60", "30")))
    (line, *_) = texts(pages.page("admin", "/flows/migrate?workflow=counted"), "//tr[td]/td[4]")
    assert "“表决”的票签按新版本计：通过条件 51 → 31" in line
    assert "审批人1 的票：60 → 30" in line
    other = FLOWS["counted"].replace("u1", "u5")
    house.publish(case_files("counted", other))
    (line, *_) = texts(pages.page("admin", "/flows/migrate?workflow=counted"), "//tr[td]/td[4]")
    assert "参加人与新版本不同，仍按原来的权重和通过条件（51）计" in line


def test_who_took_over_a_returned_request_fills_it_in_where_he_submits(
    house: Approvals, pages: Pages
) -> None:
    flow = house.start("taken", "out")
    house.decide("u6", flow["id"], "return", comment="补", to="initiator")
    given = {"to": "head", "reason": "离任"}
    answer = house.api.post("admin.b", "people/out/hand-over", given)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    address = f"/f/taken/{flow['record']}"
    (panel,) = pages.page("head", address).xpath("//section[contains(@class,'decide')]")
    names = {one.get("data-field") for one in panel.xpath(".//form//*[@data-field]")}
    assert {"title", "amount"} <= names
    assert "status" not in names
    edit = f"{address}/edit"
    assert not pages.page("head", address).xpath(f"//a[@href='{edit}']"), "only with his task"
