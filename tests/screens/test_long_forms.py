"""A form of many fields on a phone: a field is found by its name, one mistake after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse
from browser import PHONE, Visit, barriers, open_chromium, sideways_pixels, small_targets, visit
from module_houses import house_of
from page_house import Pages
from playwright.sync_api import expect
from werkzeug.serving import make_server


def long_form() -> str:
    lines = ["kind: form", "title: 年报", "fields:", "  org: {type: org, default: =me.org}"]
    lines += ["  year: {type: integer, title: 年度, required: true, default: 2026}"]
    for number in range(30):
        must = ", required: true" if number in (4, 27) else ""
        lines.append(f"  f{number}: {{type: number, title: 第{number}项{must}}}")
    lines += ["  lines:", "    type: table", "    title: 明细", "    fields:"]
    lines += ["      what: {type: text, title: 科目, required: true}"]
    lines += ["layout:", "  - {section: 基本, fields: [year]}"]
    for part in range(3):
        fields = ", ".join(f"f{number}" for number in range(part * 10, part * 10 + 10))
        lines.append(f"  - {{section: 第{part + 1}部分, fields: [{fields}]}}")
    lines += ["  - {section: 明细部分, fields: [lines]}"]
    lines += ["rules:", "  one: {unique: [org, year], on: save, message: 本单位已报}"]
    lines += ["permissions:", "  all: {post: planner, can: [read, create, update], scope: org}"]
    return "\n".join(lines) + "\n"


house = house_of({**MORE_FILES, "forms/yearly.yaml": long_form()})


@pytest.fixture
def phone(house: ApiHouse) -> Iterator[Visit]:
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:
        address = f"http://127.0.0.1:{server.server_port}"
        yield visit(browser, address, "li.na", PASSWORD, size=PHONE)
    server.shutdown()


@pytest.mark.browser
def test_a_field_is_found_by_its_name_and_the_next_mistake_by_a_button(phone: Visit) -> None:
    page = phone.go("/f/yearly/new")
    expect(page.locator("[data-next-wrong]")).to_be_hidden()
    page.get_by_role("button", name="找字段").click()
    assert (barriers(page), small_targets(page), sideways_pixels(page)) == ([], [], 0)
    page.keyboard.type("第 26")
    expect(page.locator("#places ul")).to_have_text("第3部分第26项")
    page.keyboard.press("Enter")
    expect(page.get_by_label("第26项")).to_be_focused()
    expect(page.get_by_label("第26项")).to_be_in_viewport()

    page.get_by_role("button", name="找字段").click()
    page.keyboard.type("科目")  # a column leads to its table
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="明细")).to_be_focused()
    page.get_by_role("button", name="添加一行").click()

    page.locator("#save").click()
    onwards = page.get_by_role("button", name="下一处错误，共 3 处")
    for label in ("第4项", "第27项", "科目", "第4项"):
        onwards.click()
        expect(page.get_by_label(label)).to_be_focused()
        expect(page.get_by_label(label)).to_be_in_viewport()
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="下一处错误，共 2 处").click()
    expect(page.get_by_label("第27项")).to_be_focused()
    page.get_by_role("button", name="找字段").click()
    expect(page.locator("#places li", has_text="有误")).to_have_text(["第27项有误", "明细有误"])
    assert (barriers(page), sideways_pixels(page)) == ([], 0)


@pytest.mark.browser
def test_a_form_of_few_fields_offers_no_search_for_them(phone: Visit) -> None:
    page = phone.go("/f/receipt/new")
    expect(page.locator("[data-places]")).to_be_hidden()


def test_the_organisation_stands_in_a_new_form_though_a_rule_finds_it_wrong(
    house: ApiHouse,
) -> None:
    required = {"year": 2026, "f4": 1, "f27": 1}
    house.make("li.na", "yearly", **required)
    page = Pages(house).page("li.na", "/f/yearly/new")
    (model,) = page.xpath("//form/@data-model")
    assert '"org":"A"' in model.replace(" ", "")
