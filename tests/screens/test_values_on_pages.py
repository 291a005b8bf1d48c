"""Values of every kind on pages: how they are read, in a list they are short, in which box they are
looked for; with whom a record is shared."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import lxml.html
import pytest
from api_house import CONTRACT, MORE_FILES, ApiHouse, code, fields
from module_houses import house_of
from page_house import Pages, texts, words

from jingwei.screens import marks

SURVEY = """
kind: form
title: 踏勘
display: "{text}"
fields:
  text: {type: text, title: 名称}
  notes: {type: markdown, title: 说明}
  code: {type: code, title: 脚本}
  paid: {type: money, unit: CNY, title: 金额, show_in: 万元}
  mail: {type: email, title: 邮箱}
  phone: {type: phone, title: 电话}
  hue: {type: color, title: 颜色}
  stars: {type: rating, title: 评分}
  bar: {type: barcode, title: 条码}
  place: {type: geolocation, title: 位置}
  area: {type: region, title: 地区}
  about: {type: link, to: [contract, receipt], title: 涉及}
  any: {type: link, to: any, title: 任意}
  role: {type: role, title: 角色}
  lock: {type: secret, title: 门锁}
list:
  columns: [text, notes, code, paid, stars, hue, bar, area, place]
  filters: [area, about, any, role, owner]
