"""Collections and amendments over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import MORE_PEOPLE, ApiHouse, open_api
from backends import on_sqlite
from services_house import FILES

REPORT = """
kind: form
title: {zh: 月报, en: Monthly report}
submit: {amend: true}
versions: {cut: publish}
collect:
  every: month
  orgs: org.type == "subsidiary"
  who: {post: planner, at: org}
  due: {lag: 1mo, day: 7}
fields:
  org: {type: org, title: 单位, required: true}
  period: {type: period, grain: month, title: 期间, required: true}
  amount: {type: number, title: 数值, required: true}
permissions:
  planner: {post: planner, can: [read, create, update, submit, amend], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  head: {post: general_manager, can: [read], scope: own}
restrict:
  sealed: {when: amount > 900, to: {post: planner}}
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[ApiHouse]:
    people = [one for one in MORE_PEOPLE if one["login"] != "auditor"]
    files = {**FILES, "forms/report.yaml": REPORT}
    opened = open_api(tmp_path, database_url, files, people)
    yield opened
    opened.close()


@on_sqlite
def test_who_owes_a_form_is_seen_and_urged_over_http(house: ApiHouse) -> None:
    found = house.get("ops", "forms/report/collect?period=2026-02,2026-03").get_json()
    assert [(one["org"], one["period"], one["state"]) for one in found["items"]] == [
        ("A", "2026-02", "missing"),
        ("B", "2026-02", "missing"),
        ("A", "2026-03", "not_due"),
        ("B", "2026-03", "not_due"),
    ]
    assert found["items"][0]["state_title"] == "未填报"
    assert house.get("nobody", "forms/report/collect").status_code == 404
    assert house.get("ops", "forms/contract/collect").status_code == 404
    assert house.get("ops", "forms/report/collect?period=2026").status_code == 400

    urged = house.post("ops", "forms/report/collect/urge", {"period": "2026-02", "orgs": ["A"]})
    assert urged.get_json() == {"urged": 1}
    [notice] = house.get("li.na", "notifications").get_json()["items"]
    assert notice["text"] == "请报送甲公司 2026-02 月报，截止 2026-03-07"
    assert house.post("li.na", "forms/report/collect/urge", {}).status_code == 403
    assert house.post("ops", "forms/report/collect/urge", {"orgs": "A"}).status_code == 422


@on_sqlite
def test_what_was_submitted_is_amended_and_the_amendment_dropped(house: ApiHouse) -> None:
    made = house.make("li.na", "report", org="A", period="2026-02", amount=1)
    path = f"forms/report/records/{made['id']}"
    assert house.post("li.na", f"{path}/amend").status_code == 409
    assert house.post("li.na", f"{path}/submit", {}).status_code == 200
    amended = house.post("li.na", f"{path}/amend")
    assert (amended.status_code, amended.get_json()["status"]) == (200, "draft")
    revision = amended.get_json()["revision"]
    assert house.patch("li.na", path, {"amount": 5}, match=revision).status_code == 200
    assert house.post("ops", f"{path}/discard").status_code == 403
    dropped = house.post("li.na", f"{path}/discard").get_json()
    assert (dropped["status"], dropped["amount"]) == ("submitted", 1)
    assert [one["number"] for one in house.get("ops", f"{path}/versions").get_json()["items"]] == [
        1
    ]


@on_sqlite
def test_who_owes_a_form_tells_of_no_record_that_the_reader_may_not_see(house: ApiHouse) -> None:
    for login, org, amount in (("li.na", "A", 1), ("wang.wu", "B", 901)):
        house.make(login, "report", org=org, period="2026-02", amount=amount)

    def shown(login: str) -> list[tuple[str, bool]]:
        found = house.get(login, "forms/report/collect?period=2026-02").get_json()
        assert found["total"] == sum(found["counts"].values()) == len(found["items"])
        return [(one["org"], one["record"] is not None) for one in found["items"]]

    assert shown("ops") == [("A", True)]  # that of B is sealed
    assert shown("li.na") == [("A", True)]
    assert shown("boss.a") == []  # his own only, and he is asked for none
