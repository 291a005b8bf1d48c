"""Conditions over links that hold many records, and which form a link to several leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from services_house import FILES, House, open_house

from jingwei.language.output import DataBlock
from jingwei.problems import Position
from jingwei.refusals import Invalid, Malformed
from jingwei.services import grouping
from jingwei.services.blocks import run_block
from jingwei.services.grouping import GroupWish
from jingwei.storage import sql_links
from jingwei.storage.types import Several

MORE: Mapping[str, str] = {
    "definitions/roles/buyer.yaml": "kind: role\ntitle: 采购\n",
    "definitions/roles/guest.yaml": "kind: role\ntitle: 来宾\n",
    "forms/supplier.yaml": """
kind: form
title: 供应商
display: "{name}"
fields:
  name: {type: text, title: 名称, required: true}
  level: {type: choice, title: 级别, choices: {A: 优, B: 良, C: 差}}
  price: {type: money, unit: CNY, title: 报价}
  asked: {type: integer, title: 求购次数, compute: 'count(purchase where name == "泵")'}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  buyer: {role: buyer, can: [read], scope: all}
  guest: {role: guest, can: [read], scope: all, hide: [level]}
""",
    "forms/purchase.yaml": """
kind: form
title: 采购
fields:
  name: {type: text, title: 名称}
  vendors: {type: link, to: supplier, many: true, title: 供应商}
  about: {type: link, to: [contract, supplier], title: 关于}
  files: {type: link, to: [contract, supplier], many: true, title: 依据}
  best: {type: integer, title: 优等家数, compute: 'count(vendors where level == "A")'}
  spent: {type: money, unit: CNY, title: 总报价, compute: sum(vendors.price)}
  first_one: {type: text, title: 首选, compute: first(vendors.name)}
  kind: {type: text, title: 类别, compute: about.form}
  reason: {type: text, title: 说明, required_if: 'any(vendors.level == "C")'}
rules:
  not_twice:
    check: 'not any(vendors.name == "黑名单")'
    at: vendors
    message: 不得向其采购
  not_often: {check: not any(vendors.asked > 1), at: vendors, message: 求购太多}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
  buyer: {role: buyer, can: [read], scope: 'any(vendors.level == "A")'}
  guest: {role: guest, can: [read], scope: all}
