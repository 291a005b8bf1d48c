"""Buttons, amendments and receipts over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import MORE_PEOPLE, ApiHouse, open_api
from effects_small import with_actions

TEXT = """
versions: {cut: publish}
actions:
  issue:
    title: {zh: 下达, en: Issue}
    from: planned
    to: issued
    ask: {word: {type: text, title: 说明, required: true}}
    do:
      - set: {note: =ask.word}
      - create: {form: letter, open: true, set: {plan: =this, unit: A}}
  drop:
    title: 归零
    place: row targets
    do:
      - append: {to: log, set: {unit: =row.unit, amount: =row.amount}}
receipts:
  issued: {title: 签收, of: {person: li.na}, when: state == "issued", done_by: open}
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    people = [one for one in MORE_PEOPLE if one["login"] != "auditor"]
    opened = open_api(tmp_path, database_url, with_actions(TEXT), people)
    yield opened
    opened.close()


def plan(house: ApiHouse) -> int:
    rows = [{"unit": "A", "amount": 1}]
    return int(house.make("ops", "plan", title="2026", org="A", targets=rows)["id"])


def test_a_button_is_pressed_over_http_once_for_each_key(house: ApiHouse) -> None:
    path = f"forms/plan/records/{plan(house)}"
    refused = house.post("ops", f"{path}/actions/issue", {})
    assert refused.status_code == 422
    assert [f["path"] for f in refused.get_json()["error"]["fields"]] == ["word"]
    unknown = house.post("ops", f"{path}/actions/issue", {"wrod": "x"})  # with all that is wrong
    assert unknown.status_code == 400
    assert [f["path"] for f in unknown.get_json()["error"]["fields"]] == ["wrod", "word"]
    assert house.post("nobody", f"{path}/actions/issue", {"word": "x"}).status_code == 404
    assert house.post("li.na", f"{path}/actions/issue", {"word": "x"}).status_code == 403

    done = house.post("ops", f"{path}/actions/issue", {"word": "好"}, key="once")
    again = house.post("ops", f"{path}/actions/issue", {"word": "好"}, key="once")
    assert (done.status_code, done.get_data()) == (200, again.get_data())
    shown = done.get_json()
    assert (shown["state"], shown["note"]) == ("issued", "好")
    letters = house.get("ops", "forms/letter/records").get_json()["items"]
    assert shown["_open"] == {"form": "letter", "id": letters[0]["id"]}
    assert len(letters) == 1
    assert house.post("ops", f"{path}/actions/issue", {"word": "好"}).status_code == 409
    assert house.post("ops", f"{path}/actions/none", {}).status_code == 404


def test_a_button_of_a_row_and_a_receipt_by_opening(house: ApiHouse) -> None:
    path = f"forms/plan/records/{plan(house)}"
    row = house.get("ops", path).get_json()["targets"][0]["id"]
    shown = house.post("ops", f"{path}/rows/targets/{row}/actions/drop", {})
    assert [(one["unit"], one["amount"]) for one in shown.get_json()["log"]] == [("A", 1)]
    assert house.post("ops", f"{path}/rows/log/{row}/actions/drop", {}).status_code == 404

    house.post("ops", f"{path}/actions/issue", {"word": "好"})
    before = house.get("ops", f"{path}/receipts").get_json()
    assert before["counts"]["issued"] == {"asked": 1, "done": 0, "open": 1, "rate": 0}
    assert house.get("li.na", path).status_code == 200
    assert house.get("ops", f"{path}/receipts").get_json() == before  # asking changes nothing
    assert house.post("nobody", f"{path}/opened").status_code == 404
    assert house.post("li.na", f"{path}/opened").get_json() == {"answered": 1}
    after = house.get("ops", f"{path}/receipts").get_json()
    assert after["counts"]["issued"] == {"asked": 1, "done": 1, "open": 0, "rate": 1}
    assert [(one["receipt"], one["person"]) for one in after["items"]] == [("issued", "li.na")]
