"""What a list shows of linked records: as much as its reader may list of them, in any shape."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from services_house import House

from jingwei.language.output import DataBlock
from jingwei.problems import Position
from jingwei.refusals import Malformed
from jingwei.services import records
from jingwei.services.blocks import run_block
from jingwei.services.people import SYSTEM


@pytest.fixture
def linked(house: House) -> tuple[int, int, House]:
    """A contract of A that a rule of the house linked to one of B; its planner reads A only."""
    other = house.create("wang.wu", "contract", name="乙的合同", amount=987654, secret="CANARY")
    own = house.create("li.na", "contract", name="桥", amount=10)

    def link(work: Any) -> None:
        records.update(work, "contract", own["id"], {"main": other["id"]}, source="system")

    house.commands.run(link, SYSTEM)
    return own["id"], other["id"], house


def test_values_of_a_linked_record_out_of_reach_are_left_out(
    linked: tuple[int, int, House],
) -> None:
    own, other, house = linked
    paths = ("name", "main.name", "main.secret", "main.amount", "main.main.name")

    mine = house.list("li.na", "contract", fields=paths).items
    everybody = house.list("ops", "contract", fields=("main.name",), sort=("id",)).items

    assert [{path: item[path] for path in paths} for item in mine] == [
        {"name": "桥", **dict.fromkeys(paths[1:])}
    ]
    assert sorted(mine[0]) == sorted(("id", "revision", *paths))
    assert {item["id"]: item["main.name"] for item in everybody} == {other: None, own: "乙的合同"}


def test_a_block_of_data_leaves_out_what_a_list_leaves_out(
    linked: tuple[int, int, House],
) -> None:
    _, _, house = linked
    columns = (("name", None), ("main.name", None), ("main.amount", None))
    block = DataBlock(at=Position("block"), form="contract", columns=columns)

    with house.read("li.na") as view:
        mine = run_block(view, block).rows
    with house.read("ops") as view:
        everybody = run_block(view, block).rows

    assert mine == [{"name": "桥", "main.name": None, "main.amount": None}]
    assert {row["main.name"] for row in everybody} == {None, "乙的合同"}


@pytest.mark.parametrize(
    "condition", ["main.amount {} 900000", "not (main.amount {} 990000)", "main.owner {} me"]
)
def test_a_typed_condition_says_nothing_of_a_linked_record_out_of_reach(
    linked: tuple[int, int, House], condition: str
) -> None:
    _, _, house = linked
    totals = {
        house.list("li.na", "contract", filter=condition.format(sign)).total
        for sign in ("==", "!=")
    }
    assert totals == {0}


def test_a_typed_condition_follows_links_that_its_writer_may_follow(
    linked: tuple[int, int, House],
) -> None:
    own, _, house = linked
    part = house.create("li.na", "contract", name="附件", amount=1, main=own)

    found = house.list("li.na", "contract", filter='main.name == "桥"', fields=("main.name",))

    assert [(item["id"], item["main.name"]) for item in found.items] == [(part["id"], "桥")]
    assert house.list("ops", "contract", filter="main.amount > 900000").total == 1


def test_a_list_is_not_sorted_by_what_its_reader_may_not_list(
    linked: tuple[int, int, House],
) -> None:
    _, _, house = linked
    with pytest.raises(Malformed) as refused:
        house.list("li.na", "contract", sort=("main.amount",))
    assert refused.value.code == "sort"
    assert house.list("ops", "contract", sort=("main.amount",)).total == 2


@pytest.mark.parametrize(
    ("condition", "total"),
    [
        ('head("A") == "boss.a"', 2),
        ('owner in holders("planner", "A")', 1),
        ("org in me.orgs", 0),
        ('has_role("group_ops")', 2),
        ('has_post("planner")', 0),
        ("created_at < add_workdays(today, 3)", 2),
    ],
)
def test_fixed_questions_about_the_organisation_may_be_part_of_a_condition(
    linked: tuple[int, int, House], condition: str, total: int
) -> None:
    """They used to end in an error of the server."""
    _, _, house = linked
    assert house.list("ops", "contract", filter=condition).total == total


@pytest.mark.parametrize("condition", ['org.title == "x"', "owner.orgs is empty"])
def test_a_condition_no_database_can_judge_is_refused_in_words(
    linked: tuple[int, int, House], condition: str
) -> None:
    _, _, house = linked
    with pytest.raises(Malformed) as refused:
        house.list("ops", "contract", filter=condition)
    assert refused.value.detail["code"] == "not-in-a-filter"


BOARD = """
kind: dashboard
title: 看板
for: everyone
controls: {org: {default: S1}}
tiles:
  halves: {type: list, form: contract, columns: [name, {half: main.amount / 2}], sort: -main.amount}
  large: {type: list, form: contract, where: main.amount > 900000, columns: [name]}
  small: {type: list, form: contract, where: not (main.amount > 900000), columns: [name]}
  of_all: {type: list, form: contract, where: sum(contract.amount) > 900000, columns: [name]}
  by_name: {type: chart, chart: bar, form: contract, group: [main.name], value: count()}
  names: {type: chart, chart: bar, form: contract, group: [main.name]}
  sums: {type: chart, chart: bar, form: contract, group: [name], value: sum(main.amount)}
  deep: {type: list, form: contract, columns: [name, main.main.secret]}
  others: {type: list, form: contract, columns: [name, {all: sum(contract.amount)}]}
