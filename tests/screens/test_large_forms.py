"""Forms of many fields: tabs, folded sections, pages of rows, a currency and a link that follow
other fields."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse, fields
from browser import PHONE, barriers, open_chromium, sideways_pixels, visit
from module_houses import house_of
from page_house import Pages, texts
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

FILES = {
    **MORE_FILES,
    "forms/order_item.yaml": """
kind: rows
title: 订单行
fields:
  item: {type: text, title: 编码, required: true}
  qty: {type: number, title: 数量, default: 1}
  rate: {type: money, title: 单价, unit: =parent.currency}
  amount: {type: money, title: 金额, unit: =parent.currency, compute: qty * rate}
  store: {type: text, title: 仓库, required: true, default: 总仓}
  note: {type: long_text, title: 说明, visible_if: qty > 1}
layout:
  - {section: 去向, columns: 2, fields: [item, store]}
""",
    "forms/sales_order.yaml": """
kind: form
title: 销售订单
display: "{customer}"
submit: {cancel: true}
fields:
  customer: {type: link, to: contract, title: 客户}
  currency: {type: choice, title: 币种, choices: {CNY: 人民币, USD: 美元}, default: USD}
  rated: {type: boolean, title: 加急}
  rush_why: {type: text, title: 加急原因, required: true}
  other_form: {type: form, title: 对象表单}
  other: {type: link, to: =other_form, title: 对象}
  items:
    type: table
    of: order_item
    title: 明细
    columns: [item, qty, rate, amount]
    totals: [amount]
  total: {type: money, unit: =currency, title: 合计, compute: sum(items.amount)}
  memo: {type: text, title: 备忘}
layout:
  - {section: 基本, columns: 2, fields: [customer, currency, rated]}
  - {tab: 明细, fields: [items, total]}
  - {section: 加急, visible_if: rated, fields: [rush_why]}
  - {tab: 对象, fields: [[other_form, other]]}
  - {section: 备忘, collapsed: true, fields: [memo]}
permissions:
  all: {post: planner, can: [read, create, update, submit], scope: org}
""",
    "forms/arrival.yaml": """
kind: form
title: 到货
fields:
  order: {type: link, to: sales_order, title: 订单}
  lines:
    type: table
    title: 到货明细
    order: true
    generate: {each: order.items, set: {item: =row.item, wanted: =row.qty}, locked: true}
    fields:
      item: {type: text, title: 编码, readonly: true}
      wanted: {type: number, title: 应到}
      came: {type: number, title: 实到}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
