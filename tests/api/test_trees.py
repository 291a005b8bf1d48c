"""Trees over the API: a record and all that is below it, as far as its reader may list it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, open_api

FILES = {
    **MORE_FILES,
    "forms/area.yaml": """
kind: form
title: 区域
display: "{name}"
tree: above
fields:
  name: {type: text, title: 名称}
  above: {type: link, to: area, title: 上级}
permissions:
  planner: {post: planner, can: [read, create, update, delete, export], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  finance: {post: finance_manager, can: [read], scope: all, hide: [above]}
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    opened = open_api(tmp_path, database_url, FILES)
    yield opened
    opened.close()


def test_a_list_is_of_a_record_and_all_below_it(house: ApiHouse) -> None:
    def make(login: str, name: str, above: Any = None) -> int:
        return int(house.make(login, "area", name=name, above=above)["id"])

    def below(login: str, top: int, more: str = "") -> list[str]:
        answer = house.get(login, f"forms/area/records?below={top}&sort=name{more}")
        return [one["name"] for one in answer.get_json()["items"]]

    top = make("li.na", "a")
    left, right = make("li.na", "b", top), make("li.na", "c", top)
    deep = make("li.na", "d", left)
    for number in range(5):
        deep = make("li.na", f"d{number}", deep)
    make("li.na", "e")

    assert below("li.na", left) == ["b", "d", "d0", "d1", "d2", "d3", "d4"]
    assert below("li.na", top, "&filter=contains(name,%22d%22)&size=2&page=2") == ["d1", "d2"]
    assert below("li.na", right) == ["c"]
    assert below("ops", left)[:2] == ["b", "d"]
    assert below("wang.wu", left) == []  # of another org
    lines = house.get("li.na", f"forms/area/export.csv?below={left}").get_data(as_text=True)
    assert len(lines.split()) == 8

    house.delete("li.na", f"forms/area/records/{right}", match=1)
    assert below("li.na", right) == []
    hidden = house.get("chen.jie", f"forms/area/records?below={top}")
    flat = house.get("li.na", f"forms/receipt/records?below={top}")
    assert code(hidden) == code(flat) == (400, "no-tree")
