"""What must hold between indicators and their sets."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.cycles import cycles
from jingwei.catalogue.rules_field import check_unit
from jingwei.catalogue.rules_output import check_time
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.shares import doubted_share
from jingwei.language.expressions.tree import Binary, Name, Node
from jingwei.language.measures import LEVELS, Indicator, IndicatorSet, ThresholdSet
from jingwei.language.scales import conversion
from jingwei.problems import Position, Problems, nearest

_RATIO_AGGREGATES = frozenset({"ratio_of_aggregates", "reported", "none", "weighted_average"})


def check_measures(catalogue: Catalogue, problems: Problems) -> None:
    edges = {name: _needs(catalogue, one) for name, one in catalogue.indicators.items()}
    for ring in cycles(edges):
        at = catalogue.indicators[ring[0]].origin.value("type")
        problems.add("indicator-cycle", at, path=" → ".join(ring))
    for indicator in catalogue.indicators.values():
        _check_indicator(catalogue, indicator, problems)
    for set_ in catalogue.indicator_sets.values():
        for member in set_.members.values():
            if member.from_ and member.to and member.to < member.from_:
                at = set_.origin.value("members", member.indicator, "to")
                problems.add("ends-before-it-begins", at, first=member.from_, last=member.to)
        if not set_.members:
            problems.add("empty-value", set_.origin.key("members"), key="members")
        _check_gaps(set_, problems)
    _warn_of_same_titles(catalogue, problems)
    for profile in catalogue.profiles.values():
        for name, levels in profile.thresholds.items():
            for level in levels:
                at = profile.origin.key("thresholds", name, level)
                _check_level(level, at, problems)


def _check_level(level: str, at: Position, problems: Problems) -> None:
    if level not in LEVELS:
        known = ", ".join(LEVELS)
        guess = nearest(level, LEVELS)
        problems.add("unknown-value", at, suggestion=guess, value=level, known=known)


def _check_gaps(set_: IndicatorSet, problems: Problems) -> None:
    """Between its first day and its last a set always has a member."""
    spans = sorted(
        ((m.from_ or date.min, m.to or date.max, m.indicator) for m in set_.members.values()),
        key=lambda span: span[:2],
    )
    reached: date | None = None
    for first, last, name in spans:
        if reached is not None and reached < date.max and first > reached + timedelta(days=1):
            at = set_.origin.value("members", name, "from")
            start, end = reached + timedelta(days=1), first - timedelta(days=1)
            problems.add("set-gap", at, severity="warning", first=start, last=end)
        reached = last if reached is None else max(reached, last)


def _warn_of_same_titles(catalogue: Catalogue, problems: Problems) -> None:
    """Two indicators that readers cannot tell apart are one, defined twice."""
    seen: dict[str, Indicator] = {}
    for indicator in catalogue.indicators.values():
        title = indicator.title("zh")
        earlier = seen.setdefault(title, indicator)
        if earlier is not indicator:
            at = indicator.origin.value("title")
            problems.add(
                "same-title", at, severity="warning", title=title, other=earlier.origin.file
            )


def _needs(catalogue: Catalogue, indicator: Indicator) -> list[str]:
    """The indicators it is computed from."""
    needed = [indicator.numerator, indicator.denominator, indicator.of, indicator.weight]
    found = [name for name in needed if name is not None]
    if indicator.formula is not None:
        expression = catalogue.expressions.get(indicator.formula)
        if expression is not None:
            found += [name for name in sorted(expression.reads) if name in catalogue.indicators]
            found += [n for n in sorted(_named(expression.root)) if n in catalogue.indicators]
    return list(dict.fromkeys(found))


def _named(node: Node) -> set[str]:
    """The variables that occur in a tree."""
    return {part.name for part in walk(node) if isinstance(part, Name)}


def _check_indicator(catalogue: Catalogue, indicator: Indicator, problems: Problems) -> None:
    if indicator.type == "ratio" and indicator.org_agg not in _RATIO_AGGREGATES:
        at = indicator.origin.value("org_agg")
        problems.add("ratio-summed", at, org_agg=indicator.org_agg)
    if indicator.weight is not None and indicator.org_agg != "weighted_average":
        at = indicator.origin.key("weight")
        needs = "org_agg: weighted_average"
        problems.add("without-effect", at, severity="warning", key="weight", needs=needs)
    check_unit(indicator.unit, indicator.origin.value("unit"), problems)
    _check_ratio(catalogue, indicator, problems)
    _check_versions(indicator, problems)
    _check_tolerance(indicator, problems)
    if indicator.org_agg == "weighted_average" and indicator.weight is None:
        at = indicator.origin.value("org_agg")
        problems.add("key-for-type-missing", at, key="weight", type=indicator.org_agg)
    for index, one in enumerate(indicator.thresholds):
        for level in one.levels:
            if level.level not in LEVELS:
                single = ("thresholds", level.level)
                several = ("thresholds", index, "levels", level.level)
                at = indicator.origin.keys.get(single) or indicator.origin.key(*several)
                _check_level(level.level, at, problems)
        _check_order(indicator, index, one, problems)
        if one.for_ is not None and (one.for_.unit != "periods" or one.for_.amount < 1):
            at = indicator.origin.value("thresholds", index, "for")
            written = f"{one.for_.amount}{one.for_.unit}"
            problems.add("unknown-value", at, value=written, known="2 periods, 3 periods …")
    measure = indicator.measure
    if measure is not None:
        form = catalogue.forms[measure["form"]]
        for key in ("time", "org"):
            name = measure.get(key)
            if name is not None and name not in form.fields and name not in ("org", "created_at"):
                at = indicator.origin.value("measure", key)
                problems.add(
                    "no-such-field",
                    at,
                    suggestion=nearest(name, form.fields),
                    name=name,
                    place=form.name,
                    known=", ".join(form.fields),
                )
            elif name is not None and key == "time":
                at = indicator.origin.value("measure", "time")
                check_time(form, name, at, problems)


def _check_ratio(catalogue: Catalogue, indicator: Indicator, problems: Problems) -> None:
    """元 / 元 is a share and 元 / 人 is 元 a head: neither is 元."""
    if indicator.type == "ratio":
        names = (indicator.numerator or "", indicator.denominator or "")
        at = indicator.origin.value("unit")
    else:
        expression = catalogue.expressions.get(indicator.formula) if indicator.formula else None
        match expression.root if expression is not None else None:
            case Binary(op="/", left=Name(name=one), right=Name(name=other)):
                names, at = (one, other), indicator.origin.value("unit")
            case _:
                return
    units = [catalogue.indicators[n].unit for n in names if n in catalogue.indicators]
    plain = ("count", "number", "percent", "%", "times")
    if len(units) < 2 or indicator.unit in plain or units[1] in plain:
        return
    if conversion(indicator.unit, units[0]) is not None:
        holes = {"left": units[0], "op": "/", "right": units[1], "unit": indicator.unit}
        problems.add("unit-of-product", at, severity="warning", **holes)


def _check_versions(indicator: Indicator, problems: Problems) -> None:
    for index, version in enumerate(indicator.versions):
        first, last = version.get("valid_from"), version.get("valid_to")
        if first is not None and last is not None and last < first:  # days as ISO writes them
            at = indicator.origin.value("versions", index, "valid_to")
            problems.add("ends-before-it-begins", at, first=first, last=last)


_TOLERANCE = re.compile(r"\d{1,9}(\.\d{1,9})?(%|pp)?\Z", re.ASCII)


def _check_tolerance(indicator: Indicator, problems: Problems) -> None:
    """How far the parts may be from the whole is a share of it."""
    written = (indicator.decompose or {}).get("tolerance")
    if written is None:
        return
    at = indicator.origin.value("decompose", "tolerance")
    if not _TOLERANCE.match(written):
        problems.add("bad-amount", at, value=written[:40])
    elif written[-1] not in "%p" and Decimal(written) > 1:
        shares = doubted_share(Decimal(written))
        problems.add("percent-as-number", at, severity="warning", **shares)


def _check_order(
    indicator: Indicator, index: int, thresholds: ThresholdSet, problems: Problems
) -> None:
    """The first threshold that holds counts, so the most severe stands first."""
    levels = [level.level for level in thresholds.levels if level.level in LEVELS]
    for before, after in pairwise(levels):
        if LEVELS.index(after) < LEVELS.index(before):
            single, several = ("thresholds", after), ("thresholds", index, "levels", after)
            at = indicator.origin.keys.get(single) or indicator.origin.key(*several)
            problems.add("threshold-order", at, severity="warning", level=after, before=before)
            return
