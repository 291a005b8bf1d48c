"""Lists at work: found from anywhere, kept as views, changed many at once, shown as a board."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import PHONE, Visit, barriers, sideways_pixels, small_targets
from journeys_server import Installation
from playwright.sync_api import expect

from jingwei.services.sheet_cells import quoted

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
TASKS = "/f/assigned_task"
RISKY = [
    "=1",
    "+1",
    "-a",
    "@x",
    "\t=x",
    "\r1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "'=1",
    "''＝1",
    "'",
    "a=1",
]


def test_the_search_box_leads_to_pages_indicators_and_records(as_person: Open) -> None:
    visit = as_person("group.ops")
    page = visit.go("/")
    page.keyboard.press("Control+k")
    box = page.locator("dialog#finder")
    expect(box).to_be_visible()
    box.locator("input").fill("资产负债率")
    expect(box.locator("#found")).to_contain_text("指标")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/indicators/debt_ratio")

    page.keyboard.press("Control+k")
    page.route("**/search?*", lambda route: (time.sleep(0.5), route.continue_()))
    box.locator("input").fill("结算攻坚")
    expect(box.get_by_role("status")).to_have_text("正在搜索…")
    hit = box.locator("[data-hit]", has_text="结算攻坚").first
    expect(hit).to_contain_text("事项交办")
    expect(box.get_by_role("status")).to_be_empty()
    page.unroute("**/search?*")
    assert barriers(page) == []
    hit.click()
    page.wait_for_url(re.compile(r"/f/assigned_task/\d+$"))
    title = visit.text("h1")

    visit.go("/")
    page.keyboard.press("Control+k")
    expect(box.locator("#found")).to_contain_text(title)
    assert visit.complaints == []


def test_nobody_finds_what_is_none_of_their_business(as_person: Open) -> None:
    visit = as_person("li.na")
    page = visit.go("/search?q=%E7%BB%93%E7%AE%97%E6%94%BB%E5%9D%9A")
    expect(page.locator("main .found")).to_contain_text("没有找到")


def test_a_view_is_kept_and_opens_the_same_rows_again(as_person: Open) -> None:
    visit = as_person("group.ops")
    page = visit.go(f"{TASKS}?f.state=closed&sort=-due")
    shown = page.locator(".row-link").all_inner_texts()
    assert shown
    page.locator("summary", has_text="视图").click()
    page.locator("[data-save-view]").click()
    page.locator("dialog#ask input").fill("已办结的")
    with page.expect_navigation():
        page.locator("dialog#ask #ask-yes").click()

    visit.go(TASKS)
    page.locator("summary", has_text="视图").click()
    page.get_by_role("link", name="已办结的").click()
    page.wait_for_url("**filter=**")
    assert page.locator(".row-link").all_inner_texts() == shown
    assert visit.complaints == []


def test_many_records_are_changed_at_once_and_each_refusal_is_said(
    as_person: Open, installation: Installation
) -> None:
    visit = as_person("group.ops")
    page = visit.go(f"{TASKS}?sort=number&size=50")
    titles = page.locator(".row-link").all_inner_texts()
    page.locator("[data-tick-all]").check()
    expect(page.locator("#chosen")).to_contain_text(f"已选 {len(titles)} 条")
    page.locator('[data-many="update"]').click()
    page.locator("dialog#shape select").first.select_option("importance")
    choice = page.locator("dialog#shape .ask-field", has_text="重要").locator("select").last
    value = choice.locator("option").last.get_attribute("value")
    choice.select_option(value)
    page.locator("dialog#shape .btn-primary").click()
    expect(page.locator("dialog#shape h2")).to_contain_text("条未完成")
    refused_rows = page.locator("dialog#shape .results").first.locator("tbody tr")
    lines = refused_rows.locator("a").evaluate_all("links => links.map((a) => a.pathname)")
    with page.expect_download() as saved:
        page.get_by_role("button", name="下载结果").click()
    kept = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert kept[0] == '"记录","结果"' and len(kept) == 1 + len(titles)
    asked = "async (words) => words.map((await import('/static/own/many.js')).quoted)"
    assert page.evaluate(asked, RISKY) == [f'"{quoted(words)}"' for words in RISKY]
    assert page.evaluate(asked, ["-1,200.5%", '"']) == ['"-1,200.5%"', '""""']
    with page.expect_navigation():
        page.locator("dialog#shape .btn-primary").click()

    refused = {int(address.rpartition("/")[2]) for address in lines}
    found = installation.get("/api/v1/forms/assigned_task/records?size=50", "group.ops")["items"]
    changed = {r["id"] for r in found if r["importance"] == value}
    assert 0 < len(refused) < len(titles) == len(found)
    assert {r["id"] for r in found} - refused <= changed


