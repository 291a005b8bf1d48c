"""A version shows what is computed from other records as it was, whatever those say since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from services_house import FILES, PEOPLE, House, open_house

from jingwei.services import records, snapshots, versions
from jingwei.services.effects import listeners
from jingwei.services.events import Listeners

FORMS = {
    **FILES,
    "forms/vendor.yaml": """
kind: form
title: 供应商
fields:
  name: {type: text, title: 名称}
  credit: {type: integer, title: 额度}
permissions: {all: {who: everyone, can: [read, create, update], scope: all}}
""",
    "forms/order.yaml": """
kind: form
title: 订单
submit: {amend: true}
versions: on_approval
fields:
  vendor: {type: link, to: vendor, title: 供应商}
  text: {type: text, title: 内容}
  credit: {type: integer, title: 额度, compute: vendor.credit}
  twice: {type: integer, title: 两倍, compute: credit * 2}
  lines:
    type: table
    title: 明细
    fields:
      from: {type: link, to: vendor, title: 来自}
      credit: {type: integer, title: 额度, compute: from.credit}
permissions:
  all: {who: everyone, can: [read, create, update, submit, amend], scope: all}
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    heard = Listeners(changed=(listeners.on_changed,))
    return open_house(tmp_path, database_url, FORMS, PEOPLE, heard)


@pytest.fixture
def order(house: House) -> Mapping[str, Any]:
    vendor = house.create("li.na", "vendor", name="甲", credit=900)["id"]
    made = house.create("li.na", "order", vendor=vendor, text="一", lines=[{"from": vendor}])
    house.do("li.na", lambda work: records.submit_without_flow(work, "order", made["id"]))
    house.update("li.na", "vendor", vendor, credit=1234)
    return made


def version(house: House, id: int, number: int = 1) -> Mapping[str, Any]:
    with house.read("li.na") as view:
        found: Mapping[str, Any] = snapshots.version(view, "order", id, number)["record"]
    return found


def test_a_version_keeps_what_other_records_said(house: House, order: Mapping[str, Any]) -> None:
    kept = version(house, order["id"])
    assert (kept["created_at"], kept["deleted_at"]) == ("2026-03-02T01:00:00.000Z", None)
    assert (kept["credit"], kept["twice"], kept["lines"][0]["credit"]) == (900, 1800, 900)
    now = house.show("li.na", "order", order["id"])
    assert (now["credit"], now["twice"], now["lines"][0]["credit"]) == (1234, 2468, 1234)
    with house.read("li.na") as view:
        changes = snapshots.diff(view, "order", order["id"], 1)["changes"]
    row = str(order["lines"][0]["id"])
    assert changes == {
        "credit": [900, 1234],
        "twice": [1800, 2468],
        "lines": {row: {"credit": [900, 1234]}},
    } | {name: pair for name, pair in changes.items() if name == "status"}


def test_what_others_say_makes_no_version_and_is_brought_back_by_none(
    house: House, order: Mapping[str, Any]
) -> None:
    id = order["id"]
    house.do("li.na", lambda work: versions.amend(work, "order", id))
    with house.read("li.na") as view:
        assert [one["number"] for one in snapshots.versions(view, "order", id)] == [1]
    house.update("li.na", "order", id, text="二", lines=[])
    house.do("li.na", lambda work: versions.discard(work, "order", id))

    shown = house.show("li.na", "order", id)
    assert (shown["text"], shown["credit"]) == ("一", 1234)
    assert [line["credit"] for line in shown["lines"]] == [1234]
