"""While one writer holds SQLite, whoever has to write is told so in words, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from api_house import PASSWORD, ApiHouse

from jingwei.storage import database

CONTRACTS = "forms/contract/records"


@pytest.fixture
def held(api: ApiHouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiHouse]:
    """Another process writes, and goes on for longer than anybody waits."""
    api.token("li.na")
    api.make("li.na", "contract", name="桥", amount=1)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    api.platform.database.close()  # connections are opened anew, with less patience
    with closing(
        sqlite3.connect(str(api.platform.database.url.database), isolation_level=None)
    ) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield api


def test_a_program_is_told_when_to_come_again(held: ApiHouse) -> None:
    record = held.get("li.na", CONTRACTS).get_json()["items"][0]
    answers = [
        held.post(None, "login", {"username": "li.na", "password": PASSWORD}),
        held.post(None, "login", {"username": "li.na", "password": "wrong"}),
        held.post("li.na", CONTRACTS, {"name": "路", "amount": 2}),
        held.patch("li.na", f"{CONTRACTS}/{record['id']}", {"amount": 3}, match=1),
    ]

    assert [a.status_code for a in answers] == [503] * 4
    assert [a.get_json()["error"]["code"] for a in answers] == ["busy"] * 4
    assert [a.headers["Retry-After"] for a in answers] == ["10"] * 4
    assert held.get("li.na", CONTRACTS).get_json()["items"] == [record]  # readers read on


def test_a_person_sees_a_page_that_says_so(held: ApiHouse) -> None:
    browser = held.app.test_client()
    page = browser.post("/sign-in", data={"login": "li.na", "password": PASSWORD})
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "10"
    assert "系统繁忙" in page.get_data(as_text=True)
