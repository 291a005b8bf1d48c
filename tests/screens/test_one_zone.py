"""Every page tells the time by the house's clock, wherever its reader's browser thinks it is."""

from __future__ import annotations

import threading

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse
from browser import open_chromium, visit
from module_houses import house_of
from playwright.sync_api import expect
from werkzeug.serving import make_server

FILES = {
    **MORE_FILES,
    "forms/visit.yaml": """
kind: form
title: 到访
display: "{who} {at}"
fields:
  who: {type: text, title: 来人}
  at: {type: datetime, title: 时间}
  day: {type: date, title: 日子, compute: date(at)}
  stops:
    type: table
    title: 行程
    fields: {at: {type: datetime, title: 到达}}
list: {columns: [who, at, day]}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
""",
}


house = house_of(FILES)


@pytest.mark.browser
def test_an_instant_is_typed_and_shown_by_the_clock_of_the_house(house: ApiHouse) -> None:
    made = house.make(
        "li.na",
        "visit",
        who="甲",
        at="2026-03-01T23:30:00Z",
        stops=[{"at": "2026-03-02T01:15:00Z"}],
    )
    address = f"/api/v1/forms/visit/records/{made['id']}"
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:  # its clock is that of Shanghai, eight hours ahead
        opened = visit(browser, f"http://127.0.0.1:{server.server_port}", "li.na", PASSWORD)
        page = opened.go(f"/f/visit/{made['id']}")
        expect(page.locator("h1")).to_contain_text("甲 2026-03-01 23:30")
        expect(page.locator("#main")).to_contain_text("01:15")
        page = opened.go(f"/f/visit/{made['id']}/edit")
        assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Asia/Shanghai"
        at = page.locator("#field-at")
        expect(at).to_have_value("2026-03-01T23:30")
        expect(page.locator('[data-table="stops"] [data-column="at"] input').first).to_have_value(
            "2026-03-02T01:15"
        )
        expect(page.locator("#field-day")).to_contain_text("2026-03-01")

        at.fill("2026-03-02T00:05")
        at.blur()
        expect(page.locator("#field-day")).to_contain_text("2026-03-02")
        page.locator("#save").click()
        page.wait_for_url(f"**/f/visit/{made['id']}")
        assert house.get("li.na", address).json["at"] == "2026-03-02T00:05:00.000Z"

        page = opened.go("/f/visit")
        expect(page.locator("table.grid tbody tr").first).to_contain_text("00:05")
        assert opened.complaints == []
    server.shutdown()