def test_a_board_shows_the_same_records_by_their_state(as_person: Open) -> None:
    visit = as_person("group.ops")
    page = visit.go(TASKS)
    rows = {row.inner_text() for row in page.locator(".row-link").all()}
    page.get_by_role("link", name="看板").click()
    page.wait_for_url("**view=board**")
    lanes = page.locator(".lane")
    assert [lane.get_attribute("aria-label") for lane in lanes.all()][:2] == ["已下达", "办理中"]
    cards = page.locator(".board-card").all_inner_texts()
    assert len(cards) == len(rows)
    assert all(any(number in card for card in cards) for number in rows)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert sideways_pixels(page) == 0
    assert barriers(page) == []
    assert visit.complaints == []


def test_on_a_phone_cards_are_touched_to_choose_them(as_person: Open) -> None:
    visit = as_person("group.ops", size=PHONE)
    page = visit.go(TASKS)
    ticks, cards = page.locator("[data-tick]"), page.locator("#list tbody tr")
    chosen, deeds = page.locator("#chosen"), page.locator('#chosen [data-many="update"]')
    expect(ticks.first).to_be_hidden()
    page.get_by_role("button", name="选择", exact=True).click()
    expect(chosen).to_contain_text("已选 0 条")
    expect(deeds).to_be_disabled()
    cards.nth(0).locator(".row-link").click()  # it opens nothing now
    cards.nth(1).locator("td").last.click()
    ticks.nth(2).check()
    expect(chosen).to_contain_text("已选 3 条")
    place = cards.nth(0).locator("td.tick").bounding_box()
    assert place is not None and min(place["width"], place["height"]) >= 44
    assert (barriers(page), small_targets(page), sideways_pixels(page)) == ([], [], 0)
    cards.nth(1).click()
    expect(chosen).to_contain_text("已选 2 条")
    deeds.click()
    expect(page.locator("dialog#shape")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("[data-choose-all]").click()
    expect(chosen).to_contain_text(f"已选 {cards.count()} 条")
    page.locator('#chosen [data-many="none"]').click()
    expect(chosen).to_be_hidden()
    with page.expect_navigation():
        cards.nth(0).locator(".row-link").click()
    assert visit.complaints == []


def test_a_clerk_groups_the_list_with_subtotals_and_opens_what_is_in_a_group(
    as_person: Open,
) -> None:
    visit = as_person("group.ops", size=PHONE)
    page = visit.go("/f/annual_plan?columns=org,total_amount")
    page.locator('[data-shape="groups"]').click()
    page.locator("dialog#shape select").first.select_option("org")
    page.locator('dialog#shape input[value="sum(total_amount)"]').check()
    assert barriers(page) == []
    page.locator("dialog#shape .btn-primary").click()
    page.wait_for_url("**group=org**")
    lines = page.locator(".grouped tbody tr")
    counts = [int(one) for one in lines.locator("td:first-of-type").all_inner_texts()]
    assert counts[0] == sum(counts[1:]) > 1
    assert sideways_pixels(page) == 0
    lines.nth(1).locator("a").click()
    page.wait_for_url("**filter=**")
    expect(page.locator(".row-link")).to_have_count(counts[1])
    assert visit.complaints == []


def test_a_list_that_is_too_wide_scrolls_in_its_card_and_its_heads_stay_in_sight(
    as_person: Open,
) -> None:
    visit = as_person("group.ops", size=(1440, 480))
    page = visit.go(TASKS)
    head, last = page.locator("#list thead th").last, page.locator("#list tbody tr").last
    last.scroll_into_view_if_needed()
    page.mouse.wheel(0, 400)
    expect(head).to_be_in_viewport()  # it fits, and scrolls with the window
    columns = "number,title,org,owner_person,due,importance,source,issued_by,created_at,updated_at"
    page = visit.go(f"{TASKS}?columns={columns},light,state,status")
    box = page.locator("#list .grid-scroll")
    assert sideways_pixels(page) == 0
    expect(head).not_to_be_in_viewport()
    box.evaluate("(box) => box.scrollTo(box.scrollWidth, box.scrollHeight)")
    expect(head).to_be_in_viewport()
    expect(last.locator("td").last).to_be_in_viewport()
    words = page.locator("#list tbody td:nth-child(3)").first
    assert words.evaluate("(cell) => cell.clientWidth") >= 130, "words are not squeezed"
