"""Personal data: told to who may see it, kept beside the chain, and erased without breaking it."""

from __future__ import annotations

import sqlalchemy as sa
from services_house import House

from jingwei.services import history
from jingwei.services.presenting import MASK
from jingwei.storage.changes import seal, verify
from jingwei.storage.tables_records import sys_change, sys_change_private

STAFF = """
kind: form
title: 人员
fields:
  name: {type: text, title: 姓名}
  identity: {type: text, title: 身份证, sensitive: true}
  family:
    type: table
    title: 家庭
    fields:
      relation: {type: text, title: 关系}
      phone: {type: phone, title: 电话, sensitive: true}
permissions:
  own: {post: planner, can: [read, create, update], scope: org}
  others: {role: group_ops, can: [read], scope: all, hide: [family], mask: [identity]}
"""


def test_sensitive_values_are_beside_the_chain_and_can_be_erased(house: House) -> None:
    house.publish({"forms/staff.yaml": STAFF})
    family = [{"relation": "父", "phone": "13800000001"}]
    made = house.create("li.na", "staff", name="张", identity="310000199001010011", family=family)
    row = made["family"][0]["id"]
    house.update(
        "li.na", "staff", made["id"], family=[{"id": row, "phone": "13900000002"}], identity="x1"
    )

    with house.database.reading() as connection:
        bodies = connection.execute(sa.select(sys_change.c.body)).scalars().all()
    assert not any(
        secret in body
        for body in bodies
        for secret in ("310000199001010011", "13800000001", "13900000002")
    )
    with house.read("li.na") as view:
        last, first = history.history(view, "staff", made["id"])
    assert last["changes"] == {
        "identity": ["310000199001010011", "x1"],
        "family": {str(row): {"phone": ["13800000001", "13900000002"]}},
    }
    assert first["changes"]["family"] == {
        str(row): {"relation": [None, "父"], "phone": [None, "13800000001"]}
    }
    with house.read("ops") as view:
        for entry in history.history(view, "staff", made["id"]):
            assert not entry["changes"].keys() & {"identity", "family"}

    with house.database.writing() as connection:
        seal(connection)
        connection.execute(sa.delete(sys_change_private))
    with house.database.reading() as connection:
        assert verify(connection).bad is None
    with house.read("li.na") as view:
        last, _ = history.history(view, "staff", made["id"])
    assert last["changes"]["identity"] == [MASK, MASK]
    assert last["changes"]["family"] == {str(row): {"phone": [MASK, MASK]}}
