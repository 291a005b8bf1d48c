"""Conditions over what stands behind links: tables, links of many, links of rows, relations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from services_house import FILES, House, open_house

from jingwei.refusals import Malformed
from jingwei.services import records
from jingwei.services.listing import ListWish
from jingwei.services.people import SYSTEM
from jingwei.services.related import related

MORE: Mapping[str, str] = {
    "definitions/roles/guest.yaml": "kind: role\ntitle: 来宾\n",
    "forms/supplier.yaml": """
kind: form
title: 供应商
fields:
  name: {type: text, title: 名称}
  region: {type: text, title: 地区}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  guest: {role: guest, can: [read], scope: all, hide: [region]}
""",
    "forms/deal.yaml": """
kind: form
title: 协议
fields:
  name: {type: text, title: 名称}
  vendors: {type: link, to: supplier, many: true, title: 供应商}
  lines:
    type: table
    title: 明细
    fields:
      price: {type: money, unit: CNY, title: 价}
      item: {type: link, to: supplier, title: 供货}
related:
  orders: {form: order_note, by: deal, title: 订单}
  large: {form: order_note, by: deal, title: 大订单, where: total > 100}
  others: {form: order_note, by: beside, title: 旁及}
  claims: {form: claim, by: deal, title: 索赔}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  guest: {role: guest, can: [read], scope: all}
""",
    "forms/order_note.yaml": """
kind: form
title: 订单
fields:
  name: {type: text, title: 名称}
  deal: {type: link, to: deal, title: 协议}
  beside: {type: link, to: deal, many: true, title: 旁及}
  total: {type: money, unit: CNY, title: 合计}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  guest: {role: guest, can: [read], scope: all, hide: [deal]}
""",
    "forms/claim.yaml": """
