"""What the API says in words that help: what is meant, and what may be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from api_house import MORE_FILES, ApiHouse, code, fields, open_api

FILES = {
    **MORE_FILES,
    "forms/badge.yaml": """
kind: form
title: 证件
display: "{no}"
fields:
  no: {type: text, title: 编号, unique: true}
  room: {type: text, title: 房间}
  desk: {type: text, title: 桌}
  words: {type: tags, title: 标签}
  stay: {type: duration, title: 停留, min: 30min, max: 3d}
  about: {type: link, to: any, title: 关于}
rules:
  seat: {unique: [room, desk], message: 这张桌子已有人}
permissions:
  planner: {post: planner, can: [read, create, update, delete, share], scope: org}
""",
}
PATH = "forms/badge/records"


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    yield opened
    opened.close()


def told(answer: Any) -> list[str]:
    return [one["message"] for one in answer.get_json()["error"]["fields"]]


def test_each_refusal_names_what_was_meant(house: ApiHouse) -> None:
    wish = {"title": "我的", "wish": {"sort": "-no"}}
    unlisted = house.post("li.na", "forms/badge/views", wish)
    assert code(unlisted) == (400, "unknown-fields")
    assert fields(unlisted) == [("wish.sort", "not-a-list-of-texts")]
    assert told(unlisted) == ['请写成文本的列表，例如 ["-amount"]。']

    first = house.make("li.na", "badge", no="1", room="A", desk="1")
    at = f"{PATH}/{first['id']}"
    assert fields(house.post("li.na", f"{at}/share", {})) == [("person", "required")]
    assert code(house.post("li.na", f"{at}/restore")) == (409, "not-deleted")

    # what it was called is another's by now
    assert house.delete("li.na", at, match=first["revision"]).status_code == 204
    second = house.make("li.na", "badge", no="1", room="A", desk="1")
    back = house.post("li.na", f"{at}/restore")
    assert (back.status_code, fields(back)[0][1]) == (422, "taken")
    since = "别的记录已经用了这个值。请先改掉那条记录的值，再恢复这一条。"
    assert sorted(told(back)) == [since, "这张桌子已有人"]
    house.patch("li.na", f"{PATH}/{second['id']}", {"no": "2", "desk": "2"}, match=1)
    assert house.post("li.na", f"{at}/restore").status_code == 200

    body = {"action": "update", "records": [{"id": second["id"]}], "values": {"no": "3"}}
    (blind,) = house.post("li.na", f"{PATH}/bulk", body).get_json()["results"]
    assert blind["error"]["code"] == "revision-missing"

    many = house.post("li.na", PATH, {"words": [str(n) for n in range(300)]})
    assert told(many) == ["最多 50 个值。"]
    stays = [told(house.post("li.na", PATH, {"stay": stay})) for stay in ("4d", 60)]
    assert stays == [["不能大于 3d。"], ["不能小于 30min。"]]
    for form in ({"form": 5}, {"form": 5, "id": 1}):
        (said,) = told(house.post("li.na", PATH, {"about": form}))
        assert said == '请填 {"form": 表单名, "id": 记录编号}，例如 {"form": "badge", "id": 12}。'


def test_what_is_no_json_makes_no_record_and_a_long_refusal_is_cut(house: ApiHouse) -> None:
    for body, kind in ((b"", "application/json"), (b"{}", "text/plain"), (b"a=1", "text/csv")):
        answer = house.ask("POST", "li.na", PATH, data=body, content_type=kind)
        assert answer.status_code == 400
    assert house.get("li.na", PATH).get_json()["total"] == 0
    wrong = house.post("li.na", PATH, {f"k{n}": 1 for n in range(20_000)})
    assert len(wrong.get_json()["error"]["fields"]) == 1_000
    long = house.post("li.na", PATH, {"k" * 100_000: 1})
    assert len(long.get_data()) < 2_000


def test_moments_are_compared_with_now_moved_by_hours_and_days(house: ApiHouse) -> None:
    house.make("li.na", "badge", no="1")

    def found(condition: str) -> Any:
        return house.get("li.na", f"{PATH}?{urlencode({'filter': condition})}").get_json()

    assert found("created_at > now - 1d")["total"] == 1
    assert found("created_at > now + 2h")["total"] == 0
    assert found("created_at <= now + 3wd and created_at > now - 90min")["total"] == 1
    far = found("created_at + 2h > now")["error"]
    assert (far["code"], far["message"]) == (
        "filter",
        "筛选条件“created_at + 2h > now”处：“每条记录的时刻或工作日加减”不能逐行用于筛选。"
        "请只对固定的值使用它。",
    )
