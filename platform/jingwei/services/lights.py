"""Which thresholds judge a figure: those of the org's profile, of its layers, of the indicator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.layered import catalogue_for
from jingwei.cube.cube import variant
from jingwei.language.measures import Indicator, Threshold, ThresholdSet
from jingwei.language.periods import Period
from jingwei.services.commands import Reading


def is_judged(catalogue: Catalogue, definition: Indicator) -> bool:
    """Whether somebody's figures of it get a light."""
    base, name = catalogue.base or catalogue, definition.name
    return (
        bool(definition.thresholds)
        or any(name in profile.thresholds for profile in base.profiles.values())
        or any((one.of_kind, one.of_name) == ("indicator", name) for one in base.layers.values())
    )


def place_in(order: Sequence[str]) -> Callable[[str], int]:
    """How mild a level is; one that these thresholds do not have is as good as none."""
    return lambda level: order.index(level) if level in order else len(order) - 1


def as_org_has(
    view: Reading, definition: Indicator, org: str, period: Period
) -> tuple[Catalogue, Indicator]:
    """The indicator with what the layers of the org say of it, and the catalogue it is in."""
    base = view.catalogue.base or view.catalogue
    whole = catalogue_for(base, org, view.today) if base.layers else base
    name = definition.name
    if whole.indicators[name] is base.indicators[name]:
        return base, definition
    return whole, variant(whole.indicators[name], period)


def in_force(
    catalogue: Catalogue, definition: Indicator, org: str, period: Period, around: Any
) -> ThresholdSet | None:
    """The thresholds of this org and period: those of its profile; else, of those of the indicator
    that apply, the newest."""
    last = period.end - timedelta(days=1)
    profile = catalogue.profiles.get(catalogue.tree.profile(org, last) or "")
    own = profile.thresholds.get(definition.name) if profile is not None else None
    if own is not None:  # of this type of business
        return ThresholdSet(levels=tuple(Threshold(level=n, when=w) for n, w in own.items()))
    found: list[tuple[date, int, ThresholdSet]] = []
    for number, one in enumerate(definition.thresholds):
        since = one.valid_from or date.min
        if since > last:
            continue
        if one.applies_to is not None and not catalogue.closure(one.applies_to)(around):
            continue
        found.append((since, -number, one))
    return max(found, key=lambda one: one[:2])[2] if found else None
