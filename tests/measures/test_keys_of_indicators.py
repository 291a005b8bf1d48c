"""Keys of indicators: lights that wait, stay or are of a profile; coarser periods; to date."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from measures_house import cell, figures_house, put
from services_house import FILES, House

STOCK = """
kind: indicator
title: {zh: 库存, en: Stock}
type: simple
unit: CNY
time: {kind: balance, grain: month}
org_agg: none
owner: {post: finance_manager, at: sector}
"""
WAITS = STOCK.replace("库存, en: Stock", "占用, en: Capital tied up") + (
    "thresholds:\n  - {levels: {red: value > 200, yellow: value > 100}, for: 2 periods}\n"
)
STAYS = STOCK + "thresholds:\n  - {levels: {red: value > 200}, release: value < 150}\n"
BOUND = STOCK + "layering: {thresholds: open}\nthresholds: {red: value > 215, yellow: value > 0}\n"
LAYER = """
kind: layer
for: B
patches: indicator/bound
set:
  thresholds.red: {override: value > 150}
""".lstrip()
TRADE = "kind: profile\ntitle: 贸易\nthresholds:\n  stays: {yellow: value > 10}\n"
AVERAGED = STOCK.replace("grain: month}", "grain: month, coarser: average}")
YIELD = """
kind: indicator
title: {zh: 周转, en: Turnover}
type: ratio
numerator: orders
denominator: averaged
unit: times
time: {kind: rate, grain: month, default_view: ytd, annualize: true}
org_agg: ratio_of_aggregates
owner: {post: finance_manager, at: sector}
"""
ORDERS = STOCK.replace("kind: balance", "kind: flow")
ORDERED = ORDERS.replace(
    "type: simple",
    """type: cumulative
of: orders
to_date: quarter""",
)
B = FILES["definitions/orgs/B.yaml"] + "profile: trade\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root: Path = tmp_path_factory.mktemp("lights")
    more = {
        "definitions/indicators/waits.yaml": WAITS,
        "definitions/indicators/stays.yaml": STAYS,
        "definitions/indicators/averaged.yaml": AVERAGED,
        "definitions/indicators/yield.yaml": YIELD,
        "definitions/indicators/bound.yaml": BOUND,
        "definitions/indicators/orders.yaml": ORDERS,
        "definitions/layers/B/bound.yaml": LAYER,
        "definitions/indicators/ordered.yaml": ORDERED,
        "definitions/profiles/trade.yaml": TRADE,
        "definitions/orgs/B.yaml": B,
    }
    opened = figures_house(root / "application", f"sqlite:///{root / 'test.db'}", more)
    values = {"2025-01": 210, "2025-02": 160, "2025-03": 140, "2025-04": 210, "2025-05": 220}
    for name in ("waits", "stays", "averaged", "orders", "bound"):
        put(opened, *((name, org, p, str(v)) for org in "AB" for p, v in values.items()))
    yield opened
    opened.database.close()


def lights(house: House, indicator: str, org: str) -> list[str | None]:
    return [cell(house, indicator, org, f"2025-0{month}").light for month in range(1, 6)]


def test_a_level_is_given_once_it_held_for_so_many_periods(house: House) -> None:
    # the first figure stands alone; 210 after 140 is yellow, since both are above 100
    assert lights(house, "waits", "A") == ["green", "yellow", "yellow", "yellow", "red"]


def test_a_level_stays_until_it_is_released(house: House) -> None:
    assert lights(house, "stays", "A") == ["red", "red", "green", "red", "red"]


def test_the_thresholds_of_a_profile_stand_in_the_place_of_the_indicators_own(house: House) -> None:
    assert lights(house, "stays", "B") == ["yellow"] * 5


def test_an_org_is_judged_by_the_thresholds_of_its_layer(house: House) -> None:
    assert lights(house, "bound", "A") == ["yellow", "yellow", "yellow", "yellow", "red"]
    assert lights(house, "bound", "B") == ["red", "red", "yellow", "red", "red"]


def test_a_quarter_of_a_balance_is_what_coarser_says(house: House) -> None:
    assert cell(house, "averaged", "A", "2025Q1").value == 170  # of 210, 160 and 140


def test_a_cumulative_indicator_runs_to_date_within_its_quarter(house: House) -> None:
    found = [cell(house, "ordered", "A", f"2025-0{month}").value for month in range(1, 6)]

    assert found == [210, 370, 510, 210, 430]


def test_a_ratio_of_the_year_so_far_is_annualized(house: House) -> None:
    found = cell(house, "yield", "A", "2025-05")

    assert (found.value, found.annualized) == (Decimal("10.25"), True)  # 940 / 220 * 12 / 5
