"""Approvals in a real browser: on a phone, by keyboard, with a signature, by administrators."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from api_house import PASSWORD
from approvals_house import FORM, Approvals, case_files
from browser import PHONE, Visit, barriers, open_chromium, sideways_pixels, small_targets, visit
from module_houses import approvals_of
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser

FLOWS = {
    "leave": """
        steps:
          - {id: a, title: 部门, approve: {mode: all, who: [{person: u1}, {person: u2}]}}
          - id: size
            title: 金额
            branch:
              - when: amount > 100
                steps: [{id: big, title: 集团, approve: {who: {person: u4}}}]
              - else: []
          - {id: b, title: 板块, approve: {who: {person: u3}}}
        """,
    "owing": """
        steps:
          - id: a
            title: 审核
            approve:
              who: {person: u7}
              fields: {write: [opinion, amount, chief], require: [opinion]}
        """,
    "rows": """
        steps:
          - id: e
            each:
              of: lines
              steps:
                - id: keeper
                  title: 经办确认
                  approve:
                    who: {field: row.keeper}
                    fields: {write: [row.score], require: [row.score]}
        """,
    "old": "steps: [{id: a, title: 初审, approve: {who: {person: u5}}}]",
    "named": """
        steps:
          - id: a
            title: 复核
            approve: {who: {chosen_by: initiator, from: {any_of: [{person: u5}, {person: u6}]}}}
        """,
}
Open = Callable[..., Visit]


house = approvals_of(FLOWS)


@pytest.fixture(scope="module")
def address(house: Approvals) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, house.api.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def as_person(chromium: Browser, address: str) -> Iterator[Open]:
    opened: list[Visit] = []

    def open_(login: str, **how: object) -> Visit:
        opened.append(visit(chromium, address, login, PASSWORD, **how))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for one in opened:
        assert one.complaints == []
        one.close()


def confirm(page: Page) -> None:
    with page.expect_navigation():
        page.locator("dialog#ask #ask-yes").click()


def test_a_leader_approves_on_the_phone_in_three_taps(house: Approvals, as_person: Open) -> None:
    for title in ("甲", "乙", "丙"):
        house.start("leave", title=title)
    opened = as_person("u1", size=PHONE)
    page = opened.go("/")
    page.locator(".task", has_text="甲").get_by_role("button", name="同意").tap()
    page.locator("dialog#ask .phrase", has_text="请按计划推进").tap()
    confirm(page)
    (answered,) = house.api.get("u1", "tasks?box=done").get_json()["items"]
    assert (answered["outcome"], answered["comment"]) == ("approved", "同意，请按计划推进")
    assert len(house.todo("u1")) == 2

    opened.go("/tasks")
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    assert barriers(page) == []
    expect(page.locator(".tabs .count, [href='/tasks?box=todo'] .box-count")).to_have_text(
        ["2", "2"]
    )
    page.locator("[data-choose-all]").tap()
    page.locator("[data-approve-chosen]").tap()
    expect(page.locator("dialog#ask #ask-body p")).to_have_text("将对所选 2 项一并作答。")
    page.locator("dialog#ask textarea").fill("统一意见")
    page.locator("dialog#ask #ask-yes").tap()
    expect(page.locator("#results li.went")).to_have_count(2)
    expect(page.locator(".tabs .count, [href='/tasks?box=todo'] .box-count")).to_have_count(0)
    with page.expect_navigation():
        page.locator("[data-results-close]").tap()
    expect(page.locator(".task")).to_have_count(0)
    assert house.todo("u1") == []
    done = house.api.get("u1", "tasks?box=done").get_json()["items"]
    assert sum(one["comment"] == "统一意见" for one in done) == 2


def test_what_the_step_asks_for_is_filled_in_where_one_decides(
    house: Approvals, as_person: Open
) -> None:
    flow = house.start("owing", title="填写", amount=5)
    opened = as_person("u7", size=PHONE)
    page = opened.go("/tasks")
    with page.expect_navigation():
        page.get_by_role("link", name="填写并处理").tap()
    opened.settle()
    approve = page.locator(".decide-buttons [data-act$='/approve']")
    approve.tap()
    expect(page.locator("#summary")).to_contain_text("意见")
    opened.complaints.clear()  # what the server refused is said by the console too
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    assert barriers(page) == []
    page.locator("#form [data-field=opinion] input").fill("合格")
    page.locator("#form [data-field=amount] input").fill("7")
    with page.expect_navigation():
        approve.tap()
    record = house.record(flow)
    assert (record["opinion"], record["amount"], record["status"]) == ("合格", 7, "approved")


def test_each_row_is_filled_in_and_decided_by_itself(house: Approvals, as_person: Open) -> None:
    flow = house.start("rows", title="盘点", lines=[{"keeper": "u7"}, {"keeper": "u7"}])
    opened = as_person("u7", size=PHONE)
    page = opened.go("/tasks")
    cards = page.locator(".task", has_text="盘点")
    expect(cards.filter(has_text="第 1 行")).to_have_count(1)
    with page.expect_navigation():
        cards.filter(has_text="第 2 行").get_by_role("link", name="填写并处理").tap()
    opened.settle()
    expect(page.locator("#decide-title")).to_contain_text("经办确认 · 第 2 行")
    approve = page.locator(".decide-buttons [data-act$='/approve']")
    approve.tap()
    expect(page.locator("#summary")).to_contain_text("分")
    opened.complaints.clear()  # what the server refused is said by the console too
    page.locator("#form [data-field='row.score'] input").fill("8")
    with page.expect_navigation():
        approve.tap()
    expect(page.locator("#decide-title")).to_contain_text("第 1 行")
    expect(page.locator(".timeline")).to_contain_text("经办确认 · 第 2 行")
    assert [line["score"] for line in house.record(flow)["lines"]] == [None, 8]


def test_a_signer_is_added_by_initials_and_keyboard_and_the_picture_leads_to_the_opinions(
    house: Approvals, as_person: Open
) -> None:
    flow = house.start("leave", title="丁")
    opened = as_person("u1")
    page = opened.go(f"/f/leave/{flow['record']}")
    assert barriers(page) == []
    page.locator('.flow-svg a[data-step="a"]').click()
    expect(page.locator("#step-a")).to_be_in_viewport()
    before = page.locator(".flow-svg").bounding_box()
    page.get_by_role("button", name="放大").click()
    after = page.locator(".flow-svg").bounding_box()
    assert before is not None and after is not None
    assert after["width"] > before["width"]

    page.locator(".more-actions summary").click()
    page.get_by_role("button", name="加签", exact=True).click()
    box = page.get_by_role("combobox", name="由谁加签")
    box.fill("jtz")
    offered = page.locator("dialog#ask [role=option]")
    expect(offered).to_have_count(1)  # before, it stands in a list of everybody
    expect(offered).to_contain_text("集团总")
    box.press("Enter")
    expect(page.locator(".people-chip")).to_have_text("集团总×")
    page.locator("dialog#ask select").select_option("with")
    confirm(page)
    assert "a:chief" in house.asked(house.flow(flow["id"]))


def test_who_begins_a_request_names_the_people_to_come(house: Approvals, as_person: Open) -> None:
    opened = as_person("I", size=PHONE)
    page = opened.go("/f/named/new")
    page.locator("[data-field=title] input").fill("辛")
    page.locator("#submit").tap()
    picker = page.get_by_role("combobox", name="“复核”的处理人")
    offered = page.locator("dialog#ask [role=option]")
    expect(offered).to_have_text(["审批人5甲公司", "审批人6集团"])
    assert barriers(page) == []
    page.locator("dialog#ask [value=no]").tap()
    expect(page.locator(".toast-line")).to_have_text("已保存，尚未提交")

    page.locator("#submit").tap()
    expect(offered).to_have_count(2)
    expect(offered.first).to_be_visible()  # Escape closes what is open: the offers, else the dialog
    picker.press("Escape")
    page.locator("dialog#ask #ask-yes").tap()
    expect(page.locator("dialog#ask"), "nobody was chosen").to_be_visible()
    picker.fill("6")
    expect(offered).to_have_text(["审批人6集团"])
    offered.tap()
    confirm(page)
    expect(page.locator(".flow-waits")).to_contain_text("审批人6")
    (waiting,) = house.todo("u6")
    assert waiting["display"] == "辛"

    again = house.api.make("I", "named", title="壬", amount=1)
    opened.go(f"/f/named/{again['id']}")
    page.get_by_role("button", name="提交").tap()
    expect(offered).to_have_count(2)


def test_a_request_is_sent_back_on_the_phone_and_its_page_fits_there(
    house: Approvals, as_person: Open
) -> None:
    flow = house.start("leave", title="戊", amount=500)
    opened = as_person("u2", size=PHONE, lang="en")
    page = opened.go(f"/f/leave/{flow['record']}")
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    assert barriers(page) == []
    page.get_by_role("button", name="Return", exact=True).tap()
    expect(page.locator("#opinion")).to_have_attribute("aria-invalid", "true")
    page.locator(".decide .phrase", has_text="grounds").tap()
    with page.expect_navigation():
        page.get_by_role("button", name="Return", exact=True).tap()
    assert house.record(flow)["status"] == "returned"


def test_a_signature_is_drawn_and_a_stand_in_named(house: Approvals, as_person: Open) -> None:
    opened = as_person("u3", size=PHONE)
    page = opened.go("/settings")
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    assert barriers(page) == []
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 60, steps=5)
    page.mouse.up()
    with page.expect_navigation():
        page.locator("[data-use-drawn]").click()
    width = page.locator(".signature-now img").evaluate(
        "img => img.decode().then(() => img.naturalWidth)"
    )
    assert 100 < width < 640, "the picture is cut to what was drawn"

    picker = page.get_by_role("combobox", name="由谁代理")
    picker.fill("u9")
    page.get_by_role("option", name="审批人9").click()
    page.locator("[name=until]").fill("2099-01-01")
    with page.expect_navigation():
        page.locator("[data-proxy] .btn-primary").click()
    expect(page.locator(".standing-in")).to_contain_text("审批人9 正在代您处理待办")
    flow = house.start("leave", title="己")
    for login in ("u1", "u2"):
        house.decide(login, flow["id"])
    assert [t["person"] for t in house.flow(flow["id"])["open"]] == ["u9"]
    house.forget_absences()


def test_an_administrator_suspends_with_a_reason_and_hands_over_a_leaver(
    house: Approvals, as_person: Open
) -> None:
    flow = house.start("leave", title="庚")
    opened = as_person("admin")
    page = opened.go(f"/flows/{flow['id']}")
    assert barriers(page) == []
    page.locator(".flow-buttons .menu summary").click()
    page.get_by_role("button", name="挂起").click()
    page.locator("dialog#ask #ask-yes").click()
    expect(page.locator("dialog#ask")).to_be_visible()
    page.locator("dialog#ask textarea").fill("核实")
    confirm(page)
    assert house.flow(flow["id"])["status"] == "suspended"
    house.on_flow("admin", flow["id"], "resume", {"reason": "好了"})

    opened.go("/flows?q=庚")
    page.locator("[data-choose-flow]").check()
    page.locator("[data-bulk-flow=reassign]").click()
    page.locator("dialog#ask select").select_option("u1")
    page.get_by_role("combobox", name="交给谁").fill("u9")
    page.get_by_role("option", name="审批人9").click()
    page.locator("dialog#ask textarea").fill("休假")
    page.locator("dialog#ask #ask-yes").click()
    expect(page.locator("#results li.went")).to_have_count(1)
    assert house.asked(house.flow(flow["id"])) == ["a:u2", "a:u9"]

    opened.go("/flows/hand-over?person=u2")
    page.get_by_role("combobox", name="移交给").fill("u8")
    with page.expect_navigation():  # the list follows who is chosen
        page.get_by_role("option", name="审批人8").click()
    page.locator("[data-hand-all]").click()
    page.locator("dialog#ask textarea").fill("离任")
    page.locator("dialog#ask #ask-yes").click()
    handed = page.locator("[data-handed] li").filter(has_text="庚")
    expect(handed).to_contain_text("审批人8")
    assert house.todo("u2") == []
    assert "a:u8" in house.asked(house.flow(flow["id"]))


def test_requests_are_moved_on_the_phone_and_go_from_the_list(
    house: Approvals, as_person: Open
) -> None:
    for title in ("子", "丑"):
        house.start("old", title=title)
    house.publish(case_files("old", FLOWS["old"].replace("u5", "u6")))
    opened = as_person("admin", size=PHONE)
    page = opened.go("/flows/migrate?workflow=old")
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    card = page.locator("tr[data-move]", has_text="子")
    box, around = card.locator("input").bounding_box(), card.bounding_box()
    assert box is not None and around is not None
    assert around["y"] < box["y"] < around["y"] + around["height"]
    button = page.locator("[data-move-chosen]")
    for one in ("子", "丑"):
        expect(button).to_be_enabled()
        page.locator("tr[data-move]", has_text=one).locator("label").tap()
    expect(button).to_be_disabled()
    card.locator("label").tap()
    button.tap()
    page.locator("dialog#ask textarea").fill("改版")
    page.locator("dialog#ask #ask-yes").tap()
    expect(page.locator("[data-moved]")).to_have_text("已迁移 1 个，0 个没有成功")
    expect(page.locator("tr[data-move]")).to_have_count(1)
    expect(page.locator("tr[data-move]")).to_contain_text("丑")
    expect(button).to_be_disabled()
    assert barriers(page) == []
    house.publish(case_files("old", "steps: [{id: z, title: 终审, approve: {who: {person: u6}}}]"))
    page = opened.go("/flows/migrate?workflow=old")
    expect(page.locator("[data-move-chosen]")).to_have_count(0)
    with page.expect_navigation():
        page.locator("select[name='to.old.a']").select_option("z")
    expect(page.locator("tr[data-move]", has_text="丑")).to_contain_text("→ 终审")
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    page.locator("[data-move-chosen]").tap()
    page.locator("dialog#ask textarea").fill("改版")
    page.locator("dialog#ask #ask-yes").tap()
    expect(page.locator("[data-moved]")).to_have_text("已迁移 2 个，0 个没有成功")


def test_what_is_typed_for_a_row_is_kept_and_follows_the_conditions_of_its_columns(
    house: Approvals, as_person: Open
) -> None:
    why = "why: {type: text, title: 说明, visible_if: score < 5, required_if: score < 3}"
    score = "score: {type: number, title: 分}"
    form = FORM.format(name="cond", code="CD", title="条件").replace(score, f"{score}\n      {why}")
    flow_text = FLOWS["rows"].replace("write: [row.score]", "write: [row.score, row.why]")
    house.publish(case_files("cond", flow_text, form))
    flow = house.start("cond", title="抽查", lines=[{"keeper": "u9"}, {"keeper": "u9"}])
    first, second = house.todo("u9", flow["id"])
    opened = as_person("u9")
    page = opened.go(f"/f/cond/{flow['record']}?task={second['id']}")
    score_box = page.locator("#form [data-field='row.score'] input")
    why_block = page.locator("#form [data-field='row.why']")
    expect(why_block).to_be_hidden()
    score_box.fill("4")
    expect(why_block).to_be_visible()
    expect(why_block.locator("[data-must]")).to_be_hidden()
    score_box.fill("2")
    expect(why_block.locator("[data-must]")).to_be_visible()
    why_block.locator("input").fill("缺件")
    page.on("dialog", lambda dialog: dialog.accept())
    opened.go(f"/f/cond/{flow['record']}?task={first['id']}")
    expect(page.locator("#decide-title")).to_contain_text("第 1 行")
    expect(page.locator("#restore")).to_be_hidden()
    opened.go(f"/f/cond/{flow['record']}?task={second['id']}")
    page.locator("#restore [data-restore]").click()
    expect(score_box).to_have_value("2")
    expect(why_block.locator("input")).to_have_value("缺件")
    with page.expect_navigation():
        page.locator(".decide-buttons [data-act$='/approve']").click()
    rows = house.record(flow)["lines"]
    assert [(row["score"], row["why"]) for row in rows] == [(None, None), (2, "缺件")]


def test_an_administrator_acts_on_all_that_match_not_only_on_the_page(
    house: Approvals, as_person: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jingwei.services.flows.overview.STRETCH", 9)
    flows = [house.start("leave", title=f"批次{n}") for n in range(22)]
    opened = as_person("admin")
    page = opened.go("/flows?q=批次")
    every = page.locator("[data-every]")
    page.locator("[data-choose-flow]").first.check()
    expect(every).to_be_hidden()
    page.locator("[data-choose-all]").check()
    every.click()
    expect(page.locator("[data-count]")).to_have_text("22")
    page.locator("[data-bulk-flow=suspend]").click()
    expect(page.locator("dialog#ask #ask-body p")).to_contain_text("符合条件的 22 项，不只是本页")
    page.locator("dialog#ask textarea").fill("盘点期间")
    page.locator("dialog#ask #ask-yes").click()
    expect(page.locator("#results li.went")).to_have_count(22)
    expect(page.locator("#results [data-results-sum]")).to_have_text("22 项已办，0 项没有成功")
    assert {house.flow(flow["id"])["status"] for flow in flows} == {"suspended"}
    expect(page.locator(".flow-states a", has_text="已挂起")).to_contain_text("22")
    expect(page.locator("tr[data-flow-line]").first).to_contain_text("已挂起")
    page.locator("[data-choose-flow]").first.check()
    expect(page.locator("[data-bulk-flow=resume]")).to_be_visible()
    expect(page.locator("[data-bulk-flow=suspend]")).to_be_hidden()
