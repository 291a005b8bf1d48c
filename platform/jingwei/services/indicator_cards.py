"""The catalogue of indicators and the card of each: one definition, and everything that uses it.

Definitions are no secret: whoever is signed in reads every card. Figures are another matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jingwei.cube.formulas import inputs_of
from jingwei.language.measures import Indicator
from jingwei.language.output import DataBlock
from jingwei.language.values import Due
from jingwei.language.who import Who
from jingwei.refusals import NotFound
from jingwei.services.commands import Reading
from jingwei.services.measures import SETS


def indicators_listed(view: Reading, locale: str) -> list[dict[str, Any]]:
    """Every indicator, in the order of their files."""
    sets = _sets(view)
    return [
        short(view, one, locale) | {"sets": sets.get(one.name, [])}
        for one in view.catalogue.indicators.values()
    ]


def short(view: Reading, indicator: Indicator, locale: str) -> dict[str, Any]:
    return {
        "name": indicator.name,
        "title": indicator.title(locale),
        "type": indicator.type,
        "unit": indicator.unit,
        "precision": indicator.precision,
        "direction": indicator.direction,
        "org_agg": indicator.org_agg,
        "time": {
            "kind": indicator.time.kind,
            "grain": indicator.time.grain,
            "default_view": indicator.time.default_view,
            "annualize": indicator.time.annualize,
        },
        "owner": [_who(view, who, locale) for who in indicator.owner],
        "levels": list(indicator.levels),
        "tags": list(indicator.tags),
    }


def card(view: Reading, name: str, locale: str) -> dict[str, Any]:
    """All that is known of one indicator. Raises NotFound."""
    indicator = view.catalogue.indicators.get(name)
    if indicator is None:
        raise NotFound("no-such-indicator", name=name[:60])
    description = indicator.description
    return {
        **short(view, indicator, locale),
        "description": None if description is None else description(locale),
        "help": indicator.help,
        "formula": _formula(indicator),
        "inputs": [
            {"name": one, "title": view.catalogue.indicators[one].title(locale)}
            for one in inputs_of(view.catalogue, indicator)
        ],
        "weight": indicator.weight,
        "applies_to": None if indicator.applies_to is None else indicator.applies_to.source,
        "availability": _due(indicator.availability),
        "decompose": dict(indicator.decompose) if indicator.decompose else None,
        "benchmark": _benchmark(indicator),
        "comparisons": list(indicator.comparisons),
        "thresholds": [
            {
                "applies_to": None if one.applies_to is None else one.applies_to.source,
                "valid_from": one.valid_from,
                "levels": [
                    {"level": level.level, "when": level.when.source} for level in one.levels
                ],
            }
            for one in indicator.thresholds
        ],
        "versions": [_version(one) for one in indicator.versions],
        "sets": _sets(view).get(name, []),
        "used_by": _used_by(view, name, locale),
    }


def _formula(indicator: Indicator) -> str | None:
    match indicator.type:
        case "ratio":
            return f"{indicator.numerator} / {indicator.denominator}"
        case "derived":
            return None if indicator.formula is None else indicator.formula.source
        case "cumulative":
            return f"{indicator.of} ({indicator.to_date or indicator.window or 'all'})"
    return None


def _due(due: Due | None) -> dict[str, Any] | None:
    if due is None:
        return None
    lag = None if due.lag is None else f"{due.lag.amount}{due.lag.unit}"
    return {"lag": lag, "day": due.day, "shift": due.shift}


def _benchmark(indicator: Indicator) -> dict[str, Any] | None:
    if not indicator.benchmark:
        return None
    return {key: getattr(value, "source", value) for key, value in indicator.benchmark.items()}


def _version(version: Mapping[str, Any]) -> dict[str, Any]:
    return {key: getattr(value, "source", value) for key, value in version.items()}


def _who(view: Reading, who: Who, locale: str) -> str:
    """Whose business it is, in words."""
    known: Mapping[str, Any] = {
        "post": view.catalogue.posts,
        "role": view.catalogue.roles,
    }.get(who.kind, {})
    found = known.get(who.name or "")
    return found.title(locale) if found is not None else (who.name or who.kind)


def _sets(view: Reading) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, one in view.catalogue.indicator_sets.items():
        for member in one.members.values():
            found.setdefault(member.indicator, []).append(
                {"set": name, "from": member.from_, "to": member.to, "required": member.required}
            )
    return found


def _used_by(view: Reading, name: str, locale: str) -> list[dict[str, Any]]:
    """Definitions that name the indicator, or a set it belongs to."""
    catalogue = view.catalogue
    names = {name, *(SETS + one["set"] for one in _sets(view).get(name, []))}
    found: list[tuple[str, Any]] = []
    found += [
        ("indicator", one)
        for one in catalogue.indicators.values()
        if name in inputs_of(catalogue, one)
    ]
    found += [
        ("dashboard", one)
        for one in catalogue.dashboards.values()
        if _asks(names, (tile.block for tile in one.tiles.values()))
    ]
    found += [
        ("report", one) for one in catalogue.reports.values() if _asks(names, one.data.values())
    ]
    found += [("alert", one) for one in catalogue.alerts.values() if one.watch_indicator == name]
    return [{"kind": kind, "name": one.name, "title": one.title(locale)} for kind, one in found]


def _asks(names: set[str], blocks: Iterable[DataBlock]) -> bool:
    return any(names & set(block.indicators) for block in blocks)
