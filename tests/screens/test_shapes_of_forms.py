"""Forms of a shape as pages: a single form is its one record, a tree is drawn as one. Answers to
writes are the record as its effects leave it."""

from __future__ import annotations

import re

import pytest
from api_house import MORE_FILES, ApiHouse, fields
from module_houses import house_of
from page_house import Pages, texts

from jingwei.screens import frame

GRANT = """permissions:
  all: {post: planner, can: [read, create, update, delete], scope: org}
"""
FILES = {
    **MORE_FILES,
    "forms/branch.yaml": f"""
kind: form
title: 分类
tree: above
display: "{{name}}"
fields:
  code: {{type: text, title: 编码}}
  name: {{type: text, title: 名称}}
  above: {{type: link, to: branch, title: 上级}}
{GRANT}""",
    "forms/house_rules.yaml": f"""
kind: form
title: 通则
single: all
fields: {{words: {{type: text, title: 内容}}}}
{GRANT}""",
    "forms/echo.yaml": f"""
kind: form
title: 回声
fields:
  a: {{type: number, title: 甲}}
  seen: {{type: number, title: 见过}}
  up: {{type: link, to: echo, title: 上}}
  more: {{type: number, title: 多, compute: up.a + 1}}
  big: {{type: boolean, title: 大, compute: a > 5}}
events:
  field.a:
    - set: {{seen: =a}}
{GRANT}""",
}

FILES["definitions/modules/shapes.yaml"] = """
kind: module
title: 形状
menu: [form/branch, form/echo, form/house_rules]
"""


house = house_of(FILES)


def test_a_single_form_opens_its_one_record(house: ApiHouse, pages: Pages) -> None:
    assert pages.get("li.na", "/f/house_rules").location == "/f/house_rules/new"
    made = house.make("li.na", "house_rules", words="一")
    assert pages.get("li.na", "/f/house_rules").location == f"/f/house_rules/{made['id']}"


def test_a_tree_is_drawn_with_what_is_below_inside(house: ApiHouse, pages: Pages) -> None:
    top = house.make("li.na", "branch", code="B-01", name="总")
    house.make("li.na", "branch", code="B-02", name="分", above=top["id"])
    page = pages.page("li.na", "/f/branch")
    assert texts(page, "//div/ul[@class='tree']/li/div/a") == ["总"]
    assert texts(page, "//ul[@class='tree']//summary") == ["下级 1 条 总"]
    assert texts(page, "//ul[@class='tree']//details/ul//a") == ["分"]  # as it is called everywhere
    facts = texts(page, "//ul[@class='tree']/li/div//span[@class='board-fact']")
    assert facts[0] == "编码B-01"
    assert not pages.page("li.na", "/f/branch?view=table").xpath("//ul[@class='tree']")


def test_a_write_answers_with_what_its_effects_left(house: ApiHouse) -> None:
    made = house.make("li.na", "echo", a=1)
    address = f"forms/echo/records/{made['id']}"
    answer = house.patch("li.na", address, {"a": 7}, match=made["revision"])
    now = house.get("li.na", address)
    assert answer.get_json() == now.get_json()
    assert answer.headers["ETag"] == now.headers["ETag"]
    assert (float(now.get_json()["seen"]), now.get_json()["big"]) == (7, True)


def test_a_number_is_written_alike_in_an_answer_and_in_a_list(house: ApiHouse) -> None:
    up = house.make("li.na", "echo", a=10)
    answer = house.post("li.na", "forms/echo/records", {"up": up["id"]}).get_data(as_text=True)
    listed = house.get("li.na", "forms/echo/records?size=1").get_data(as_text=True)
    written = re.findall(r'"more":[^,}]+', answer)
    assert written == re.findall(r'"more":[^,}]+', listed) != ['"more":null']


def test_a_computed_yes_or_no_is_words_and_no_switch(pages: Pages) -> None:
    page = pages.page("li.na", "/f/echo/new")
    assert page.xpath("//*[@data-field='big']//output")
    assert not page.xpath("//*[@data-field='big']//input")


def test_a_menu_that_is_too_long_is_a_door_to_the_page_of_its_module(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = "//nav[@class='side']//ul[2]//a"
    assert texts(pages.page("li.na", "/"), inside) == ["分类", "回声", "通则"]

    monkeypatch.setattr(frame, "MOST_IN_MENU", 2)
    monkeypatch.setattr(frame, "FEW_IN_MENU", 1)

    assert texts(pages.page("li.na", "/"), inside) == ["全部 3 条"]
    assert texts(pages.page("li.na", "/f/echo"), inside) == ["回声", "全部 3 条"]
    door = pages.page("li.na", "/m/shapes")
    assert texts(door, "//div[@class='doors']/a") == ["分类", "回声", "通则"]


GO = "//*[@aria-labelledby='go-title']//li//a"


def test_the_home_page_has_the_shortcuts_that_one_chose_and_no_menu_again(
    house: ApiHouse, pages: Pages
) -> None:
    assert texts(pages.page("li.na", "/"), GO) == ["分类", "回声", "通则"]  # where one may create
    assert texts(pages.page("ops", "/"), GO) == []

    chosen = house.put("li.na", "me/pins", {"items": ["/f/echo", "/f/gone", "/f/echo"]})
    assert chosen.get_json() == {"items": ["/f/echo", "/f/gone"]}
    home = pages.page("li.na", "/")
    assert home.xpath(f"{GO}/@href") == ["/f/echo"]
    assert home.xpath("//dialog//input[@checked]/@value") == ["/f/echo"]
    assert house.get("li.na", "me/pins").get_json() == {"items": ["/f/echo", "/f/gone"]}
    house.put("li.na", "me/pins", {"items": []})
    assert texts(pages.page("li.na", "/"), GO) == []


@pytest.mark.parametrize(
    ("items", "where", "problem"),
    [
        ("/f/echo", "items", "not-text"),
        ([f"/f/a{n}" for n in range(13)], "items", "too-many-values"),
        (["/f/echo", "https://elsewhere.cn/"], "items.1", "pattern"),
        (["//elsewhere.cn"], "items.0", "pattern"),
    ],
)
def test_a_shortcut_leads_nowhere_else(
    house: ApiHouse, items: object, where: str, problem: str
) -> None:
    answer = house.put("li.na", "me/pins", {"items": items})
    assert (answer.status_code, fields(answer)) == (422, [(where, problem)])
