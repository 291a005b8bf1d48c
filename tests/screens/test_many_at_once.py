"""Buttons of a form that are pressed for many records at once: over the API and on the list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, PASSWORD, ApiHouse, code, open_api
from browser import open_chromium, visit
from playwright.sync_api import expect
from werkzeug.serving import make_server

from jingwei.texts import text

PICK = text("screens.list.shape.pick", "zh")
FILES = {
    **MORE_FILES,
    "forms/call.yaml": """
kind: form
title: 报修
display: "{what}"
states:
  open: {title: 待办, initial: true}
  done: {title: 已办, final: true}
fields:
  what: {type: text, title: 事项}
  word: {type: text, title: 答复}
  unit: {type: org, title: 责任单位}
actions:
  answer:
    title: 办结
    bulk: true
    from: open
    to: done
    ask: {said: {type: text, title: 说明, required: true}}
    check: what != "难"
    message: 这一件要单独办
    do: [{set: {word: =ask.said}}]
  look: {title: 查看, do: [{set: {word: 看过}}]}
permissions:
  planner: {post: planner, can: [read, create, update, delete, answer, look], scope: org}
  reader: {role: group_ops, can: [read], scope: all}
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    yield opened
    opened.close()


def test_a_button_is_pressed_for_many_each_wholly_or_not_at_all(house: ApiHouse) -> None:
    made = [house.make("li.na", "call", what=what) for what in ("甲", "难", "乙", "旧")]
    easy, hard, closed, stale = made

    def press(who: str, action: str, *records: dict[str, Any], **values: object) -> Any:
        chosen = [{"id": one["id"], "revision": one["revision"]} for one in records]
        body = {"action": action, "records": chosen, "values": values}
        return house.post(who, "forms/call/records/bulk", body)

    assert press("li.na", "answer", closed, said="先办").get_json()["done"] == 1
    house.patch("li.na", f"forms/call/records/{stale['id']}", {"what": "新"}, match=1)

    found = press("li.na", "answer", *made, said="好").get_json()
    assert (found["done"], found["refused"]) == (1, 3)
    reasons = [one.get("error", {}).get("code") for one in found["results"]]
    # the one closed before is of another revision too
    assert reasons == [None, "invalid", "stale", "stale"]
    assert found["results"][1]["error"]["fields"][0]["message"] == "这一件要单独办"
    items = house.get("li.na", "forms/call/records?sort=id").get_json()["items"]
    assert [(one["state"], one["word"]) for one in items] == [
        ("done", "好"),
        ("open", None),
        ("done", "先办"),
        ("open", None),
    ]

    unasked = press("li.na", "answer", hard).get_json()["results"][0]["error"]
    assert [one["path"] for one in unasked["fields"]] == ["said"]
    denied = press("ops", "answer", hard, said="好").get_json()["results"][0]["error"]
    assert denied["code"] == "not-allowed"  # who reads only
    unseen = press("li.na", "answer", {**hard, "revision": None}, said="好").get_json()["results"][
        0
    ]
    assert unseen["error"]["code"] == "revision-missing"  # as of a change
    assert code(press("li.na", "look", easy)) == (400, "parameter-choice")  # of one record only
    history = house.get("li.na", f"forms/call/records/{easy['id']}/history").get_json()["items"]
    assert "answer" in [one["action"] for one in history]

    matching = {"filter": 'state == "open"', "total": 2}
    body = {"action": "answer", "matching": matching, "values": {"said": "都办"}}
    all_open = house.post("li.na", "forms/call/records/bulk", body).get_json()
    assert (all_open["done"], all_open["refused"]) == (1, 1)


@pytest.mark.browser
def test_the_list_offers_the_button_for_what_is_ticked_and_says_what_became_of_each(
    house: ApiHouse,
) -> None:
    for what in ("甲", "难"):
        house.make("li.na", "call", what=what)
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open_chromium() as browser:
        address = f"http://127.0.0.1:{server.server_port}"
        desk = visit(browser, address, "li.na", PASSWORD)
        page = desk.go("/f/call")
        page.locator("[data-tick-all]").check()
        assert "查看" not in page.locator("#chosen").inner_text()
        page.locator('[data-many="update"]').click()
        change = page.locator("dialog#shape")
        change.locator("select").first.select_option("unit")
        assert change.locator("select").last.locator("option").first.inner_text() == PICK
        change.locator("button[value=no]").click()
        page.get_by_role("button", name="办结").click()
        dialog = page.locator("dialog#ask")
        expect(dialog).to_contain_text("将对所选记录逐条执行“办结”")
        dialog.locator("input[name=said]").fill("修好了")
        dialog.locator("#ask-yes").click()
        results = page.locator("dialog#shape")
        expect(results).to_contain_text("1 条完成，1 条未完成")
        expect(results).to_contain_text("这一件要单独办")
        with page.expect_navigation():
            results.locator(".btn-primary").click()
        expect(page.locator("tbody")).to_contain_text("已办")
        assert desk.complaints == []
        reader = visit(browser, address, "ops", PASSWORD)
        assert reader.go("/f/call").locator("[data-many]").count() == 0
        reader.close()
    server.shutdown()
