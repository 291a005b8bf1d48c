"""What pages show to whom: rights hold on every page, addresses keep the state of a list."""

from __future__ import annotations

import gzip

import pytest
from api_house import ApiHouse
from module_houses import house_of
from page_house import Pages, texts, words

house = house_of()


@pytest.fixture(scope="module")
def bridge(house: ApiHouse) -> int:
    """A contract of company A whose floor price not everybody may know."""
    lines = [{"item": "桥墩", "price": 60}, {"item": "桥面", "price": 40.5}]
    made = house.make(
        "li.na", "contract", name="大桥", amount=100.5, secret="底价九十", lines=lines
    )
    house.make("wang.wu", "contract", name="隧道", amount=200)
    return int(made["id"])


ROWS = "//tbody/tr"


def test_nobody_sees_a_page_before_signing_in(pages: Pages, bridge: int) -> None:
    for path in ("/", "/tasks", "/f/contract", f"/f/contract/{bridge}", "/search?q=a"):
        answer = pages.get(None, path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (
            302,
            "/sign-in",
        )


def test_a_list_shows_the_rows_of_ones_own_orgs(pages: Pages, bridge: int) -> None:
    column = f"{ROWS}/td[@data-title='名称']"
    assert texts(pages.page("li.na", "/f/contract"), column) == ["大桥"]
    assert texts(pages.page("wang.wu", "/f/contract"), column) == ["隧道"]
    assert texts(pages.page("ops", "/f/contract"), column) == ["隧道", "大桥"]


def test_numbers_stand_right_with_their_unit_in_the_head(pages: Pages, bridge: int) -> None:
    page = pages.page("ops", "/f/contract")
    assert texts(page, "//th[contains(@class, 'num')]") == ["金额（元）"]
    cells = page.xpath(f"{ROWS}/td[@data-title='金额（元）']")
    assert [words(c) for c in cells] == ["200.00", "100.50"]
    assert all("num" in c.get("class") for c in cells)


def test_filter_sort_and_search_stand_in_the_address(pages: Pages, bridge: int) -> None:
    names = f"{ROWS}/td[@data-title='名称']"
    page = pages.page("ops", "/f/contract?sort=amount")
    assert texts(page, names) == ["大桥", "隧道"]
    assert page.xpath("//th[@aria-sort='ascending']")
    assert texts(pages.page("ops", "/f/contract?f.org=A"), names) == ["大桥"]
    assert texts(pages.page("ops", "/f/contract?q=隧道"), names) == ["隧道"]
    page = pages.page("ops", "/f/contract?filter=amount > 150")
    assert texts(page, names) == ["隧道"]
    assert page.xpath("//input[@name='filter']/@value") == ["amount > 150"]


def test_a_condition_that_makes_no_sense_is_explained_on_the_page(
    pages: Pages, bridge: int
) -> None:
    page = pages.page("ops", "/f/contract?filter=amont > 1")
    assert "amont" in texts(page, "//div[@role='alert']")[0]


def test_an_empty_list_says_why_and_what_to_do(pages: Pages, bridge: int) -> None:
    empty = "//div[contains(@class, 'nothing')]"
    page = pages.page("ops", "/f/contract?q=没有的")
    assert texts(page, f"{empty}/p") == ["没有符合条件的记录"]
    assert page.xpath(f"{empty}/a/@href") == ["/f/contract"]
    page = pages.page("wang.wu", "/f/receipt")
    assert texts(page, f"{empty}/p") == ["还没有记录"]
    assert page.xpath(f"{empty}/a/@href") == ["/f/receipt/new"]
    page = pages.page("ops", "/f/contract?page=9")
    assert texts(page, f"{empty}/p") == ["这一页没有记录"]


def test_a_hidden_field_is_on_no_page(pages: Pages, bridge: int) -> None:
    """finance may not see it, operations see that there is something; the planner reads it."""
    for path in (f"/f/contract/{bridge}", "/f/contract", "/f/contract?sort=secret"):
        text = pages.get("chen.jie", path).get_data(as_text=True)
        assert "底价九十" not in text, path
        assert ">底价<" not in text, path
    record = pages.page("ops", f"/f/contract/{bridge}")
    assert dict(zip(texts(record, "//dt"), texts(record, "//dd"), strict=True))["底价"] == "•••"
    record = pages.page("li.na", f"/f/contract/{bridge}")
    assert "底价九十" in words(record)


def test_a_search_for_a_hidden_value_finds_nothing(pages: Pages, bridge: int) -> None:
    page = pages.page("chen.jie", "/search?q=底价九十")
    assert "没有找到“底价九十”" in words(page.xpath("//main")[0])
    page = pages.page("li.na", "/search?q=底价九十")
    assert page.xpath(f"//main//a[@href='/f/contract/{bridge}']")


def test_a_record_of_another_company_is_not_there(pages: Pages, bridge: int) -> None:
    for path in (f"/f/contract/{bridge}", f"/f/contract/{bridge}/edit"):
        answer = pages.get("wang.wu", path)
        assert answer.status_code == 404
        assert "大桥" not in answer.get_data(as_text=True)
    assert pages.get("nobody", "/f/contract").status_code == 404


def test_a_reader_gets_no_buttons_and_no_form(pages: Pages, bridge: int) -> None:
    page = pages.page("ops", f"/f/contract/{bridge}")
    assert not page.xpath("//a[contains(@href, '/edit')]")
    assert not page.xpath("//*[@data-method='DELETE']")
    assert pages.get("ops", f"/f/contract/{bridge}/edit").status_code == 403
    assert pages.get("ops", "/f/contract/new").status_code == 403
    page = pages.page("li.na", f"/f/contract/{bridge}")
    assert page.xpath(f"//a[@href='/f/contract/{bridge}/edit']")


def test_a_record_shows_its_table_with_totals_and_who_did_what(pages: Pages, bridge: int) -> None:
    page = pages.page("li.na", f"/f/contract/{bridge}")
    assert texts(page, "//dd//tbody/tr/td[@data-title='价格（元）']") == ["60.00", "40.50"]
    assert texts(page, "//ol[@class='timeline']/li//strong") == ["李娜"]
    assert texts(page, "//ol[@class='timeline']/li//span") == ["创建"]


def test_a_comment_appears_as_it_was_written(pages: Pages, house: ApiHouse, bridge: int) -> None:
    paid = house.make("li.na", "receipt", contract=bridge, note="首付款")["id"]
    said = {"body": "<b>请看</b> 第二条"}
    house.post("li.na", f"forms/receipt/records/{paid}/comments", said)
    page = pages.page("li.na", f"/f/receipt/{paid}")
    assert "<b>请看</b> 第二条" in words(page.xpath("//ol[@class='timeline']")[0])


def test_the_other_language_is_the_whole_page(pages: Pages, bridge: int) -> None:
    answer = pages.get("li.na", "/f/contract?lang=en")
    text = answer.get_data(as_text=True)
    assert '<html lang="en"' in text
    assert "Excel, for editing and importing again" in text
    assert "导出" not in text
    kept = pages.client("li.na").get("/language/en?next=/f/contract?sort=amount")
    assert kept.headers["Location"] == "/f/contract?sort=amount"
    assert "lang=en" in kept.headers["Set-Cookie"]
    pages.client("li.na").set_cookie("lang", "zh")


def test_nobody_is_led_outside_by_an_address(pages: Pages) -> None:
    for trick in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"):
        answer = pages.client("ops").get("/language/zh", query_string={"next": trick})
        assert answer.headers["Location"] == "/", trick
        answer = pages.client("ops").get("/theme/dark", query_string={"next": trick})
        assert answer.headers["Location"] == "/", trick


def test_dark_colours_are_kept_for_the_browser(pages: Pages) -> None:
    client = pages.client("ops")
    client.get("/theme/dark?next=/")
    assert pages.page("ops", "/").get("data-bs-theme") == "dark"
    client.get("/theme/light?next=/")
    assert pages.page("ops", "/").get("data-bs-theme") == "light"


def test_htmx_gets_only_the_part_that_changes(pages: Pages, bridge: int) -> None:
    answer = pages.get("ops", "/f/contract?q=隧道", headers={"HX-Request": "true"})
    text = answer.get_data(as_text=True)
    assert text.lstrip().startswith('<div id="list"')
    assert "<html" not in text
    assert "HX-Request" in answer.headers["Vary"]


def test_pages_allow_nothing_inline_and_are_kept_by_nobody(pages: Pages, bridge: int) -> None:
    for path in ("/", "/f/contract", f"/f/contract/{bridge}", "/f/contract/new", "/tasks"):
        answer = pages.get("li.na", path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        text = answer.get_data(as_text=True)
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick=" not in text


def test_scripts_and_styles_are_sent_zipped_and_kept_while_they_are_the_same(pages: Pages) -> None:
    page = pages.page("li.na", "/f/contract/new")
    (address,) = page.xpath("//script/@src[contains(., '/form.js')]")
    plain = "/static/own/form.js"
    for path, kept in ((address, "immutable"), (plain, "no-cache")):
        first = pages.get("li.na", path, headers={"Accept-Encoding": "gzip"})
        assert kept in first.headers["Cache-Control"]
        assert first.headers["Content-Encoding"] == "gzip"
        tag = first.headers["ETag"]
        assert not tag.startswith("W/")
        asked = {"Accept-Encoding": "gzip", "If-None-Match": tag}
        assert pages.get("li.na", path, headers=asked).status_code == 304
        whole = pages.get("li.na", path, headers={"Accept-Encoding": ""})
        assert (gzip.decompress(first.data), whole.headers["ETag"] != tag) == (whole.data, True)
    # what a page of another version asks for is there, and asked about again
    other = pages.get("li.na", "/static/own/000000000000/form.js")
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-cache")
    for wrong in ("../settings.py", "own/a/b/form.js", "own/", "own/nothing.js"):
        assert pages.get("li.na", f"/static/{wrong}").status_code == 404
    sizes = []
    for takes, encoding in (("gzip, deflate, br", "br"), ("gzip, deflate", "gzip"), ("", None)):
        found = pages.get("li.na", "/static/vendor/tabler.css", headers={"Accept-Encoding": takes})
        assert (found.headers.get("Content-Encoding"), found.mimetype) == (encoding, "text/css")
        sizes.append(len(found.data))
    assert sizes == sorted(sizes), "the smallest that the browser takes"


def test_the_picker_offers_only_what_its_reader_may_see(pages: Pages, bridge: int) -> None:
    """A link to a contract: those of the own company, by a part of their name."""

    def offered(login: str, wanted: str) -> list[str]:
        answer = pages.client(login).post(
            "/f/contract/options/main",
            json={"q": wanted, "values": {}},
            headers={"X-CSRF-Token": pages.csrf(login)},
        )
        assert answer.status_code == 200
        return [one["text"] for one in answer.get_json()]

    assert offered("li.na", "大") == ["大桥"]
    assert offered("wang.wu", "大") == []
    refused = pages.client("li.na").post("/f/contract/options/main", json={"q": ""})
    assert refused.status_code == 403, "without the token of the page nothing is answered"


def test_the_script_of_a_form_says_nothing_about_hidden_fields(pages: Pages, bridge: int) -> None:
    script = pages.get("li.na", "/f/contract/live.js").get_data(as_text=True)
    assert "export const computes" in script
    assert '"reason"' in script
    assert pages.get("chen.jie", f"/f/contract/{bridge}/live.js").status_code == 200
    told = pages.get("chen.jie", f"/f/contract/{bridge}/live.js").get_data(as_text=True)
    assert "secret" not in told


def test_a_wrong_password_is_answered_on_the_page_itself(pages: Pages) -> None:
    answer = pages.client(None).post("/sign-in", data={"login": "li.na", "password": "wrong"})
    assert answer.status_code == 401
    text = answer.get_data(as_text=True)
    assert 'role="alert"' in text
    assert 'value="li.na"' in text
    assert "wrong" not in text


def test_an_address_that_is_none_gets_a_page_in_our_words(pages: Pages) -> None:
    answer = pages.get("li.na", "/nothing/here")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.get_data(as_text=True)
