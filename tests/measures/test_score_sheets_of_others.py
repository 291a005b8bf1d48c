"""A score sheet shows the figures of an org to whoever may read them, before it is saved, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import ApiHouse, fields, open_api
from test_score_sheets import FILES, add

ASSESSED = """
kind: form
title: 测评表
fields:
  unit: {type: org, title: 被测单位}
  year: {type: period, grain: year, title: 年度, default: "2025"}
  note: {type: text, title: 备注}
  card: {type: scorecard, title: 评分, scheme: by_hand, org: unit, period: year}
  total: {type: number, title: 利润得分, compute: 'card[profit].score'}
permissions:
  planner: {post: planner, can: [read, create, update], scope: all}
  ops: {role: group_ops, can: [read, create, update], scope: all}
"""


@pytest.fixture
def api(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    house = open_api(tmp_path, database_url, {**FILES, "forms/assessed.yaml": ASSESSED})
    figures = [("profit", "actual", "104"), ("profit", "target", "100"), ("sales", "actual", "7")]
    add(house, [(i, org, value, view) for i, view, value in figures for org in ("A", "B")])
    yield house
    house.close()


def computed(api: ApiHouse, login: str, **values: Any) -> dict[str, Any]:
    answer = api.post(login, "forms/assessed/compute", values)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def test_nothing_is_scored_for_whoever_may_not_read_the_figures(api: ApiHouse) -> None:
    assert api.get("li.na", "scores/by_hand?org=B&period=2025").status_code == 404

    own = computed(api, "li.na", unit="A")
    other = computed(api, "li.na", unit="B")
    all_ = computed(api, "ops", unit="B")

    assert own["values"]["card"][0]["actual"] == all_["values"]["card"][0]["actual"] == 104
    assert (other["values"]["card"], other["values"]["total"]) == ([], None)
    assert [(p["path"], p["code"]) for p in other["problems"]] == [("card", "figures-out-of-reach")]
    refused = api.post("li.na", "forms/assessed/records", {"unit": "B"})
    assert fields(refused) == [("card", "figures-out-of-reach")]
    assert api.get("li.na", "forms/assessed/records").get_json()["total"] == 0


def test_who_reads_a_record_reads_what_stands_in_it_and_works_on_it(api: ApiHouse) -> None:
    made = api.make("ops", "assessed", unit="B")
    add(api, [("profit", "B", "130", "actual")])

    shown = api.get("li.na", f"forms/assessed/records/{made['id']}").get_json()
    asked = computed(api, "li.na", id=made["id"], note="看")

    assert shown["card"][0]["actual"] == 104
    assert asked["values"]["card"][0]["actual"] == 104  # and not what would be fetched
    assert asked["problems"] == []
    own = computed(api, "ops", id=made["id"], note="看")
    assert own["values"]["card"][0]["actual"] == 130
    path = f"forms/assessed/records/{made['id']}"
    saved = api.patch("li.na", path, {"note": "看"}, match=made["revision"]).get_json()
    assert saved["note"] == "看"
    moved = api.patch("li.na", path, {"unit": "S1"}, match=saved["revision"])
    assert fields(moved) == [("card", "figures-out-of-reach")]
