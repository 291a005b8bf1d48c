"""The form page: what cannot be read stays and hinders saving, computed values are overridden where
they stand, links bring values along, files say what they are, types have controls of their own."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from api_house import CONTRACT, MORE_FILES, PASSWORD, ApiHouse, fields
from browser import PHONE, Visit, barriers, open_chromium, sideways_pixels, visit
from module_houses import house_of
from page_house import Pages, texts
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from jingwei.catalogue.compile import compile_texts
from jingwei.storage.apply import Publication, apply

FILES = {
    **MORE_FILES,
    "forms/contract.yaml": CONTRACT,
    "forms/ware.yaml": """
kind: form
title: 物料
display: "{name}"
fields:
  name: {type: text, title: 名称}
  price: {type: money, title: 单价}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
""",
    "forms/sheet.yaml": """
kind: form
title: 单据
fields:
  top: {type: heading, title: 抬头}
  name: {type: text, title: 名称, required: true}
  qty: {type: number, title: 数量}
  ware:
    {type: link, to: ware, title: 物料, fill: {price: price, first: {from: price, mode: if_empty}}}
  price: {type: money, title: 回填价}
  first: {type: money, title: 首价}
  why: {type: text, title: 贵的原因, visible_if: price > 100, required_if: price > 100}
  total: {type: number, title: 合计, compute: qty * 2}
  advice: {type: number, title: 建议, compute: qty * 3, mode: default}
  fixed: {type: number, title: 核定, compute: qty * 4, mode: override_with_reason}
  found: {type: money, title: 取数, compute: ware.price, mode: lock_if_found}
  mail: {type: email, title: 邮箱}
  day: {type: date, title: 日期}
  facts: {type: json, title: 数据}
  long: {type: duration, title: 时长}
  place: {type: geolocation, title: 位置}
  area: {type: region, title: 地区}
  hue: {type: color, title: 颜色}
  stars: {type: rating, title: 评分}
  notes: {type: markdown, title: 说明}
  paper: {type: file, title: 附件, many: true}
  sign: {type: signature, title: 签名}
  lines:
    type: table
    title: 明细
    fields:
      what: {type: link, to: ware, title: 物料, fill: {cost: price}}
      cost: {type: money, title: 单价}
      photo: {type: image, title: 照片}
permissions:
  all: {post: planner, can: [read, create, update], scope: org}
""",
    "forms/plan.yaml": """
kind: form
title: 计划
display: "{name}"
fields:
  name: {type: text, title: 名称}
  low: {type: integer, title: 下限}
  high: {type: integer, title: 上限}
  duty: {type: text, title: 责任, required: true}
  hidden: {type: integer, title: 序号, max: 5}
  lines:
    type: table
    title: 步骤
    order: true
    fields:
      step: {type: text, title: 步骤}
rules:
  wide: {check: high < 100, level: warn, at: high, message: 上限偏大}
layout:
  - {section: 基本, columns: 1, fields: [name, [low, high], lines]}
permissions:
  all: {post: planner, can: [read, create, update, share, comment], scope: org}
""",
    "forms/delivery.yaml": """
kind: form
title: 到货
submit: {cancel: true}
fields:
  name: {type: text, title: 名称}
  lines:
    type: table
    title: 明细
    fields:
      what: {type: text, title: 物料}
      come: {type: date, title: 到货日, editable_after_submit: true}
  fixed: {type: table, title: 定额, readonly: true, fields: {what: {type: text, title: 物料}}}
permissions:
  all: {post: planner, can: [read, create, update, submit], scope: org}
