"""The ledger tells why an alert fired or did not, to those whose business it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alerts_small import CASE, NAME, TASK
from api_house import MORE_PEOPLE, ApiHouse, open_api
from backends import on_sqlite
from services_house import FILES

from jingwei.services import alerts
from jingwei.services.alerts import ledger
from jingwei.services.people import SYSTEM

ALERT = """
kind: alert
title: {zh: 盯办, en: Watch}
watch: {form: task}
when: state == "open" and progress < 50%
to: {field: keeper}
message: "{name} 落后"
todo: {form: case, one_open_per: [task], set: {task: =this, what: =name}}
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    files = {
        **FILES,
        "forms/task.yaml": TASK,
        "forms/case.yaml": CASE,
        f"definitions/alerts/{NAME}.yaml": ALERT,
    }
    people = [one for one in MORE_PEOPLE if one["login"] != "auditor"]
    opened = open_api(tmp_path, database_url, files, people)
    yield opened
    opened.close()


def check(house: ApiHouse, record: int) -> None:
    payload: dict[str, Any] = {"alert": NAME, "record": record}
    house.platform.commands.run(lambda work: alerts.on_check(work, payload), SYSTEM)


def test_the_ledger_shows_each_what_concerns_them(house: ApiHouse) -> None:
    slow = house.make("ops", "task", name="报表", org="A", keeper="li.na", progress=0.1)
    fast = house.make("ops", "task", name="快", org="B", keeper="wang.wu", progress=0.9)
    check(house, slow["id"])
    check(house, fast["id"])

    found = house.get("li.na", "alerts").get_json()
    assert found["total"] == 1
    [item] = found["items"]
    assert item["people"] == ["li.na"]
    assert item["todo"]["form"] == "case"
    assert (item["state"], item["late"], item["message"]) == ("open", False, "报表")
    assert house.get("wang.wu", "alerts").get_json()["items"] == []
    assert house.get("nobody", "alerts").get_json()["items"] == []
    assert house.get("ops", "alerts?state=closed").get_json()["items"] == []
    assert house.get(None, "alerts").status_code == 401

    looks = house.get("ops", "alerts/looks").get_json()["items"]
    assert {one["subject"]: one["why"] for one in looks} == {
        f"task/{slow['id']}": "已触发并通知。",
        f"task/{fast['id']}": "条件不成立。",
    }
    mine = house.get("wang.wu", f"alerts/looks?alert={NAME}").get_json()["items"]
    assert [one["outcome"] for one in mine] == ["condition-false"]
    unknown = house.get("ops", "alerts?alert=none")
    assert unknown.status_code == 404
    assert unknown.get_json()["error"]["message"] == "没有预警“none”。"


@on_sqlite
def test_who_was_once_told_does_not_read_on_in_the_ledger(
    house: ApiHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger showed what the record is called today to whoever had been told of it once, and
    looked no further than the newest entries, whoever might see them."""
    monkeypatch.setattr(ledger, "AT_ONCE", 2)
    slow = house.make("ops", "task", name="报表", org="A", keeper="li.na", progress=0.1)
    check(house, slow["id"])
    for name in ("一", "二", "三", "四"):
        check(house, house.make("ops", "task", name=name, org="B", progress=0.1)["id"])
    moved = {"name": "CANARY", "org": "B", "keeper": "wang.wu"}
    assert house.patch("ops", f"forms/task/records/{slow['id']}", moved, match=1).status_code == 200

    found = house.get("li.na", "alerts").get_json()
    assert found["total"] == 1
    assert [one["message"] for one in found["items"]] == ["盯办"]
    assert house.get("ops", "alerts").get_json()["total"] == 5


@on_sqlite
def test_what_an_alert_asks_is_in_the_inbox(house: ApiHouse) -> None:
    slow = house.make("ops", "task", name="报表", org="A", keeper="li.na", progress=0.1)
    check(house, slow["id"])
    [task] = house.get("li.na", "tasks?box=todo").get_json()["items"]
    assert (task["kind"], task["form"], task["title"]) == ("todo", "case", "报表 落后")
    assert house.get("li.na", f"forms/case/records/{task['record']}").status_code == 200
