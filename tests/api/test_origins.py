"""The history says where a change comes from: a page, a program, a sheet, a button, a request."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from api_house import MORE_FILES, REQUEST_APPROVAL, ApiHouse, open_api

FILES = {
    **MORE_FILES,
    **REQUEST_APPROVAL,
    "forms/request.yaml": """
kind: form
title: 申请
workflow: request_approval
states:
  open: {title: 开, initial: true}
  closed: {title: 关}
fields:
  name: {type: text, title: 名称, required: true}
  note: {type: text, title: 说明}
actions:
  close: {title: 关闭, from: open, to: closed, who: {post: planner}, do: [{set: {note: 已关}}]}
permissions:
  planner: {post: planner, can: [read, create, update, delete, submit, import, close], scope: org}
""",
}
RECORDS = "forms/request/records"


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path_factory.mktemp("origins"), database_url, FILES)
    yield opened
    opened.close()


def origins(api: ApiHouse, id: int) -> list[tuple[str, Any, Any]]:
    items = api.get("li.na", f"{RECORDS}/{id}/history").get_json()["items"]
    return [
        (one["action"], (one["origin"] or {}).get("kind"), (one["origin"] or {}).get("of"))
        for one in items[::-1]
    ]


def test_a_change_says_where_it_comes_from(api: ApiHouse) -> None:
    made = api.make("li.na", "request", name="桥")["id"]
    path = f"{RECORDS}/{made}"
    signed = api.sessions.sign_in("li.na", "let me in")
    browser = api.app.test_client()
    browser.set_cookie("jingwei_session", signed.secret)
    headers = {"X-CSRF-Token": signed.csrf, "If-Match": '"1"'}
    page = browser.patch(f"/api/v1/{path}", json={"name": "桥二"}, headers=headers)
    assert page.status_code == 200, page.get_data(as_text=True)
    assert api.post("li.na", f"{path}/actions/close", {}, match=2).status_code == 200
    flow = api.post("li.na", f"{path}/submit", {}).get_json()["id"]

    told = origins(api, made)
    assert told[:2] == [("created", "api", None), ("updated", "screen", None)]
    assert {one[1:] for one in told if one[0] == "close"} == {("action", "close")}
    assert told[-1][1:] == ("flow", flow)
    assert all(kind is not None for _, kind, _ in told)

    shown = browser.get(f"/f/request/{made}").get_data(as_text=True)
    for words in ("接口", "页面", "按钮“关闭”"):  # the request tells its own part
        assert words in shown


def test_what_a_sheet_brought_names_its_batch(api: ApiHouse) -> None:
    for mode in ("atomic", "rows"):
        sheet = {"file": (io.BytesIO(f"name\n{mode}\n".encode()), "a.csv")}
        address = f"forms/request/import?mode={mode}"
        imported = api.ask("POST", "li.na", address, data=sheet).get_json()
        [row] = api.get("li.na", f'{RECORDS}?filter=name == "{mode}"').get_json()["items"]
        assert origins(api, row["id"]) == [("created", "import", imported["batch"])]
