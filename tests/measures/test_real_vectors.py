"""Figures that were really published, computed by the platform from the demo's facts.

Sources are in the demo's sheets; the numbers here are those printed in the reports.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from services_house import House, open_house

from jingwei.language.periods import Period
from jingwei.services import facts
from jingwei.services.drill import drill
from jingwei.services.measures import Cell, Measures, members_of
from jingwei.services.people import SYSTEM

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "definitions" / "demo"
BOOKS = (
    "orgs",
    "org_types.yaml",
    "calendars",
    "benchmarks",
    "indicators",
    "indicator_sets",
    "profiles",
    "posts",
    "roles",
)
YI = Decimal(100_000_000)
WAN = Decimal(10_000)


def _files() -> dict[str, str]:
    """The application's organisation and indicators, without its forms."""
    found = {"definitions/manifest.yaml": (ROOT / "definitions/manifest.yaml").read_text("utf-8")}
    for name in BOOKS:
        path = ROOT / "definitions" / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.*")):
            found[file.relative_to(ROOT).as_posix()] = file.read_text(encoding="utf-8")
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("published")
    files = _files()
    manifest = "definitions/manifest.yaml"
    files[manifest] = "\n".join(
        line for line in files[manifest].splitlines() if not line.startswith("channels")
    )
    house = open_house(
        root / "application",
        f"sqlite:///{root / 'published.db'}",
        files,
        ({"login": "boss", "name": "总", "org": "JW", "posts": "general_manager@JW"},),
        at=datetime(2025, 10, 20, 9, 0),
    )
    house.commands.run(
        lambda work: (
            facts.import_facts(work, _rows("facts_public.csv")),
            facts.import_adjustments(work, _rows("adjustments_public.csv")),
        ),
        SYSTEM,
    )
    yield house
    house.database.close()


def cell(house: House, indicator: str, org: str, period: str, *, base: Any = "restated",
         **more: Any) -> Cell:  # fmt: skip
    with house.commands.read(SYSTEM) as view:
        found: Cell = Measures(view, base).cell(indicator, org, Period.parse(period), **more)
    return found


def test_every_published_fact_names_its_source_and_data_version(published: House) -> None:
    rows = _rows("facts_public.csv")

    assert all(row["source"] and row["source_url"] and row["data_version"] for row in rows)
    assert len(rows) >= 370


def test_segments_of_2024h1_and_the_elimination_sum_to_the_consolidated_revenue(
    published: House,
) -> None:
    with published.commands.read(SYSTEM) as view:
        measures = Measures(view)
        asked = measures.cube.question(
            "revenue", "S601668", Period.parse("2024-06"), "actual", None
        )
        found = drill(measures, asked, "orgs")

    segments = [row["cell"].value for row in found["rows"] if row["kind"] == "org"]
    adjustment = next(row for row in found["rows"] if row["kind"] == "adjustment")
    assert len(segments) == 5
    assert sum(segments) / YI == Decimal("11638.12")
    assert adjustment["value"] / YI == Decimal("-191.94")
    assert [entry["reason"] for entry in adjustment["entries"]] == ["分部间抵销"]
    assert found["total"].value / YI == Decimal("11446.18")
    assert sum(segments) + adjustment["value"] == found["total"].value
    assert found["sums"]


def test_growth_is_against_the_restated_base_and_the_original_one_on_request(
    published: House,
) -> None:
    restated = cell(published, "revenue", "S601668", "2023-09", compare=["yoy"]).compare["yoy"]
    original = cell(
        published, "revenue", "S601668", "2023-09", compare=["yoy"], base="as_reported"
    ).compare["yoy"]

    assert restated.value is not None and original.value is not None
    assert round(restated.value * 100, 2) == Decimal("8.81")
    assert round(original.value * 100, 2) == Decimal("8.86")
    assert (restated.base, original.base) == (
        Decimal("1535993415000.00"),
        Decimal("1535273749000.00"),
    )


def test_the_figure_first_reported_stays_what_it_was(published: House) -> None:
    assert cell(published, "revenue", "S601668", "2022-09").value == Decimal("1535273749000.00")


def test_profits_of_the_same_report_against_both_bases(published: House) -> None:
    found = {
        (name, base): cell(
            published, name, "S601668", "2023-09", compare=["yoy"], base=base
        ).compare["yoy"].value
        for name in ("total_profit", "net_profit_parent")
        for base in ("restated", "as_reported")
    }  # fmt: skip

    assert {key: round((value or 0) * 100, 2) for key, value in found.items()} == {
        ("total_profit", "restated"): Decimal("-2.77"),
        ("total_profit", "as_reported"): Decimal("-2.74"),
        ("net_profit_parent", "restated"): Decimal("0.27"),
        ("net_profit_parent", "as_reported"): Decimal("0.32"),
    }


def test_a_quarter_is_the_difference_of_two_cumulative_figures(published: House) -> None:
    quarter = cell(published, "revenue", "S601668", "2017Q2", mode="period")
    half = cell(published, "revenue", "S601668", "2017Q2", mode="ytd")

    assert quarter.value is not None and half.value is not None
    assert quarter.value / WAN == Decimal("29042735.00")
    assert half.value / WAN == Decimal("52525469.20")


def test_quarters_sum_to_the_year(published: House) -> None:
    year = cell(published, "revenue", "S601668", "2017").value
    quarters = [
        cell(published, "revenue", "S601668", f"2017Q{n}", mode="period").value for n in range(1, 5)
    ]

    assert year is not None
    assert sum(q for q in quarters if q is not None) == year
    assert year / WAN == Decimal("105410650.30")


@pytest.mark.parametrize(
    ("period", "percent", "light"),
    [("2023-12", "74.82", "yellow"), ("2024-12", "75.81", "red")],
)
def test_the_debt_ratio_is_yellow_below_its_line_of_75_and_red_above(
    published: House, period: str, percent: str, light: str
) -> None:
    found = cell(published, "debt_ratio", "S601668", period)

    assert found.value is not None
    assert (found.value * 100, found.light) == (Decimal(percent), light)


def test_a_base_below_zero_has_no_rate_of_growth(published: House) -> None:
    found = cell(published, "net_profit_parent", "S600133", "2021-03", compare=["yoy"])
    yoy = found.compare["yoy"]

    assert yoy.base == Decimal("-54485744.87")
    assert (yoy.value, yoy.reason) == (None, "base-not-positive")
    assert found.value is not None and found.value > 0
    assert yoy.label == "turned_positive"


def test_the_set_of_2023_and_that_of_2025_differ_in_one_ratio(published: House) -> None:
    with published.commands.read(SYSTEM) as view:
        before = members_of(view, "yili_wulv", Period.parse("2024"))
        after = members_of(view, "yili_wulv", Period.parse("2025-06"))

    assert len(before) == len(after) == 6
    assert set(before) - set(after) == {"op_cash_ratio"}
    assert set(after) - set(before) == {"cash_collection_ratio"}


def test_the_operating_cash_ratio_is_that_of_the_report(published: House) -> None:
    found = cell(published, "op_cash_ratio", "S601668", "2022-12")

    assert found.value is not None
    assert round(found.value * 100, 2) == Decimal("0.19")


def test_a_group_of_parts_that_report_differently_is_marked_partial(published: House) -> None:
    found = cell(published, "revenue", "JW", "2025-09", compare=["yoy"])

    assert found.status == "partial"
    assert found.missing
    assert found.compare["yoy"].partial
