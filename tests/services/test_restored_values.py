"""What an earlier version brings back of values that are computed unless somebody types them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from services_house import House

from jingwei.services import actions, records, snapshots, versions
from jingwei.services.records import Written

FILES = {
    "forms/vendor.yaml": """
kind: form
title: 供应商
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  price: {type: number, title: 单价}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
""",
    "forms/order.yaml": """
kind: form
title: 订单
submit: {amend: true}
versions: on_approval
states: {open: {title: 未执行, initial: true}, running: {title: 执行中}}
actions: {run: {title: 执行, who: {post: planner}, to: running}}
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  vendor: {type: link, to: vendor, title: 供应商}
  rate: {type: number, title: 系数, compute: vendor.price, mode: lock_if_found}
  fixed: {type: number, title: 定价, compute: vendor.price, mode: lock_if_found, freeze: running}
  share:
    {type: number, title: 份额, compute: vendor.price * 2, mode: override_with_reason}
  lines:
    type: table
    title: 明细
    fields:
      of: {type: link, to: vendor, title: 商}
      rate: {type: number, title: 系数, compute: of.price, mode: lock_if_found}
permissions:
  planner: {post: planner, can: [read, create, update, submit, amend, run], scope: org}
""",
}


def first_version(house: House, **values: Any) -> tuple[int, int]:
    """An order in its first version, opened again: its id and its vendor's, who has no price."""
    house.publish(FILES)
    vendor = house.create("li.na", "vendor")["id"]
    order = house.create("li.na", "order", vendor=vendor, **values)["id"]
    house.do("li.na", lambda work: records.submit_without_flow(work, "order", order))
    house.do("li.na", lambda work: versions.amend(work, "order", order))
    return order, vendor


def restore(house: House, order: int) -> Written:
    revision = house.show("li.na", "order", order)["revision"]

    def handler(work: Any) -> Written:
        return snapshots.restore(work, "order", order, 1, expected_revision=revision)

    found: Written = house.do("li.na", handler)
    return found


def test_a_value_typed_where_nothing_was_found_comes_back_with_its_version(house: House) -> None:
    order, _ = first_version(house, rate=5, lines=[{"rate": 7}, {"rate": 8}])
    first = house.show("li.na", "order", order)["lines"][0]["id"]
    house.update("li.na", "order", order, rate=6, lines=[{"id": first, "rate": 9}])

    written = restore(house, order)

    assert (written.record["rate"], written.warnings) == (Decimal(5), ())
    assert [row["rate"] for row in written.record["lines"]] == [7, 8]


def test_what_is_found_by_now_stays_and_is_told(house: House) -> None:
    order, vendor = first_version(house, rate=5, lines=[{"rate": 7}])
    row = house.show("li.na", "order", order)["lines"][0]["id"]
    house.update("li.na", "order", order, rate=None, lines=[{"id": row, "of": vendor}])
    house.update("li.na", "vendor", vendor, price=12)
    house.update("li.na", "order", order)

    written = restore(house, order)

    assert written.record["rate"] == 12
    assert written.record["lines"][0]["rate"] == 7  # of no vendor, as in the version
    assert [(one.path, one.message("en")) for one in written.warnings] == [
        (
            "rate",
            "“系数” was not brought back: its value comes from its source now, or is fixed by now.",
        )
    ]


def test_what_stands_since_its_moment_stays_and_is_told(house: House) -> None:
    order, _ = first_version(house, fixed=3)
    house.update("li.na", "order", order, fixed=4)
    house.do("li.na", lambda work: actions.act(work, "order", order, "run", {}))

    written = restore(house, order)

    assert written.record["fixed"] == 4
    assert [(one.path, one.code) for one in written.warnings] == [("fixed", "not-brought-back")]


def test_an_overridden_value_comes_back_without_its_reason_asked_again(house: House) -> None:
    order, vendor = first_version(house, share=50, _reasons={"share": "合同约定"})
    house.update("li.na", "vendor", vendor, price=10)
    house.update("li.na", "order", order, share=60, _reasons={"share": "改"})

    assert restore(house, order).record["share"] == 50

    house.update("li.na", "order", order, share=60, rate=None, _reasons={"share": "改"})
    house.do("li.na", lambda work: versions.discard(work, "order", order))
    assert house.show("li.na", "order", order)["share"] == 50


def test_a_dropped_amendment_leaves_no_typed_value_behind(house: House) -> None:
    order, _ = first_version(house, rate=5)
    house.update("li.na", "order", order, rate=6)

    house.do("li.na", lambda work: versions.discard(work, "order", order))

    shown = house.show("li.na", "order", order)
    assert (shown["rate"], shown["status"]) == (5, "submitted")
