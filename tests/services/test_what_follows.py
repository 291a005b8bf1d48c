"""What follows a linked record: whose saving changes it, and until when."""

from __future__ import annotations

import pytest
from backends import on_sqlite
from services_house import House

from jingwei.services import records

pytestmark = on_sqlite
FORMS = {
    "forms/vendor.yaml": """
kind: form
title: 供应商
display: "{name} {grade}"
fields:
  name: {type: text, title: 名称}
  grade: {type: text, title: 等级}
permissions:
  planner: {post: planner, can: [read], scope: all, hide: [grade]}
  ops: {role: group_ops, can: [read, create, update], scope: all}
""",
    "forms/order.yaml": """
kind: form
title: 订单
submit: {}
fields:
  vendor:
    type: link
    to: vendor
    title: 供应商
    fill: {called: {from: display, mode: follow}, name: {from: name, mode: follow}}
  called: {type: text, title: 称呼}
  name: {type: text, title: 名称}
  memo: {type: text, title: 备忘, editable_after_submit: true}
permissions:
  all: {who: everyone, can: [read, create, update, submit], scope: all}
""",
}


@pytest.fixture
def orders(house: House) -> House:
    house.publish(FORMS)
    return house


def test_a_name_stays_at_the_savings_of_those_who_see_less_of_it(orders: House) -> None:
    one = orders.create("ops", "vendor", name="甲", grade="a")["id"]
    other = orders.create("ops", "vendor", name="乙", grade="b")["id"]
    order = orders.create("li.na", "order", vendor=one)
    assert order["called"] == "甲"
    assert orders.update("ops", "order", order["id"], memo="x")["called"] == "甲 a"
    assert orders.update("li.na", "order", order["id"], memo="y")["called"] == "甲 a"
    assert orders.update("li.na", "order", order["id"], vendor=other)["called"] == "乙"


def test_what_was_submitted_follows_nothing_any_more(orders: House) -> None:
    vendor = orders.create("ops", "vendor", name="甲", grade="a")["id"]
    order = orders.create("ops", "order", vendor=vendor)["id"]
    orders.do("ops", lambda work: records.submit_without_flow(work, "order", order))
    orders.update("ops", "vendor", vendor, name="丙")

    left = orders.update("ops", "order", order, memo="x")

    assert (left["memo"], left["name"], left["called"]) == ("x", "甲", "甲 a")
