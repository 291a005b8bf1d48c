"""A record with many buttons, and two of its versions, on a phone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse, open_api
from backends import on_sqlite
from browser import PHONE, barriers, open_chromium, sideways_pixels, small_targets, visit
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
    can: [read, create, update, delete, export, import, share, submit, amend, publish, close]
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
        more = page.get_by_role("button", name="更多")
        place = more.bounding_box()
        more.click()
        assert {"打印", "删除", "复制"} <= {words.strip() for words in shown.all_inner_texts()}
        assert more.bounding_box() == place  # a second tap at the same place folds them again
        tops = row.evaluate(
            "row => [...row.children].filter((one) => one.checkVisibility()).map((one) =>"
            " [one.getBoundingClientRect().top, one.getBoundingClientRect().left, one.innerText])"
        )
        assert place is not None
        below = {words for top, _, words in tops if top > place["y"] + 1}
        assert {"打印", "复制", "删除"} <= below
        assert max(tops)[2] == "删除"  # what cannot be undone comes last
        cut = row.evaluate(
            "row => [...row.children].filter((one) => one.scrollWidth > one.clientWidth + 1"
            " || one.getBoundingClientRect().right > innerWidth).map((one) => one.innerText)"
        )
        assert (cut, sideways_pixels(page), small_targets(page)) == ([], 0, [])
        assert barriers(page) == []
        page.get_by_role("button", name="更多").click()
        expect(row.get_by_text("打印")).to_be_hidden()

        for path in ("/f/letter", "/f/letter?group=title"):
            page = phone.go(path)
            bar = page.locator(".bar-buttons")
            expect(bar).to_contain_text("导入")
            expect(bar).to_contain_text("新建")
            # as far as from the edge to the words of each button, on either side
            room = bar.locator(".btn:visible").evaluate_all(
                "all => all.map((one) => { const words = document.createRange();"
                " words.selectNodeContents(one); const [a, b] = [words, one].map((o) =>"
                " o.getBoundingClientRect()); return Math.min(a.left - b.left, b.right - a.right)})"
            )
            assert min(room) >= 8, (path, room)
            assert (sideways_pixels(page), small_targets(page), barriers(page)) == (0, [], [])

        page = phone.go(f"/f/letter/{made['id']}/versions")
        cell = page.locator("td.pre").first
        assert cell.evaluate("td => getComputedStyle(td).textAlign") == "left"
        assert sideways_pixels(page) == 0
        assert phone.complaints == []
    server.shutdown()