layout: [[halves]]
"""


def test_a_block_of_data_works_nothing_out_of_records_out_of_reach(
    linked: tuple[int, int, House],
) -> None:
    """Computed columns, conditions, groups and sums used to follow links as the system does."""
    own, _, house = linked
    house.publish({"definitions/dashboards/board.yaml": BOARD})

    def tiles(login: str) -> dict[str, list[tuple[Any, ...]]]:
        with house.read(login) as view:
            found = view.catalogue.dashboards["board"].tiles
            return {
                name: [tuple(row.values()) for row in run_block(view, tile.block).rows]
                for name, tile in found.items()
            }

    mine, everybody = tiles("li.na"), tiles("ops")
    assert "CANARY" not in str(tiles("li.na")) and "987654" not in str(mine)
    assert mine == {
        "halves": [("桥", None)],
        "large": [],
        "small": [],
        "of_all": [],
        "by_name": [(None, 1)],
        "names": [(None,)],
        "sums": [("桥", 0)],
        "deep": [("桥", None)],
        "others": [("桥", Decimal("10.00"))],
    }
    assert everybody["large"] == [("桥",)]
    assert everybody["of_all"] == [("乙的合同",), ("桥",)]
    assert set(everybody["by_name"]) == {(None, 1), ("乙的合同", 1)}
    assert ("桥", Decimal("987654.00")) in everybody["sums"]
    assert ("桥", Decimal("493827.00")) in everybody["halves"]
    # a field of a linked record that is hidden from the reader, two links away, is left out
    assert [len(row) for row in tiles("chen.jie")["deep"]] == [1, 1]


def test_a_block_by_a_link_stands_in_the_order_of_what_it_is_called(house: House) -> None:
    later = house.create("li.na", "contract", name="C", amount=1)["id"]
    sooner = house.create("li.na", "contract", name="B", amount=1)["id"]
    for name, main in (("x", later), ("y", sooner), ("z", later)):
        house.create("li.na", "contract", name=name, amount=1, main=main)

    def rows(**asked: Any) -> list[dict[str, Any]]:
        block = DataBlock(at=Position("block"), form="contract", **asked)
        with house.read("li.na") as view:
            return list(run_block(view, block).rows)

    assert [one["main"] for one in rows(group=("main",))] == [sooner, later, None]
    backwards = rows(group=("main",), sort=("-main",))
    assert [one["main"] for one in backwards] == [later, sooner, None]
    listed = rows(columns=(("name", None),), sort=("main", "name"))
    assert [one["name"] for one in listed] == ["B", "C", "y", "x", "z"]
