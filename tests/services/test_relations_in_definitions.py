"""`related.NAME` in definitions: the records that its `where` lets in, of the record itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from services_house import FILES, House, open_house

from jingwei.catalogue.compile import compile_texts
from jingwei.problems import DefinitionErrors
from jingwei.refusals import Invalid
from jingwei.services import actions
from jingwei.services.listing import ListWish
from jingwei.services.related import related

ORDERS = {
    "forms/deal.yaml": """
kind: form
title: 协议
fields:
  name: {type: text, title: 名称}
  floor: {type: money, unit: CNY, title: 起点}
  marked: {type: integer, title: 已记}
  all_orders: {type: integer, title: 订单数, compute: count(related.orders)}
  large_orders: {type: integer, title: 大订单数, compute: count(related.large)}
  late_large: {type: integer, title: 其中未付, compute: count(related.large where not paid)}
  above: {type: money, unit: CNY, title: 起点以上, compute: sum(related.above.total)}
  best: {type: text, title: 最大, compute: last(related.large.name by total)}
  none_large: {type: boolean, title: 无大订单, compute: related.large is empty}
  some_orders: {type: boolean, title: 有订单, compute: related.orders is not empty}
  lines:
    type: table
    title: 明细
    fields:
      label: {type: text, title: 标签}
      seen: {type: integer, title: 所见, compute: count(parent.related.large)}
      alone: {type: boolean, title: 独自, compute: parent.related.large is empty}
related:
  orders: {form: order_note, by: deal, title: 订单}
  large: {form: order_note, by: deal, title: 大订单, where: total > 100}
  above: {form: order_note, by: deal, title: 起点以上, where: total > this.floor}
rules:
  not_many: {check: count(related.large) < 3, message: 大订单太多}
  none_of_bad:
    each: lines
    check: not (label == "坏" and count(parent.related.large) > 0)
    message: 有大订单
actions:
  mark:
    title: 记
    do:
      - update: {each: related.above, record: row, set: {paid: =true}}
permissions:
  planner: {post: planner, can: [read, create, update, mark], scope: org}
""",
    "forms/order_note.yaml": """
kind: form
title: 订单
fields:
  name: {type: text, title: 名称}
  deal: {type: link, to: deal, title: 协议}
  total: {type: money, unit: CNY, title: 合计}
  paid: {type: boolean, title: 已付}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
""",
}
PEOPLE = ({"login": "li.na", "name": "李娜", "org": "A", "posts": "planner@A"},)
COUNTED = {
    "all_orders": 3,
    "large_orders": 2,
    "late_large": 1,
    "above": 900,
    "best": "泵",
    "none_large": False,
    "some_orders": True,
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(tmp_path / "application", database_url, {**FILES, **ORDERS}, PEOPLE)
    yield house
    house.database.close()


@pytest.fixture
def deal(house: House) -> int:
    """With three orders; a deal before it has none, and its rows have other ids."""
    other = {"name": "空", "lines": [{"label": "一"}, {"label": "二"}, {"label": "三"}]}
    house.create("li.na", "deal", **other)
    made = house.create("li.na", "deal", name="框架", floor=400)["id"]
    for name, total, paid in (("泵", 900, False), ("阀", 200, True), ("垫", 50, False)):
        house.create("li.na", "order_note", name=name, deal=made, total=total, paid=paid)
    house.update("li.na", "deal", made, lines=[{"label": "甲"}, {"label": "乙"}])
    return int(made)


def test_a_relation_is_as_few_as_its_where_in_records_and_in_lists(house: House, deal: int) -> None:
    """In Python, for one record, and in SQL, for the conditions of a list."""
    shown = house.show("li.na", "deal", deal)
    assert {name: shown[name] for name in COUNTED} == COUNTED
    for name, value in COUNTED.items():
        said = str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
        found = house.list("li.na", "deal", filter=f"{name} == {said}").items
        assert [item["id"] for item in found] == [deal], name
    empty = house.list("li.na", "deal", filter="none_large and not some_orders").items
    assert [item["name"] for item in empty] == ["空"]


def test_rows_read_the_relation_of_their_record(house: House, deal: int) -> None:
    rows = house.show("li.na", "deal", deal)["lines"]
    assert [(row["seen"], row["alone"]) for row in rows] == [(2, False), (2, False)]
    with pytest.raises(Invalid):
        house.update("li.na", "deal", deal, lines=[{"label": "坏"}])


def test_the_where_may_compare_with_the_record_that_has_the_relation(
    house: House, deal: int
) -> None:
    with house.read("li.na") as view:
        _, shown = related(view, "deal", deal, "above", ListWish())
    assert [item["name"] for item in shown.items] == ["泵"]
    house.do("li.na", lambda work: actions.act(work, "deal", deal, "mark", {}))
    orders = house.list("li.na", "order_note").items
    assert {item["name"]: item["paid"] for item in orders} == {"泵": True, "阀": True, "垫": False}


def test_a_rule_counts_what_the_relation_lets_in(house: House, deal: int) -> None:
    house.update("li.na", "deal", deal, name="二")
    house.create("li.na", "order_note", name="柜", deal=deal, total=101)
    with pytest.raises(Invalid):
        house.update("li.na", "deal", deal, name="三")


def test_a_where_that_no_list_can_ask_is_refused() -> None:
    def compiled(where: str) -> None:
        deal = ORDERS["forms/deal.yaml"].replace("total > this.floor", where)
        texts = {**FILES, **ORDERS, "forms/deal.yaml": deal}
        compile_texts({path: text.encode() for path, text in texts.items()})

    compiled("org in below(this.org)")
    with pytest.raises(DefinitionErrors) as refused:
        compiled("head(org) == me")
    assert [problem.code for problem in refused.value.problems] == ["not-of-rows"]
