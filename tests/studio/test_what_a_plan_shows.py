"""A plan says what a publication does; values are for who may publish everything, and not kept."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from api_house import ApiHouse
from page_house import Pages
from sqlalchemy import text

from conftest import FORM, Author, Enter
from jingwei.storage.failpoints import Failed, arm

SECRET = "secret: {type: text, title: 底价}"
NUMBER = "secret: {type: number, title: 底价}"


@pytest.fixture(scope="module")
def offer(begun: ApiHouse) -> str:
    """The secret of a contract, which becomes no number."""
    begun.make("li.na", "contract", name="石桥", amount=7, secret="底价九十")
    return "底价九十"


def failing(author: Author) -> dict[str, object]:
    (step,) = [one for one in author.plan()["steps"] if one["code"] == "unconverted"]
    return dict(step)


def test_who_may_not_publish_everything_is_told_counts_only(studio: Enter, offer: str) -> None:
    pen = studio("pen")
    pen.change(SECRET, NUMBER)
    step = failing(pen)
    assert step["rows"] and step["examples"] == []
    plan = pen.plan()
    assert offer not in json.dumps(plan, ensure_ascii=False)
    assert not plan["flows"] and not any(form["people"] for form in plan["sight"])
    shown = Pages(pen.house).page("pen", "/studio/plan").text_content()
    assert offer not in shown and plan["left_out"] in shown


def test_who_may_publish_everything_sees_examples(studio: Enter, offer: str) -> None:
    ann = studio("ann")
    ann.change(SECRET, NUMBER)
    assert offer in json.dumps(failing(ann)["examples"], ensure_ascii=False)
    assert ann.plan()["left_out"] is None
    refused = ann.apply()
    assert refused.get_json()["error"]["code"] == "plan-blocked"
    assert offer not in refused.get_data(as_text=True)


def test_sensitive_values_are_no_examples(studio: Enter, offer: str) -> None:
    ann = studio("ann")
    ann.change(SECRET, NUMBER.replace("}", ", sensitive: true}"))
    (example, *_) = failing(ann)["examples"]  # type: ignore[misc]
    assert example["value"] == "•••"


def test_a_release_keeps_its_plan_without_values(studio: Enter, offer: str) -> None:
    ann = studio("ann")
    ann.change("permissions:\n", "permissions:\n  me: {who: everyone, can: [read], scope: all}\n")
    assert any(form["people"] for form in ann.plan()["sight"])
    release = ann.apply().get_json()["release"]
    with ann.house.platform.database.reading() as connection:
        where = text("SELECT plan FROM sys_release WHERE id = :id")
        kept = connection.execute(where, {"id": release}).scalar_one()
    kept = kept if isinstance(kept, dict) else json.loads(kept)
    assert kept["sight"] and not any(form["people"] for form in kept["sight"])


def test_a_release_comes_with_its_audit_row_and_without_its_drafts(studio: Enter) -> None:
    ann = studio("ann")
    ann.change("permissions:\n", "permissions:\n  me: {who: everyone, can: [read], scope: all}\n")
    plan = ann.plan()
    arm("publish.committed=raise")
    try:
        with suppress(Failed):
            ann.apply(plan)
    finally:
        arm("")
    ann.house.platform.active.poll()
    assert ann.release() == plan["base"] + 1
    listed = {one["path"]: one["state"] for one in ann.ask("GET", "").get_json()["items"]}
    assert listed[FORM] == ""
    (entry,) = ann.house.get("auditor", "audit?kind=definition&size=1").get_json()["items"]
    assert (entry["actor"], entry["action"]) == ("ann", "release.published")
