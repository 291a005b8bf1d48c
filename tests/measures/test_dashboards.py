"""Dashboards as data: controls with options, tiles with figures, nothing beyond the reader."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from measures_house import put
from services_house import House

from jingwei.api.json import dumps
from jingwei.refusals import Invalid, NotFound
from jingwei.services.dashboards import dashboard, dashboards, one_tile
from jingwei.services.report_asked import ask
from jingwei.services.reports import gather

BOARD = """
kind: dashboard
title: {zh: 驾驶舱, en: Cockpit}
for: [{role: group_ops}, {post: planner}, {post: finance_manager}]
controls:
  org: {default: =me.org}
  period: {grain: month, default: "2026-02"}
tiles:
  sales:
    type: number
    indicator: sales
    orgs: control.org
    periods: control.period
    views: [actual, target]
    compare: [yoy, attainment]
    spark: 3
  by_org:
    type: table
    indicators: [sales, profit]
    orgs: children(control.org)
    periods: control.period
    compare: [yoy]
  core: {type: table, indicators: set.core, orgs: control.org, periods: control.period}
  bars:
    type: chart
    chart: bar
    indicators: [sales, profit]
    orgs: children(control.org)
    periods: control.period
  line: {type: chart, chart: line, indicator: sales, orgs: children(control.org), periods: 2}
  heat: {type: heat, indicator: leverage, orgs: "below(control.org)", periods: control.period}
  due: {type: matrix, indicator: sales, orgs: children(control.org), periods: 3}
  contracts: {type: list, form: contract, columns: [name, status], limit: 5}
  split: {type: chart, chart: bar, form: contract, group: [org], value: sum(amount)}
  many: {type: number, form: contract, value: count(), link: form/contract}
  words: {type: text, text: 请看}
