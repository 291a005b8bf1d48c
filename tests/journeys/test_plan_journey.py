"""A plan from the planner's first line to its approval, in a browser, as the people do it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser import PHONE, Visit, barriers, sideways_pixels, small_targets
from journeys_server import Installation
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
RECORD = re.compile(r"/f/annual_plan/\d+$")


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f'[data-field="{name}"] select').select_option(value)


def fill_row(page: Page, row: int, **cells: str) -> None:
    line = page.locator('[data-table="targets"] [data-row]').nth(row)
    for column, value in cells.items():
        control = line.locator(f'[data-column="{column}"]').locator("input, select").first
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value, force=True)
        else:
            control.fill(value)
            control.blur()


def new_plan(visit: Visit, revenue: str, last: str) -> Page:
    """A filled form for next year, not saved."""
    page = visit.go("/f/annual_plan/new")
    choose(page, "year", "2026")
    add = page.locator('[data-table="targets"] [data-add]')
    add.click()
    fill_row(page, 0, indicator="revenue", last_year=last, amount=revenue, weight="60")
    add.click()
    fill_row(page, 1, indicator="total_profit", last_year="1000", amount="1100", weight="40")
    return page


def card_of(page: Page, record: str) -> Locator:
    """The task on a record in the inbox."""
    return page.locator(f'.task:has(a[href="/f/annual_plan/{record}"])')


def decide(visit: Visit, record: str, title: str, opinion: str = "") -> None:
    """From the inbox: the task's button, an opinion, the confirmation."""
    page = visit.go("/tasks")
    card_of(page, record).get_by_role("button", name=title).click()
    dialog = page.locator("dialog#ask")
    expect(dialog).to_be_visible()
    if opinion:
        dialog.locator("textarea").fill(opinion)
    dialog.locator("#ask-yes").click()
    expect(page.locator(".toast-success")).to_be_visible()


def approve(installation: Installation, login: str, record: str) -> None:
    """The same over the API, where the screen is not the point."""
    tasks = installation.tasks(login, "annual_plan")
    task = next(one for one in tasks if one["record"] == int(record))
    installation.post(f"/api/v1/tasks/{task['id']}/approve", login)


def path_of(page: Page) -> list[tuple[str, str]]:
    """Steps of the approval as the record shows them: title and where it stands."""
    return [
        (
            step.locator("strong").first.inner_text(),
            step.locator(".path-outcome").first.inner_text().partition(" · ")[0],
        )
        for step in page.locator(".path > li").all()
    ]


def test_a_large_plan_goes_from_the_planner_over_finance_and_sector_to_the_group_leader(
    as_person: Open, installation: Installation
) -> None:
    planner = as_person("li.na")
    page = new_plan(planner, revenue="6000", last="5000")
    expect(page.locator("#field-total_amount")).to_have_text("6,000.00")
    expect(page.locator('[data-row] [data-column="growth"] output').first).to_have_text("20.00%")
    page.locator("#submit").click()
    page.wait_for_url(RECORD)
    planner.settle()
    record = page.url.rpartition("/")[2]
    assert path_of(page)[:2] == [("子公司编制", "已提交"), ("财务会签", "正在处理")]
    assert planner.text(".quiet-status") == "流程： 审批中"

    decide(as_person("chen.jie"), record, "同意", "数据已核对")
    half = as_person("group.ops").go(f"/f/annual_plan/{record}")
    assert path_of(half)[1] == ("财务会签", "正在处理"), "one of two signatures is not enough"
    decide(as_person("group.budget"), record, "同意")
    decide(as_person("eng.head"), record, "同意")
    decide(as_person("zhao.lin", size=PHONE), record, "同意", "同意，注意现金流")

    page = planner.go(f"/f/annual_plan/{record}")
    assert path_of(page) == [
        ("子公司编制", "已提交"),
        ("财务会签", "已同意"),
        ("板块负责人", "已同意"),
        ("集团领导", "已同意"),
    ]
    assert page.locator(".record-badges .tag").all_inner_texts() == ["生效"]
    timeline = planner.text(".timeline")
    assert "同意，注意现金流" in timeline
    assert "数据已核对" in timeline
    api = installation.get(f"/api/v1/forms/annual_plan/records/{record}", "li.na")
    assert (api["status"], api["state"], api["total_amount"]) == ("approved", "effective", 6e7)
    assert planner.complaints == []


def test_a_small_plan_does_not_go_to_the_group_leader(
    as_person: Open, installation: Installation
) -> None:
    planner = as_person("sz.planner")
    page = new_plan(planner, revenue="3000", last="2900")
    page.locator("#submit").click()
    page.wait_for_url(RECORD)
    record = page.url.rpartition("/")[2]

    for login in ("sz.finance", "group.budget", "park.head"):
        approve(installation, login, record)

    page = planner.go(f"/f/annual_plan/{record}")
    assert "集团领导" not in [title for title, _ in path_of(page)]
    assert page.locator(".record-badges .tag").all_inner_texts() == ["生效"]
    assert installation.tasks("zhao.lin", "annual_plan") == []


def test_finance_returns_a_plan_from_the_phone_and_the_planner_sends_it_again(
    as_person: Open,
) -> None:
    planner = as_person("zj.planner", size=PHONE)
    page = new_plan(planner, revenue="4000", last="3900")
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    page.locator("#submit").click()
    page.wait_for_url(RECORD)
    record = page.url.rpartition("/")[2]

    finance = as_person("zj.finance", size=PHONE)
    inbox = finance.go("/tasks")
    card_of(inbox, record).get_by_role("button", name="退回").click()
    inbox.locator("dialog#ask #ask-yes").click()
    assert inbox.locator("dialog#ask").is_visible(), "a return owes its reason"
    inbox.locator("dialog#ask textarea").fill("请补充依据")
    inbox.locator("dialog#ask #ask-yes").click()
    expect(inbox.locator(".toast-success")).to_be_visible()

    page = planner.go(f"/f/annual_plan/{record}")
    assert planner.text(".quiet-status") == "流程： 已退回"
    assert "请补充依据" in planner.text(".timeline")
    page.get_by_role("button", name="提交").first.click()
    expect(page.locator(".quiet-status")).to_have_text("流程： 审批中")
    assert planner.complaints == []


def test_the_record_page_has_no_barriers_on_a_desk_or_a_phone(
    as_person: Open, installation: Installation
) -> None:
    path = "/api/v1/forms/annual_plan/records?filter=status%20%3D%3D%20%22in_approval%22"
    record = installation.get(path, "group.ops")["items"][0]["id"]
    for size in ((1440, 900), PHONE):
        visit = as_person("group.ops", size=size)
        visit.go(f"/f/annual_plan/{record}")
        visit.page.wait_for_selector(".path")
        assert barriers(visit.page) == []
        assert sideways_pixels(visit.page) == 0
        assert visit.complaints == []