kind: form
title: 索赔
fields: {deal: {type: link, to: deal, title: 协议}}
permissions: {ops: {role: group_ops, can: [read, create], scope: all}}
""",
}
PEOPLE = (
    {"login": "li.na", "name": "李娜", "org": "A", "posts": "planner@A"},
    {"login": "wang.wu", "name": "王五", "org": "B", "posts": "planner@B"},
    {"login": "ops", "name": "运营", "org": "G", "roles": "group_ops@G"},
    {"login": "guest", "name": "来宾", "org": "G", "roles": "guest@G"},
)


@pytest.fixture
def sold(tmp_path: Path, database_url: str) -> Iterator[House]:
    """An order and a deal of A; the suppliers of the deal are of A and of B, and so are its other
    orders."""
    house = open_house(tmp_path / "application", database_url, {**FILES, **MORE}, PEOPLE)
    own = house.create("li.na", "supplier", name="甲", region="东")["id"]
    other = house.create("wang.wu", "supplier", name="乙", region="西")["id"]
    deal = house.create("li.na", "deal", name="框架")["id"]
    house.create("li.na", "order_note", name="泵", deal=deal, total=500)
    house.create("li.na", "order_note", name="散单")

    def link(work: Any) -> None:
        lines = [{"price": 5, "item": own}, {"price": 7, "item": other}, {"price": 9}]
        values = {"vendors": [own, other], "lines": lines}
        records.update(work, "deal", deal, values, source="system")
        far = {"name": "阀", "deal": deal, "beside": [deal], "total": 50, "org": "B"}
        records.create(work, "order_note", far, source="system")

    house.commands.run(link, SYSTEM)
    house.create("ops", "claim", deal=deal)
    yield house
    house.database.close()


# a condition over orders, and how many its planner and group operations find by it
OF_ORDERS = (
    ('any(deal.vendors.region == "东")', 1, 2),
    ('any(deal.vendors.region == "西")', 0, 2),
    ('count(deal.vendors where region != "") == 1', 1, 0),
    ('all(deal.vendors.region == "东")', 2, 1),  # of no deal all suppliers are
    ('first(deal.vendors.name) == "甲"', 1, 2),
    ('last(deal.vendors).name == "乙"', 0, 2),
    ("count(deal.vendors) == 2", 1, 2),  # what the link itself holds
    ("sum(deal.lines.price) == 21", 1, 2),
    ("deal.lines is not empty and deal.lines is not empty", 1, 2),
    ('any(deal.lines.item.region == "西")', 0, 2),
    ("count(deal.lines where item.region is empty) == 1", 1, 2),
    ("count(deal.lines where item.region is not empty) == 2", 0, 2),
)
OF_DEALS = (
    ('any(lines.item.region == "东")', 1, 1),
    ('any(lines.item.region == "西")', 0, 1),
    ('all(lines.item.region != "西")', 1, 0),
    ("sum(lines.price where item.region is empty) == 9", 1, 1),
    ("count(related.orders) == 2", 0, 1),
    ('any(related.orders.name == "泵") and not any(related.orders.name == "阀")', 1, 0),
    ("sum(related.orders.total where total < 100) == 50", 0, 1),
    ("count(related.large) == 1", 1, 1),
    ("count(related.large where total < 100) == 0", 1, 1),
    ('last(related.orders.name by total) == "泵"', 1, 1),
    ("related.orders is not empty", 1, 1),
    ("count(related.orders where deal.name == name) == 0", 1, 1),
)


def test_whoever_asks_folds_what_he_may_list_behind_every_link(sold: House) -> None:
    for form, conditions in (("order_note", OF_ORDERS), ("deal", OF_DEALS)):
        for condition, planner, ops in conditions:
            found = [sold.list(login, form, filter=condition).total for login in ("li.na", "ops")]
            assert found == [planner, ops], condition


def test_a_link_that_leads_out_of_reach_lets_no_condition_hold(sold: House) -> None:
    deal = sold.list("ops", "deal").items[0]["id"]
    sold.commands.run(
        lambda work: records.update(work, "deal", deal, {"org": "B"}, source="system"), SYSTEM
    )
    for condition in ('any(deal.vendors.region == "东")', "sum(deal.lines.price) > 0"):
        found = [
            sold.list("li.na", "order_note", filter=one, fields=("name",)).items
            for one in (condition, f"not ({condition})")
        ]
        assert [[item["name"] for item in items] for items in found] == [[], ["散单"]]


REFUSED = (
    ("guest", "order_note", 'any(deal.vendors.region == "东")', "unknown-name", None),
    ("guest", "deal", 'any(lines.item.region == "东")', "unknown-field", None),
    ("guest", "deal", "count(related.orders) > 0", "unknown-field", "others"),
    ("li.na", "deal", "count(related.claims) > 0", "unknown-field", None),
    ("ops", "deal", "related.others is empty", "relation-of-many", None),
    ("ops", "deal", "count(lines where count(related.others) > 0) > 0", "relation-of-many", None),
    ("li.na", "deal", "count(related) > 0", "only-a-prefix", None),
    ("ops", "order_note", 'any(deal.vendors where region == "东")', "aggregate-of-rows", None),
)
INSTEAD = (
    ('deal.vendors.region == "东"', "value-of-many-records", "any(deal.vendors.region == …)"),
    ("deal.lines.price > 5", "value-of-many-rows", "sum(deal.lines.price)"),
    (
        "any(beside.vendors.region > 1)",
        "value-of-many-records",
        "count(beside where any(vendors.region == …)) > 0",
    ),
)


@pytest.mark.parametrize(
    ("login", "form", "condition", "code", "instead"),
    [*REFUSED, *(("ops", "order_note", *one) for one in INSTEAD)],
)
def test_what_is_hidden_or_cannot_be_folded_is_refused_with_what_to_write(
    sold: House, login: str, form: str, condition: str, code: str, instead: str | None
) -> None:
    with pytest.raises(Malformed) as refused:
        sold.list(login, form, filter=condition)
    detail = refused.value.detail
    assert (detail["code"], detail.get("suggestion")) == (code, instead)


def test_a_relation_by_a_link_of_many_is_asked_from_the_other_side(sold: House) -> None:
    with pytest.raises(Malformed) as refused:
        sold.list("ops", "deal", filter="count(related.others) > 0")
    assert refused.value.message("en") == (
        "In the filter, at “count(related.others)”: a condition does not look for the records "
        "whose list of links holds this one. Ask the other way round, in the list of order_note: "
        "`ID in beside`."
    )
    deal = sold.list("ops", "deal").items[0]["id"]
    found = sold.list("ops", "order_note", filter=f"{deal} in beside").items
    assert [item["name"] for item in found] == ["阀"]


def test_a_relation_by_a_link_of_many_is_shown_with_its_record(sold: House) -> None:
    """It used to end in an error of the server."""
    deal = sold.list("ops", "deal").items[0]["id"]
    with sold.read("ops") as view:
        _, found = related(view, "deal", deal, "others", ListWish())
    assert [item["name"] for item in found.items] == ["阀"]
