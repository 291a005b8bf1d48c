"""Indicators over HTTP: catalogue, card, questions, facts that come in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, fields, open_api
from measures_house import INDICATORS

BOARD = """
kind: dashboard
title: 看板
for: [{post: planner}]
controls: {org: {default: =me.org}}
tiles: {sales: {type: number, indicator: sales, orgs: control.org}}
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiHouse]:
    files = {**MORE_FILES, **INDICATORS, "definitions/dashboards/board.yaml": BOARD}
    house = open_api(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", files)
    yield house
    house.close()


def fact(indicator: str, org: str, period: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"indicator": indicator, "org": org, "period": period, "value": value, **more}


FACTS = [
    fact("sales", "A", "2026-02", "120.50"),
    fact("sales", "B", "2026-02", 80),
    fact("sales", "A", "2025-02", 100),
]


def load(api: ApiHouse, login: str = "chen.jie", **body: Any) -> Any:
    return api.post(login, "facts", {"facts": FACTS, **body})


def ask(api: ApiHouse, login: str = "chen.jie", **body: Any) -> Any:
    whole = {"indicators": ["sales"], "orgs": ["A"], "periods": ["2026-02"], **body}
    return api.post(login, "indicators/query", whole)


def test_the_same_batch_twice_changes_nothing(api: ApiHouse) -> None:
    first, again = load(api), load(api)

    assert first.get_json() == {"created": 3, "changed": 0, "unchanged": 0}
    assert again.get_json() == {"created": 0, "changed": 0, "unchanged": 3}


def test_facts_are_brought_by_the_owner_of_the_indicator_for_the_orgs_below(api: ApiHouse) -> None:
    assert code(load(api, "li.na")) == (403, "facts-not-allowed")
    outside = api.post("chen.jie", "facts", {"facts": [fact("sales", "G", "2026-02", 1)]})
    assert code(outside) == (403, "facts-not-allowed")
    assert ask(api).get_json()["cells"][0]["value"] is None


def test_every_wrong_row_is_named_and_nothing_is_kept(api: ApiHouse) -> None:
    answer = api.post(
        "chen.jie",
        "facts",
        {
            "facts": [
                *FACTS,
                fact("nothing", "A", "soon", "many", unit="kg"),
                fact("sales", "X", "2026", 1),
            ]
        },
    )

    assert code(answer) == (422, "facts-invalid")
    assert fields(answer) == [
        ("3.indicator", "unknown-indicator"), ("3.period", "not-a-period"),
        ("4.org", "unknown-org"),
    ]  # fmt: skip
    assert ask(api).get_json()["cells"][0]["value"] is None
    assert code(api.post("chen.jie", "facts", {"facts": "all"})) == (400, "facts-rows-needed")


def test_a_cell_says_value_unit_status_light_age_version_and_why_not(api: ApiHouse) -> None:
    load(api)

    answer = ask(api, indicators=["sales", "leverage"], compare=["yoy"])

    first, second = answer.get_json()["cells"]
    assert first == {
        "indicator": "sales",
        "org": "A",
        "period": "2026-02",
        "view": "actual",
        "value": 120.5,
        "unit": "CNY",
        "status": "ok",
        "light": None,
        "as_of": "2026-03-02T09:00:00.000Z",
        "version": "as_reported",
        "missing_reason": None,
        "source": "reported",
        "compare": {
            "yoy": {
                "value": 0.205,
                "base": 100,
                "current": 120.5,
                "reason": None,
                "label": None,
                "partial": False,
            }  # fmt: skip
        },
    }
    assert (second["value"], second["status"], second["missing_reason"]) == (
        None, "missing", "no-fact",
    )  # fmt: skip
    assert b'"value":120.50' in answer.get_data()  # exact digits


def test_orgs_and_periods_may_be_expressions(api: ApiHouse) -> None:
    load(api)

    answer = ask(api, orgs='children("S1")', periods='last_closed_period("month")', titles=True)

    body = answer.get_json()
    assert [(c["org"], c["period"], c["value"]) for c in body["cells"]] == [
        ("A", "2026-02", 120.5), ("B", "2026-02", 80),
    ]  # fmt: skip
    assert body["titles"] == {
        "indicators": {"sales": "销售额"},
        "orgs": {"A": "甲公司", "B": "乙公司"},
    }


def test_an_org_out_of_reach_is_as_unknown_as_one_that_is_not_there(api: ApiHouse) -> None:
    load(api)

    assert fields(ask(api, "li.na", orgs=["A", "B", "NOWHERE"])) == [
        ("orgs.1", "no-such-org"), ("orgs.2", "no-such-org"),
    ]  # fmt: skip
    assert fields(ask(api, "nobody", orgs=["A"])) == [("orgs.0", "no-such-org")]
    below = ask(api, "li.na", orgs='children("S1")').get_json()["cells"]
    assert [cell["org"] for cell in below] == ["A"]
    assert ask(api, "nobody", orgs='children("S1")').get_json() == {"cells": []}


def test_the_orgs_and_periods_of_a_query_tell_nothing_that_is_closed_to_its_reader(
    api: ApiHouse,
) -> None:
    load(api)
    b_sold = 'fact("sales", "B", last_closed_period("month")) > 50'
    b_scored = 'score("yearly", "B", this_year()) > 50'  # of a scheme that is not there

    answer = ask(api, "li.na", orgs=f'["A"] if {b_sold} else ["S1"]')
    assert fields(answer) == [("orgs", "query-closed-function")]
    answer = ask(api, "li.na", orgs=f'["A"] if {b_scored} else ["S1"]')
    assert fields(answer) == [("orgs", "expression")]
    counted = 'period(add_days(today, count(contract)), "month")'
    assert fields(ask(api, "li.na", orgs=["A"], periods=counted)) == [("periods", "expression")]


def test_more_than_five_thousand_cells_come_in_columns(api: ApiHouse) -> None:
    load(api)
    periods = [f"{year}-{month:02d}" for year in range(1700, 2027) for month in range(1, 13)]

    body = ask(api, orgs=["A", "B"], periods=periods).get_json()

    assert body["axes"]["orgs"] == ["A", "B"]
    assert body["axes"]["indicators"] == ["sales"]
    count = len(periods)
    assert [len(body[key]) for key in ("value", "status", "light", "version")] == [2 * count] * 4
    place = periods.index("2026-02")
    assert (body["value"][place], body["value"][count + place]) == (120.5, 80)
    assert body["units"] == {"sales": "CNY"}


def test_columns_may_be_asked_for_and_hold_members_of_sets_only_where_they_are(
    api: ApiHouse,
) -> None:
    body = ask(api, indicators="set.core", periods=["2024", "2025"], shape="columns").get_json()

    assert body["axes"]["indicators"] == ["sales", "leverage", "return_on_equity"]
    assert [
        "not-a-member" if reason == "not-a-member" else None for reason in body["missing_reason"]
    ] == [None, None, None, "not-a-member", "not-a-member", None]


def test_a_drill_lists_the_orgs_below_and_sums(api: ApiHouse) -> None:
    load(api)

    body = ask(api, orgs=["S1"], drill="orgs").get_json()

    assert body["cells"][0]["value"] == 200.5
    drill = body["drill"]
    assert (drill["way"], drill["ways"], drill["sums"]) == ("orgs", ["orgs"], True)
    assert [(r["kind"], r["org"], r["value"], r["ways"]) for r in drill["rows"]] == [
        ("org", "A", 120.5, ["facts"]), ("org", "B", 80, ["facts"]),
    ]  # fmt: skip
    facts = ask(api, drill="facts").get_json()["drill"]["rows"]
    assert [(row["source"], row["person"], row["value"]) for row in facts] == [
        ("api", "chen.jie", 120.5),
    ]  # fmt: skip
    assert code(ask(api, orgs=["A", "B"], drill="orgs")) == (400, "drill-one")


def test_wrong_questions_are_told_what_is_wrong(api: ApiHouse) -> None:
    assert code(ask(api, month="2026-02")) == (400, "query-unknown-key")
    answer = ask(
        api, indicators=["sales", "nothing", "set.none"], orgs=None, periods=["soon"],
        views=["actual", "wish"], compare=["luck"], drill="down",
    )  # fmt: skip
    assert fields(answer) == [
        ("orgs", "query-incomplete"), ("indicators.1", "no-such-indicator"),
        ("indicators.2", "no-such-set"), ("periods.0", "not-a-period"),
        ("views.1", "not-a-choice"), ("compare.0", "not-a-choice"), ("drill", "not-a-choice"),
    ]  # fmt: skip
    wrong = ask(api, orgs="children(").get_json()["error"]["fields"][0]
    assert (wrong["path"], wrong["code"]) == ("orgs", "expression")
    assert fields(ask(api, orgs=["A"], periods="number + 1"))[0] == ("periods", "expression")


def test_the_catalogue_names_every_indicator_with_its_sets(api: ApiHouse) -> None:
    body = api.get("nobody", "indicators").get_json()

    assert body["total"] == 7
    assert [one["name"] for one in body["items"]] == [
        "equity", "equity_avg", "leverage", "profit", "return_on_equity", "sales",
        "sales_of_a_year",
    ]  # fmt: skip
    leverage = body["items"][2]
    assert (leverage["title"], leverage["unit"], leverage["owner"]) == (
        "负债率", "percent", ["财务经理"],
    )  # fmt: skip
    assert leverage["sets"] == [
        {"set": "core", "from": None, "to": "2024-12-31", "required": False}
    ]


def test_a_card_says_how_it_is_computed_and_who_uses_it(api: ApiHouse) -> None:
    card = api.get("li.na", "indicators/return_on_equity").get_json()
    sales = api.get("li.na", "indicators/sales?lang=en").get_json()

    assert card["formula"] == "profit / equity_avg"
    assert [one["name"] for one in card["inputs"]] == ["profit", "equity_avg"]
    assert sales["title"] == "Sales"
    assert [(one["kind"], one["name"]) for one in sales["used_by"]] == [
        ("indicator", "sales_of_a_year"),
        ("dashboard", "board"),
    ]
    assert api.get("li.na", "indicators/profit").get_json()["thresholds"][0]["levels"] == [
        {"level": "red", "when": "value < 0"},
        {"level": "yellow", "when": "value < target or value < last_year"},
    ]
    assert code(api.get("li.na", "indicators/nothing")) == (404, "no-such-indicator")


def test_dashboards_are_listed_and_answered_to_those_they_are_for(api: ApiHouse) -> None:
    load(api)

    assert [d["name"] for d in api.get("li.na", "dashboards").get_json()["items"]] == ["board"]
    whole = api.get("li.na", "dashboards/board?org=A").get_json()
    assert whole["tiles"]["sales"]["value"] == 120.5
    assert api.get("li.na", "dashboards/board/tiles/sales").get_json()["value"] == 120.5
    assert code(api.get("ops", "dashboards/board")) == (404, "no-such-dashboard")
    assert code(api.get("li.na", "dashboards/board?period=2026")) == (400, "unknown-parameter")
    assert code(api.get("li.na", "dashboards/board?org=B")) == (422, "invalid")