""",
}


house = house_of(FILES)


@pytest.fixture(scope="module")
def ware(house: ApiHouse) -> int:
    return int(house.make("li.na", "ware", name="钢管", price="250.00")["id"])


def save(house: ApiHouse, **values: Any) -> Any:
    return house.post("li.na", "forms/sheet/records", {"name": "一", **values})


# --- what is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "refused", "code"),
    [
        ("stars", -1, "below-least"),
        ("stars", 6, "above-most"),
        ("long", -60, "below-least"),
        ("long", "soon", "not-a-duration"),
        ("place", {"lat": 99, "lon": 0}, "not-a-place"),
        ("name", 5, "not-text"),
        ("area", "999999", "unknown-region"),
        ("area", "瀛洲", "not-a-region"),
        ("area", "朝阳", "ambiguous-region"),
    ],
)
def test_a_value_its_type_cannot_have_is_refused_once(
    house: ApiHouse, field: str, refused: Any, code: str
) -> None:
    assert fields(save(house, **{field: refused})) == [(field, code)]


def test_an_org_that_there_is_not_is_not_missing_as_well(house: ApiHouse) -> None:
    assert fields(save(house, org="nowhere")) == [("org", "unknown-org")]


def test_a_length_of_time_is_written_in_parts_and_read_as_such(house: ApiHouse) -> None:
    made = save(house, long="1h30min", facts={"a": [True, None]}).get_json()
    assert made["long"] == 5400
    page = Pages(house).page("li.na", f"/f/sheet/{made['id']}")
    assert "1 小时 30 分钟" in texts(page, "//dd")
    (facts,) = page.xpath("//dd[contains(@class,'code')]")
    assert facts.text_content().split() == ["{", '"a":', "[", "true,", "null", "]", "}"]


def test_the_api_says_how_a_computed_value_is_overridden(house: ApiHouse) -> None:
    described = house.get("li.na", "openapi.json").get_json()["components"]["schemas"]
    assert list(described["sheet.write"]["properties"]["_reasons"]["properties"]) == ["fixed"]
    assert "_reasons" not in described["ware.write"]["properties"]
    told = house.post("li.na", "forms/sheet/compute", {"qty": "5", "advice": "99"}).get_json()
    assert (told["values"]["advice"], told["computed"]) == (
        99,
        {"advice": 15, "fixed": 20, "found": None},
    )


def test_a_region_is_chosen_and_shown_by_its_name(house: ApiHouse) -> None:
    pages = Pages(house)
    found = pages.client("li.na").post(
        "/f/sheet/options/area", json={"q": "西湖"}, headers={"X-CSRF-Token": pages.csrf("li.na")}
    )
    assert {"value": "330106", "text": "浙江省杭州市西湖区", "hint": "330106"} in found.get_json()
    for said in ("330106", "浙江省杭州市西湖区", "杭州西湖", "浙江/杭州 西湖区"):
        made = save(house, area=said).get_json()
        assert made["area"] == "330106"
    message = save(house, area="西湖").get_json()["error"]["fields"][0]["message"]
    both = "浙江省杭州市西湖区 330106、江西省南昌市西湖区 360103"
    assert message == f"叫“西湖”的行政区划不止一个，请写全名或代码：{both}。"
    assert "浙江省杭州市西湖区" in texts(pages.page("li.na", f"/f/sheet/{made['id']}"), "//dd")


def test_the_preview_of_a_formatted_text_runs_nothing(house: ApiHouse) -> None:
    pages = Pages(house)
    asked = {"text": "**粗** <script>x</script>"}
    told = pages.client("li.na").post(
        "/markdown", json=asked, headers={"X-CSRF-Token": pages.csrf("li.na")}
    )
    assert told.get_json()["html"].startswith("<p><strong>粗</strong> &lt;script&gt;")


@pytest.mark.parametrize("sent", [[1], "x", 5, True])
def test_what_the_scripts_of_a_page_never_send_is_refused(house: ApiHouse, sent: Any) -> None:
    pages = Pages(house)
    headers = {"X-CSRF-Token": pages.csrf("li.na")}
    for address in ("/markdown", "/f/sheet/options/ware"):
        told = pages.client("li.na").post(address, json=sent, headers=headers)
        assert told.status_code == 400


def test_a_row_of_the_layout_is_a_row_of_the_page_and_nothing_owed_is_lost(house: ApiHouse) -> None:
    page = Pages(house).page("li.na", "/f/plan/new")
    assert texts(page, "//section//h2") == ["基本", "其他必填"]
    grids = [
        (grid.get("class"), grid.xpath("./*/@data-field"))
        for grid in page.xpath("//section//div[contains(@class,'fields ')]")
    ]
    assert [(css.split()[1], names) for css, names in grids] == [
        ("columns-1", ["name"]),
        ("columns-2", ["low", "high"]),
        ("columns-1", ["lines"]),
        ("columns-2", ["duty"]),
    ]


def test_who_is_given_a_record_hears_of_it_once(house: ApiHouse) -> None:
    made = house.make("li.na", "plan", name="甲", duty="处")
    path = f"forms/plan/records/{made['id']}/share"
    for _ in range(2):
        assert house.post("li.na", path, {"person": "ops"}).status_code == 200
    told = [one["text"] for one in house.get("ops", "notifications").get_json()["items"]]
    assert told == ["李娜 把“甲”共享给您"]
    page = Pages(house).page("li.na", f"/f/plan/{made['id']}")
    assert {"共享", "打印", "复制"} <= set(texts(page, "//*[@class='record-buttons']/*"))
    seen = Pages(house).page("ops", f"/f/plan/{made['id']}")
    assert not {"共享", "复制"} & set(texts(seen, "//*[@class='record-buttons']/*"))


# --- in the browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(house: ApiHouse, ware: int) -> Iterator[Visit]:
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:
        yield visit(browser, f"http://127.0.0.1:{server.server_port}", "li.na", PASSWORD)
    server.shutdown()


def saved(page: Page, house: ApiHouse) -> dict[str, Any]:
    """Save; the record that is there then."""
    page.locator("#save").click()
    page.wait_for_url(re.compile(r"/f/sheet/\d+$"))
    identity = page.url.rpartition("/")[2]
    found: dict[str, Any] = house.get("li.na", f"forms/sheet/records/{identity}").get_json()
    return found


def box(page: Page, name: str) -> Any:
    return page.locator(f"#field-{name}")


@pytest.mark.browser
def test_what_cannot_be_read_stays_in_its_box_and_hinders_saving(
    desk: Visit, house: ApiHouse
) -> None:
    page = desk.go("/f/sheet/new")
    typed = {"qty": "1e400", "total": "", "day": "2026-02-31", "facts": "{bad", "place": "99, 0"}
    box(page, "name").fill("二")
    for name, text in typed.items():
        if text:
            box(page, name).fill(text)
            box(page, "name").focus()
            expect(box(page, name)).to_have_value(text)
            expect(box(page, name)).to_have_attribute("aria-invalid", "true")
    box(page, "mail").fill("x@")
    page.locator("#save").click()
    expect(page.locator("#summary li")).to_have_count(5)  # and what only the server sees
    expect(page.locator("[data-field=mail] [data-wrong]")).to_be_visible()
    assert page.url.endswith("/new")
    assert barriers(page) == []
    right = {
        "mail": "",
        "qty": "12.5",
        "day": "2026-02-28",
        "facts": '{"a": "b"}',
        "place": "39.9, 116.4",
    }
    for name, text in right.items():
        box(page, name).fill(text)
    box(page, "hue").fill("#1A2b3C")
    box(page, "long").fill("1小时30分")
    page.get_by_role("button", name="4 星").click()
    made = saved(page, house)
    assert (made["qty"], made["day"], made["facts"]) == (12.5, "2026-02-28", {"a": "b"})
    assert (made["long"], made["stars"], made["hue"]) == (5400, 4, "#1A2b3C")
    assert made["place"] == {"lat": 39.9, "lon": 116.4}


@pytest.mark.browser
def test_a_computed_value_follows_until_a_person_overrides_it_and_again_after(
    desk: Visit, house: ApiHouse
) -> None:
    page = desk.go("/f/sheet/new")
    box(page, "name").fill("三")
    box(page, "qty").fill("2")
    expect(box(page, "advice")).to_have_value("6")
    box(page, "qty").fill("20")
    expect(box(page, "advice")).to_have_value("60")
    expect(box(page, "fixed")).to_have_value("80")
    box(page, "advice").fill("7")
    box(page, "fixed").fill("100")
    box(page, "qty").fill("30")
    expect(box(page, "advice")).to_have_value("7")
    offered = page.locator("[data-field=fixed] [data-override]")
    expect(offered).to_contain_text("120")
    page.locator("#save").click()
    expect(page.locator("[data-field=fixed] [data-wrong]")).to_be_visible()
    offered.get_by_role("textbox").fill("另有补贴")
    page.locator("[data-field=advice] [data-recompute]").click()
    expect(page.locator("[data-field=advice] [data-override]")).to_be_hidden()
    made = saved(page, house)
    assert (made["advice"], made["fixed"]) == (90, 100)

    page = desk.go(f"/f/sheet/{made['id']}/edit")
    expect(page.locator("#saved")).to_have_text("")
    box(page, "qty").fill("40")
    expect(box(page, "fixed")).to_have_value("100")
    expect(offered).to_contain_text("160")
    expect(offered.get_by_role("textbox")).to_be_hidden()
    offered.get_by_role("button").click()
    made = saved(page, house)
    assert (made["advice"], made["fixed"]) == (120, 160)


@pytest.mark.browser
def test_a_link_brings_its_values_along_when_it_is_chosen(desk: Visit, house: ApiHouse) -> None:
    page = desk.go("/f/sheet/new")
    box(page, "name").fill("四")
    box(page, "first").fill("1")
    box(page, "found").fill("3")
    expect(page.locator("[data-field=why]")).to_be_hidden()
    choose(page, page.locator("[data-field=ware]"), "钢管")
    expect(box(page, "price")).to_have_value("250.00")
    expect(box(page, "first")).to_have_value("1.00")
    expect(box(page, "found")).to_have_value("250.00")
    expect(box(page, "found")).not_to_be_editable()
    expect(page.locator("[data-field=why] [data-must]")).to_be_visible()
    box(page, "why").fill("特种")
    page.get_by_role("button", name="添加一行").click()
    choose(page, page.locator("[data-row] [data-column=what]"), "钢管")
    expect(page.locator("[data-row] [data-column=cost] input")).to_have_value("250.00")
    page.locator("[data-row] [data-column=cost] input").fill("240")
    made = saved(page, house)
    assert (made["price"], made["first"], made["lines"][0]["cost"]) == (250, 1, 240)
    assert made["found"] == 250
    expect(page.locator("dt.sub-heading")).to_have_text("抬头")


def choose(page: Page, place: Any, words: str) -> None:
    place.locator(".ts-control").click()
    page.locator(".ts-dropdown .option:visible", has_text=words).click()


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff89993d1d0000000049454e44ae426082"
)


@pytest.mark.browser
def test_files_say_what_they_are_and_can_be_taken_away(desk: Visit, house: ApiHouse) -> None:
    page = desk.go("/f/sheet/new")
    box(page, "name").fill("五")
    papers = [("甲.txt", b"one"), ("乙.txt", b"two" * 999)]
    box(page, "paper").set_input_files(
        [{"name": n, "mimeType": "text/plain", "buffer": b} for n, b in papers]
    )
    listed = page.locator("[data-field=paper] .file-line")
    expect(listed).to_have_count(2)
    expect(listed.nth(1)).to_contain_text("2.9")
    page.get_by_role("button", name="移除 甲.txt").click()
    expect(listed).to_have_count(1)

    page.get_by_role("button", name="添加一行").click()
    photo = page.locator("[data-row] [data-column=photo]")
    photo.locator("input").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no"}
    )
    expect(photo.locator("[data-wrong]")).to_contain_text("不是图片")
    photo.locator("input").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": PICTURE}
    )
    expect(photo.locator("img")).to_be_visible()
    page.locator("[data-field=sign] [data-sign]").click()
    paper = page.locator("#sign-pad canvas").bounding_box()
    assert paper is not None
    page.mouse.move(paper["x"] + 40, paper["y"] + 40)
    page.mouse.down()
    page.mouse.move(paper["x"] + 140, paper["y"] + 90)
    page.mouse.up()
    page.locator("#sign-pad").get_by_role("button", name="使用").click()
    expect(page.locator("[data-field=sign] img")).to_be_visible()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert sideways_pixels(page) == 0
    made = saved(page, house)
    assert len(made["paper"]) == 1 and made["lines"][0]["photo"] and made["sign"]
    expect(page.locator(".read a", has_text="乙.txt")).to_be_visible()
    expect(page.locator(".read img.thumb")).to_have_count(2)
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.browser
def test_a_warning_is_shown_and_one_may_go_on_and_rows_are_moved(
    desk: Visit, house: ApiHouse
) -> None:
    page = desk.go("/f/plan/new")
    box(page, "duty").fill("处")
    box(page, "high").fill("200")
    for number, word in enumerate("甲乙丙"):
        page.get_by_role("button", name="添加一行").click()
        page.locator("[data-column=step] input").nth(number).fill(word)
    page.locator("[data-row]").nth(2).get_by_role("button", name="上移").click()
    grips = [page.locator("[data-grip]").nth(n).bounding_box() for n in (0, 1)]
    assert grips[0] and grips[1]
    page.mouse.move(grips[0]["x"] + 5, grips[0]["y"] + 5)
    page.mouse.down()
    page.mouse.move(grips[1]["x"] + 5, grips[1]["y"] + 9, steps=3)
    page.mouse.up()
    page.locator("#save").click()
    expect(page.locator("[data-field=high] .warned")).to_have_text("上限偏大")
    assert page.url.endswith("/new")
    page.locator("#summary button").click()
    page.wait_for_url(re.compile(r"/f/plan/\d+$"))
    made = house.get("li.na", f"forms/plan/records/{page.url.rpartition('/')[2]}").get_json()
    assert [row["step"] for row in made["lines"]] == ["丙", "甲", "乙"]
    page.locator("#comment").press_sequentially("请 @wang")
    page.locator("#comment-people [role=option]").first.wait_for()
    assert barriers(page) == []
    page.locator("#comment").press("Enter")
    expect(page.locator("#comment")).to_have_value("请 @wang.wu ")


@pytest.mark.browser
def test_after_submitting_only_the_open_column_of_the_rows_is_changed(
    desk: Visit, house: ApiHouse
) -> None:
    made = house.make("li.na", "delivery", name="一", lines=[{"what": "钢管"}])
    house.post("li.na", f"forms/delivery/records/{made['id']}/submit", {}, match=1)
    page = desk.go(f"/f/delivery/{made['id']}/edit")
    expect(page.get_by_role("button", name="添加一行")).to_have_count(0)
    expect(page.locator("[data-row] [data-column=what] input")).not_to_be_editable()
    page.locator("[data-row] [data-column=come] input").fill("2026-03-04")
    page.locator("#save").click()
    page.wait_for_url(re.compile(r"/f/delivery/\d+$"))
    kept = house.get("li.na", f"forms/delivery/records/{made['id']}").get_json()
    assert [(row["what"], row["come"]) for row in kept["lines"]] == [("钢管", "2026-03-04")]


@pytest.mark.browser
def test_who_fills_in_a_form_that_is_another_one_by_now_loads_it_and_goes_on(
    desk: Visit, house: ApiHouse
) -> None:
    page = desk.go("/f/ware/new")
    page.set_viewport_size({"width": 1440, "height": 500})
    box(page, "name").fill("槽钢")
    publish_with(
        house, "forms/ware.yaml", "  price:", "  note: {type: text, title: 备注}\n  price:"
    )
    page.locator("#save").click()
    again = page.locator("#summary button")
    expect(again).to_have_text("重新打开页面")
    expect(page.locator("#save")).to_be_disabled()
    place, bar = page.locator("#summary").bounding_box(), page.locator(".topbar").bounding_box()
    assert place and bar and place["y"] >= bar["y"] + bar["height"]
    box(page, "price").fill("9")  # typed after the refusal, and kept as well
    again.click()
    expect(box(page, "note")).to_be_visible()
    expect(box(page, "name")).to_have_value("槽钢")
    expect(box(page, "price")).to_have_value(re.compile(r"9"))
    page.locator("#save").click()
    page.wait_for_url(re.compile(r"/f/ware/\d+$"))


def publish_with(house: ApiHouse, path: str, old: str, new: str) -> None:
    platform = house.platform
    files = dict(platform.active.current.catalogue.files)
    files[path] = files[path].replace(old.encode(), new.encode(), 1)
    now, today = platform.clock.now(), platform.clock.today()
    apply(platform.database, compile_texts(files), Publication("test", now, today))
    platform.active.poll()