""",
}


house = house_of(FILES)


@pytest.fixture(scope="module")
def contract(house: ApiHouse) -> int:
    return int(house.make("li.na", "contract", name="甲", amount=1)["id"])


def test_a_record_is_called_by_the_name_of_what_it_links_to(house: ApiHouse, contract: int) -> None:
    made = house.make("li.na", "sales_order", customer=contract)
    page = Pages(house).page("li.na", f"/f/sales_order/{made['id']}")
    assert texts(page, "//h1") == ["甲"]


def test_sections_after_a_tab_stand_in_it_and_folded_ones_are_folded(house: ApiHouse) -> None:
    page = Pages(house).page("li.na", "/f/sales_order/new")
    assert texts(page, "//*[@role='tab']") == ["明细", "对象"]
    assert texts(page, "//form/section//h2") == ["基本"], "above all tabs"
    assert texts(page, "//*[@id='panel-1']//h2[@id]") == ["明细", "加急"]
    assert texts(page, "//*[@id='panel-3']//details/summary") == ["备忘"]


def test_only_columns_of_the_grid_stand_in_it_and_the_others_on_the_rows_own_page(
    house: ApiHouse,
) -> None:
    made = house.make("li.na", "sales_order", items=[{"item": "A", "qty": 2, "note": "易碎"}])
    edit = Pages(house).page("li.na", f"/f/sales_order/{made['id']}/edit")
    assert texts(
        edit, "//*[@data-table='items']//thead/tr/th[@class and not(contains(@class,'row-'))]"
    )[0].startswith("编码")
    assert edit.xpath("//template//td/@data-column") == ["item", "qty", "rate", "amount"]
    assert edit.xpath("//template//dialog//@data-column") == ["store", "note"]
    read = Pages(house).page("li.na", f"/f/sales_order/{made['id']}")
    heads = texts(read, "//table[.//tr[@class='row-rest']]//thead//th")
    assert heads == ["#", "编码", "数量", "单价（美元）", "金额（美元）"]
    assert texts(read, "//tr[@class='row-rest']//dt") == ["仓库", "说明"]


def test_what_a_section_hides_is_asked_of_nobody(house: ApiHouse) -> None:
    made = house.make("li.na", "sales_order", rated=False)
    address = f"forms/sales_order/records/{made['id']}"
    urgent = house.make("li.na", "sales_order", rated=True)
    refused = house.post("li.na", f"forms/sales_order/records/{urgent['id']}/submit", {}, match=1)
    assert fields(refused) == [("rush_why", "required")]
    assert house.post("li.na", f"{address}/submit", {}, match=1).status_code == 200


def test_a_link_leads_to_the_form_that_another_field_names(house: ApiHouse, contract: int) -> None:
    def answer(**values: Any) -> Any:
        return house.post("li.na", "forms/sales_order/records", values)

    to = {"form": "contract", "id": contract}
    made = answer(other_form="contract", other=to)
    assert made.status_code == 201, made.get_data(as_text=True)
    assert made.get_json()["other"] == to
    assert fields(answer(other_form="receipt", other=to)) == [("other", "link-other-form")]
    assert fields(answer(other=to)) == [("other", "link-no-form")]
    nowhere = {"form": "nowhere", "id": 1}
    assert fields(answer(other_form="nowhere", other=nowhere))[0] == ("other_form", "unknown-form")


# --- in the browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(house: ApiHouse) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.browser
def test_an_order_is_filled_in_over_tabs_and_pages_of_rows(house: ApiHouse, address: str) -> None:
    with open_chromium() as browser:
        opened = visit(browser, address, "li.na", PASSWORD)
        page = opened.go("/f/sales_order/new")
        page.get_by_role("button", name="添加一行").click()
        line = page.locator("[data-row]")
        line.locator("[data-column=item] input").fill("A1")
        line.locator("[data-column=qty] input").fill("3")
        line.locator("[data-column=rate] input").fill("2")
        _row_page(page)
        expect(page.locator("[data-field=total] output")).to_have_text("6.00")
        expect(page.locator("[data-field=total] label")).to_contain_text("美元")

        page.get_by_role("tab", name="对象").click()
        expect(line).to_be_hidden()
        page.locator("#field-other_form").select_option("contract")
        page.locator("summary", has_text="备忘").click()
        page.locator("#field-memo").fill("记下")
        page.locator("#field-rated").check()
        assert barriers(page) == []
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert sideways_pixels(page) == 0

        # what is wrong lies behind another tab: it says so, and the way to it opens it
        page.locator("#submit").click()
        expect(page.locator("[role=tab][data-wrong]")).to_have_text("明细")
        page.locator("#summary").get_by_text("加急原因").click()
        expect(page.locator("#field-rush_why")).to_be_focused()
        page.locator("#field-rush_why").fill("客户要")
        page.locator("#submit").click()
        page.wait_for_url(re.compile(r"/f/sales_order/\d+$"))
        expect(page.get_by_role("tab", name="明细")).to_have_attribute("aria-selected", "true")
        page.locator(".row-rest summary").click()
        expect(page.locator(".row-rest")).to_contain_text("西仓")
        assert opened.complaints == [c for c in opened.complaints if "422" in c], (
            "but for the refusal"
        )
        opened.close()


@pytest.mark.browser
def test_rows_that_a_table_makes_follow_what_is_chosen_and_are_filled_in(
    house: ApiHouse, address: str
) -> None:
    for currency, rows in (("CNY", [("B1", 5), ("B2", 6)]), ("USD", [("C1", 7)])):
        named = house.make("li.na", "contract", name=f"订货{currency}", amount=1)["id"]
        items = [{"item": item, "qty": qty, "rate": 1} for item, qty in rows]
        house.make("li.na", "sales_order", customer=named, items=items)
    with open_chromium() as browser:
        opened = visit(browser, address, "li.na", PASSWORD)
        page = opened.go("/f/arrival/new")
        items = page.locator("[data-row] [data-column=item] input")
        for words, first in (("订货USD", "C1"), ("订货CNY", "B1")):
            page.locator("[data-field=order] .ts-control").click()
            page.locator(".ts-dropdown .option:visible", has_text=words).click()
            expect(items.first).to_have_value(first)
        expect(items).to_have_count(2)
        expect(items.first).not_to_be_editable()
        expect(page.locator("[data-row] [data-column=wanted] input").first).not_to_be_editable()
        tools = page.locator("[data-table=lines]").locator("[data-add], [data-remove], [data-move]")
        expect(tools).to_have_count(0)
        page.locator("[data-row] [data-column=came] input").nth(1).fill("4")
        page.locator("#save").click()
        page.wait_for_url(re.compile(r"/f/arrival/\d+$"))
        made = house.get("li.na", f"forms/arrival/records/{page.url.rpartition('/')[2]}")
        kept = [(row["item"], row["wanted"], row["came"]) for row in made.get_json()["lines"]]
        assert kept == [("B1", 5, None), ("B2", 6, 4)]
        assert opened.complaints == []
        opened.close()


def _row_page(page: Page) -> None:
    """The page of the only row: what stands there follows the grid."""
    page.locator("[data-row-page]").click()
    dialog = page.locator("dialog.row-page[open]")
    expect(dialog.locator("[data-column=note]")).to_be_visible()
    dialog.get_by_label("仓库").fill("西仓")
    assert barriers(page) == []
    dialog.get_by_role("button", name="完成").click()
    expect(dialog).to_have_count(0)
