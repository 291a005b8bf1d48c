"""The one grammar of data, about indicators and about rows of a form, as its reader sees it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from measures_house import put
from services_house import House

from jingwei.language.periods import Period
from jingwei.services.block_tables import BlockTable
from jingwei.services.blocks import run_block

MARCH = Period.parse("2026-03")
BOARD = """
kind: dashboard
title: 看板
for: everyone
controls:
  org: {default: S1}
  period: {grain: month, default: "2026-03"}
tiles:
  all:
    type: table
    indicators: [sales, profit]
    orgs: children(control.org)
    periods: control.period
    views: [actual, target]
    compare: [yoy, attainment, rank]
  best:
    type: table
    indicator: sales
    orgs: children(control.org)
    periods: control.period
    sort: -actual
    limit: 1
  core: {type: table, indicators: set.core, orgs: control.org, periods: control.period}
  row: {type: chart, chart: line, indicator: sales, orgs: control.org, periods: 3}
  big:
    type: list
    form: contract
    where: amount > 100 and org == control.org
    columns: [name, amount, {half: amount / 2}]
    sort: -amount
  secrets: {type: list, form: contract, columns: [name, secret]}
  about_secrets: {type: list, form: contract, where: secret == "9", columns: [name]}
  by_org:
    type: chart
    chart: bar
    form: contract
    group: [org]
    values: {total: sum(amount), many: count(), share: sum(amount) / count()}
  months:
    type: chart
    chart: bar
    form: contract
    by: signed_on
    every: month
    periods: 3
    value: count()
  lines:
    type: table
    form: contract.lines
    where: price > 1
    columns: [item, price, parent.name]
    sort: item
