"""Figures in a small group: roll-up, ratios, time, targets, lights, trees, who may read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from measures_house import adjust, cell, put
from services_house import House

from jingwei.catalogue.scopes import variables_scope
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.closures import closure
from jingwei.language.periods import Period
from jingwei.services.drill import drill, ways
from jingwei.services.measures import Measures
from jingwei.services.people import SYSTEM
from jingwei.services.world import environment

MOVED = """
kind: org
title: 甲公司
type: subsidiary
parent: S1
valid_from: 2020-01-01
moves:
  - {from: 2026-02-01, parent: S2}
"""
SECOND = "kind: org\ntitle: 园区板块\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n"


def test_a_group_is_the_sum_of_its_parts_and_the_entries_between_them(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 100), ("sales", "B", "2026-02", 60))
    adjust(house, ("sales", "S1", "2026-02", -10, "elimination", "内部交易"))

    found = cell(house, "sales", "S1", "2026-02")

    assert (found.value, found.status, found.source) == (Decimal("150.00"), "ok", "rolled-up")


def test_a_ratio_is_made_of_sums_and_never_an_average(house: House) -> None:
    put(house, ("profit", "A", "2026-02", 10), ("profit", "B", "2026-02", 1))
    for org, equity in (("A", 100), ("B", 900)):
        put(house, ("equity", org, "2025-12", equity), ("equity", org, "2026-02", equity))

    ratios = {
        org: cell(house, "return_on_equity", org, "2026-02").value for org in ("A", "B", "S1")
    }

    assert ratios == {"A": Decimal("0.1000"), "B": Decimal("0.0011"), "S1": Decimal("0.0110")}


def test_a_return_without_the_equity_at_the_end_is_missing_with_a_reason(house: House) -> None:
    put(house, ("profit", "A", "2026-02", 10), ("equity", "A", "2025-12", 100))

    found = cell(house, "return_on_equity", "A", "2026-02")

    assert (found.value, found.status, found.missing_reason) == (None, "missing", "no-fact")


def test_a_window_sums_months_across_years(house: House) -> None:
    put(house, ("sales", "A", "2024-12", 1_000), ("sales", "A", "2024-02", 100))
    put(house, ("sales", "A", "2025-02", 300))

    assert cell(house, "sales_of_a_year", "A", "2025-02").value == Decimal("1200.00")
    assert cell(house, "sales_of_a_year", "A", "2024-12").value == Decimal("1000.00")


def test_what_is_missing_is_told_apart_from_what_is_not_due(house: House) -> None:
    # The morning is the 2nd of March 2026; figures are due on the 12th of the month after.
    assert cell(house, "sales", "A", "2026-02").missing_reason == "not-due"
    assert cell(house, "sales", "A", "2026-02").status == "not_due"
    assert cell(house, "sales", "A", "2026-01").missing_reason == "no-fact"


def test_a_division_by_zero_says_so(house: House) -> None:
    put(house, ("profit", "A", "2026-01", 10))
    put(house, ("equity", "A", "2025-12", -5), ("equity", "A", "2026-01", 5))

    assert cell(house, "return_on_equity", "A", "2026-01").missing_reason == "division-by-zero"


def test_growth_of_a_group_counts_only_the_orgs_that_both_years_have(house: House) -> None:
    put(house, ("sales", "A", "2026-01", 110), ("sales", "A", "2025-01", 100))
    put(house, ("sales", "B", "2026-01", 900))

    yoy = cell(house, "sales", "S1", "2026-01", compare=["yoy"]).compare["yoy"]

    assert (yoy.value, yoy.base, yoy.current, yoy.partial) == (
        Decimal("0.100000"), Decimal("100.00"), Decimal("110.00"), True,
    )  # fmt: skip


def test_a_group_without_a_common_org_is_not_compared(house: House) -> None:
    put(house, ("sales", "A", "2026-01", 110), ("sales", "B", "2025-01", 100))

    yoy = cell(house, "sales", "S1", "2026-01", compare=["yoy"]).compare["yoy"]

    assert (yoy.value, yoy.reason) == (None, "different-orgs")


def test_ratios_of_a_group_are_compared_over_the_orgs_that_both_years_have(house: House) -> None:
    for org, year, profit, equity in (
        ("A", 2026, 20, 100), ("A", 2025, 10, 100), ("B", 2026, 500, 600),
    ):  # fmt: skip
        put(house, ("profit", org, f"{year}-01", profit))
        put(house, ("equity", org, f"{year - 1}-12", equity), ("equity", org, f"{year}-01", equity))

    found = cell(house, "return_on_equity", "S1", "2026-01", compare=["yoy_pp"])
    beside = found.compare["yoy_pp"]

    assert found.value == Decimal("0.7429")
    assert (beside.value, beside.base, beside.current, beside.partial) == (
        Decimal("0.1000"), Decimal("0.1000"), Decimal("0.2000"), True,
    )  # fmt: skip


def test_month_on_month_is_of_single_months(house: House) -> None:
    put(house, ("sales", "A", "2025-11", 100), ("sales", "A", "2025-12", 130))
    put(house, ("sales", "A", "2025-10", 80))

    mom = cell(house, "sales", "A", "2025-12", compare=["mom"]).compare["mom"]

    assert (mom.value, mom.base, mom.current) == (
        Decimal("0.500000"), Decimal("20.00"), Decimal("30.00"),
    )  # fmt: skip


def test_attainment_is_of_the_target_of_the_month_else_of_the_year(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 40), ("sales", "B", "2026-02", 40))
    put(house, ("sales", "A", "2026-02", 50), ("sales", "B", "2026", 400), view="target")

    found = {
        org: cell(house, "sales", org, "2026-02", compare=["attainment", "vs_target"]).compare
        for org in ("A", "B")
    }

    assert found["A"]["attainment"].value == Decimal("0.800000")
    assert found["A"]["vs_target"].value == Decimal("-10.00")
    assert found["B"]["attainment"].value == Decimal("0.100000")
    assert found["B"]["vs_target"].value is None  # two months are not held against a year


@pytest.mark.parametrize(
    ("actual", "target", "attained"),
    [(90, 100, "0.9"), (-40, -100, "1.6"), (-150, -100, "0.5"), (10, -100, "2.1")],
)
def test_attainment_of_a_loss_is_how_far_it_was_narrowed(
    house: House, actual: int, target: int, attained: str
) -> None:
    put(house, ("profit", "A", "2026-02", actual))
    put(house, ("profit", "A", "2026-02", target), view="target")

    found = cell(house, "profit", "A", "2026-02", compare=["attainment"]).compare["attainment"]

    assert found.value == Decimal(attained)


def test_the_lower_the_better_attains_more_below_its_target(house: House) -> None:
    put(house, ("leverage", "A", "2026-02", "0.63"))
    put(house, ("leverage", "A", "2026", "0.70"), view="target")

    found = cell(house, "leverage", "A", "2026-02", compare=["attainment", "vs_target"]).compare

    assert found["attainment"].value == Decimal("1.100000")
    assert found["vs_target"].value == Decimal("-0.07000")  # a rate's year target holds each month


@pytest.mark.parametrize(
    ("value", "light"), [("0.6999", "green"), ("0.74820", "yellow"), ("0.75811", "red")]
)
def test_the_first_threshold_that_holds_is_the_light(house: House, value: str, light: str) -> None:
    put(house, ("leverage", "A", "2026-02", value))

    assert cell(house, "leverage", "A", "2026-02").light == light


def test_nothing_to_judge_has_no_light(house: House) -> None:
    assert cell(house, "leverage", "A", "2026-02").light is None
    assert cell(house, "sales", "A", "2026-02").light is None


def test_a_light_may_look_at_the_target_and_at_last_year(house: House) -> None:
    put(house, ("profit", "A", "2026-02", 10), ("profit", "B", "2026-02", -1))
    assert cell(house, "profit", "A", "2026-02").light == "green"
    assert cell(house, "profit", "B", "2026-02").light == "red"

    put(house, ("profit", "A", "2026-02", 12), view="target")
    assert cell(house, "profit", "A", "2026-02").light == "yellow"


def asked(house: House, source: str) -> Any:
    """What an expression about figures answers."""
    with house.commands.read(SYSTEM) as reading:
        expression = check(source, variables_scope(reading.catalogue, {}))
        return closure(expression)(environment(reading, {}))


def test_an_org_has_its_place_among_those_beside_it(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 120), ("sales", "B", "2026-02", 80))
    put(house, ("leverage", "A", "2026-02", "0.8"), ("leverage", "B", "2026-02", "0.6"))

    assert asked(house, 'rank(sales, "A", "2026-02")') == 1
    assert asked(house, 'rank(sales, "B", "2026-02")') == 2
    assert asked(house, 'rank(leverage, "B", "2026-02")') == 1  # the lower the better
    assert asked(house, 'rank(sales, "B", "2026-02", target)') is None


def test_a_set_is_as_bad_as_its_worst_light(house: House) -> None:
    put(house, ("leverage", "A", "2024-02", "0.8"))

    assert asked(house, 'worst(core, "A", "2024-02")') == "red"
    assert asked(house, 'worst(core, "B", "2024-02")') is None


def test_figures_follow_the_tree_of_their_period(house: House) -> None:
    house.publish({"definitions/orgs/A.yaml": MOVED, "definitions/orgs/S2.yaml": SECOND})
    put(house, ("sales", "A", "2026-01", 100), ("sales", "B", "2026-01", 10))
    put(house, ("sales", "A", "2026-02", 300), ("sales", "B", "2026-02", 30))

    found = {
        (org, period): cell(house, "sales", org, period).value
        for org in ("S1", "S2", "G")
        for period in ("2026-01", "2026-02")
    }

    assert found == {
        ("S1", "2026-01"): Decimal("110.00"), ("S2", "2026-01"): None,
        ("S1", "2026-02"): Decimal("30.00"), ("S2", "2026-02"): Decimal("300.00"),
        ("G", "2026-01"): Decimal("110.00"), ("G", "2026-02"): Decimal("330.00"),
    }  # fmt: skip


# --- further down --------------------------------------------------------------------------------


def down(house: House, indicator: str, org: str, period: str, way: str, login: str = "") -> object:
    reader = house.person(login) if login else SYSTEM
    with house.commands.read(reader) as view:
        measures = Measures(view)
        asked = measures.cube.question(indicator, org, Period.parse(period), "actual", None)
        return drill(measures, asked, way)  # type: ignore[arg-type]


def test_a_figure_the_org_reported_itself_shows_what_its_parts_lack(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 100), ("sales", "B", "2026-02", 60))
    put(house, ("sales", "S1", "2026-02", 155))
    adjust(house, ("sales", "S1", "2026-02", -10, "elimination", "内部交易"))

    found: dict = down(house, "sales", "S1", "2026-02", "orgs")  # type: ignore[assignment, type-arg]

    values = [
        (row["kind"], row["cell"].value if "cell" in row else row["value"]) for row in found["rows"]
    ]
    assert values == [
        ("org", Decimal("100.00")), ("org", Decimal("60.00")),
        ("adjustment", Decimal("-10.00")), ("difference", Decimal("5.00")),
    ]  # fmt: skip
    assert sum(value for _, value in values) == found["total"].value == Decimal("155.00")


def test_a_ratio_is_taken_apart_into_numerator_and_denominator(house: House) -> None:
    put(house, ("profit", "A", "2026-02", 10))
    put(house, ("equity", "A", "2025-12", 100), ("equity", "A", "2026-02", 300))

    found: dict = down(house, "return_on_equity", "A", "2026-02", "parts")  # type: ignore[assignment, type-arg]

    assert [(row["kind"], row["cell"].indicator, row["cell"].value) for row in found["rows"]] == [
        ("numerator", "profit", Decimal("10.00")),
        ("denominator", "equity_avg", Decimal("200.00")),
    ]
    assert found["rows"][1]["ways"] == ["parts"]


def test_facts_say_where_they_come_from(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 100), source="月报", source_url="https://example.com/1")
    put(house, ("sales", "A", "2026-02", 101), data_version="audited", note="审计后")

    found: dict = down(house, "sales", "A", "2026-02", "facts")  # type: ignore[assignment, type-arg]

    assert [
        (row["version"], row["value"], row["source"], row["source_url"], row["note"], row["used"])
        for row in found["rows"]
    ] == [
        ("as_reported", Decimal("100.00"), "月报", "https://example.com/1", None, False),
        ("audited", Decimal("101.00"), "import", None, "审计后", True),
    ]


def test_what_can_be_looked_into_is_said_of_every_figure(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 100))
    with house.commands.read(SYSTEM) as view:
        measures = Measures(view)
        found = [
            ways(measures, measures.cube.question(i, o, Period.parse("2026-02"), "actual", None))
            for i, o in (("sales", "S1"), ("sales", "A"), ("return_on_equity", "S1"))
        ]

    assert found == [["orgs"], ["facts"], ["orgs", "parts"]]


# --- whose ---------------------------------------------------------------------------------------


def test_a_person_reads_figures_of_the_orgs_at_or_below_his_own_posts(house: House) -> None:
    put(house, ("sales", "A", "2026-02", 100), ("sales", "B", "2026-02", 60))

    seen = {
        login: [
            org
            for org in ("G", "S1", "A", "B")
            if cell(house, "sales", org, "2026-02", login=login).value is not None
        ]
        for login in ("ops", "chen.jie", "li.na", "nobody")
    }

    assert seen == {
        "ops": ["G", "S1", "A", "B"],
        "chen.jie": ["S1", "A", "B"],
        "li.na": ["A"],
        "nobody": [],
    }


def test_who_keeps_the_system_reads_no_business(house: House) -> None:
    role = "kind: role\ntitle: 系统管理员\nexcludes: [audit_admin]\n"
    house.publish(
        {
            "definitions/roles/system_admin.yaml": role,
            "definitions/roles/audit_admin.yaml": role.replace("系统", "审计").replace(
                "audit_admin", "system_admin"
            ),
        }
    )
    from jingwei.services.roster import import_people
    from jingwei.services.sessions import Passwords

    house.commands.run(
        lambda work: import_people(
            work,
            [{"login": "root", "name": "管", "org": "G", "roles": "system_admin@G"}],
            Passwords(cheap=True),
        ),
        SYSTEM,
    )
    put(house, ("sales", "A", "2026-02", 100))

    assert cell(house, "sales", "A", "2026-02", login="root").missing_reason == "not-readable"


def test_an_org_that_left_is_one_row_without_a_name_in_the_past_of_its_old_group(
    house: House,
) -> None:
    house.publish({"definitions/orgs/A.yaml": MOVED, "definitions/orgs/S2.yaml": SECOND})
    put(house, ("sales", "A", "2026-01", 100), ("sales", "B", "2026-01", 10))

    found: dict = down(house, "sales", "S1", "2026-01", "orgs", "chen.jie")  # type: ignore[assignment, type-arg]

    assert [(r["kind"], r.get("value") or r["cell"].value) for r in found["rows"]] == [
        ("org", Decimal("10.00")), ("hidden", Decimal("100.00")),
    ]  # fmt: skip
    assert found["total"].value == Decimal("110.00")
