"""What a form does while somebody types, and what is left when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser import Visit
from journeys_server import Installation
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
NEW = "/f/annual_plan/new"
RECORD = re.compile(r"/f/annual_plan/\d+$")
ROWS = '[data-table="targets"] [data-row]'


def add_row(page: Page, **cells: str) -> None:
    page.locator('[data-table="targets"] [data-add]').click()
    line = page.locator(ROWS).last
    for column, value in cells.items():
        control = line.locator(f'[data-column="{column}"]').locator("input, select").first
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value, force=True)
        else:
            control.fill(value)
            control.blur()


def make_plan(installation: Installation, login: str, org: str, year: str) -> int:
    """A draft over the API; its id."""
    row = {"indicator": "revenue", "org": org, "amount": "20000", "weight": "100"}
    made = installation.post(
        "/api/v1/forms/annual_plan/records", login, {"org": org, "year": year, "targets": [row]}
    )
    return int(made["id"])


def test_computed_totals_and_conditions_follow_what_is_typed(as_person: Open) -> None:
    visit = as_person("bl.planner")
    page = visit.go(NEW)
    reason = page.locator('[data-field="reason"]')
    expect(reason).to_be_hidden()

    add_row(page, indicator="revenue", last_year="1,000", amount="900", weight="60")
    expect(page.locator(f'{ROWS} [data-column="growth"] output')).to_have_text("-10.00%")
    expect(page.locator("#field-total_amount")).to_have_text("900.00")
    expect(reason).to_be_visible()
    expect(reason.locator("[data-must]")).to_be_visible()

    page.locator(f'{ROWS} [data-column="amount"] input').fill("1100.5")
    expect(page.locator("#field-total_amount")).to_have_text("1,100.50")
    expect(reason).to_be_hidden()

    add_row(page, indicator="total_profit", amount="50", weight="40")
    expect(page.locator('[data-total="weight"]')).to_have_text("100")
    page.locator(f"{ROWS} [data-remove]").last.click()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator('[data-total="weight"]')).to_have_text("60")
    assert visit.complaints == []


def test_last_years_figure_comes_by_itself_until_somebody_types_another(as_person: Open) -> None:
    page = as_person("li.na").go(NEW)
    page.locator('[data-field="year"] select').select_option("2024")
    add_row(page, indicator="revenue", org="S601668", amount="100")
    last_year = page.locator(f'{ROWS} [data-column="last_year"] input')
    expect(last_year).to_have_value("226,552,900.00")
    expect(page.locator('[data-field="reason"]')).to_be_visible()

    last_year.fill("90")
    last_year.blur()
    expect(page.locator(f'{ROWS} [data-column="growth"] output')).to_have_text("11.11%")
    page.locator(f'{ROWS} [data-column="amount"] input').fill("99")
    page.wait_for_timeout(1_200)  # the server has been asked again
    expect(last_year).to_have_value("90.00")


def test_what_is_wrong_stands_on_top_and_leads_to_its_field(as_person: Open) -> None:
    visit = as_person("bl.planner")
    page = visit.go(NEW)
    add_row(page, indicator="revenue", amount="abc", weight="60")
    page.locator("#save").click()

    summary = page.locator("#summary")
    expect(summary).to_be_focused()
    lines = summary.locator("li").all_inner_texts()
    assert lines == ["目标分解 第 1 行 目标值: 请填数字，例如 1234.50。"]
    summary.locator("a").click()
    amount = page.locator(f'{ROWS} [data-column="amount"] input')
    expect(amount).to_be_focused()
    expect(amount).to_have_attribute("aria-invalid", "true")
    assert amount.input_value() == "abc", "what was typed is still there"


def test_a_closed_window_loses_nothing_and_another_machine_goes_on(
    as_person: Open, installation: Installation
) -> None:
    visit = as_person("bl.planner", fresh=True)
    page = visit.go(NEW)
    add_row(page, indicator="revenue", amount="777", weight="60")
    expect(page.locator("#saved")).to_have_text("有未保存的修改")
    page.on("dialog", lambda dialog: dialog.accept())
    kept = "/api/v1/forms/annual_plan/unsaved"
    visit.go("/f/annual_plan")
    installation.wait_for(lambda: installation.get(kept, "bl.planner")["unsaved"] is not None)
    page.evaluate("localStorage.clear()")

    visit.go(NEW)
    bar = page.locator("#restore")
    expect(bar).to_contain_text(re.compile("您有 .+ 未保存的内容"))
    bar.locator("[data-restore]").click()
    expect(page.locator(f'{ROWS} [data-column="amount"] input')).to_have_value("777.00")
    expect(bar).to_be_hidden()
    page.locator('[data-field="year"] select').select_option("2027")
    page.locator("#save").click()
    page.wait_for_url(RECORD)
    assert installation.get(kept, "bl.planner") == {"unsaved": None}
    visit.go(NEW)
    expect(bar).to_be_hidden()


def test_another_language_keeps_what_was_typed(as_person: Open) -> None:
    visit = as_person("bl.planner")
    page = visit.go(NEW)
    add_row(page, indicator="revenue", amount="888", weight="10")
    page.get_by_role("link", name="English").click()
    page.wait_for_selector("html[lang=en]")
    visit.settle()
    expect(page.locator("h1")).to_have_text("New: Annual operating plan")
    expect(page.locator(f'{ROWS} [data-column="amount"] input')).to_have_value("888.00")


def test_two_people_who_save_the_same_plan_choose_between_their_values(
    as_person: Open, installation: Installation
) -> None:
    identity = make_plan(installation, "bl.planner", "S600048", "2028")
    visit = as_person("bl.planner")
    page = visit.go(f"/f/annual_plan/{identity}/edit")
    page.locator("#field-finance_opinion").fill("我的意见")
    installation.ask(
        "PATCH",
        f"/api/v1/forms/annual_plan/records/{identity}",
        "bl.planner",
        {"finance_opinion": "别人的意见"},
        {"If-Match": '"1"'},
    )
    page.locator("#save").click()

    dialog = page.locator("dialog#conflict")
    expect(dialog).to_be_visible()
    row = dialog.locator("tbody tr").inner_text().split("\t")
    assert [one.strip() for one in row] == ["财务意见", "别人的意见", "我的意见"]
    dialog.get_by_role("button", name="按所选保存").click()
    page.wait_for_url(RECORD)
    found = installation.get(f"/api/v1/forms/annual_plan/records/{identity}", "bl.planner")
    assert found["finance_opinion"] == "我的意见"


def test_a_block_from_a_sheet_fills_rows_to_the_right_and_down(as_person: Open) -> None:
    visit = as_person("bl.planner")
    page = visit.go(NEW)
    add_row(page, indicator="revenue")
    block = "1,000\t1,100\t\t60\n200\t(220)\t\t40\n"
    page.locator(f'{ROWS} [data-column="last_year"] input').evaluate(
        """(cell, text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const how = {clipboardData: data, bubbles: true, cancelable: true};
          cell.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        block,
    )
    expect(page.locator(ROWS)).to_have_count(2)
    amounts = [i.input_value() for i in page.locator(f'{ROWS} [data-column="amount"] input').all()]
    assert amounts == ["1,100.00", "-220.00"]
    expect(page.locator('[data-total="weight"]')).to_have_text("100")


def test_the_state_of_a_list_stands_in_its_address(
    as_person: Open, installation: Installation
) -> None:
    for year in ("2031", "2032"):
        make_plan(installation, "dh.planner", "S600133", year)
    visit = as_person("dh.planner")
    page = visit.go("/f/annual_plan")
    page.locator(".more-filters summary").click()
    page.locator('select[name="f.status"]').select_option("draft")
    page.wait_for_url("**/f/annual_plan?f.status=draft")
    page.get_by_role("link", name="年度", exact=True).click()
    page.wait_for_url(re.compile(r"sort=year"))
    years = page.locator('td[data-title="年度"]').all_inner_texts()
    assert years == sorted(years)
    address = page.url

    visit.go("/f/annual_plan/new")
    page.go_back()
    page.wait_for_url(address)
    assert page.locator('td[data-title="年度"]').all_inner_texts() == years
    page.goto(f"{visit.address}/f/annual_plan?q=nothing-like-this")
    expect(page.locator(".nothing")).to_contain_text("没有符合条件的记录")
    assert visit.complaints == []
