"""Standard values in tiers: R17's vector, both directions, the efficiency coefficient method."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jingwei.cube.tiers import efficiency, standing

TIERS = ("excellent", "good", "average", "low", "poor")
HALVES = tuple(Decimal(c) for c in ("1.0", "0.8", "0.6", "0.4", "0.2"))


def of(*values: str) -> dict[str, Decimal]:
    return {tier: Decimal(v) for tier, v in zip(TIERS, values, strict=False)}


# 房地产业 大型企业 2020, return on equity and debt ratio
ROE = of("15.8", "10.5", "7.7", "2.8", "-2.1")
DEBT = of("41.4", "54.7", "75", "83", "94.8")


def test_nine_percent_is_average_and_lacks_one_and_a_half_points_to_good() -> None:
    found = standing(Decimal("9.0"), ROE, TIERS, "higher_better")

    assert (found.tier, found.next, found.gap) == ("average", "good", Decimal("1.5"))


@pytest.mark.parametrize(
    ("value", "tier"),
    [("16", "excellent"), ("15.8", "excellent"), ("2.8", "low"), ("-2.1", "poor"), ("-3", None)],
)
def test_a_tier_begins_at_its_value(value: str, tier: str | None) -> None:
    assert standing(Decimal(value), ROE, TIERS, "higher_better").tier == tier


@pytest.mark.parametrize(
    ("value", "tier", "share"),
    [("40", "excellent", "1"), ("54.7", "good", "0.8"), ("94.8", "poor", "0.2"), ("96", None, "0")],
)
def test_the_lower_the_better_scores_lower_values_higher(
    value: str, tier: str | None, share: str
) -> None:
    assert standing(Decimal(value), DEBT, TIERS, "lower_better").tier == tier
    assert efficiency(Decimal(value), DEBT, TIERS, HALVES, "lower_better") == Decimal(share)


def test_scores_never_rise_with_a_debt_ratio() -> None:
    shares = [
        efficiency(Decimal(n), DEBT, TIERS, HALVES, "lower_better") or Decimal(0)
        for n in range(30, 110)
    ]

    assert shares == sorted(shares, reverse=True)


def test_the_efficiency_coefficient_of_the_published_example_is_15_23() -> None:
    """Weight 20, good 9.5, average 1.7, actual 8: 12 + 0.8077 × 4."""
    values = of("20", "9.5", "1.7", "-1", "-5")

    share = efficiency(Decimal(8), values, TIERS, HALVES, "higher_better")

    assert share is not None
    assert round(share * 20, 2) == Decimal("15.23")


def test_a_book_that_lacks_a_tier_gives_no_score() -> None:
    assert efficiency(Decimal(8), of("9", "5"), TIERS, HALVES, "higher_better") is None
