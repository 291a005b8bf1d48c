"""What a record is called, and what a share opens: no more than may be seen, or given."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.services import sharing, titles, world
from jingwei.services.titles import Titles

MEMO = {
    "forms/memo.yaml": """
kind: form
title: 备忘
display: "{secret}"
fields:
  secret: {type: text, title: 底价}
  name: {type: text, title: 名称}
  above: {type: link, to: memo, title: 上级}
  parts: {type: number, title: 下级数, compute: count(related.below)}
related:
  below: {form: memo, by: above, title: 下级}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [secret]}
  manager: {post: general_manager, can: [read, share], scope: org, mask: [secret]}
"""
}


@pytest.fixture
def memo(house: House) -> int:
    house.publish(MEMO)
    return int(house.create("li.na", "memo", secret="CANARY", name="桥")["id"])


@pytest.mark.parametrize("login", ["chen.jie", "boss.a"])
def test_a_record_is_not_called_by_what_its_reader_may_not_see(
    house: House, memo: int, login: str
) -> None:
    with house.read(login) as view:
        assert titles.display_of(view, "memo", memo, "zh") == "桥"
        called = Titles(view, view.catalogue.forms["memo"], "zh")
        assert called.of([{"above": memo}]) == [{"above": "桥"}]
    with house.read("li.na") as view:
        assert titles.display_of(view, "memo", memo, "zh") == "CANARY"


def test_a_share_opens_no_field_that_its_giver_is_kept_from(house: House, memo: int) -> None:
    house.do("boss.a", lambda work: sharing.share(work, "memo", memo, "nobody"))

    shown = house.show("nobody", "memo", memo)

    assert shown["name"] == "桥"
    assert "secret" not in shown


def test_related_records_are_counted_among_their_own_not_among_the_first_of_all(
    house: House, memo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a form with more records than are looked at, those of this record were cut off."""
    house.create("li.na", "memo", name="附件", above=memo)
    monkeypatch.setattr(world, "MOST_ROWS", 1)

    assert house.show("li.na", "memo", memo)["parts"] == 1
