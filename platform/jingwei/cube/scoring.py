"""The rules of scoring schemes as pure functions: what a figure earns, and by which steps.

Exact decimals throughout. A score comes with what it was made of, so that it can be told and made
again. Sources: the published rules gathered in the domain notes (efficiency coefficient method,
steps above and below a base, bands of attainment, deductions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from jingwei.cube.tiers import efficiency
from jingwei.language.standards import Band, ScoringRule

ZERO, ONE = Decimal(0), Decimal(1)


def excess(scored: Iterable[tuple[Decimal | None, Decimal]], most: Decimal | None) -> Decimal:
    """What items score above their weights, beyond what a scheme lets them together. `scored`:
    score and weight of each."""
    if most is None:
        return ZERO
    above = sum((max(score - weight, ZERO) for score, weight in scored if score is not None), ZERO)
    return max(above - most, ZERO)


@dataclass(frozen=True, slots=True)
class Given:
    """What an item is scored on. `actual` and `base` in the indicator's unit, percents as
    fractions; `tiers`: standard values by tier."""

    weight: Decimal
    actual: Decimal | None
    base: Decimal | None = None
    attainment: Decimal | None = None
    direction: str = "higher_better"
    tier_names: Sequence[str] = ()
    tiers: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Earned:
    """`score` None: it cannot be told, for `reason`. `step`: the sentence that explains it, and
    what fills its holes."""

    score: Decimal | None
    step: str = ""
    holes: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


def earned(rule: ScoringRule, given: Given) -> Earned:
    """What the rule gives. Formulas are computed elsewhere."""
    if given.actual is None:
        return Earned(None, reason="no-actual")
    match rule.type:
        case "step":
            return _stepped(rule, given)
        case "deduct":
            return _deducted(rule, given)
        case "bands":
            return _banded(rule, given)
        case "proportional":
            return _proportional(rule, given)
        case "efficiency_coefficient":
            return _efficient(rule, given)
        case "table":
            return _tabled(rule, given)
    raise ValueError(rule.type)


def steps_of(amount: Decimal, per: Decimal, whole: bool) -> Decimal:
    """How many steps an amount that is not negative makes: only whole ones, or a share."""
    count = amount / per
    return count.to_integral_value(ROUND_FLOOR) if whole else count


def _beyond(rule: ScoringRule, given: Given) -> Decimal | None:
    """How far the actual is better than the base (worse: negative), as a share of the base or in
    points; None where the base is missing, or zero and a share is asked for."""
    if given.base is None or given.actual is None:
        return None
    difference = given.actual - given.base
    if given.direction == "lower_better":
        difference = -difference
    if rule.per_points:
        return difference
    return None if given.base == 0 else difference / abs(given.base)


def _stepped(rule: ScoringRule, given: Given) -> Earned:
    """Full marks at the base, points for each step above or below it, up to the caps."""
    beyond = _beyond(rule, given)
    if beyond is None:
        return Earned(None, reason="no-base")
    assert rule.per is not None and rule.points is not None
    count = steps_of(abs(beyond), rule.per, rule.steps == "whole")
    delta = count * abs(rule.points)
    cap = rule.cap_up if beyond >= 0 else rule.cap_down
    if cap is None:
        cap = rule.cap
    capped = delta if cap is None else min(delta, abs(cap))
    signed = capped if beyond >= 0 else -capped
    score = max(given.weight + signed, ZERO) if given.weight else given.weight + signed
    return Earned(
        score,
        "step",
        {"weight": given.weight, "beyond": beyond, "count": count, "delta": signed, "cap": cap},
    )


def _deducted(rule: ScoringRule, given: Given) -> Earned:
    """Nothing to be won: points are taken for each step that the actual is worse than the base."""
    beyond = _beyond(rule, given)
    if beyond is None:
        return Earned(None, reason="no-base")
    assert rule.per is not None and rule.points is not None
    count = steps_of(max(-beyond, ZERO), rule.per, rule.steps == "whole")
    lost = count * abs(rule.points)
    if rule.cap is not None:
        lost = min(lost, abs(rule.cap))
    score = given.weight - lost
    return Earned(
        score, "deduct", {"beyond": beyond, "count": count, "lost": lost, "cap": rule.cap}
    )


def _banded(rule: ScoringRule, given: Given) -> Earned:
    """The band that the value lies in. Points per step are lost band by band: what lies between
    two bounds costs what its own band says."""
    value = given.attainment if rule.of == "attainment" else given.actual
    if value is None:
        return Earned(None, reason="no-attainment" if rule.of == "attainment" else "no-actual")
    lost = ZERO
    upper: Decimal | None = None
    for band in rule.bands:
        holds = _holds(band, value)
        if band.score is not None:
            if holds:
                score = given.weight if band.score == "full" else band.score
                return Earned(score, "band", {"value": value, "score": score})
        elif band.per is not None and band.points is not None and upper is not None:
            lower = value if holds or band.ge is None else band.ge
            count = steps_of(max(upper - lower, ZERO), band.per, rule.steps == "whole")
            lost += count * abs(band.points)
            if holds:
                score = max(given.weight - lost, ZERO)
                return Earned(score, "band_lost", {"value": value, "lost": lost, "score": score})
        upper = band.ge if band.ge is not None else band.lt
    return Earned(ZERO, "band", {"value": value, "score": ZERO})


def _holds(band: Band, value: Decimal) -> bool:
    return (band.ge is None or value >= band.ge) and (band.lt is None or value < band.lt)


def _proportional(rule: ScoringRule, given: Given) -> Earned:
    """Marks in the share of attainment, up to a cap (100 % unless said)."""
    if given.attainment is None:
        return Earned(None, reason="no-attainment")
    cap = ONE if rule.cap is None else rule.cap
    share = min(max(given.attainment, ZERO), cap)
    return Earned(given.weight * share, "proportional", {"share": share, "cap": cap})


def _efficient(rule: ScoringRule, given: Given) -> Earned:
    assert given.actual is not None
    share = efficiency(given.actual, given.tiers, given.tier_names, rule.tiers, given.direction)
    if share is None:
        return Earned(None, reason="no-standards")
    return Earned(given.weight * share, "efficiency", {"share": share, "weight": given.weight})


def _tabled(rule: ScoringRule, given: Given) -> Earned:
    """The row with the highest bound that the value reaches; below all of them, nothing."""
    value = given.attainment if rule.of == "attainment" else given.actual
    if value is None:
        return Earned(None, reason="no-actual")
    bounds = sorted(((Decimal(bound), score) for bound, score in rule.rows.items()), reverse=True)
    for bound, score in bounds:
        if value >= bound:
            return Earned(score, "row", {"value": value, "bound": bound, "score": score})
    return Earned(ZERO, "row", {"value": value, "bound": None, "score": ZERO})


def rounded_score(score: Decimal, places: int) -> Decimal:
    return score.quantize(ONE.scaleb(-places), ROUND_HALF_UP)


def grade_of(
    total: Decimal, grades: Sequence[tuple[str, Decimal]], at_most: str | None = None
) -> str | None:
    """The best grade whose bound is reached, never better than `at_most`."""
    names = [name for name, _ in grades]
    reached = next((name for name, bound in grades if total >= bound), names[-1] if names else None)
    if at_most is None or reached is None or at_most not in names:
        return reached
    return names[max(names.index(reached), names.index(at_most))]


def places_of(totals: Mapping[str, Sequence[Decimal]], ties: str = "competition") -> dict[str, int]:
    """The place of each by its total and then its tie-breakers, 1 for the best. The same values
    have the same place: 1, 1, 3 (competition) or 1, 1, 2 (dense)."""
    if ties == "dense":
        distinct = sorted({tuple(values) for values in totals.values()}, reverse=True)
        order = {values: place for place, values in enumerate(distinct, 1)}
        return {name: order[tuple(values)] for name, values in totals.items()}
    return {
        name: 1 + sum(tuple(other) > tuple(values) for other in totals.values())
        for name, values in totals.items()
    }
