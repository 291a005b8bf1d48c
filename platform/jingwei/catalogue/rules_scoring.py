"""What can hardly be meant by a scheme of assessment: weights, amounts, bands, grades, groups."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.shares import doubted_share
from jingwei.language.standards import Band, Scoring, ScoringItem
from jingwei.problems import Problems, nearest

_OF_AN_ORG = ("profile", "type", "parent")


def check_scheme(catalogue: Catalogue, scoring: Scoring, problems: Problems) -> None:
    _check_weights(scoring, problems)
    _check_grades(scoring, problems)
    _check_group(catalogue, scoring, problems)
    for item in scoring.items.values():
        _check_amounts(scoring, item, problems)
        _check_bands(scoring, item, problems)


def _check_weights(scoring: Scoring, problems: Problems) -> None:
    """The items come to the scheme's total, where their weights stand in the scheme."""
    weighed = [item for item in scoring.items.values() if not item.constraint]
    if ("weights_from",) in scoring.origin.keys or not all(item.weight for item in weighed):
        return
    found = sum((item.weight for item in weighed), Decimal(0))
    if weighed and found != scoring.total:
        at = scoring.origin.key("items")
        total = f"{scoring.total:f}"
        problems.add("weights-not-total", at, severity="warning", found=f"{found:f}", total=total)


def _check_grades(scoring: Scoring, problems: Problems) -> None:
    """Grades fall, or rise, in the order in which they are written."""
    points = dict(scoring.grades)
    written = [path[1] for path in scoring.origin.keys if path[:1] == ("grades",) and path[1:]]
    names = [str(name) for name in written if name in points]
    down = len(names) < 2 or points[names[0]] >= points[names[-1]]
    for before, after in pairwise(names):
        wrong = points[before] <= points[after] if down else points[before] >= points[after]
        if wrong:
            at = scoring.origin.value("grades", after)
            holes = {"grade": after, "points": f"{points[after]:f}", "other": before}
            limit = f"{points[before]:f}"
            problems.add("grade-order", at, severity="warning", limit=limit, **holes)
            return


def _check_group(catalogue: Catalogue, scoring: Scoring, problems: Problems) -> None:
    """Ranks are given among organisations that have something in common."""
    within = scoring.rank.get("within")
    types = catalogue.org_types
    known = (*_OF_AN_ORG, *types.types, *types.facts)
    if within is not None and within not in known:
        at = scoring.origin.value("rank", "within")
        guess = nearest(within, known)
        some = ", ".join(known)
        problems.add("unknown-value", at, suggestion=guess, value=within[:40], known=some)


def _check_amounts(scoring: Scoring, item: ScoringItem, problems: Problems) -> None:
    rule = item.rule
    if rule is None:
        return
    path = ("items", item.name, "rule")
    if rule.per is not None and rule.per <= 0:
        at = scoring.origin.value(*path, "per")
        problems.add("not-above-zero", at, key="per", value=f"{rule.per:f}")
    if rule.type == "proportional" and rule.cap is not None and rule.cap > 10:
        at = scoring.origin.value(*path, "cap")
        problems.add("percent-as-number", at, severity="warning", **doubted_share(rule.cap))
    for index, band in enumerate(rule.bands):
        if band.per is not None and band.per <= 0:
            at = scoring.origin.value(*path, "bands", index, "per")
            problems.add("not-above-zero", at, key="per", value=f"{band.per:f}")


def _check_bands(scoring: Scoring, item: ScoringItem, problems: Problems) -> None:
    """The first band that holds counts: one that an earlier one covers is never reached."""
    bands = item.rule.bands if item.rule is not None else ()
    for index, band in enumerate(bands):
        earlier = next((n for n in range(index) if _covers(bands[n], band)), None)
        if earlier is not None:
            at = scoring.origin.value("items", item.name, "rule", "bands", index)
            holes = {"item": item.name, "band": str(index + 1), "earlier": str(earlier + 1)}
            problems.add("band-never-reached", at, severity="warning", **holes)
            return


def _covers(first: Band, later: Band) -> bool:
    """Whether whatever is in the later band is in the first one too."""
    above = first.ge is None or (later.ge is not None and later.ge >= first.ge)
    below = first.lt is None or (later.lt is not None and later.lt <= first.lt)
    return above and below
