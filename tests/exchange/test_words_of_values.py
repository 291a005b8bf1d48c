"""What stands in sheets for places, lengths, shares and files: words that are read back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, open_api

FILES = {
    **MORE_FILES,
    "forms/trip.yaml": """
kind: form
title: 出差
fields:
  name: {type: text, title: 名称}
  place: {type: region, title: 地区}
  took: {type: duration, title: 时长}
  share: {type: percent, title: 比例}
  stars: {type: rating, title: 评分}
  paper: {type: file, title: 附件}
  about: {type: link, to: [receipt, trip], title: 涉及}
  stops: {type: link, to: stop, many: true, title: 途经}
permissions:
  planner: {post: planner, can: [read, create, update, import, export], scope: org}
""",
    "forms/bill.yaml": """
kind: form
title: 账单
fields:
  trip: {type: link, to: trip, owner: true, title: 出差}
  name: {type: text, title: 名称}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
""",
    "forms/stop.yaml": """
kind: form
title: 站点
display: "{code} · {name}"
fields:
  code: {type: text, title: 代码}
  name: {type: text, title: 名称}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    yield opened
    opened.close()


def send(house: ApiHouse, lines: str, **asked: str) -> Any:
    address = "forms/trip/import?" + "&".join(f"{k}={v}" for k, v in asked.items())
    part = {"file": (io.BytesIO(lines.encode()), "a.csv")}
    return house.post("li.na", address, data=part, content_type="multipart/form-data").get_json()


def test_places_lengths_and_shares_are_words_that_come_back(house: ApiHouse) -> None:
    part = {"file": (io.BytesIO(b"x"), "票据.txt")}
    paper = house.post("li.na", "files", data=part, content_type="multipart/form-data").get_json()
    values = {"place": "420106", "took": 5400, "share": "0.13", "stars": 2, "paper": paper["id"]}
    made = house.make("li.na", "trip", name="一", **values)

    shown = house.get("li.na", "forms/trip/export.csv").get_data().decode("utf-8-sig")
    for words in ("湖北省武汉市武昌区", "1h30min", "13%", ",2,", "票据.txt"):
        assert words in shown
    codes = house.get("li.na", "forms/trip/export.csv?values=codes").get_data(as_text=True)
    for words in ("420106", "5400", str(paper["id"])):
        assert words in codes

    edit = house.get("li.na", "forms/trip/export.csv?values=edit").get_data().decode("utf-8-sig")
    assert "湖北省武汉市武昌区" in edit and "1h30min" in edit
    again = send(house, edit, do="update", key="id", mode="atomic")
    assert (again["same"], again["updated"], again["refused"]) == (1, 0, []), again
    now = house.get("li.na", f"forms/trip/records/{made['id']}").get_json()
    assert now["revision"] == made["revision"]

    line = "名称,地区,时长\n二,湖北省 武汉市 武昌区,2h\n三,湖北武昌,1h\n四,武昌,1h\n"
    assert send(house, line, do="create", mode="atomic")["created"] == 3
    places = house.get("li.na", "forms/trip/records").get_json()["items"]
    assert {one["place"] for one in places} == {"420106"}
    wrong = "名称,地区,涉及\n三,瀛洲,7\n四,朝阳区,\n"
    said = str(send(house, wrong, do="create", mode="rows", preview="1"))
    assert "没有行政区划“瀛洲”，请填名称或六位代码" in said
    assert "不止一个，请写全名或代码：北京市朝阳区 110105、吉林省长春市朝阳区 220104。" in said
    assert "例如 receipt/12" in said


def test_records_are_known_by_what_screens_and_exports_call_them(house: ApiHouse) -> None:
    west = house.make("li.na", "stop", code="A", name="西 · 门")
    east = house.make("li.na", "stop", code="A · 西", name="东")
    house.make("li.na", "stop", code="B", name="南")
    trip = house.make("li.na", "trip", name="一", stops=[west["id"], east["id"]])

    address = "forms/trip/export.csv?fields=name,stops"
    shown = house.get("li.na", address).get_data().decode("utf-8-sig")
    assert "A · 西 · 门" in shown
    again = send(house, shown.replace("一", "二"), do="create", mode="atomic")
    assert (again.get("created"), again.get("refused")) == (1, []), again
    made = house.get("li.na", "forms/trip/records?sort=-id").get_json()["items"][0]
    assert made["stops"] == trip["stops"]

    wrong = send(
        house, "名称,途经\n三,A · 西 · 门\n四,A · 没有\n五,没有；没有\n", do="create", mode="rows"
    )
    assert (wrong["good"], [one["row"] for one in wrong["refused"]]) == (1, [3, 4])
    assert "A · 没有" in wrong["refused"][0]["message"]
    assert "{" not in str([one["message"] for one in wrong["refused"]])


def test_what_has_got_details_since_its_import_stays(house: ApiHouse) -> None:
    batch = send(house, "名称\n一\n二\n", do="create", mode="rows")["batch"]
    one = house.get("li.na", "forms/trip/records?sort=id").get_json()["items"][0]
    bill = house.make("li.na", "bill", trip=one["id"], name="车票")
    undone = house.post("li.na", f"forms/trip/imports/{batch}/undo", {}).get_json()
    assert (undone["undone"], [k["id"] for k in undone["refused"]]) == (1, [one["id"]])
    assert undone["refused"][0]["message"] == "导入之后已有 1 条“账单”挂在它下面，保留不动。"
    assert house.get("li.na", f"forms/bill/records/{bill['id']}").status_code == 200
