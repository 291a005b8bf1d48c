"""A record with many buttons, and two of its versions, on a phone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse, open_api
from backends import on_sqlite
from browser import PHONE, open_chromium, sideways_pixels, small_targets, visit
from playwright.sync_api import expect
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser

FILES = {
    **MORE_FILES,
    "forms/letter.yaml": """
kind: form
title: 函件
display: "{title}"
submit: {amend: true}
versions: {cut: publish}
fields:
  title: {type: text, title: 名称}
  body: {type: long_text, title: 正文}
actions:
  publish: {title: 发布这一版, do: [{publish: =title}]}
  close: {title: 关闭, do: []}
permissions:
  planner:
    post: planner
    can: [read, create, update, delete, share, submit, amend, publish, close]
    scope: org
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    yield opened
    opened.close()


@on_sqlite
def test_the_rarer_buttons_are_folded_and_no_word_lies_on_another(house: ApiHouse) -> None:
    long = "甲方应当在三十日内付款。" * 8
    made = house.make("li.na", "letter", title="一", body=long)
    path = f"forms/letter/records/{made['id']}"
    house.post("li.na", f"{path}/actions/publish", {})
    now = house.get("li.na", path).get_json()
    house.patch("li.na", path, {"body": long + "完"}, match=now["revision"])
    house.post("li.na", f"{path}/actions/publish", {})
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:
        address = f"http://127.0.0.1:{server.server_port}"
        phone = visit(browser, address, "li.na", PASSWORD, size=PHONE)
        page = phone.go(f"/f/letter/{made['id']}")
        row = page.locator(".record-buttons")
        shown = row.locator("> :visible")
        expect(row).to_contain_text("编辑")
        assert {"打印", "删除", "复制"}.isdisjoint(shown.all_inner_texts())
        page.get_by_role("button", name="更多").click()
        assert {"打印", "删除", "复制"} <= {words.strip() for words in shown.all_inner_texts()}
        cut = row.evaluate(
            "row => [...row.children].filter((one) => one.scrollWidth > one.clientWidth + 1"
            " || one.getBoundingClientRect().right > innerWidth).map((one) => one.innerText)"
        )
        assert (cut, sideways_pixels(page), small_targets(page)) == ([], 0, [])
        page.get_by_role("button", name="更多").click()
        expect(row.get_by_text("打印")).to_be_hidden()

        page = phone.go(f"/f/letter/{made['id']}/versions")
        cell = page.locator("td.pre").first
        assert cell.evaluate("td => getComputedStyle(td).textAlign") == "left"
        assert sideways_pixels(page) == 0
        assert phone.complaints == []
    server.shutdown()
