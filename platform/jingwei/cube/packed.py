"""A year of computed figures of one indicator and view, packed: every org, month and mode.

Values are 64-bit floats in one array, org by org, month by month, the period before the year to
date. What is said of a value beside it (status, reason, source, data versions, age, what lacks) is
one of few combinations: they are kept once, and each value names its own by a number.
"""

from __future__ import annotations

import json
import math
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from jingwei.cube.cube import Cube, variant
from jingwei.cube.figures import Figure, Mode, rounded
from jingwei.language.periods import Period

MODES: Sequence[Mode] = ("period", "ytd")
PER_ORG = 12 * len(MODES)
_HEAD = struct.Struct("<II")  # bytes of the header, number of orgs
_Facet = tuple[Any, ...]


def pack(cube: Cube, indicator: str, view: str, year: int) -> bytes:
    """The year as the cube computes it, for every org that has any figure in it."""
    orgs: list[str] = []
    values = array("d")
    shown = array("d")
    facets = array("I")
    known: dict[_Facet, int] = {}
    there = cube.orgs_with_facts(indicator, view, year)
    for org in cube.catalogue.orgs:
        if org not in there and cube.concerns_always(indicator, org, year):
            continue
        figures = [
            cube.figure(indicator, org, Period(year, "month", month), view, mode)
            for month in range(1, 13)
            for mode in MODES
        ]
        if all(figure.value is None and figure.reason == "no-fact" for figure in figures):
            continue
        orgs.append(org)
        for place, figure in enumerate(figures):
            value = figure.value
            values.append(math.nan if value is None else value)
            shown.append(
                math.nan if value is None else _rounded(cube, indicator, year, place, value)
            )
            facets.append(known.setdefault(_facet(figure), len(known)))
    header = json.dumps({"orgs": orgs, "facets": list(known)}, separators=(",", ":")).encode()
    body = b"".join(_little(one).tobytes() for one in (values, shown, facets))
    return zlib.compress(_HEAD.pack(len(header), len(orgs)) + header + body, 1)


def _rounded(cube: Cube, indicator: str, year: int, place: int, value: float) -> float:
    """As it leaves the cube: what stands there is shown without another rounding."""
    period = Period(year, "month", place // len(MODES) + 1)
    definition = variant(cube.catalogue.indicators[indicator], period)
    return float(rounded(value, definition.unit, definition.precision))


def _facet(figure: Figure) -> _Facet:
    return (
        figure.status,
        figure.reason,
        figure.source,
        figure.missing,
        tuple(str(period) for period in figure.missing_periods),
        tuple(sorted(figure.versions)),
        None if figure.as_of is None else figure.as_of.timestamp(),
    )


def _little(numbers: array[Any]) -> array[Any]:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers


@dataclass(frozen=True, slots=True)
class PackedYear:
    """One year, ready to be read. `shown`: the values as they leave the cube, rounded to their
    digits. `size`: bytes in memory, about."""

    places: Mapping[str, int]
    values: array[float]
    shown: array[float]
    numbers: array[int]
    facets: Sequence[Figure]
    size: int

    @classmethod
    def unpacked(cls, content: bytes) -> PackedYear:
        raw = zlib.decompress(content)
        length, count = _HEAD.unpack_from(raw)
        start = _HEAD.size + length
        header = json.loads(raw[_HEAD.size : start])
        values, shown, numbers = array("d"), array("d"), array("I")
        many = count * PER_ORG * values.itemsize
        values.frombytes(raw[start : start + many])
        shown.frombytes(raw[start + many : start + 2 * many])
        numbers.frombytes(raw[start + 2 * many :])
        places = {org: place * PER_ORG for place, org in enumerate(header["orgs"])}
        facets = [_figure(facet) for facet in header["facets"]]
        size = len(raw) + 100 * len(facets)
        return cls(places, _little(values), _little(shown), _little(numbers), facets, size)

    def figure(self, org: str, month: int, mode: Mode) -> Figure:
        """An org that is not in it has no figure in any month."""
        start = self.places.get(org)
        if start is None:
            return _NOTHING
        place = start + (month - 1) * len(MODES) + MODES.index(mode)
        facet = self.facets[self.numbers[place]]
        value = self.values[place]
        if math.isnan(value):
            return facet
        return Figure(
            value,
            facet.status,
            facet.reason,
            facet.source,
            facet.missing,
            facet.missing_periods,
            facet.versions,
            facet.as_of,
        )


_NOTHING = Figure(None, "missing", "no-fact")


def _figure(facet: Sequence[Any]) -> Figure:
    status, reason, source, missing, periods, versions, at = facet
    return Figure(
        None,
        status,
        reason,
        cast(Any, source),
        tuple(missing),
        tuple(Period.parse(one) for one in periods),
        frozenset(versions),
        None if at is None else datetime.fromtimestamp(at, UTC),
    )
