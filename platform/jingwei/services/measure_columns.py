"""Many figures at once, as arrays along axes.

Whole years that blocks hold are copied, rounded as they were kept; what blocks do not hold (lights,
comparisons, quarters, other data versions) is computed cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.cube.figures import Mode
from jingwei.cube.packed import MODES, PackedYear
from jingwei.language.data_versions import version_name
from jingwei.language.measures import Indicator
from jingwei.language.periods import Period
from jingwei.services.lights import is_judged
from jingwei.services.measures import Cell, Measures
from jingwei.services.presenting import instant

ARRAYS = ("value", "status", "light", "as_of", "version", "missing_reason")
Arrays = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class ColumnsAsked:
    """The axes beside the indicators, and what is asked of each cell."""

    orgs: Sequence[str]
    periods: Sequence[Period]
    views: Sequence[str]
    compare: Sequence[str]
    mode: Mode | None


def columns_json(
    measures: Measures,
    asked: ColumnsAsked,
    names: Sequence[str],
    members: Mapping[Period, Sequence[str]],
) -> dict[str, Any]:
    """`axes`, `units` and an array for each thing a cell says; the last axis turns fastest."""
    arrays: Arrays = {key: [] for key in ARRAYS}
    compare: Arrays = {word: [] for word in asked.compare}
    for name in names:
        years = _kept(measures, asked, name, members)
        if years is not None:
            _copy(measures, asked, name, years, arrays)
        else:
            _compute(measures, asked, name, members, arrays, compare)
    return {
        "axes": {
            "indicators": list(names),
            "orgs": list(asked.orgs),
            "periods": [str(period) for period in asked.periods],
            "views": list(asked.views),
        },
        "units": {name: measures.view.catalogue.indicators[name].unit for name in names},
        **arrays,
        **({"compare": compare} if compare else {}),
    }


# --- from blocks ---------------------------------------------------------------------------------


def _kept(
    measures: Measures,
    asked: ColumnsAsked,
    name: str,
    members: Mapping[Period, Sequence[str]],
) -> Mapping[int, PackedYear] | None:
    """The blocks of an indicator, when they answer everything that is asked about it."""
    definition: Indicator = measures.view.catalogue.indicators[name]
    judged = is_judged(measures.view.catalogue, definition)
    plain = not judged and not asked.compare and len(asked.views) == 1
    if not plain or any(period.grain != "month" for period in asked.periods):
        return None
    if any(name not in members[period] for period in asked.periods):
        return None
    found: dict[int, PackedYear] = {}
    for year in {period.year for period in asked.periods}:
        block = measures.years.year(name, asked.views[0], year)
        if block is None:
            return None
        found[year] = block
    return found


def _copy(
    measures: Measures,
    asked: ColumnsAsked,
    name: str,
    years: Mapping[int, PackedYear],
    arrays: Arrays,
) -> None:
    definition = measures.view.catalogue.indicators[name]
    mode = MODES.index(asked.mode or definition.time.default_view)
    facets = {year: _facets(block) for year, block in years.items()}
    places = [(p, (p.number - 1) * len(MODES) + mode) for p in asked.periods]
    value, status, light = arrays["value"], arrays["status"], arrays["light"]
    as_of, version, reason = arrays["as_of"], arrays["version"], arrays["missing_reason"]
    for org in asked.orgs:
        for period, offset in places:
            block = years[period.year]
            start = block.places.get(org)
            if start is None:
                number, said = None, _NOTHING
            else:
                found = block.shown[start + offset]
                said = facets[period.year][block.numbers[start + offset]]
                number = None if found != found else found  # noqa: PLR0124  # not a number
            if number is None and said[3] == "no-fact":
                due = measures.is_due(definition, org, period)
                said = said if due else _NOT_DUE
            value.append(number)
            status.append(said[0])
            as_of.append(said[1])
            version.append(said[2])
            reason.append(None if number is not None else said[3])
            light.append(None)


_Said = tuple[str, str | None, str | None, str | None]
_NOTHING: _Said = ("missing", None, None, "no-fact")
_NOT_DUE: _Said = ("not_due", None, None, "not-due")


def _facets(block: PackedYear) -> list[_Said]:
    """What is said beside a value, once for all values that share it."""
    return [
        (
            facet.status,
            None if facet.as_of is None else instant(facet.as_of),
            ", ".join(version_name(code) for code in sorted(facet.versions)) or None,
            facet.reason,
        )
        for facet in block.facets
    ]


# --- computed ------------------------------------------------------------------------------------


def _compute(
    measures: Measures,
    asked: ColumnsAsked,
    name: str,
    members: Mapping[Period, Sequence[str]],
    arrays: Arrays,
    compare: Arrays,
) -> None:
    first = asked.views[0]
    for org in asked.orgs:
        for period in asked.periods:
            if name not in members[period]:
                _nothing(arrays, compare, len(asked.views))
                continue
            for one in asked.views:
                beside = asked.compare if one == first else ()
                cell = measures.cell(name, org, period, one, beside, asked.mode)
                _append(arrays, compare, cell)


def _append(arrays: Arrays, compare: Arrays, cell: Cell) -> None:
    arrays["value"].append(cell.value)
    arrays["status"].append(cell.status)
    arrays["light"].append(cell.light)
    arrays["as_of"].append(None if cell.as_of is None else instant(cell.as_of))
    arrays["version"].append(cell.version)
    arrays["missing_reason"].append(cell.missing_reason)
    for word, values in compare.items():
        one = cell.compare.get(word)
        values.append(None if one is None else one.tier if word == "tier" else one.value)


def _nothing(arrays: Arrays, compare: Arrays, count: int) -> None:
    """Of an indicator that is no member of its set in this period."""
    for _ in range(count):
        for key, values in arrays.items():
            values.append({"status": "missing", "missing_reason": "not-a-member"}.get(key))
        for values in compare.values():
            values.append(None)
