"""Which views of a list a person is offered, with which it opens, and who decides that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, open_api
from page_house import Pages, texts

VIEWS = "forms/offer/views"
OFFER = """
kind: form
title: 报价
fields:
  org: {type: org, title: 单位, default: =me.org}
  name: {type: text, title: 名称}
  floor: {type: money, unit: CNY, title: 底价}
  grade: {type: choice, title: 等级, choices: {high: 高, low: 低}}
  until: {type: date, title: 期限}
list:
  columns: [name]
  default_filter: floor > 5
  views:
    narrow: {type: table, title: 险, filter: floor < 10, columns: [name, floor]}
    ordered: {type: table, title: 排, sort: [-floor]}
    lanes: {type: kanban, title: 板, by: grade}
    days: {type: calendar, title: 历, start: until}
    plain: {type: table, title: 全, columns: [name, floor]}
  opens_with: {narrow: [{post: planner}, {post: finance_manager}]}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org, hide: [floor, grade, until]}
  finance: {post: finance_manager, can: [read, create], scope: all}
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, {**MORE_FILES, "forms/offer.yaml": OFFER})
    yield opened
    opened.close()


def offered(house: ApiHouse, login: str) -> tuple[list[str], Any]:
    """The titles of the views, and what the list opens with."""
    answer = house.get(login, VIEWS).get_json()
    return [one["title"] for one in answer["items"]], answer["default"]


def save(house: ApiHouse, login: str, **body: Any) -> int:
    answer = house.post(login, VIEWS, {"wish": {"sort": ["name"]}, **body})
    assert answer.status_code == 201, answer.get_json()
    return int(answer.get_json()["id"])


def test_a_form_s_view_of_a_hidden_field_is_not_there(house: ApiHouse) -> None:
    house.make("chen.jie", "offer", org="A", name="甲", floor=3)
    assert offered(house, "chen.jie") == (["险", "排", "板", "历", "全"], "narrow")
    assert offered(house, "li.na") == (["全"], None)

    pages = Pages(house)
    assert pages.get("chen.jie", "/f/offer").location == "/f/offer?view=narrow"
    for address in ("", *(f"?view={name}" for name in ("narrow", "ordered", "lanes", "days"))):
        page = pages.page("li.na", f"/f/offer{address}")
        assert texts(page, "//a[contains(@class,'row-link')]") == ["甲"], address
        assert texts(page, "//*[@class='ways']/a")[1:] == ["全"], address
        (wish,) = page.xpath("//@data-wish")
        assert json.loads(wish).keys() <= {"sort"}, address
        assert "floor" not in pages.get("li.na", f"/f/offer{address}").get_data(as_text=True)


def test_only_its_owner_gives_a_view_to_another_team(house: ApiHouse) -> None:
    theirs = save(house, "chen.jie", title="板块的", org="S1", opens=True)
    for given in ({"org": "A"}, {"org": None}, {"opens": True}, {"locked": True}):
        refused = house.patch("li.na", f"{VIEWS}/{theirs}", {"title": "我的", **given})
        assert code(refused) == (403, "not-allowed"), given
    assert offered(house, "li.na")[1] == offered(house, "chen.jie")[1] == theirs
    renamed = house.patch("li.na", f"{VIEWS}/{theirs}", {"title": "大家的"})
    assert (renamed.get_json()["title"], renamed.get_json()["org"]) == ("大家的", "S1")


def test_a_view_that_is_gone_is_opened_with_no_more(house: ApiHouse) -> None:
    theirs = save(house, "chen.jie", title="板块的", org="S1", opens=True)
    own = save(house, "li.na", title="自己的")
    house.put("li.na", f"{VIEWS}/default", {"view": own})
    assert offered(house, "li.na")[1] == own
    assert house.delete("li.na", f"{VIEWS}/{own}").status_code == 204
    assert offered(house, "li.na")[1] == theirs  # what her team opens with

    house.put("li.na", f"{VIEWS}/default", {"view": theirs})
    taken = house.patch("chen.jie", f"{VIEWS}/{theirs}", {"org": None})
    assert taken.status_code == 200, taken.get_json()
    assert offered(house, "li.na") == (["全"], None)
    house.put("chen.jie", f"{VIEWS}/default", {"view": None})
    assert offered(house, "chen.jie")[1] is None  # the plain list, which he chose