layout: [[all]]
"""


@pytest.fixture
def board(house_on_both: House) -> House:
    house_on_both.publish({"definitions/dashboards/board.yaml": BOARD})
    return house_on_both


def run(house: House, tile: str, login: str = "chen.jie", **control: Any) -> BlockTable:
    with house.read(login) as reading:
        block = reading.catalogue.dashboards["board"].tiles[tile].block
        values = {"org": "S1", "period": MARCH, **control}
        return run_block(reading, block, {"control": values})


def rows(table: BlockTable, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in table.rows]


def test_indicators_come_with_views_and_comparisons_side_by_side(board: House) -> None:
    put(board, ("sales", "A", "2026-03", 120), ("sales", "B", "2026-03", 50))
    put(board, ("sales", "A", "2025-03", 100), ("sales", "B", "2025-03", 0))
    put(board, ("sales", "A", "2026-03", 100), view="target")

    table = run(board, "all")

    assert [name for name, *_ in table.columns] == [
        "indicator", "org", "period", "actual", "target", "yoy", "attainment", "rank",
    ]  # fmt: skip
    assert rows(table, "indicator", "org", "actual", "target", "yoy", "attainment", "rank") == [
        ("sales", "A", Decimal("120.00"), Decimal("100.00"), Decimal("0.200000"),
         Decimal("1.200000"), 1),
        ("profit", "A", None, None, None, None, None),
        ("sales", "B", Decimal("50.00"), None, None, None, 2),
        ("profit", "B", None, None, None, None, None),
    ]  # fmt: skip


def test_rows_are_sorted_and_limited_as_the_block_says(board: House) -> None:
    put(board, ("sales", "A", "2026-03", 10), ("sales", "B", "2026-03", 50))

    assert rows(run(board, "best"), "org", "actual") == [("B", Decimal("50.00"))]


def test_a_set_stands_for_its_members_in_the_period_asked_about(board: House) -> None:
    before = run(board, "core", period=Period.parse("2024-12"))
    after = run(board, "core", period=Period.parse("2025-12"))

    assert [row["indicator"] for row in before.rows] == ["sales", "leverage"]
    assert [row["indicator"] for row in after.rows] == ["sales", "return_on_equity"]


def test_a_number_of_periods_ends_with_the_one_asked_about(board: House) -> None:
    assert [str(row["period"]) for row in run(board, "row").rows] == [
        "2026-01", "2026-02", "2026-03",
    ]  # fmt: skip


def test_orgs_out_of_reach_are_left_out_of_an_indicator_block(board: House) -> None:
    put(board, ("sales", "A", "2026-03", 120), ("sales", "B", "2026-03", 50))

    table = run(board, "all", login="li.na")

    assert {row["org"] for row in table.rows} == {"A"}
    assert run(board, "all", login="nobody").rows == []


def sign(house: House, login: str, name: str, amount: int, **more: Any) -> Mapping[str, Any]:
    return house.create(login, "contract", name=name, amount=amount, **more)


def test_rows_of_a_form_are_those_the_reader_may_see(board: House) -> None:
    sign(board, "li.na", "一", 500)
    sign(board, "li.na", "二", 50)
    sign(board, "wang.wu", "三", 900)

    table = run(board, "big", org="A")
    assert rows(table, "name", "amount", "half") == [
        ("一", Decimal("500.00"), Decimal("250.00")),
    ]  # fmt: skip
    assert len(table.ids) == 1
    assert run(board, "big", login="li.na", org="B").rows == []
    assert run(board, "big", login="nobody", org="A").rows == []


def test_groups_by_fields_that_are_called_like_what_is_counted(board: House) -> None:
    board.publish(
        {
            "forms/sample.yaml": "kind: form\ntitle: 样品\n"
            "fields: {n: {type: choice, title: N, choices: {a: A, b: B}},"
            " value: {type: choice, title: V, choices: {a: A, b: B}}}\n"
            "permissions: {all: {who: everyone, can: [read, create], scope: all}}\n",
            "definitions/dashboards/board.yaml": "kind: dashboard\ntitle: 看板\nfor: everyone\n"
            "tiles:\n  some: {type: table, form: sample, group: [n]}\n"
            "  many: {type: table, form: sample, group: [value], values: {many: count()}}\n"
            "layout: [[some, many]]\n",
        }
    )
    for code in "abb":
        board.create("ops", "sample", n=code, value=code)

    assert sorted(rows(run(board, "some"), "n")) == [("a",), ("b",)]
    assert sorted(rows(run(board, "many"), "value", "many")) == [("a", 1), ("b", 2)]


def test_a_hidden_column_is_left_out_and_a_hidden_condition_finds_nothing(board: House) -> None:
    sign(board, "li.na", "一", 500, secret="9")

    assert rows(run(board, "secrets", login="li.na"), "name", "secret") == [("一", "9")]
    assert [name for name, *_ in run(board, "secrets").columns] == ["name"]
    assert run(board, "about_secrets", login="li.na").rows != []
    assert run(board, "about_secrets").rows == []
    assert run(board, "about_secrets", login="ops").rows == []
    assert rows(run(board, "secrets", login="ops"), "name", "secret") == [("一", "•••")]


def test_groups_are_counted_in_the_database_and_expressions_over_them_outside(board: House) -> None:
    sign(board, "li.na", "一", 500)
    sign(board, "li.na", "二", 100)
    sign(board, "wang.wu", "三", 900)

    table = run(board, "by_org", login="ops")

    assert sorted(rows(table, "org", "total", "many", "share")) == [
        ("A", Decimal("600.00"), 2, Decimal("300")),
        ("B", Decimal("900.00"), 1, Decimal("900")),
    ]
    assert rows(run(board, "by_org", login="li.na"), "org", "many") == [("A", 2)]


def test_what_happened_by_month_has_a_row_for_months_in_which_nothing_did(board: House) -> None:
    sign(board, "li.na", "一", 500, signed_on="2026-03-05")
    sign(board, "li.na", "二", 100, signed_on="2026-01-31")
    sign(board, "li.na", "三", 100, signed_on="2025-12-31")

    table = run(board, "months", login="li.na")

    assert [(str(row["period"]), row["value"]) for row in table.rows] == [
        ("2026-01", 1), ("2026-02", 0), ("2026-03", 1),
    ]  # fmt: skip


def test_rows_of_a_table_come_with_fields_of_their_record(board: House) -> None:
    sign(board, "li.na", "一", 3, lines=[{"item": "b", "price": 2}, {"item": "a", "price": 1}])

    table = run(board, "lines", login="li.na")

    assert rows(table, "item", "price", "parent.name") == [("b", Decimal("2.00"), "一")]
