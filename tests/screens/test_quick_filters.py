"""The boxes above a list: each kind of field is asked for in its own way."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from api_house import MORE_FILES, MORE_PEOPLE, PASSWORD, ApiHouse, open_api
from browser import open_chromium, visit
from page_house import Pages, texts
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

FILES = {
    **MORE_FILES,
    "forms/receipt.yaml": """
kind: form
title: 收款
display: "{note}"
fields:
  note: {type: text, title: 说明}
  contract: {type: link, to: contract, title: 合同}
  paid: {type: money, unit: CNY, title: 金额, show_in: 万元}
  share: {type: percent, title: 比例}
  keeper: {type: person, title: 经办}
  marks: {type: tags, title: 标签}
  at: {type: datetime, title: 时间}
  opens: {type: time, title: 开门}
  took: {type: duration, title: 用时}
  paper: {type: file, title: 凭证}
  grounds: {type: link, to: contract, many: true, title: 依据}
  about: {type: link, to: [contract, receipt], title: 关于}
  why: {type: text, title: 依据说明, visible_if: 'any(grounds.name == "隧道")'}
  about_receipt: {type: text, title: 关于收款, visible_if: about.form == "receipt"}
list:
  columns: [note, paid, grounds]
  filters: [contract, paid, share, keeper, marks, at, opens, took, grounds]
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
""",
}


TWIN = {"login": "li.na.2", "name": "李娜", "org": "A"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder = tmp_path_factory.mktemp("boxes")
    opened = open_api(folder, f"sqlite:///{folder / 'boxes.db'}", FILES, (*MORE_PEOPLE, TWIN))
    one = opened.make("li.na", "contract", name="大桥", amount=1)["id"]
    other = opened.make("li.na", "contract", name="隧道", amount=1)["id"]
    opened.make(
        "li.na",
        "receipt",
        note="甲",
        contract=one,
        paid=120_000,
        share=0.25,
        keeper="li.na",
        marks=["急"],
        at="2026-03-01T23:00:00Z",
        opens="08:30",
        took="90min",
    )
    opened.make(
        "li.na",
        "receipt",
        note="乙",
        contract=other,
        paid=5_000,
        share=0.5,
        opens="13:00",
        took="2d",
        grounds=[one, other],
        about={"form": "contract", "id": one},
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("f.paid=10&f.paid.to=20", ["甲"]),
        ("f.paid.to=1", ["乙"]),
        ("f.share=30", ["乙"]),
        ("f.keeper=li.na", ["甲"]),
        ("f.marks=急", ["甲"]),
        ("f.at=2026-03-01&f.at.to=2026-03-01", ["甲"]),
        ("f.at.to=2026-02-28", []),
        ("f.opens=08:00&f.opens.to=12:00", ["甲"]),
        ("f.took=1h30min&f.took.to=1d", ["甲"]),
        ('filter=took > 8h or opens < "08:00"', ["乙"]),
        ('filter=any(grounds.name == "隧道")', ["乙"]),
        ('filter=all(grounds.name == "隧道") and about.form is empty', ["甲"]),
    ],
)
def test_a_list_is_narrowed_by_a_span_a_person_or_a_word(
    house: ApiHouse, asked: str, found: list[str]
) -> None:
    page = Pages(house).page("li.na", f"/f/receipt?{asked}")
    assert texts(page, "//*[@role='alert' and not(@hidden)]") == []
    assert sorted(texts(page, "//a[contains(@class,'row-link')]")) == sorted(found)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("f.paid=1万", ["“1万”不是数字。请用数字填写，如 10000 或 12.5。"]),
        ("f.paid.to=-", ["“-”不是数字。请用数字填写，如 10000 或 12.5。"]),
        ("f.at=31.12.2026", ["“31.12.2026”不是日期。请按 2026-03-31 这样填写。"]),
        ("f.opens=half past&group=keeper", ["“half past”不是时刻。请按 08:30 这样填写。"]),
        ("f.took=a while", ["“a while”不是时长。请按 1h30min、8h 或 3d 这样填写。"]),
        (f"f.marks={'急' * 201}", ["最多 200 个字。请缩短。"]),
        ("f.note=甲", []),  # no box of this list
    ],
)
def test_nothing_is_shown_or_offered_of_a_list_whose_filter_cannot_be_read(
    house: ApiHouse, asked: str, said: list[str]
) -> None:
    page = Pages(house).page("li.na", f"/f/receipt?{asked}")
    assert len(texts(page, "//*[@role='alert' and not(@hidden)]")) == 1
    assert texts(page, "//*[@class='wrong']") == said
    assert bool(page.xpath("//*[@aria-invalid='true']")) == bool(said)
    assert texts(page, "//tbody//tr") == []
    assert page.xpath("//*[@data-many or @data-save-view or @download]") == []


def test_a_box_that_is_blank_asks_for_nothing(house: ApiHouse) -> None:
    page = Pages(house).page("li.na", "/f/receipt?f.paid=%20&f.note=&f.at.to=")
    assert sorted(texts(page, "//a[contains(@class,'row-link')]")) == ["乙", "甲"]


def test_each_box_says_in_what_it_counts(house: ApiHouse) -> None:
    page = Pages(house).page("li.na", "/f/receipt")
    boxes = texts(page, "//*[@class='filter-fields']/label/span[1]")
    assert boxes[:4] == ["合同", "金额（万元）", "比例（%）", "经办"]
    assert boxes[4:] == ["标签", "时间", "开门", "用时", "依据"]


def test_people_of_one_name_are_told_apart_by_their_logins(house: ApiHouse) -> None:
    pages = Pages(house)
    token = {"X-CSRF-Token": pages.csrf("wang.wu")}
    client = pages.client("wang.wu")
    asked = client.post("/f/receipt/options/keeper", json={"q": "n"}, headers=token)
    for found in (asked.get_json(), pages.get("wang.wu", "/people/options?q=n").get_json()):
        hints = {one["value"]: one["hint"] for one in found}
        assert (hints["li.na"], hints["li.na.2"]) == ("甲公司 · li.na", "甲公司 · li.na.2")
        assert hints["chen.jie"] == "工程板块"


@pytest.mark.browser
def test_a_linked_record_is_looked_for_by_its_name(house: ApiHouse) -> None:
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:
        opened = visit(browser, f"http://127.0.0.1:{server.server_port}", "li.na", PASSWORD)
        page = opened.go("/f/receipt")
        page.locator(".more-filters summary").click()
        box = page.get_by_role("combobox", name="合同")
        box.fill("隧")
        page.get_by_role("option", name="隧道").click()
        expect(page.locator("a.row-link")).to_have_text(["乙"])
        expect(page.get_by_role("combobox", name="合同")).to_have_value("隧道")
        page.get_by_role("combobox", name="合同").fill("")
        expect(page.locator("a.row-link")).to_have_count(2)
        page.locator(".more-filters summary").click()
        box = page.get_by_role("combobox", name="依据")
        box.fill("大")
        page.get_by_role("option", name="大桥").click()
        expect(page.locator("a.row-link")).to_have_text(["乙"])
        for field, test, value, found in (
            ("grounds", "called", "隧", ["乙"]),
            ("contract", "called", "桥", ["甲"]),
            ("about", "of_form", "receipt", []),
            ("about", "of_form", "contract", ["乙"]),
        ):
            ask(page, field, test, value)
            expect(page.locator("a.row-link")).to_have_text(found)
        dialog_of_conditions(page)
        expect(page.locator("dialog .condition select").last).to_have_value("contract")
        assert opened.complaints == []
        opened.close()
    server.shutdown()


def ask(page: Page, field: str, test: str, value: str) -> None:
    """Fill the dialog of conditions with one of them."""
    page.goto(page.url.partition("?")[0])
    dialog_of_conditions(page)
    selects = page.locator("dialog .condition select")
    selects.nth(0).select_option(field)
    selects.nth(1).select_option(test)
    if test == "of_form":
        selects.nth(2).select_option(value)
    else:
        page.locator("dialog .condition input").fill(value)
    with page.expect_navigation():
        page.locator("dialog#shape .btn-primary").click()


def dialog_of_conditions(page: Page) -> None:
    button = page.locator("[data-shape=conditions]")
    if not button.is_visible():
        page.locator(".more-filters summary").click()
    button.click()
