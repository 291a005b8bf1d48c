"""What was tried and refused stands in the audit log, and fills no log."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from api_house import PASSWORD, ApiHouse

from jingwei.services.attempts import MOST_OF_ONE
from jingwei.storage import database
from jingwei.storage.changes import ChangeRow

CONTRACTS = "forms/contract/records"


def attempts(api: ApiHouse, **narrowed: str) -> list[dict[str, Any]]:
    query = {"kind": "attempt", "size": "200", **narrowed}
    found: list[dict[str, Any]] = api.get("auditor", "audit", query_string=query).get_json()[
        "items"
    ]
    return found[::-1]


def told(entry: dict[str, Any]) -> tuple[Any, ...]:
    said = entry["changes"]
    return entry["actor"], said.get("method"), said.get("path"), said["outcome"]["code"]


def test_who_tried_what_from_where_is_kept_with_the_outcome(api_on_both: ApiHouse) -> None:
    api = api_on_both
    made = api.make("li.na", "contract", name="桥", amount=1)["id"]
    path = f"{CONTRACTS}/{made}"
    api.get("wang.wu", path)
    api.delete("wang.wu", path, match=1)
    api.patch("ops", path, {"amount": 2}, match=1)
    api.get("li.na", path)  # allowed: it is read, not tried

    found = attempts(api)

    assert [told(one) for one in found] == [
        ("wang.wu", "GET", f"/api/v1/{path}", "no-such-record"),
        ("wang.wu", "DELETE", f"/api/v1/{path}", "no-such-record"),
        ("ops", "PATCH", f"/api/v1/{path}", "not-allowed"),
    ]
    assert {one["changes"]["source"] for one in found} == {"127.0.0.1"}
    assert [one["changes"]["outcome"]["status"] for one in found] == [404, 404, 403]
    history = api.get("li.na", f"{path}/history").get_json()["items"]
    assert [one["action"] for one in history] == ["created"]


def test_many_at_once_are_kept_as_one_attempt_that_says_of_how_many(api: ApiHouse) -> None:
    made = [api.make("li.na", "contract", name=name, amount=1)["id"] for name in ("桥", "路")]
    many = f"{CONTRACTS}/bulk"

    def delete(who: str, *ids: int) -> int:
        records = [{"id": id_, "revision": 1} for id_ in ids]
        done: int = api.post(who, many, {"action": "delete", "records": records}).get_json()["done"]
        return done

    assert delete("ops", *made, 999) == 0
    assert delete("wang.wu", 999) == 0
    assert delete("li.na", *made) == 2

    assert [(*told(one), one["changes"]["records"]) for one in attempts(api)] == [
        ("ops", "POST", f"/api/v1/{many}", "not-allowed", 3),
        ("wang.wu", "POST", f"/api/v1/{many}", "no-such-record", 1),
    ]


def test_a_failed_sign_in_is_kept_whoever_it_names(api_on_both: ApiHouse) -> None:
    api = api_on_both
    for login in ("li.na", "ghost"):
        api.post(None, "login", {"username": login, "password": f"not {PASSWORD}"})
    found = attempts(api)
    assert [(one["action"], one["actor"], one["changes"]["login"]) for one in found] == [
        ("sign_in_refused", "li.na", "li.na"),
        ("sign_in_refused", None, "ghost"),
    ]
    assert "let me in" not in str(found)


def test_whoever_tries_without_end_fills_no_log(api: ApiHouse) -> None:
    for index in range(MOST_OF_ONE + 5):
        api.get("wang.wu", f"{CONTRACTS}/{900_000 + index}")
    api.get("ops", f"{CONTRACTS}/900000")

    of_one = attempts(api, actor="wang.wu")
    assert len(of_one) == MOST_OF_ONE
    assert [one["changes"].get("more", False) for one in of_one[-2:]] == [False, True]
    assert len(attempts(api, actor="ops")) == 1

    api.later(timedelta(hours=1))
    api.get("wang.wu", f"{CONTRACTS}/900000")
    assert len(attempts(api, actor="wang.wu")) == MOST_OF_ONE + 1


def test_who_is_refused_waits_for_no_other_writer_and_nothing_is_lost(
    api: ApiHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import or a publication holds SQLite's one write lock for as long as it takes."""
    api.token("wang.wu")
    writer = sqlite3.connect(str(api.platform.database.url.database), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    kept = database.BUSY_TIMEOUT_MS
    waited: list[bool] = []
    write = api.sessions.attempts._write

    def written(changes: Sequence[ChangeRow], at_once: bool) -> int:
        waited.append(at_once)
        return write(changes, at_once)

    monkeypatch.setattr(api.sessions.attempts, "_write", written)
    for index in range(3):
        assert api.get("wang.wu", f"{CONTRACTS}/{900_000 + index}").status_code == 404
    assert waited[0] and not any(waited[1:])  # the first tries, then a thread waits for all
    writer.execute("ROLLBACK")
    writer.close()

    until = time.monotonic() + 30
    while len(found := attempts(api)) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    paths = [one["changes"]["path"] for one in found]
    assert paths == [f"/api/v1/{CONTRACTS}/{900_000 + index}" for index in range(3)]
    with api.platform.database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == kept
