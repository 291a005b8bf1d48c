"""What a figure is beside another one: a change, a difference, an attainment; never a silent zero.

Rates of growth and attainments are fractions (0.0881 is 8.81 %). A base that is not positive has
no rate of growth; what happened is then said in a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from jingwei.cube.figures import Figure, rounded

# Comparisons whose answer is a fraction, whatever the indicator's unit.
FRACTIONS = frozenset(("yoy", "mom", "attainment"))
# Comparisons whose answer is a difference in the indicator's own unit (percentage points of rates).
DIFFERENCES = frozenset(("yoy_pp", "mom_pp", "vs_target"))
LAST_YEAR = frozenset(("yoy", "yoy_pp"))
LAST_PERIOD = frozenset(("mom", "mom_pp"))
TARGET = frozenset(("vs_target", "attainment"))
COMPARISONS = ("yoy", "yoy_pp", "mom", "mom_pp", "vs_target", "attainment", "tier", "rank")
PLACES = Decimal("0.000001")  # of a fraction: as percents are kept

Label = Literal["turned_positive", "turned_negative", "loss_narrowed", "loss_widened"]


@dataclass(frozen=True, slots=True)
class Compared:
    """`value` None: there is none, for `reason` (those of figures, and base-not-positive). `base`:
    what the figure stands beside. `current`: the figure itself over the same orgs as the base."""

    value: Decimal | None
    reason: str | None = None
    base: Decimal | None = None
    current: Decimal | None = None
    label: Label | None = None
    partial: bool = False
    tier: str | None = None  # of standard values: the one reached; `value` is what lacks to `base`


def compared(
    word: str, figure: Figure, base: Figure, unit: str, precision: int, direction: str
) -> Compared:
    """One comparison of a figure with its base; `word` is one of those above."""
    kept, now = (
        None if one.value is None else rounded(one.value, unit, precision) for one in (base, figure)
    )
    for one in (figure, base):
        if one.value is None:
            return Compared(None, one.reason, kept, now)
    assert figure.value is not None and base.value is not None
    partial = "partial" in (figure.status, base.status)
    if word in DIFFERENCES:
        difference = rounded(figure.value - base.value, unit, precision)
        return Compared(difference, None, kept, now, partial=partial)
    if word == "attainment":
        value = attainment(figure.value, base.value, direction)
        reason = None if value is not None else "target-zero"
        return Compared(_fraction(value), reason, kept, now, partial=partial)
    label = _label(figure.value, base.value)
    if base.value <= 0:
        return Compared(None, "base-not-positive", kept, now, label, partial)
    return Compared(_fraction(figure.value / base.value - 1), None, kept, now, label, partial)


def attainment(actual: float, target: float, direction: str) -> float | None:
    """How much of a target is reached; None where the target is zero.

    The higher the better: actual ÷ target. The lower the better: 2 − actual ÷ target. A target
    below zero is a loss to be narrowed: 1 + (actual − target) ÷ |target|, and its mirror.
    """
    if target == 0:
        return None
    if target > 0:
        return 2 - actual / target if direction == "lower_better" else actual / target
    share = (actual - target) / abs(target)
    return 1 - share if direction == "lower_better" else 1 + share


def _label(value: float, base: float) -> Label | None:
    if value > 0 > base:
        return "turned_positive"
    if value < 0 < base:
        return "turned_negative"
    if value < 0 and base < 0 and value != base:
        return "loss_narrowed" if value > base else "loss_widened"
    return None


def _fraction(value: float | None) -> Decimal | None:
    if value is None:
        return None
    return Decimal(repr(value)).quantize(PLACES, ROUND_HALF_UP)


def ranks(values: Mapping[str, float | Decimal | None], direction: str) -> dict[str, int]:
    """The place of each, 1 for the best; the same value has the same place (1, 1, 3)."""
    known = [value for value in values.values() if value is not None]
    better: Callable[[float | Decimal, float | Decimal], bool] = (
        (lambda one, other: one < other)
        if direction == "lower_better"
        else (lambda one, other: one > other)
    )
    return {
        name: 1 + sum(better(other, value) for other in known)
        for name, value in values.items()
        if value is not None
    }