""",
}
PEOPLE = (
    {"login": "li.na", "name": "李娜", "org": "A", "posts": "planner@A"},
    {"login": "wang.wu", "name": "王五", "org": "B", "posts": "planner@B"},
    {"login": "ops", "name": "运营", "org": "G", "roles": "group_ops@G"},
    {"login": "buyer", "name": "采购", "org": "G", "roles": "buyer@G"},
    {"login": "guest", "name": "来宾", "org": "G", "roles": "guest@G"},
)


@pytest.fixture
def bought(tmp_path: Path, database_url: str) -> Iterator[tuple[House, int]]:
    """A purchase of A from 甲 and 乙, suppliers of A and B: its planner reads 甲 only."""
    house = open_house(tmp_path / "application", database_url, {**FILES, **MORE}, PEOPLE)
    own = house.create("li.na", "supplier", name="甲", level="B", price=10)["id"]
    other = house.create("wang.wu", "supplier", name="乙", level="A", price=700)["id"]
    about = {"form": "supplier", "id": own}
    made = house.create("li.na", "purchase", name="泵", vendors=[own], about=about, files=[about])

    def link(work: Any) -> None:
        from jingwei.services import records

        records.update(work, "purchase", made["id"], {"vendors": [own, other]}, source="system")

    from jingwei.services.people import SYSTEM

    house.commands.run(link, SYSTEM)
    yield house, made["id"]
    house.database.close()


FOLDED = (
    ('any(vendors.name == "甲")', 1, 1),
    ('any(vendors.level == "A")', 0, 1),
    ('all(vendors.level == "B")', 1, 0),
    ("count(vendors where price > 0) == 1", 1, 0),
    ("sum(vendors.price) > 100", 0, 1),
    ("first(vendors.name) == last(vendors.name)", 1, 0),
    ('any(contains(vendors.display, "乙"))', 0, 1),
    ('about.form == "supplier"', 1, 1),
    ('about.form != "supplier"', 0, 0),
    ('any(files.form == "supplier") and count(files) == 1', 1, 1),
)


def test_whoever_asks_folds_what_he_may_list(bought: tuple[House, int]) -> None:
    house, _ = bought
    for condition, planner, ops in FOLDED:
        found = [
            house.list(login, "purchase", filter=condition).total for login in ("li.na", "ops")
        ]
        assert found == [planner, ops], condition


def test_what_is_hidden_there_is_not_there_in_any_shape(bought: tuple[House, int]) -> None:
    house, made = bought
    for condition in ('count(vendors where level == "A") > 0', 'any(vendors.level == "A")'):
        assert house.list("ops", "purchase", filter=condition).total == 1
        with pytest.raises(Malformed) as refused, house.read("guest") as view:
            grouping.grouped(view, "purchase", GroupWish((), filter=condition))
        assert refused.value.detail["code"] in ("unknown-name", "unknown-field")
        with pytest.raises(Malformed):
            house.list("guest", "purchase", filter=condition)
    for name in ("vendors", "files"):
        with pytest.raises(Malformed) as refused, house.read("ops") as view:
            grouping.grouped(view, "purchase", GroupWish((name,)))
        assert refused.value.code == "group-by-many"
    block = DataBlock(
        at=Position("block"), form="purchase", columns=(("name", None), ("best", None))
    )
    with house.read("guest") as view:
        assert run_block(view, block).rows == [{"name": "泵"}]
    shown = house.show("guest", "purchase", made)
    assert "best" not in shown and shown["spent"] == 710


def test_definitions_fold_all_that_a_link_holds(bought: tuple[House, int]) -> None:
    house, made = bought
    shown = house.list("li.na", "purchase", fields=("best", "spent", "first_one", "kind")).items[0]
    assert [shown[name] for name in ("best", "spent", "first_one", "kind")] == [
        1, 710, "甲", "supplier",
    ]  # fmt: skip
    assert house.show("ops", "purchase", made)["best"] == 1
    bad = house.create("li.na", "supplier", name="丙", level="C")["id"]
    black = house.create("li.na", "supplier", name="黑名单", level="B")["id"]
    with pytest.raises(Invalid) as refused:
        house.create("li.na", "purchase", name="阀", vendors=[bad])
    assert [one.path for one in refused.value.fields] == ["reason"]
    with pytest.raises(Invalid) as refused:
        house.create("li.na", "purchase", name="阀", vendors=[black])
    assert [one.path for one in refused.value.fields] == ["vendors"]
    house.create("li.na", "purchase", name="阀", vendors=[bad], reason="唯一")
    own = house.show("li.na", "purchase", made)["vendors"][0]
    house.create("li.na", "purchase", name="泵", vendors=[own])
    with pytest.raises(Invalid) as refused:  # the third: what is kept nowhere is worked out
        house.create("li.na", "purchase", name="泵", vendors=[own])
    assert [one.path for one in refused.value.fields] == ["vendors"]
    assert [item["name"] for item in house.list("buyer", "purchase").items] == ["泵"]
    assert house.show("buyer", "purchase", made)["name"] == "泵"


def test_records_are_found_by_their_key_whatever_else_they_have_indexes_for() -> None:
    engine = sa.create_engine("sqlite://")
    tables = sa.MetaData()
    there = sa.Table(
        "supplier",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("org", sa.Integer, index=True),
    )
    order = sa.Table("purchase", tables, sa.Column("vendors", Several(sa.BigInteger())))
    held = sql_links.held(order.c.vendors, "sqlite")
    records, _ = sql_links.records(held, there, "id", "sqlite")
    of_org = sa.select(sa.literal(1)).select_from(records).where(there.c.org == 1)
    exists = sa.exists(of_org.correlate_except(held.rows, there))
    with engine.connect() as connection:
        tables.create_all(connection)
        asked = sa.select(order).where(exists).compile(engine)
        values = ("",) * asked.string.count("?")
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)
        plan = [row[3] for row in rows]
    assert [line for line in plan if "supplier" in line] == [
        "SEARCH supplier USING INTEGER PRIMARY KEY (rowid=?)"
    ]
