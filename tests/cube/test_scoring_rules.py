"""Rules of scoring that were really published, with their numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jingwei.cube.scoring import Given, earned, grade_of, places_of, rounded_score
from jingwei.language.standards import Band, ScoringRule


def d(number: str) -> Decimal:
    return Decimal(number)


STEP = ScoringRule(type="step", per=d("0.03"), points=d("1"), cap_up=d("6"), cap_down=d("6"))


@pytest.mark.parametrize(
    ("actual", "score"),
    [("100", "30"), ("109", "33"), ("130", "36"), ("108.9", "32"), ("97.1", "30"), ("97", "29"),
     ("10", "24")],
)  # fmt: skip
def test_one_point_a_whole_three_percent_up_to_six(actual: str, score: str) -> None:
    found = earned(STEP, Given(d("30"), d(actual), d("100")))

    assert found.score == d(score)


def test_steps_in_proportion_where_the_scheme_says_so() -> None:
    rule = ScoringRule(type="step", per=d("0.03"), points=d("1"), steps="proportional")

    assert earned(rule, Given(d("30"), d("104.5"), d("100"))).score == d("31.5")


def test_the_lower_the_better_turns_steps_around() -> None:
    given = Given(d("30"), d("94"), d("100"), direction="lower_better")

    assert earned(STEP, given).score == d("32")


def test_a_loss_is_measured_by_its_size() -> None:
    assert earned(STEP, Given(d("30"), d("-91"), d("-100"))).score == d("33")


def test_steps_of_percentage_points() -> None:
    rule = ScoringRule(type="step", per=d("0.01"), per_points=True, points=d("1"), cap=d("4"))

    assert earned(rule, Given(d("20"), d("0.125"), d("0.10"))).score == d("22")


def test_what_is_missing_or_zero_is_no_base() -> None:
    assert earned(STEP, Given(d("30"), None, d("100"))).reason == "no-actual"
    assert earned(STEP, Given(d("30"), d("5"), None)).reason == "no-base"
    assert earned(STEP, Given(d("30"), d("5"), d("0"))).reason == "no-base"


BANDS = ScoringRule(
    type="bands",
    bands=(
        Band(ge=d("1"), score="full"),
        Band(ge=d("0.95"), per=d("0.01"), points=d("-0.5")),
        Band(ge=d("0.85"), per=d("0.01"), points=d("-1")),
        Band(lt=d("0.85"), score=d("0")),
    ),
)


@pytest.mark.parametrize(
    ("attainment", "score"),
    [("1.2", "20"), ("1", "20"), ("0.975", "19"), ("0.95", "17.5"), ("0.90", "12.5"),
     ("0.849", "0")],
)  # fmt: skip
def test_bands_of_a_sheet_of_2026(attainment: str, score: str) -> None:
    found = earned(BANDS, Given(d("20"), d("1"), attainment=d(attainment)))

    assert found.score == d(score)


def test_a_constraint_only_ever_takes() -> None:
    rule = ScoringRule(type="deduct", per=d("0.01"), per_points=True, points=d("1"), cap=d("5"))

    def of(actual: str) -> Decimal | None:
        given = Given(d("0"), d(actual), d("0.65"), direction="lower_better")
        return earned(rule, given).score

    assert [of(a) for a in ("0.60", "0.65", "0.674", "0.68", "0.90")] == [0, 0, -2, -3, -5]


def test_proportional_marks_are_capped_and_never_below_zero() -> None:
    rule = ScoringRule(type="proportional", cap=d("1.1"))

    scores = [
        earned(rule, Given(d("15"), d("1"), attainment=d(a))).score for a in ("0.8", "1.5", "-1")
    ]
    assert scores == [d("12.0"), d("16.5"), 0]


def test_a_table_gives_the_row_that_is_reached() -> None:
    """A province: 30,000 and more 90, 10,000 85, 5,000 80, below zero 60."""
    rows = {"30000": d("90"), "10000": d("85"), "5000": d("80"), "0": d("70"), "-5000": d("60")}
    rule = ScoringRule(type="table", of="value", rows=rows)

    scores = [
        earned(rule, Given(d("0"), d(a))).score for a in ("40000", "10000", "9999", "-1", "-9000")
    ]
    assert scores == [90, 85, 80, 60, 0]


def test_the_efficiency_coefficient_gives_15_23() -> None:
    tiers = ("a", "b", "c", "d", "e")
    rule = ScoringRule(
        type="efficiency_coefficient", tiers=tuple(d(c) for c in ("1", "0.8", "0.6", "0.4", "0.2"))
    )
    values = dict(zip(tiers, (d(v) for v in ("20", "9.5", "1.7", "0", "-5")), strict=True))

    found = earned(rule, Given(d("20"), d("8"), tier_names=tiers, tiers=values))

    assert found.score is not None
    assert rounded_score(found.score, 2) == d("15.23")


GRADES = (("A", d("90")), ("B", d("80")), ("C", d("60")), ("D", d("0")))


@pytest.mark.parametrize(
    ("total", "at_most", "grade"),
    [
        ("95", None, "A"),
        ("90", None, "A"),
        ("89.99", None, "B"),
        ("95", "C", "C"),
        ("10", "C", "D"),
    ],
)
def test_a_veto_caps_the_grade_whatever_the_score(
    total: str, at_most: str | None, grade: str
) -> None:
    assert grade_of(d(total), GRADES, at_most) == grade


def test_ties_share_a_place_and_the_next_is_skipped_unless_dense() -> None:
    totals = {"a": [d("95")], "b": [d("95")], "c": [d("90")]}

    assert places_of(totals) == {"a": 1, "b": 1, "c": 3}
    assert places_of(totals, "dense") == {"a": 1, "b": 1, "c": 2}


def test_a_tie_is_broken_by_the_item_the_scheme_names() -> None:
    totals = {"a": [d("95"), d("30")], "b": [d("95"), d("33")], "c": [d("90"), d("36")]}

    assert places_of(totals) == {"b": 1, "a": 2, "c": 3}