permissions:
  planner: {post: planner, can: [read, create, update, delete, share, export], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
"""
BILL = """
kind: form
title: 账单
fields:
  text: {type: text, title: 名称}
  kind: {type: choice, title: 类别, choices: {x: 甲, y: 乙}}
  paid: {type: money, unit: CNY, title: 金额}
list: {columns: [text, kind, paid], group: [kind]}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""
FILES = {
    **MORE_FILES,
    "forms/contract.yaml": CONTRACT,
    "forms/survey.yaml": SURVEY,
    "forms/bill.yaml": BILL,
    "forms/voucher.yaml": """
kind: form
title: 凭单
fields:
  text: {type: text, title: 名称}
  paid: {type: money, unit: CNY, title: 金额}
list:
  columns: [text, paid]
  views:
    large: {type: table, title: 大额, columns: [text], filter: paid > 10, sort: [-paid]}
  opens_with: {large: {role: group_ops}}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
""",
}


house = house_of(FILES)


@pytest.fixture(scope="module")
def wuchang(house: ApiHouse) -> int:
    made = house.make(
        "li.na", "survey", text="武昌", notes="# 要点\n\n- **" + "长" * 200 + "**", code="a = 1",
        paid="-5.5", mail="a@b.cn", phone="010-12 3", hue="#aabbcc", stars=3.5,
        bar="6901234567892", place={"lat": -31.2, "lon": 121.5}, area="420106",
    )  # fmt: skip
    return int(made["id"])


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


@pytest.fixture(scope="module")
def linked(house: ApiHouse, wuchang: int) -> dict[str, int]:
    """Two records that say what they are about, and what that is."""
    bridge = int(house.make("li.na", "contract", name="大桥", amount=1)["id"])
    paid = int(house.make("li.na", "receipt", note="首付", contract=bridge)["id"])
    house.make("li.na", "survey", text="浦东", area="310115", role="group_ops",
               about={"form": "contract", "id": bridge})  # fmt: skip
    other = {"form": "receipt", "id": paid}
    any_ = {"form": "survey", "id": wuchang}
    house.make("li.na", "survey", text="西湖", area="330106", about=other, any=any_)
    return {"bridge": bridge, "paid": paid, "wuchang": wuchang}


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


# --- whom a record is shared with -----------------------------------------------------------------


def share(house: ApiHouse, login: str, id: int, **body: Any) -> Any:
    return house.post(login, f"forms/survey/records/{id}/share", body)


def test_a_share_ends_with_its_last_day_and_can_be_taken_back(
    house: ApiHouse, pages: Pages
) -> None:
    id = int(house.make("li.na", "survey", text="共享")["id"])
    address = f"forms/survey/records/{id}"
    assert house.get("wang.wu", address).status_code == 404
    assert share(house, "li.na", id, person="wang.wu", until="2026-03-03").status_code == 200
    assert share(house, "li.na", id, person="ops").status_code == 200
    assert house.get("wang.wu", address).status_code == 200
    told = [(one["person"], one["until"], one["over"]) for one in shares(house, id)]
    assert sorted(told) == [("ops", None, False), ("wang.wu", "2026-03-03", False)]

    house.later(timedelta(days=2))  # from the 2nd: the 3rd is the last day
    assert house.get("wang.wu", address).status_code == 404
    assert {one["person"]: one["over"] for one in shares(house, id)} == {
        "ops": False,
        "wang.wu": True,
    }
    assert share(house, "li.na", id, person="wang.wu", until="2026-03-09").status_code == 200
    assert house.get("wang.wu", address).status_code == 200
    assert share(house, "li.na", id, person="wang.wu", remove=True).status_code == 200
    assert house.get("wang.wu", address).status_code == 404
    house.later(timedelta(0))

    page = pages.page("li.na", f"/f/survey/{id}")
    assert texts(page, "//ul[@class='shares']/li/span") == ["运营 长期 · 由 李娜"]
    said = texts(page, "//*[@class='timeline']//*[@class='moment-head']/span")
    assert said == [
        "收回共享 → 王五",
        "共享 → 王五（到 2026-03-09）",
        "共享 → 运营",
        "共享 → 王五（到 2026-03-03）",
        "创建",
    ]


def shares(house: ApiHouse, id: int) -> Any:
    return house.get("li.na", f"forms/survey/records/{id}/share").get_json()["items"]


def test_only_who_may_share_learns_with_whom_it_is_shared(house: ApiHouse, pages: Pages) -> None:
    id = int(house.make("li.na", "survey", text="私下")["id"])
    share(house, "li.na", id, person="wang.wu")
    assert code(house.get("ops", f"forms/survey/records/{id}/share")) == (403, "not-allowed")
    assert code(house.get("nobody", f"forms/survey/records/{id}/share"))[0] == 404
    for login in ("ops", "wang.wu"):
        assert not texts(pages.page(login, f"/f/survey/{id}"), "//ul[@class='shares']/li")
        [told, _] = house.get(login, f"forms/survey/records/{id}/history").get_json()["items"]
        assert told["action"] == "shared" and not {"person", "until"} & told.keys()


@pytest.mark.parametrize(
    ("until", "problem"),
    [
        ("2026-03-01", "不能小于 2026-03-02。"),
        ("soon", "请填日期，例如 2026-03-01。"),
        (5, "请填日期，例如 2026-03-01。"),
    ],
)
def test_a_share_ends_on_a_day_to_come(house: ApiHouse, until: Any, problem: str) -> None:
    id = int(house.make("li.na", "survey", text="错")["id"])
    answer = share(house, "li.na", id, person="wang.wu", until=until)
    assert answer.status_code == 422
    told = answer.get_json()["error"]["fields"]
    assert [(one["path"], one["message"]) for one in told] == [("until", problem)]
    assert shares(house, id) == []


# --- why one cannot see a record ------------------------------------------------------------------


def unseen(pages: Pages, login: str, id: int) -> str:
    answer = pages.get(login, f"/f/survey/{id}")
    assert answer.status_code == 404
    return str(answer.get_data(as_text=True))


def test_who_cannot_see_a_record_learns_what_he_sees_and_whom_to_ask_and_nothing_of_it(
    house: ApiHouse, pages: Pages
) -> None:
    id = int(house.make("li.na", "survey", text="秘密甲", area="420106")["id"])
    told = unseen(pages, "wang.wu", id)
    assert "秘密" not in told and "李娜" not in told and "武昌" not in told
    page = lxml.html.document_fromstring(told)
    assert texts(page, "//h1") == ["看不到这条记录"]
    assert texts(page, "//main//li") == [
        "乙公司的记录（权限“planner”）",
        "把这个地址发给能打开它的同事，请他在页面上点“共享”。",
        "请他在“查看与修改权限”里选您的名字，就能看到原因。",
        "若是删除了，可在回收站里找到",
    ]
    # it reads the same where there is no record at all
    missing = unseen(pages, "wang.wu", 999_999)
    assert told.replace(str(id), "N") == missing.replace("999999", "N")


def test_who_has_nothing_of_the_form_learns_not_even_its_name(
    house: ApiHouse, pages: Pages
) -> None:
    id = int(house.make("li.na", "survey", text="秘密乙")["id"])
    told = unseen(pages, "nobody", id)
    assert "看不到这条记录" in told and "踏勘" not in told
    other = pages.get("nobody", f"/f/nix/{id}").get_data(as_text=True)
    assert told.replace("/survey/", "/nix/").replace("%2Fsurvey%2F", "%2Fnix%2F") == other


def test_who_may_share_asks_why_another_may_not(house: ApiHouse, pages: Pages) -> None:
    id = int(house.make("li.na", "survey", text="问")["id"])
    page = pages.page("li.na", f"/f/survey/{id}")
    assert texts(page, "//button[@data-access-of]") == ["查看他人的权限"]
    assert pages.page("ops", f"/f/survey/{id}").xpath("//button[@data-access-of]") == []
    why = house.get("li.na", f"forms/survey/records/{id}/access?person=wang.wu").get_json()
    assert (why["name"], why["allowed"], why["hidden"]) == ("王五", False, 0)
    assert why["message"] == "不可以：有这个动作的权限，但范围不包括这条记录。"


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
