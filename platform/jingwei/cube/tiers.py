"""Where a figure stands among standard values: its tier, and how far the next one is.

The lower the better turns every comparison around, and nothing else: a debt ratio above the worst
standard value is in no tier at all, and never the best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """`tier` None: worse than the last. `next`: the tier above, None at the top; `gap`: what lacks
    to it, always positive."""

    tier: str | None
    next: str | None
    gap: Decimal | None


def standing(
    value: Decimal, values: Mapping[str, Decimal], tiers: Sequence[str], direction: str
) -> Standing:
    """`tiers`: best first; those without a value are passed over."""
    known = [tier for tier in tiers if tier in values]
    above: str | None = None
    for tier in known:
        if reaches(value, values[tier], direction):
            return Standing(tier, above, _gap(value, values, above))
        above = tier
    return Standing(None, above, _gap(value, values, above))


def reaches(value: Decimal, wanted: Decimal, direction: str) -> bool:
    return value <= wanted if direction == "lower_better" else value >= wanted


def _gap(value: Decimal, values: Mapping[str, Decimal], tier: str | None) -> Decimal | None:
    return None if tier is None else abs(values[tier] - value)


def efficiency(
    value: Decimal,
    values: Mapping[str, Decimal],
    tiers: Sequence[str],
    coefficients: Sequence[Decimal],
    direction: str,
) -> Decimal | None:
    """The share of full marks by the efficiency coefficient method; None where a tier that it
    needs has no value.

    Source: the coefficient of the tier reached, and towards that of the tier above in proportion;
    at the best tier full marks, below the last none.
    """
    place = {tier: number for number, tier in enumerate(tiers)}
    if any(tier not in values for tier in tiers):
        return None
    found = standing(value, values, tiers, direction)
    if found.tier is None:
        return Decimal(0)
    own = coefficients[place[found.tier]]
    if found.next is None:
        return own
    width = abs(values[found.next] - values[found.tier])
    if width == 0:
        return own
    towards = abs(value - values[found.tier]) / width
    return own + towards * (coefficients[place[found.next]] - own)
