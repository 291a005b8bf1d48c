"""Values of every kind on pages: how they are read, in a list they are short, in which box they are
looked for."""

from __future__ import annotations

import io
from typing import Any

import pytest
from api_house import ApiHouse, code, fields
from module_houses import house_of
from page_house import Pages, texts, words
from survey_house import FILES, make_linked, make_wuchang

from jingwei.screens import marks

CLOSED = """
kind: form
title: 内部
fields: {name: {type: text}}
permissions: {ops: {role: group_ops, can: [read, create], scope: all}}
"""
SURVEY = FILES["forms/survey.yaml"].replace("share, export]", "share, export, import]")
house = house_of({**FILES, "forms/survey.yaml": SURVEY, "forms/a_closed.yaml": CLOSED})


@pytest.fixture(scope="module")
def wuchang(house: ApiHouse) -> int:
    return make_wuchang(house)


@pytest.fixture(scope="module")
def linked(house: ApiHouse, wuchang: int) -> dict[str, int]:
    return make_linked(house, wuchang)


def read(page: Any) -> dict[str, Any]:
    """The value of each field of a record's page."""
    found = page.xpath("//dl[contains(@class,'fields')]/div[dt and dd]")
    return {words(one.xpath("dt")[0]): one.xpath("dd")[0] for one in found}


def test_each_kind_of_value_is_read_as_people_know_it(pages: Pages, wuchang: int) -> None:
    shown = read(pages.page("li.na", f"/f/survey/{wuchang}"))
    assert words(shown["评分"]) == "3.5 / 5 星"
    kinds = [p.get("class") for p in shown["评分"].xpath(".//*[@class='mark-stars']/*")]
    assert kinds == [*["star-full"] * 3, "star-none", "star-full", "star-none"]  # the half lies on
    assert shown["颜色"].xpath(".//*[@class='mark-swatch']/*/@fill") == ["#aabbcc"]
    assert words(shown["颜色"]) == "#aabbcc"
    assert shown["条码"].xpath(".//*[@class='mark-bars']/@aria-hidden") == ["true"]
    assert shown["邮箱"].xpath(".//a/@href") == ["mailto:a@b.cn"]
    assert shown["电话"].xpath(".//a/@href") == ["tel:010123"]
    assert words(shown["位置"]) == "南纬 31.2°，东经 121.5°"
    assert words(shown["地区"]) == "湖北省武汉市武昌区"
    assert "code" in shown["脚本"].get("class")


def test_a_secret_is_set_or_not_and_on_no_page(house: ApiHouse, pages: Pages, wuchang: int) -> None:
    assert words(read(pages.page("li.na", f"/f/survey/{wuchang}"))["门锁"]) == "—"
    made = house.make("li.na", "survey", text="锁", lock="CANARY1")
    path = f"/f/survey/{made['id']}"
    api = f"forms/survey/records/{made['id']}"
    assert house.patch("li.na", api, {"lock": "CANARY2"}, match=1).status_code == 200
    shown = pages.page("li.na", path)
    assert words(read(shown)["门锁"]) == "已设置"
    assert "已设置 → 已更换" in words(shown).replace("→", " → ").replace("  ", " ")
    form = pages.page("li.na", f"{path}/edit")
    (box,) = form.xpath("//*[@id='field-lock']")
    assert (box.get("type"), box.get("autocomplete")) == ("password", "new-password")
    assert box.get("value") is None
    (said,) = form.xpath("//*[@data-field='lock']//*[@data-said]")
    assert (said.get("data-set"), said.get("data-unset")) == ("已设置", "未设置")
    assert texts(form, "//*[@data-field='lock']//button") == ["清除"]
    shape = pages.get("li.na", "/f/survey/shape").get_json()["fields"]
    (lock,) = [one for one in shape if one["path"] == "lock"]  # whether it is there, and no more
    assert (lock["asked"], lock["groups"], lock["sums"], lock["type"]) == (
        True,
        [],
        False,
        "secret",
    )
    for condition, found in (("lock == null", "武昌"), ("lock != null", "锁")):
        listed = pages.page("li.na", f"/f/survey?filter={condition}&columns=text,lock")
        assert texts(listed, "//a[contains(@class,'row-link')]") == [found], condition
    for page in (path, f"{path}/edit", "/f/survey", "/f/survey?columns=lock"):
        assert "CANARY" not in pages.get("li.na", page).get_data(as_text=True), page
    assert house.delete("li.na", api, match=2).status_code == 204


