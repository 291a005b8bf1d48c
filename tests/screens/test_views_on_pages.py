"""What is done with many records of a list at once, and the views and groups that it opens with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_house import ApiHouse, code
from module_houses import house_of
from page_house import Pages, texts
from survey_house import FILES, make_linked, make_wuchang

house = house_of(FILES)


@pytest.fixture(scope="module")
def wuchang(house: ApiHouse) -> int:
    return make_wuchang(house)


@pytest.fixture(scope="module")
def linked(house: ApiHouse, wuchang: int) -> dict[str, int]:
    return make_linked(house, wuchang)


# --- many at once ---------------------------------------------------------------------------------


def test_every_kind_of_value_can_be_given_to_many_records_but_files_and_computed_ones(
    pages: Pages, linked: dict[str, int]
) -> None:
    page = pages.page("li.na", "/f/survey")
    (told,) = page.xpath("//*[@id='list']/@data-fields")
    known = {one["name"]: one for one in json.loads(told)}
    assert set(known) == {
        *("text", "notes", "code", "paid", "mail", "phone", "hue", "stars", "bar"),
        *("place", "area", "about", "any", "role"),
    }
    assert (known["paid"]["scale"], known["paid"]["unit"]) == ("10000", "万元")
    assert known["area"]["offers"] == "/f/survey/options/area"
    assert ["contract", "合同"] in known["any"]["forms"] and "forms" not in known["about"]
    assert [value for value, *_ in known["role"]["options"]][:1] == ["audit_admin"]
    (none,) = pages.page("ops", "/f/survey").xpath("//*[@id='list']/@data-fields")
    assert none == "[]"


def test_the_answer_names_each_record_that_the_asker_sees(house: ApiHouse) -> None:
    mine = int(house.make("li.na", "survey", text="我的")["id"])
    theirs = int(house.make("wang.wu", "survey", text="他的")["id"])
    records = [{"id": mine, "revision": 1}, {"id": theirs, "revision": 1}]
    asked = {"action": "update", "records": records, "values": {"stars": 9}}
    found = house.post("li.na", "forms/survey/records/bulk", asked).get_json()
    assert [(one["id"], one["done"], one["display"]) for one in found["results"]] == [
        (mine, False, "我的"),
        (theirs, False, ""),
    ]
    asked["values"] = {"stars": 2}
    found = house.post("li.na", "forms/survey/records/bulk", asked).get_json()
    assert [one["done"] for one in found["results"]] == [True, False]


# --- views ----------------------------------------------------------------------------------------


def kept_view(house: ApiHouse, login: str, **body: Any) -> int:
    answer = house.post(login, "forms/survey/views", body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return int(answer.get_json()["id"])


def test_a_list_opens_with_the_view_that_one_chose_while_it_is_there(
    house: ApiHouse, pages: Pages, wuchang: int
) -> None:
    id = kept_view(house, "li.na", title="评过", wish={"filter": "stars > 3"})
    with_it = {"view": id}
    assert house.put("li.na", "forms/survey/views/default", with_it).status_code == 200
    opened = pages.get("li.na", "/f/survey")
    assert opened.status_code == 302 and f"v={id}" in opened.location
    page = pages.page("li.na", opened.location)
    assert texts(page, "//a[@class='menu-item' and @aria-current]") == ["评过"]
    assert page.xpath("//button[@aria-pressed='true']/@aria-label") == ["打开列表时用“评过”"]
    assert pages.page("li.na", "/f/survey?v=none").xpath("//a[@href='/f/survey?v=none']")
    assert pages.get("ops", "/f/survey").status_code == 200  # it is li.na's own

    # nobody opens with what he may not open, and nothing is left of what was deleted
    assert code(house.put("ops", "forms/survey/views/default", with_it)) == (404, "no-such-view")
    assert house.delete("li.na", f"forms/survey/views/{id}").status_code == 204
    assert pages.get("li.na", "/f/survey").status_code == 200


def test_a_form_says_with_which_of_its_views_whose_list_opens(
    house: ApiHouse, pages: Pages
) -> None:
    for name, paid in (("小", 5), ("中", 20), ("大", 90)):
        house.make("li.na", "voucher", text=name, paid=paid)
    opened = pages.get("ops", "/f/voucher")
    assert (opened.status_code, opened.location) == (302, "/f/voucher?view=large")
    page = pages.page("ops", opened.location)
    assert texts(page, "//a[contains(@class,'row-link')]") == ["大", "中"]
    assert "金额" not in texts(page, "//thead/tr/th")
    assert texts(page, "//*[@class='ways']/a[@aria-current]") == ["大额"]
    narrowed = pages.page("ops", "/f/voucher?view=large&filter=paid+%3C+50")
    assert texts(narrowed, "//a[contains(@class,'row-link')]") == ["中"]
    assert pages.get("li.na", "/f/voucher").status_code == 200  # hers opens as it is
    default = "forms/voucher/views/default"
    assert house.put("li.na", default, {"view": "large"}).status_code == 200
    assert pages.get("li.na", "/f/voucher").location == "/f/voucher?view=large"
    assert house.put("li.na", default, {"view": None}).status_code == 200
    assert code(house.put("li.na", default, {"view": "nosuch"})) == (404, "no-such-view")
    resting = {"title": "大的", "wish": {"view": "nosuch"}}
    refused = house.post("li.na", "forms/voucher/views", resting).get_json()["error"]["fields"]
    assert [(one["path"], one["code"]) for one in refused] == [("wish.view", "no-such-view")]


def test_only_who_may_change_a_view_is_offered_to_rename_it(
    house: ApiHouse, pages: Pages, wuchang: int
) -> None:
    locked = kept_view(house, "li.na", title="锁定的", org="A", locked=True, wish={"q": "武"})
    kept_view(house, "li.na", title="共用的", org="A", wish={"q": "武"})
    page = pages.page("li.na", "/f/survey?v=none")
    assert sorted(page.xpath("//button[starts-with(@aria-label, '重命名')]/@aria-label")) == [
        "重命名“共用的”",
        "重命名“锁定的”",
    ]
    renamed = house.patch("li.na", f"forms/survey/views/{locked}", {"title": "新名"})
    assert renamed.get_json()["title"] == "新名"


def test_groups_are_folded_and_exported_by_those_who_may_export(
    house: ApiHouse, pages: Pages, linked: dict[str, int]
) -> None:
    asked = "/f/survey?v=none&group=role,area&values=sum(paid)"
    page = pages.page("li.na", asked)
    levels = page.xpath("//table[contains(@class, 'grouped')]//tr/@data-level")
    folds = page.xpath("//tr[@data-level='1']//button[@data-fold]")
    assert levels[0] == "0" and levels.count("1") == len(folds) == 2
    assert not page.xpath("//tr[@data-level='2']//button[@data-fold]")
    assert page.xpath("//button[@data-save-groups]")
    assert not pages.page("ops", asked).xpath("//button[@data-save-groups]")


def test_a_list_begins_with_the_groups_of_its_definition(house: ApiHouse, pages: Pages) -> None:
    for text, paid in (("一", "1"), ("二", "2")):
        house.make("li.na", "bill", text=text, paid=paid, kind="x")
    page = pages.page("li.na", "/f/bill")
    assert texts(page, "//table//th[@scope='col']") == ["类别", "条数", "金额（元）"]
    assert texts(page, "//tbody/tr[1]/td") == ["2", "3.00"]
    (inside,) = page.xpath("//tbody//th/a/@href")
    assert sorted(texts(pages.page("li.na", inside), "//a[@class='row-link']")) == ["一", "二"]
    assert pages.page("li.na", "/f/bill?group=none").xpath("//a[@class='row-link']")
    id = house.post("li.na", "forms/bill/views", {"title": "平", "wish": {"q": "一"}}).get_json()
    (kept,) = pages.page("li.na", "/f/bill").xpath(f"//a[contains(@href, 'v={id['id']}')]/@href")
    assert texts(pages.page("li.na", kept), "//a[@class='row-link']") == ["一"]