layout: [[sales, bars], [by_org]]
phone: [sales]
"""


@pytest.fixture
def board(house: House) -> House:
    house.publish({"definitions/dashboards/board.yaml": BOARD})
    put(house, ("sales", "A", "2026-02", 120), ("sales", "B", "2026-02", 80))
    put(house, ("sales", "A", "2025-02", 100), ("sales", "B", "2025-02", 100))
    put(house, ("sales", "A", "2026-01", 50), ("leverage", "A", "2026-02", 0.74820))
    put(house, ("sales", "S1", "2026-02", 250), view="target")
    return house


def shown(house: House, login: str, **given: str) -> dict[str, Any]:
    """The dashboard as its page receives it."""
    with house.read(login) as view:
        found = dashboard(view, "board", given, "zh")
    whole: dict[str, Any] = json.loads(dumps(found), parse_float=Decimal)
    return whole


def test_a_number_tile_says_value_unit_comparisons_spark_and_where_to_drill(board: House) -> None:
    tile = shown(board, "chen.jie")["tiles"]["sales"]

    assert tile["value"] == Decimal("200.00")
    assert (tile["unit"], tile["status"], tile["title"]) == ("CNY", "ok", "销售额")
    assert tile["views"] == {"target": Decimal("250.00")}
    assert [(c["word"], c["title"], c["value"]) for c in tile["compare"]] == [
        ("yoy", "同比", Decimal("0.000000")),
        ("attainment", "达成率", Decimal("0.800000")),
    ]
    assert tile["spark"] == {
        "periods": ["2025-12", "2026-01", "2026-02"],
        "values": [None, Decimal("50.00"), Decimal("200.00")],
    }
    assert tile["drill"] == {
        "indicator": "sales", "org": "S1", "period": "2026-02", "view": "actual",
    }  # fmt: skip
    assert (tile["period"], tile["stale"], tile["version"]) == ("2026-02", False, "as_reported")
    assert tile["as_of"] == "2026-03-02T01:00:00.000Z"


def test_a_period_without_a_figure_shows_the_last_one_marked_stale(board: House) -> None:
    tile = shown(board, "chen.jie", period="2026-03")["tiles"]["sales"]

    assert (tile["value"], tile["period"], tile["asked_period"], tile["stale"]) == (
        Decimal("200.00"), "2026-02", "2026-03", True,
    )  # fmt: skip


def test_tables_have_a_row_an_org_and_a_column_an_indicator(board: House) -> None:
    table = shown(board, "chen.jie")["tiles"]["by_org"]

    assert [(c["name"], c["title"]) for c in table["columns"]] == [
        ("org", "单位"), ("sales", "销售额"), ("sales_yoy", "同比"),
        ("profit", "利润"), ("profit_yoy", "同比"),
    ]  # fmt: skip
    first = table["rows"][0]["cells"]
    assert first["org"] == {"value": "A", "title": "甲公司"}
    assert first["sales"]["value"] == Decimal("120.00")
    assert first["sales_yoy"]["value"] == Decimal("0.200000")
    assert (first["profit"]["value"], first["profit"]["reason"]) == (None, "缺数")


def test_a_table_of_one_org_has_a_row_an_indicator(board: House) -> None:
    table = shown(board, "chen.jie")["tiles"]["core"]

    assert [c["name"] for c in table["columns"]] == ["indicator", "actual"]
    assert [row["cells"]["indicator"]["title"] for row in table["rows"]] == [
        "销售额", "净资产收益率",
    ]  # fmt: skip


def test_charts_run_along_time_where_there_is_time_else_along_orgs(board: House) -> None:
    tiles = shown(board, "chen.jie")["tiles"]

    bars = tiles["bars"]
    assert (bars["along"], [c["title"] for c in bars["categories"]]) == (
        "org",
        ["甲公司", "乙公司"],
    )
    assert [(s["title"], s["values"]) for s in bars["series"]] == [
        ("销售额", [Decimal("120.00"), Decimal("80.00")]),
        ("利润", [None, None]),
    ]
    line = tiles["line"]
    assert [c["value"] for c in line["categories"]] == ["2026-01", "2026-02"]
    assert [(s["title"], s["values"]) for s in line["series"]] == [
        ("销售额 甲公司", [Decimal("50.00"), Decimal("120.00")]),
        ("销售额 乙公司", [None, Decimal("80.00")]),
    ]


def test_a_heat_tile_has_lights_and_a_matrix_says_what_is_due(board: House) -> None:
    tiles = shown(board, "chen.jie")["tiles"]

    assert [(c["org"], c["light"], c["value"]) for c in tiles["heat"]["cells"]] == [
        ("S1", None, None), ("A", "yellow", Decimal("0.74820")), ("B", None, None),
    ]  # fmt: skip
    assert [c["period"] for c in tiles["due"]["columns"]] == ["2025-12", "2026-01", "2026-02"]
    # On the 2nd of March the figures of February are not due; those of January are missing.
    assert [[cell["state"] for cell in row] for row in tiles["due"]["cells"]] == [
        ["missing", "ok", "ok"], ["missing", "missing", "ok"],
    ]  # fmt: skip


def test_tiles_about_records_link_to_them(board: House) -> None:
    made = board.create("li.na", "contract", name="一", amount=500)
    tiles = shown(board, "li.na")["tiles"]

    row = tiles["contracts"]["rows"][0]
    assert row["cells"]["status"]["title"] == "草稿"
    assert row["link"] == f"/f/contract/{made['id']}"
    assert tiles["split"]["categories"] == [{"value": "A", "title": "甲公司"}]
    assert tiles["split"]["series"][0]["values"] == [Decimal("500.00")]
    assert (tiles["many"]["value"], tiles["many"]["link"]) == (1, "form/contract")
    assert tiles["words"] == {"type": "text", "title": "", "text": "请看"}


def test_what_a_person_may_not_read_is_nowhere_in_the_answer(board: House) -> None:
    board.create("wang.wu", "contract", name="别人的合同", amount=7)
    with board.read("li.na") as view:
        text = dumps(dashboard(view, "board", {"org": "A"}, "zh")).decode()

    assert '"A"' in text
    assert '"B"' not in text
    assert "乙公司" not in text
    assert "别人的合同" not in text
    assert '"S1"' not in text


def test_controls_offer_only_orgs_of_the_reader(board: House) -> None:
    org, period = shown(board, "chen.jie")["controls"]

    assert [(o["value"], o["depth"]) for o in org["options"]] == [("S1", 0), ("A", 1), ("B", 1)]
    assert (org["value"], org["shown"], org["type"]) == ("S1", "工程板块", "org")
    assert (period["type"], period["value"], period["options"][0]["value"]) == (
        "period", "2026-02", "2026-03",
    )  # fmt: skip


def test_an_org_out_of_reach_is_refused_like_one_that_does_not_exist(board: House) -> None:
    with board.read("li.na") as view, pytest.raises(Invalid) as refused:
        dashboard(view, "board", {"org": "B", "period": "soon", "what": "1"}, "zh")

    assert [(f.path, f.message("zh")) for f in refused.value.fields] == [
        ("what", "没有字段“what”。"),
        ("org", "没有您可以查看的单位“B”。"),
        ("period", "请填期间，例如 2026-03。"),
    ]


def test_a_dashboard_for_others_is_not_there(board: House) -> None:
    with board.read("nobody") as view:
        assert dashboards(view, "zh") == []
        with pytest.raises(NotFound):
            dashboard(view, "board", {}, "zh")
    with board.read("li.na") as view:
        assert dashboards(view, "en") == [
            {"name": "board", "title": "Cockpit", "controls": ["org", "period"]}
        ]
        assert one_tile(view, "board", "words", {}, "zh")["text"] == "请看"


def test_a_cockpit_says_the_figures_that_a_report_says(board: House) -> None:
    report = """
