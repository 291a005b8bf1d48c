"""What is masked is neither found by trying nor written over by whoever sees only its mask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, fields, open_api

from jingwei.services.presenting import MASK

PAY = """
kind: form
title: 工资
fields:
  org: {type: org, title: 单位, default: =me.org}
  who: {type: text, title: 姓名}
  wage: {type: money, unit: CNY, title: 工资}
  parts:
    type: table
    title: 构成
    fields:
      name: {type: text, title: 项目}
      worth: {type: money, unit: CNY, title: 金额}
      code: {type: text, title: 编码, readonly: true}
      agreed: {type: text, title: 约定}
permissions:
  planner:
    {post: planner, can: [read, update], scope: org,
     mask: [wage, parts.worth], readonly: [parts.agreed]}
  finance: {post: finance_manager, can: [read, create, update], scope: all}
"""
BONUS = """
kind: form
title: 奖金
workflow: bonus
fields:
  org: {type: org, title: 单位, default: =me.org}
  parts:
    type: table
    title: 构成
    fields:
      name: {type: text, title: 项目}
      worth: {type: money, unit: CNY, title: 金额}
      agreed: {type: text, title: 约定}
permissions:
  planner: {post: planner, can: [read], scope: org, mask: [parts.worth], hide: [parts.agreed]}
  finance: {post: finance_manager, can: [read, create, update, submit], scope: all}
"""
FLOW = """
kind: workflow
title: 奖金审批
form: bonus
steps: [{id: a, approve: {who: {person: li.na}, fields: {write: [parts.name]}}}]
"""
FILES = {
    **MORE_FILES,
    "forms/pay.yaml": PAY,
    "forms/bonus.yaml": BONUS,
    "workflows/bonus.yaml": FLOW,
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    yield opened
    opened.close()


def test_a_masked_value_is_not_found_by_trying(house: ApiHouse) -> None:
    made = house.make("chen.jie", "pay", org="A", who="王", wage="7321")
    path = f"forms/pay/records/{made['id']}"
    read = house.get("li.na", path).get_json()
    assert read["wage"] == MASK

    answers = [
        house.patch("li.na", path, {**read, "wage": tried}, match=1)
        for tried in (7320, 7321, "7321.00", None)
    ]
    assert {code(answer) for answer in answers} == {(400, "not-writable-fields")}
    assert [fields(answer) for answer in answers] == [[("wage", "not-writable")]] * 4

    whole = house.patch("li.na", path, {**read, "who": "李"}, match=1)
    assert whole.status_code == 200, whole.get_json()
    assert house.get("chen.jie", path).get_json()["wage"] == 7321


def test_a_masked_cell_is_neither_tried_nor_written_over(house: ApiHouse) -> None:
    row = {"name": "基本", "worth": "7321", "agreed": "面谈"}
    made = house.make("chen.jie", "pay", org="A", who="王", parts=[row])
    path = f"forms/pay/records/{made['id']}"
    (read,) = house.get("li.na", path).get_json()["parts"]
    assert read["worth"] == MASK

    for name, tried in (
        *(("worth", tried) for tried in (7320, 7321, "7321.00", None)),
        *(("agreed", tried) for tried in ("电话", None)),
    ):
        sent = {"parts": [{**read, name: tried}]}
        answer = house.patch("li.na", path, sent, match=1)
        assert fields(answer) == [(f"parts.0.{name}", "not-writable")], (name, tried)
    more = house.patch("li.na", path, {"parts": [read, {"name": "奖金", "worth": 1}]}, match=1)
    assert fields(more) == [("parts.1.worth", "not-writable")]

    given_back = house.patch("li.na", path, {"parts": [{**read, "name": "底薪"}]}, match=1)
    assert given_back.status_code == 200, given_back.get_json()
    (kept,) = house.get("chen.jie", path).get_json()["parts"]
    assert (kept["name"], kept["worth"], kept["agreed"]) == ("底薪", 7321, "面谈")


def test_nor_by_deciding_a_step_that_opens_other_cells(house: ApiHouse) -> None:
    part = {"name": "奖金", "worth": "7321", "agreed": "面谈"}
    made = house.make("chen.jie", "bonus", org="A", parts=[part])
    path = f"forms/bonus/records/{made['id']}"
    assert house.post("chen.jie", f"{path}/submit", {}, match=1).status_code == 200
    (task,) = house.get("li.na", "tasks").get_json()["items"]
    (row,) = house.get("chen.jie", path).get_json()["parts"]

    def decide(**cells: object) -> Any:
        sent = {"parts": [{"id": row["id"], "name": "年终奖", **cells}]}
        return house.post("li.na", f"tasks/{task['id']}/approve", {"fields": sent})

    for name, tried in (("worth", 7320), ("worth", 7321), ("agreed", "电话"), ("agreed", "面谈")):
        assert fields(decide(**{name: tried})) == [(f"parts.0.{name}", "not-writable")], tried
    assert decide().status_code == 200
    (kept,) = house.get("chen.jie", path).get_json()["parts"]
    assert (kept["name"], kept["worth"], kept["agreed"]) == ("年终奖", 7321, "面谈")
