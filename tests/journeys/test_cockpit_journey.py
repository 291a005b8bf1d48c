"""One number on every way out: the cockpit, the API, the report on the page and in Word."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import docx
import pytest
from browser import PHONE, Visit, barriers, sideways_pixels, small_targets
from journeys_server import Installation
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
ROUNDED = Decimal("0.03")  # rows are shortened to the hundredth of a large unit, each by itself
WHERE = "org=JW&period=2025-09"
COCKPIT = f"/d/leader_cockpit?{WHERE}"


def digits(text: str) -> Decimal:
    """The number in a piece of text: `9.74 亿元` is 9.74."""
    found = re.search(r"-?[\d,]+(\.\d+)?", text)
    assert found, text
    return Decimal(found[0].replace(",", ""))


def first_number(cells: list[str]) -> Decimal:
    """The first cell that is a number."""
    return digits(next(cell for cell in cells if re.search(r"\d", cell)))


def ten_thousands(value: Decimal) -> Decimal:
    return (value / 10_000).quantize(Decimal("0.01"))


def rows_of(document: bytes) -> dict[str, list[str]]:
    """Every table row of a Word document, by its first cell."""
    parsed = docx.Document(io.BytesIO(document))
    cells = [[c.text.strip() for c in row.cells] for t in parsed.tables for row in t.rows]
    return {row[0]: row[1:] for row in cells if row}


def test_the_cockpit_the_report_the_word_file_and_the_api_say_the_same(
    as_person: Open, installation: Installation
) -> None:
    asked = {"indicators": ["total_profit"], "orgs": ["JW"], "periods": ["2025-09"]}
    answer = installation.post("/api/v1/indicators/query", "zhao.lin", asked)
    value = Decimal(str(answer["cells"][0]["value"]))
    tile = installation.get(f"/api/v1/dashboards/leader_cockpit?{WHERE}", "zhao.lin")
    assert Decimal(str(tile["tiles"]["profit"]["value"])) == value

    visit = as_person("zhao.lin")
    page = visit.go(COCKPIT)
    shown = page.locator("#tile-profit .big")
    assert Decimal(shown.get_attribute("data-value") or "") == value
    assert shown.inner_text().endswith("亿元")
    assert digits(shown.inner_text()) == (value / 10**8).quantize(Decimal("0.01"))

    page = visit.go(f"/reports/monthly_analysis?{WHERE}")
    row = page.locator("tr", has=page.get_by_text("利润总额", exact=True)).first
    assert first_number(row.locator("td").all_inner_texts()) == ten_thousands(value)

    address = f"/api/v1/reports/monthly_analysis?{WHERE}&format=docx"
    status, document, headers = installation.ask("GET", address, "zhao.lin")
    assert status == 200
    assert "wordprocessingml" in headers["Content-Type"]
    assert first_number(rows_of(document)["利润总额"]) == ten_thousands(value)
    assert visit.complaints == []


def table(page: Page) -> list[tuple[str, Decimal | None]]:
    """Rows of a drill: title and number; None where there is none."""
    found = []
    for row in page.locator("tbody tr").all():
        title = row.locator(".head").inner_text().splitlines()[0].strip()
        words = row.locator('[data-title^="数值"]').inner_text()
        found.append((title, digits(words) if re.search(r"\d", words) else None))
    return found


def test_a_figure_is_taken_apart_down_to_its_source_and_back_keeps_the_place(
    as_person: Open,
) -> None:
    visit = as_person("zhao.lin")
    page = visit.go(COCKPIT)
    page.locator("#tile-revenue .big").click()
    page.wait_for_url("**/indicators/revenue/drill?**")
    parts = table(page)
    total = dict(parts).pop("合计")
    assert total is not None
    known = sum(v for title, v in parts if v is not None and title != "合计")
    assert abs(known - total) <= ROUNDED
    page.get_by_role("link", name="科技园区板块", exact=True).click()
    page.wait_for_url("**org=PARK**")
    page.locator(".row-link").filter(has_text="东湖高新").click()
    page.wait_for_url("**org=S600133**")
    page.wait_for_selector("text=采用")
    assert page.locator("tbody a[href^=http]").count() > 0, "the source is a link"
    for _ in range(3):
        page.go_back()
    page.wait_for_url("**/d/leader_cockpit**")
    assert parse_qs(urlsplit(page.url).query) == {"org": ["JW"], "period": ["2025-09"]}
    assert visit.complaints == []


def test_eliminations_between_parts_have_a_row_of_their_own(as_person: Open) -> None:
    visit = as_person("zhao.lin")
    page = visit.go("/indicators/revenue/drill?org=S601668&period=2024-06")
    rows = dict(table(page))
    entries = rows["合并抵消"]
    assert entries is not None and entries < 0
    total = rows.pop("合计")
    assert total is not None
    assert abs(sum(v for v in rows.values() if v is not None) - total) <= ROUNDED
    expect(page.locator('[data-kind="adjustment"]')).to_contain_text("分部间抵销")


def test_org_and_period_are_chosen_once_for_the_whole_page(as_person: Open) -> None:
    visit = as_person("zhao.lin")
    page = visit.go(COCKPIT)
    page.locator('select[name="org"]').select_option("PARK")
    page.wait_for_url("**org=PARK**")
    visit.settle()
    expect(page.locator("#tile-revenue .small-print")).to_contain_text("科技园区板块")
    assert "period=2025-09" in page.url
    page.locator("#tile-trend .chart-data summary").click()
    expect(page.locator("#tile-trend .chart-data")).to_contain_text("东湖高新")
    assert page.locator("#tile-trend .chart svg").count() == 1
    assert visit.complaints == []


def test_the_cockpit_on_a_phone_shows_what_the_leader_needs_in_order(as_person: Open) -> None:
    visit = as_person("zhao.lin", size=PHONE)
    page = visit.go(COCKPIT)
    seen = [t for t in page.locator(".tile").all() if t.is_visible()]
    tops = sorted((t.bounding_box() or {})["y"] for t in seen)
    names = {(t.bounding_box() or {})["y"]: t.get_attribute("id") for t in seen}
    assert [names[y] for y in tops] == [
        "tile-revenue",
        "tile-profit",
        "tile-cash",
        "tile-trend",
        "tile-cases",
    ]
    assert sideways_pixels(page) == 0
    assert small_targets(page) == []
    assert barriers(page) == []
    page.get_by_role("link", name="显示全部内容").click()
    page.wait_for_url("**all=1**")
    expect(page.locator("#tile-ratios")).to_be_visible()
    assert sideways_pixels(page) == 0
    assert visit.complaints == []


def test_nobody_opens_a_dashboard_that_is_not_made_for_them(as_person: Open) -> None:
    visit = as_person("li.na")
    page = visit.go("/d/leader_cockpit")
    expect(page.locator("h1")).to_have_text("没有这个页面")


def test_the_alert_on_the_debt_ratio_asks_finance_and_leads_to_the_case(
    as_person: Open, installation: Installation
) -> None:
    installation.set_clock("2025-10-14T08:00:05+08:00")
    installation.wait_for(lambda: installation.tasks("shjg.finance", "exception_case"))

    visit = as_person("shjg.finance", size=PHONE)
    page = visit.go("/tasks")
    card = page.locator(".task", has_text="上海建工")
    expect(card).to_have_count(1)
    card.locator(".task-name").click()
    page.wait_for_url(re.compile(r"/f/exception_case/\d+$"))
    case = page.locator("dl.read").first.inner_text()
    for words in ("上海建工", "资产负债率", "2025年9月", "85.54%", "红"):
        assert words in case
    assert "待处理" in page.locator(".record-badges").inner_text()
    notices = visit.go("/notices").locator(".notice-list").inner_text()
    assert "上海建工 资产负债率 85.54%" in notices
    assert barriers(page) == []
    assert visit.complaints == []