kind: report
title: 月报
parameters: {org: {type: org}, period: {type: period, grain: month}}
template: monthly.html
data:
  by_org:
    indicators: [sales, profit]
    orgs: children(org)
    periods: period
    compare: [yoy]
for: everyone
"""
    page = "<p>{{ report.title }}</p>"
    board.publish({"report_templates/monthly.yaml": report, "report_templates/monthly.html": page})
    with board.read("chen.jie") as view:
        asked = ask(view, "monthly", {"org": "S1", "period": "2026-02"})
        rows = gather(view, asked, "zh").tables["by_org"].across().rows
        tile = dashboard(view, "board", {}, "zh")["tiles"]["by_org"]

    for reported, shown_row in zip(rows, tile["rows"], strict=True):
        for name in ("org", "sales", "sales_yoy", "profit", "profit_yoy"):
            assert reported[name].value == shown_row["cells"][name]["value"]


READERS = {
    "{head_of: me.org}": {"boss.a"},
    "{members_of: '\"A\"'}": {"li.na", "boss.a"},
    "{role: group_ops, at: '\"A\"'}": set(),
    "{role: group_ops, at: group}": {"ops"},
    "{post: planner, covering: me.org}": set(),
    "{any_of: [{members_of: me.org}], except: {post: planner}}": {
        "boss.a", "chen.jie", "ops", "nobody",
    },
}  # fmt: skip


def test_a_dashboard_is_for_those_whom_it_names(house: House) -> None:
    tiles = "tiles: {one: {type: text, text: x}}\nlayout: [[one]]\n"
    named = {f"some_{place}": whose for place, whose in enumerate(READERS)}
    house.publish(
        {
            f"definitions/dashboards/{name}.yaml": (
                f"kind: dashboard\ntitle: 板\nfor: {whose}\n{tiles}"
            )
            for name, whose in named.items()
        }
    )
    found: dict[str, set[str]] = {whose: set() for whose in READERS}
    for login in ("li.na", "wang.wu", "chen.jie", "boss.a", "ops", "nobody"):
        with house.read(login) as view:
            for one in dashboards(view, "zh"):
                if one["name"] in named:
                    found[named[one["name"]]].add(login)
    assert found == READERS


@pytest.mark.parametrize(
    "asked",
    [
        "columns: [name], sort: [-secret]",
        "columns: [name], where: secret is empty",
        "group: [secret]",
    ],
)
def test_a_tile_that_asks_for_what_is_hidden_says_so_and_not_that_there_is_nothing(
    house: House, asked: str
) -> None:
    tiles = f"  one: {{type: table, form: contract, {asked}}}\n"
    board = f"kind: dashboard\ntitle: 板\nfor: everyone\ntiles:\n{tiles}layout: [[one]]\n"
    house.publish({"definitions/dashboards/hidden.yaml": board})
    house.create("li.na", "contract", name="甲", amount=1)
    for login, said in (("li.na", None), ("chen.jie", "这里用到您无权查看的内容")):
        with house.read(login) as view:
            tile = one_tile(view, "hidden", "one", {}, "zh")
        assert (tile.get("note"), len(tile["rows"])) == (said, 0 if said else 1)
