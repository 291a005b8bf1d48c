"""Rows that a table makes by itself, from the table of a record it is linked to."""

from __future__ import annotations

from decimal import Decimal

from services_house import House

FILES = {
    "forms/letter.yaml": """
kind: form
title: 责任书
fields:
  name: {type: text, title: 名称}
  items:
    type: table
    title: 事项
    fields:
      item: {type: text, title: 事项}
      target: {type: number, title: 目标}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
""",
    "forms/feedback.yaml": """
kind: form
title: 反馈
fields:
  letter: {type: link, to: letter, title: 责任书}
  items:
    type: table
    title: 逐项
    generate: {each: letter.items, set: {item: =row.item, target: =row.target}, refresh: on_change}
    fields:
      item: {type: text, title: 事项}
      target: {type: number, title: 目标}
      actual: {type: number, title: 完成}
      rate: {type: percent, title: 达成, compute: actual / target}
      note: {type: text, title: 说明, default: 无}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
""",
}
TARGETS = [{"item": "收入", "target": 100}, {"item": "利润", "target": 10}]


def items(house: House, form: str, id: int) -> list[tuple[str, Decimal | None, Decimal | None]]:
    shown = house.show("li.na", form, id)
    return [(row["item"], row["target"], row["actual"]) for row in shown["items"]]


def test_a_new_record_brings_the_rows_its_letter_asks_for(house: House) -> None:
    house.publish(FILES)
    letter = house.create("li.na", "letter", name="2026", items=TARGETS)

    feedback = house.create("li.na", "feedback", letter=letter["id"])

    assert items(house, "feedback", feedback["id"]) == [("收入", 100, None), ("利润", 10, None)]
    assert {row["note"] for row in feedback["items"]} == {"无"}


def test_rows_that_were_sent_are_kept_as_they_were_sent(house: House) -> None:
    house.publish(FILES)
    letter = house.create("li.na", "letter", name="2026", items=TARGETS)

    sent = [{"item": "收入", "target": 100, "actual": 60}]
    feedback = house.create("li.na", "feedback", letter=letter["id"], items=sent)

    assert items(house, "feedback", feedback["id"]) == [("收入", 100, 60)]


def test_an_item_added_to_the_letter_is_added_and_what_was_filled_in_stays(house: House) -> None:
    house.publish(FILES)
    letter = house.create("li.na", "letter", name="2026", items=TARGETS)
    feedback = house.create("li.na", "feedback", letter=letter["id"])
    rows = [dict(row, actual=7) for row in feedback["items"]]
    sent = [{"id": row["id"], "actual": row["actual"]} for row in rows]
    house.update("li.na", "feedback", feedback["id"], items=sent)

    more = [*house.show("li.na", "letter", letter["id"])["items"], {"item": "安全", "target": 1}]
    house.update("li.na", "letter", letter["id"], items=more)
    house.update("li.na", "feedback", feedback["id"])

    assert items(house, "feedback", feedback["id"]) == [
        ("收入", 100, 7),
        ("利润", 10, 7),
        ("安全", 1, None),
    ]
