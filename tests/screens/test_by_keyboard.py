"""Without a mouse: a form with a table is filled in, a record chosen from a look-up, submitted, and
decided in the inbox. And what opens on pages has no barriers: dialogs, menus, previews."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse
from browser import DESK, PHONE, Visit, barriers, open_chromium, sideways_pixels, small_targets
from browser import visit as open_visit
from module_houses import house_of
from playwright.sync_api import Locator, Page, expect
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser

FILES = {
    **MORE_FILES,
    "forms/buy.yaml": """
kind: form
title: 采购申请
display: "{what}"
workflow: buy_approval
versions: on_approval
fields:
  what: {type: text, title: 事项, required: true}
  contract: {type: link, to: contract, title: 合同, required: true}
  kind: {type: choice, title: 类别, choices: {goods: 货物, works: 工程}}
  due: {type: date, title: 期限}
  note: {type: long_text, title: 说明}
  lines:
    type: table
    title: 明细
    totals: [amount]
    fields:
      item: {type: text, title: 物品, required: true}
      amount: {type: money, unit: CNY, title: 金额, required: true}
      why: {type: long_text, title: 用途}
permissions:
  planner:
    post: planner
    can: [read, create, update, submit, amend, import, export, share]
    scope: org
  ops: {role: group_ops, can: [read], scope: all}
""",
    "workflows/buy_approval.yaml": """
kind: workflow
title: 采购审批
form: buy
steps:
  - {id: look, title: 审核, approve: {who: {person: ops}}}
""",
}
Open = Callable[..., Visit]

house = house_of(FILES)


@pytest.fixture(scope="module")
def as_person(house: ApiHouse) -> Iterator[Open]:
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with open_chromium() as browser:
        yield lambda login, **how: open_visit(browser, address, login, PASSWORD, **how)
    server.shutdown()


@pytest.fixture(scope="module")
def contract(house: ApiHouse) -> int:
    house.make("li.na", "contract", name="大桥", amount=1)
    return int(house.make("li.na", "contract", name="隧道", amount=1)["id"])


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Tab until it has the focus: it can be come to, and one sees that one has."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("(e) => e === document.activeElement"):
            seen = (
                "(e) => { const s = getComputedStyle(e.closest('.ts-control') ?? e);"
                " return s.outlineStyle + s.boxShadow; }"
            )
            assert wanted.evaluate(seen) != "nonenone"
            return
    raise AssertionError(f"{wanted} is not come to in {most} steps")


def test_a_request_is_filled_in_submitted_and_decided_by_keyboard_alone(
    house: ApiHouse, as_person: Open, contract: int
) -> None:
    asker = as_person("li.na")
    page = asker.go("/f/buy/new")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")  # past the menu

    tab_to(page, page.get_by_label("事项"))
    page.keyboard.type("灯")
    tab_to(page, page.get_by_role("combobox", name="合同"))
    page.keyboard.type("隧")
    expect(page.get_by_role("option", name="隧道")).to_be_visible()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="添加一行"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="物品")).to_be_focused()
    page.keyboard.type("路灯")
    page.keyboard.press("Tab")
    page.keyboard.type("12.5")
    tab_to(page, page.get_by_role("button", name="提交"))
    with page.expect_navigation(url=re.compile(r"/f/buy/\d+$")):
        page.keyboard.press("Enter")
    record = int(page.url.rpartition("/")[2])
    kept = house.get("li.na", f"forms/buy/records/{record}").get_json()
    assert (kept["contract"], kept["lines"][0]["amount"]) == (contract, 12.5)

    decider = as_person("ops")
    page = decider.go("/tasks")
    tab_to(page, page.get_by_role("button", name="同意: 灯"))
    page.keyboard.press("Enter")
    expect(page.locator("#ask")).to_be_visible()
    expect(page.get_by_label("意见")).to_be_focused()
    page.keyboard.type("可以")
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.get_by_role("button", name="同意: 灯")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#ask-yes"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert house.get("ops", "tasks?box=todo").get_json()["items"] == []
    assert (asker.complaints, decider.complaints) == ([], [])
    asker.close()
    decider.close()


def views(page: Page) -> None:
    page.locator("summary", has_text="视图").click()
    page.locator("[data-save-view]").click()
    expect(page.get_by_label("视图名称")).to_be_visible()


def bulk(page: Page) -> None:
    if page.locator("[data-choosing]").is_visible():
        page.locator("[data-choosing]").click()
        page.locator("[data-tick]").first.check()
    else:
        page.get_by_label("选择本页全部").check()
    page.get_by_role("button", name="批量修改").click()
    expect(page.locator("dialog[open]")).to_be_visible()


def access(page: Page) -> None:
    page.locator("details.access summary").click()
    page.get_by_role("button", name="查看他人的权限").click()
    expect(page.locator("dialog[open]")).to_be_visible()


def preview(page: Page) -> None:
    sheet = "事项,合同,期限\n桌子,不存在,2026-02-30\n椅子,隧道,2026-03-01\n"
    file = {"name": "申请.csv", "mimeType": "text/csv", "buffer": sheet.encode("utf-8-sig")}
    page.locator("#sheet").set_input_files(file)  # type: ignore[arg-type]
    with page.expect_navigation():
        page.get_by_role("button", name="检查").click()
    expect(page.locator("table")).to_contain_text("不存在")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_what_opens_on_pages_has_no_barriers(
    house: ApiHouse, as_person: Open, contract: int, size: tuple[int, int]
) -> None:
    line = {"item": "路灯", "amount": 1, "why": "照明，" * 30}
    made = house.make("li.na", "buy", what="比较", contract=contract, note="旧", lines=[line])
    address = f"forms/buy/records/{made['id']}"
    assert house.post("li.na", f"{address}/submit").status_code == 200
    (task,) = house.get("ops", "tasks?box=todo").get_json()["items"]
    assert house.post("ops", f"tasks/{task['id']}/approve").status_code == 200
    assert house.post("li.na", f"{address}/amend").status_code == 200
    seen = house.get("li.na", address).get_json()
    changed = {"note": "新", "lines": [{**line, "amount": 2}]}
    assert house.patch("li.na", address, changed, match=seen["revision"]).status_code == 200

    opened = as_person("li.na", size=size)
    found = {}
    for path, deed in (
        ("/f/buy", views),
        ("/f/buy", bulk),
        (f"/f/buy/{made['id']}", access),
        (f"/f/buy/{made['id']}/versions", None),
        ("/f/buy/import", preview),
    ):
        page = opened.go(path)
        if deed is not None:
            deed(page)
        small = small_targets(page) if size == PHONE else []
        if problems := (barriers(page), sideways_pixels(page), small, opened.complaints):
            found[f"{path} {deed.__name__ if deed else ''}"] = problems
    assert {name: one for name, one in found.items() if one != ([], 0, [], [])} == {}
    opened.close()