def test_a_loss_that_rounds_to_nothing_is_no_loss(pages: Pages, wuchang: int) -> None:
    shown = read(pages.page("li.na", f"/f/survey/{wuchang}"))["金额（万元）"]
    assert words(shown) == "0.00" and "neg" not in shown.get("class")


def test_a_list_has_the_first_words_of_a_text_and_no_bars(pages: Pages, wuchang: int) -> None:
    page = pages.page("li.na", "/f/survey")
    cells = {td.get("data-title"): td for td in page.xpath("//tbody/tr[1]/td[@data-title]")}
    told = words(cells["说明"])
    assert told.startswith("要点 长") and told.endswith("…") and len(told) == 120
    assert not cells["说明"].xpath(".//h3") and not cells["条码"].xpath(".//*[@class='mark-bars']")
    assert (words(cells["评分"]), words(cells["条码"])) == ("3.5 / 5 星", "6901234567892")
    assert "num" not in cells["评分"].get("class").split()


def test_bars_are_drawn_of_what_a_till_reads_only() -> None:
    assert marks.bars("条码") is None and marks.bars("1" * 49) is None and marks.bars("") is None
    assert 'd="M10 0h2v' in str(marks.bars("A"))


# --- looked for -----------------------------------------------------------------------------------


def offered(pages: Pages, login: str, path: str, **body: Any) -> list[tuple[str, str, str]]:
    answer = pages.client(login).post(
        f"/f/survey/options/{path}", json=body, headers={"X-CSRF-Token": pages.csrf(login)}
    )
    return [(one["value"], one["text"], one["hint"]) for one in answer.get_json()]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("f.area=420000", ["武昌"]),
        ("f.area=420100", ["武昌"]),
        ("f.area=310115", ["浦东"]),
        ("f.area=110000", []),
        ("f.about=contract/{bridge}", ["浦东"]),
        ("f.about=receipt/{paid}", ["西湖"]),
        ("f.any=survey/{wuchang}", ["西湖"]),
        ("f.role=group_ops", ["浦东"]),
        ("f.owner=li.na", ["武昌", "浦东", "西湖"]),
        ("f.owner=ops", []),
    ],
)
def test_a_list_is_narrowed_by_a_region_a_record_of_any_form_or_its_owner(
    pages: Pages, linked: dict[str, int], asked: str, found: list[str]
) -> None:
    page = pages.page("li.na", f"/f/survey?{asked.format(**linked)}")
    assert texts(page, "//*[@role='alert' and not(@hidden)]") == []
    assert sorted(texts(page, "//a[contains(@class,'row-link')]")) == sorted(found)


def test_what_was_picked_is_called_by_its_name(pages: Pages, linked: dict[str, int]) -> None:
    asked = "f.area=420100&f.about=contract/{bridge}&f.any=survey/{wuchang}&f.owner=li.na"
    page = pages.page("li.na", f"/f/survey?{asked.format(**linked)}")
    assert page.xpath("//*[@role='combobox']/@value") == ["湖北省武汉市", "大桥", "武昌", "李娜"]
    assert page.xpath("//*[@data-form-of]/option[@selected]/@value") == ["survey"]


def test_records_of_several_forms_are_offered_with_their_kind(
    pages: Pages, linked: dict[str, int]
) -> None:
    bridge, paid = linked["bridge"], linked["paid"]
    both = offered(pages, "li.na", "about", q="")
    assert [(value, said) for value, said, _ in both] == [
        (f"contract/{bridge}", "大桥"),
        (f"receipt/{paid}", "首付"),
    ]
    assert [hint.split()[0] for _, _, hint in both] == ["合同", "收款"]
    assert [v for v, *_ in offered(pages, "li.na", "about", form="receipt")] == [f"receipt/{paid}"]
    assert offered(pages, "li.na", "about", form="survey") == both  # it leads to no survey


