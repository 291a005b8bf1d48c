"""Two figures over the same orgs, so that one may be held against the other."""

from __future__ import annotations

import math

from jingwei.cube.cube import ADDITIVE, Asked, Cube
from jingwei.cube.figures import Figure, together


def alike(one: Cube, asked: Asked, other: Cube, before: Asked) -> tuple[Figure, Figure] | None:
    """Two figures over the same orgs, so that they may be compared; None where they cannot be.

    Where the one lacks orgs that the other has, only orgs that both have count, and entries
    between them only where both sides have some.
    """
    figure, base = one.answer(asked), other.answer(before)
    if figure.value is None or base.value is None or set(figure.missing) == set(base.missing):
        return figure, base
    indicator = one.variant(asked)
    if indicator.type == "ratio" and other.variant(before).type == "ratio":
        return _alike_ratios(one, asked, other, before)
    if indicator.org_agg not in ADDITIVE or other.variant(before).org_agg not in ADDITIVE:
        return None
    there = {question.org: question for question in other.children(indicator, before)}
    pairs: list[tuple[Figure, Figure]] = []
    absent: list[str] = []
    for child in one.children(indicator, asked):
        found = alike(one, child, other, there[child.org]) if child.org in there else None
        if found is None or found[0].value is None or found[1].value is None:
            absent.append(child.org)
        else:
            pairs.append(found)
    if not pairs:
        return None
    entries = (one.adjustment(indicator, asked), other.adjustment(indicator, before))
    if entries[0] is not None and entries[1] is not None:
        pairs.append((entries[0], entries[1]))
    sides = [
        together(math.fsum(pair[n].value or 0.0 for pair in pairs), "rolled-up",
                 [pair[n] for pair in pairs], absent)
        for n in (0, 1)
    ]  # fmt: skip
    return sides[0], sides[1]


_Pair = tuple[Figure, Figure]  # numerator and denominator


def _alike_ratios(
    one: Cube, asked: Asked, other: Cube, before: Asked
) -> tuple[Figure, Figure] | None:
    """Both ratios over the orgs that have both, each as a quotient of sums."""
    pairs = _common_pairs(one, asked, other, before)
    sides = []
    for n, (cube, question) in enumerate(((one, asked), (other, before))):
        indicator = cube.variant(question)
        numerator, denominator = (
            math.fsum(pair[n][part].value or 0.0 for pair in pairs) for part in (0, 1)
        )
        if not pairs or denominator == 0:
            return None
        value = numerator / denominator
        if indicator.time.annualize and question.mode == "ytd":
            value *= 12 / question.period.last_month
        figures = [figure for pair in pairs for figure in pair[n]]
        sides.append(together(value, "rolled-up", figures, (question.org,)))
    return sides[0], sides[1]


def _common_pairs(one: Cube, asked: Asked, other: Cube, before: Asked) -> list[tuple[_Pair, _Pair]]:
    """The parts of both ratios, of the highest orgs that lack the same orgs on both sides."""
    indicator, earlier = one.variant(asked), other.variant(before)
    now, then = one.pair(indicator, asked), other.pair(earlier, before)
    if now is not None and then is not None and set(now[0].missing) == set(then[0].missing):
        return [(now, then)]
    there = {question.org: question for question in other.children(earlier, before)}
    return [
        pair
        for child in one.children(indicator, asked)
        if child.org in there
        for pair in _common_pairs(one, child, other, there[child.org])
    ]
