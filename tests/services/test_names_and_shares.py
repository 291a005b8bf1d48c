"""What a record is called, and what a share opens: no more than may be seen, or given."""

from __future__ import annotations

from typing import Any

import pytest
from services_house import House

from jingwei.services import comments, drafts, notices, records, sharing, titles, world
from jingwei.services.people import SYSTEM
from jingwei.services.titles import Titles
from jingwei.storage.records import RecordStore

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
rules:
  long: {check: name != "短", at: name, message: "太短 {secret}"}
related:
  below: {form: memo, by: above, title: 下级}
permissions:
  planner: {post: planner, can: [read, create, update, comment], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [secret]}
  manager: {post: general_manager, can: [read, share], scope: org, mask: [secret]}
"""
}

LETTER = {
    "forms/letter.yaml": """
kind: form
title: 信
display: "{name} {above.name} {above.kept}"
fields:
  name: {type: text, title: 名称}
  kept: {type: text, title: 内部}
  above: {type: link, to: letter, title: 上级}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  manager: {post: general_manager, can: [read], scope: org, hide: [kept]}
  ops: {role: group_ops, can: [read], scope: all}
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
        assert titles.displays_of(view, "memo", [memo], "zh") == {memo: "桥"}
        called = Titles(view, view.catalogue.forms["memo"], "zh")
        assert called.of([{"above": memo}]) == [{"above": "桥"}]
    with house.read("li.na") as view:
        assert titles.displays_of(view, "memo", [memo], "zh") == {memo: "CANARY"}


def test_a_comment_names_the_record_to_each_as_he_sees_it(house: House, memo: int) -> None:
    """Whoever was named was told the display text as the one who wrote sees it."""
    house.do("li.na", lambda work: comments.comment(work, "memo", memo, "请看 @chen.jie"))

    with house.read("chen.jie") as view:
        [told] = notices.inbox(view)["items"]
    assert "桥" in told["text"] and "CANARY" not in told["text"]


def test_a_share_opens_no_field_that_its_giver_is_kept_from(house: House, memo: int) -> None:
    house.do("boss.a", lambda work: sharing.share(work, "memo", memo, "nobody"))

    shown = house.show("nobody", "memo", memo)

    assert shown["name"] == "桥"
    assert "secret" not in shown
    with house.read("nobody") as view:
        assert titles.displays_of(view, "memo", [memo], "zh") == {memo: "桥"}
        [told] = notices.inbox(view)["items"]
        [judged] = drafts.compute(view, "memo", {"name": "短"}, id=memo).problems
    assert "CANARY" not in told["text"]
    assert judged.words["zh"] == "太短 —"


def test_related_records_are_counted_however_many_there_are(
    house: House, memo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a form with more records than are looked at, those of this record were cut off."""
    for name in ("附件一", "附件二"):
        house.create("li.na", "memo", name=name, above=memo)
    monkeypatch.setattr(world, "MOST_ROWS", 1)

    assert house.show("li.na", "memo", memo)["parts"] == 2


def test_a_record_is_not_called_by_a_linked_record_that_its_reader_may_not_see(
    house: House,
) -> None:
    """The display text used to be filled in from linked records as the system sees them."""
    house.publish(LETTER)
    other = house.create("wang.wu", "letter", name="CANARY", kept="CANARY")
    near = house.create("li.na", "letter", name="近", kept="CANARY")
    ids = []
    for above in (other, near):
        made = house.create("li.na", "letter", name="信")
        change = {"above": above["id"]}
        house.commands.run(
            lambda work, id=made["id"], change=change: records.update(
                work, "letter", id, change, source="system"
            ),
            SYSTEM,
        )
        ids.append(made["id"])

    def called(login: str) -> list[str]:
        with house.read(login) as view:
            found = titles.displays_of(view, "letter", ids, "zh")
        return [found[id] for id in ids]

    assert called("li.na") == ["信 — —", "信 近 CANARY"]  # of the other org nothing
    assert called("boss.a") == ["信 — —", "信 近 —"]  # and not what is hidden from the reader
    assert called("ops") == ["信 CANARY CANARY", "信 近 CANARY"]


def test_what_the_names_of_many_records_lead_to_is_read_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of a thousand records asked for each of what they link to, in its transaction."""
    house.publish(LETTER)
    above = [house.create("li.na", "letter", name=f"上{i}", kept="x")["id"] for i in range(3)]
    ids = [house.create("li.na", "letter", name="信", above=one)["id"] for one in above]
    asked = []
    load = RecordStore.load

    def heard(store: RecordStore, connection: Any, form: str, ids: Any, **keys: Any) -> Any:
        asked.append(list(ids))
        return load(store, connection, form, ids, **keys)

    monkeypatch.setattr(RecordStore, "load", heard)
    with house.read("li.na") as view:
        called = titles.displays_of(view, "letter", ids, "zh")
    assert [called[id] for id in ids] == ["信 上0 x", "信 上1 x", "信 上2 x"]
    assert asked == [ids, above]
