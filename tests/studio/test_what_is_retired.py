"""What was taken out of the definitions is kept: shown, taken up again, or destroyed on request."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from api_house import code
from page_house import Pages

from conftest import WITH_REMARK, Author, Enter
from jingwei.storage import fill_list
from jingwei.storage.failpoints import Failed, arm

NUMBERS = count()


def with_field(name: str) -> str:
    return f"{WITH_REMARK}  {name}: {{type: text, title: 备注}}\n"


def retire(ann: Author, name: str) -> None:
    """A contract has a value of a field that was taken out since."""
    ann.change(WITH_REMARK, with_field(name))
    assert ann.apply().status_code == 201
    ann.house.make("li.na", "contract", name=f"桥{next(NUMBERS)}", amount=1, **{name: "急件"})
    ann.change(with_field(name), WITH_REMARK)
    assert ann.apply(accepted=True).status_code == 201


def values(author: Author, name: str) -> list[Any]:
    listed = author.house.get("li.na", "forms/contract/records?size=50").get_json()["items"]
    return [one[name] for one in listed if one.get(name)]


def test_a_field_that_comes_again_takes_up_its_values_when_that_is_asked(studio: Enter) -> None:
    ann = studio("ann")
    retire(ann, "remark")
    ann.change(WITH_REMARK, with_field("remark"))
    (there,) = [step for step in ann.plan()["steps"] if step["code"] == "was_there"]
    assert there["path"] == "contract.remark"
    page = Pages(ann.house).page("ann", "/studio/plan")
    assert page.find(".//input[@name='restore']").get("value") == "contract.remark"

    wish = {"restore": ["contract.remark"]}
    plan = ann.ask("POST", "/plan", wish).get_json()
    assert ann.apply(plan, **wish).status_code == 201
    assert values(ann, "remark") == ["急件"]


def test_what_is_destroyed_is_shown_named_by_hand_and_written_down(studio: Enter) -> None:
    ann = studio("ann")
    retire(ann, "memo")
    at = "/retired/contract.memo"
    listed = {one["path"]: one["rows"] for one in ann.ask("GET", "/retired").get_json()["items"]}
    assert listed["contract.memo"] == 1
    shown = ann.ask("GET", at).get_json()
    assert [row["value"] for row in shown["rows"]] == ["急件"]
    assert "急件" in Pages(ann.house).page("ann", f"/studio{at}").text_content()

    sent = {"typed": "contract.memo", "reason": "误录个人信息", "hash": shown["hash"]}
    for wrong, refusal in (
        ({"typed": "memo"}, (422, "studio-typed")),
        ({"reason": " "}, (422, "studio-reason")),
        ({"hash": "x"}, (409, "studio-loss-moved")),
    ):
        assert code(ann.ask("DELETE", at, sent | wrong)) == refusal
    assert code(Author(ann.house, "local").ask("DELETE", at, sent)) == (403, "studio-whole-only")
    assert ann.ask("DELETE", at, sent).get_json()["rows"] == 1
    assert code(ann.ask("GET", at)) == (404, "studio-not-retired")

    entry = ann.house.get("auditor", "audit?kind=definition&size=1").get_json()["items"][0]
    assert (entry["actor"], entry["action"]) == ("ann", "retired.destroyed")
    assert "误录个人信息" in str(entry)
    ann.change(WITH_REMARK, with_field("memo"))
    assert ann.apply().status_code == 201
    assert values(ann, "memo") == []


def test_values_that_are_given_up_take_a_reason(studio: Enter) -> None:
    ann = studio("ann")
    ann.house.make("li.na", "contract", name=f"渠{next(NUMBERS)}", amount=1, secret="五十")
    ann.change("secret: {type: text", "secret: {type: number")
    wish = {"destroy": ["contract.secret"]}
    assert code(Author(ann.house, "local").ask("POST", "/plan", wish)) == (403, "studio-whole-only")
    plan = ann.ask("POST", "/plan", wish).get_json()
    assert not plan["blocked"] and plan["destructive"]
    assert code(ann.apply(plan, accepted=True, **wish)) == (422, "studio-reason")
    assert ann.apply(plan, accepted=True, reason="改用数字", **wish).status_code == 201


def test_how_far_a_long_publication_is_is_told_and_it_is_gone_on_with(
    studio: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = studio("ann")
    ann.house.make("li.na", "contract", name=f"站{next(NUMBERS)}", amount=1)
    monkeypatch.setattr(fill_list, "INLINE_ROWS", 0)
    ann.change(WITH_REMARK, f"{WITH_REMARK}  grade: {{type: text, title: 等级, required: true, "
               "default: 普通}\n")  # fmt: skip
    plan = ann.plan()
    arm("fill.batch_committed=raise")
    try:
        with suppress(Failed):
            ann.apply(plan)
    finally:
        arm("")
    found = ann.ask("GET", "/progress").get_json()["progress"]
    (filled,) = found["filled"]
    assert (found["author"], filled["path"]) == ("ann", "contract.grade")
    assert filled["done"] == filled["total"] > 0
    assert ann.apply(plan).status_code == 201
    assert ann.ask("GET", "/progress").get_json() == {"progress": None}