def test_of_any_form_the_form_is_chosen_first_among_those_one_may_open(
    pages: Pages, linked: dict[str, int]
) -> None:
    page = pages.page("li.na", "/f/survey/new")
    (choice,) = page.xpath("//*[@data-field='any']//select[@data-form-of]")
    assert {"contract", "receipt", "survey"} <= set(choice.xpath("option/@value"))
    assert offered(pages, "li.na", "any", q="大") == []
    assert [v for v, *_ in offered(pages, "li.na", "any", q="大", form="contract")] == [
        f"contract/{linked['bridge']}"
    ]


def test_a_link_to_any_form_is_refused_for_what_is_not_there(
    house: ApiHouse, linked: dict[str, int]
) -> None:
    for wrong, problem in (
        ({"form": "contract", "id": 999_999}, "unknown-record"),
        ({"form": "nix", "id": linked["bridge"]}, "unknown-record"),
        ({"form": "receipt", "id": linked["bridge"]}, "unknown-record"),
        (linked["bridge"], "not-a-form-and-id"),
    ):
        answer = house.post("li.na", "forms/survey/records", {"any": wrong})
        assert (answer.status_code, fields(answer)) == (422, [("any", problem)])


def test_the_example_of_a_link_to_any_form_names_one_that_its_reader_may_read(
    house: ApiHouse,
) -> None:
    """It was "form", which is no form."""
    refused = house.post("li.na", "forms/survey/records", {"any": 5}).get_json()
    said = refused["error"]["fields"][0]["message"]
    written = house.get("li.na", "openapi.json").get_json()["components"]["schemas"]
    (example,) = written["survey.write"]["properties"]["any"]["properties"]["form"]["examples"]
    assert (
        said == f'请填 {{"form": 表单名, "id": 记录编号}}，例如 {{"form": "{example}", "id": 12}}。'
    )
    assert house.get("li.na", f"forms/{example}/records").status_code == 200
    sheet = {"file": (io.BytesIO("任意\n五\n".encode()), "a.csv")}
    told = house.post("li.na", "forms/survey/import?preview=1", data=sheet).get_json()["refused"]
    assert [one["message"] for one in told] == [f"请填“表单名/ID”，例如 {example}/12。"]


def test_records_of_several_forms_have_no_order_and_make_no_groups(house: ApiHouse) -> None:
    for path in ("about", "any"):
        sorted_ = house.get("li.na", f"forms/survey/records?sort={path}")
        assert code(sorted_) == (400, "sort")
        message = sorted_.get_json()["error"]["message"]
        assert message.startswith(f"不能按“{path}”排序；可用：") and "about" not in message[10:]
        assert code(house.get("li.na", f"forms/survey/groups?by={path}")) == (400, "group-by")


def test_a_region_is_chosen_step_by_step(pages: Pages) -> None:
    first = [said for _, said, _ in offered(pages, "li.na", "area", q="")]
    assert len(first) == 34 and first[:2] == ["北京市", "天津市"]
    inside = [said for _, said, _ in offered(pages, "li.na", "area", inside="420000")]
    assert inside[:3] == ["湖北省", "湖北省武汉市", "湖北省黄石市"] and inside[-1] in first
    assert "湖北省仙桃市" in inside  # which lies in no city
    deeper = [said for _, said, _ in offered(pages, "li.na", "area", inside="420100")]
    assert deeper[:3] == ["湖北省", "湖北省武汉市", "湖北省武汉市江岸区"]
    town = [said for _, said, _ in offered(pages, "li.na", "area", inside="110000")]
    assert town[:2] == ["北京市", "北京市东城区"]  # nobody says the level between
    found = [said for _, said, _ in offered(pages, "li.na", "area", q="武汉")]
    assert found[:2] == ["湖北省武汉市", "湖北省武汉市江岸区"]
    for said in ("湖北武汉", "湖北武汉市", "湖北 武汉"):
        found = [name for _, name, _ in offered(pages, "li.na", "area", q=said)]
        assert found[0] == "湖北省武汉市"
    found = [name for _, name, _ in offered(pages, "li.na", "area", q="吉林")]
    assert found[:2] == ["吉林省", "吉林省长春市"] and "吉林省吉林市" in found
