"""Facts as the cube reads them: those that came in, and those measured on records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from jingwei.cube.figures import YearOfFacts
from jingwei.cube.formulas import lineage
from jingwei.language.data_versions import AS_REPORTED, version_code
from jingwei.language.measures import Indicator
from jingwei.language.output import DataBlock
from jingwei.language.periods import Period
from jingwei.services.block_rows import run_form_block
from jingwei.services.commands import Reading
from jingwei.services.people import SYSTEM
from jingwei.storage import facts as store
from jingwei.storage.facts import Series, SeriesKey

_MEASURED = version_code(AS_REPORTED)
# Sums of what happened: of a cumulative indicator, months add up along the year.
_CUMULATIVE = "flow_ytd"


class StoredFacts:
    """The facts of whole years, read when they are first asked for."""

    def __init__(self, view: Reading) -> None:
        self._view = view
        self._known: dict[bool, dict[SeriesKey, Series]] = {False: {}, True: {}}

    def facts(self, indicator: str, view: str, year: int) -> YearOfFacts:
        return self._series((indicator, view, year), False)

    def adjustments(self, indicator: str, view: str, year: int) -> YearOfFacts:
        return self._series((indicator, view, year), True)

    def _series(self, key: SeriesKey, adjustments: bool) -> YearOfFacts:
        known = self._known[adjustments]
        if key not in known:
            names = lineage(self._view.catalogue, key[0])
            self.read([(name, key[1], key[2]) for name in names])
        return known[key]

    def read(self, keys: Iterable[SeriesKey]) -> None:
        """Have these years at once."""
        wanted = [key for key in keys if not self._from_records(key)]
        for adjustments, known in self._known.items():
            fresh = [key for key in wanted if key not in known]
            if fresh:
                known.update(
                    store.load_series(
                        self._view.connection,
                        self._view.installation.book,
                        fresh,
                        adjustments=adjustments,
                    )
                )

    def _from_records(self, key: SeriesKey) -> bool:
        """Whether this is measured on records; then it is here afterwards."""
        name, one, year = key
        indicator = self._view.catalogue.indicators[name]
        if indicator.measure is None or one != "actual":
            return False
        if key not in self._known[False]:
            self._known[True][key] = {}
            self._known[False][key] = self._measured(indicator, year)
        return True

    def _measured(self, indicator: Indicator, year: int) -> Series:
        """The year of an indicator that is counted on records: those of the whole form, because a
        figure is of the org and not of its reader."""
        measure: Mapping[str, Any] = indicator.measure or {}
        view = replace(self._view, actor=SYSTEM)
        block = DataBlock(
            at=indicator.origin.value("measure"),
            form=measure["form"],
            where=measure.get("where"),
            group=(measure.get("org") or "org",),
            by=measure.get("time") or "created_at",
            every="month",
            values={"value": measure["value"]},
        )
        found: Series = {}
        for row in run_form_block(view, block, {}).rows:
            period, org = row["period"], row[block.group[0]]
            if org is None or not isinstance(period, Period) or period.year != year:
                continue
            if row["value"] is not None:
                entry = (_MEASURED, float(row["value"]), view.now)
                found.setdefault(org, {})[period.key] = [entry]
        if indicator.time.kind == _CUMULATIVE:
            return {org: _added_up(months, year, view.now) for org, months in found.items()}
        return found


def _added_up(
    months: Mapping[int, list[tuple[int, float, datetime]]], year: int, at: datetime
) -> dict[int, list[tuple[int, float, datetime]]]:
    """Amounts of months as cumulative figures, up to the last month that has one."""
    keys = [Period(year, "month", month).key for month in range(1, 13)]
    last = max(keys.index(key) for key in months)
    total = 0.0
    found = {}
    for key in keys[: last + 1]:
        total += sum(value for _, value, _ in months.get(key, ()))
        found[key] = [(_MEASURED, total, at)]
    return found
