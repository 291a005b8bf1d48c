"""The one grammar of data: what tiles, reports, narrative and the query API ask for.

A block asks for indicators (`{indicators, orgs, periods, views, compare, sort, limit}`) or for rows
of a form (`{form, where, columns, group, values, by, every, periods, sort, limit}`), and is
answered as its reader may see it.

Of indicators there is one row for each org, period and indicator: `indicator org period`, a column
for each view and each comparison, and beside them `value` (of the first view), `unit`, `light`,
`status`, `missing_reason`, `as_of`, `version`. Orgs the reader may not see are left out. Org
expressions follow the tree of the period: `children(org)` of June are those of June.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from jingwei.cube.comparisons import FRACTIONS, Compared, ranks
from jingwei.language.output import BLOCK_HEADS, DataBlock
from jingwei.language.periods import Period
from jingwei.refusals import Malformed
from jingwei.services.block_rows import run_form_block
from jingwei.services.block_tables import BlockTable, Column, sorted_rows
from jingwei.services.commands import Reading
from jingwei.services.measures import (
    MOST_CELLS,
    Cell,
    Measures,
    figure_anchors,
    indicators_of,
)
from jingwei.services.world import environment
from jingwei.texts import Words

MOST_PERIODS = 120
RANK = "rank"
HEADS: Sequence[Column] = tuple(
    (name, Words(f"measures.column.{name}"), name, None) for name in BLOCK_HEADS
)


def run_block(
    view: Reading,
    block: DataBlock,
    given: Mapping[str, Any] | None = None,
    measures: Measures | None = None,
) -> BlockTable:
    """The rows of a block with these parameters (or `control`). `measures`: shared by the blocks
    of one answer. Raises Malformed for what cannot be asked."""
    variables = dict(given or {})
    if block.form is not None:
        return run_form_block(view, block, variables)
    return _of_indicators(view, block, variables, measures or Measures(view))


def _of_indicators(
    view: Reading, block: DataBlock, given: Mapping[str, Any], measures: Measures
) -> BlockTable:
    periods = periods_of(view, block, given)
    orgs = {period: orgs_of(view, block, given, period) for period in periods}
    names = {period: indicators_of(view, block.indicators, period) for period in periods}
    many = sum(len(orgs[p]) * len(names[p]) for p in periods)
    cells_asked = many * len(block.views)
    if cells_asked > MOST_CELLS:
        raise Malformed("query-too-large", cells=cells_asked, most=MOST_CELLS)
    every = {name for found in names.values() for name in found}
    views = {*block.views, "actual", *(("target",) if _needs_targets(block) else ())}
    measures.prefetch(every, views, periods)
    in_sets = frozenset(every) - set(block.indicators)
    rows: list[dict[str, Any]] = []
    cells: list[Mapping[str, Any]] = []
    compare = [word for word in block.compare if word != RANK]
    for org in dict.fromkeys(org for period in periods for org in orgs[period]):
        for period in periods:
            if org not in orgs[period] or not measures.may_read(org):
                continue
            for name in names[period]:
                found = _cells(measures, name, org, period, block.views, compare)
                if name in in_sets and _applies_nowhere(found.values()):
                    continue
                rows.append(_row(found, block, compare))
                cells.append(found)
    if RANK in block.compare:
        _rank(view, rows, block.views[0])
    return _ordered(block, columns_of(block), rows, cells)


def _needs_targets(block: DataBlock) -> bool:
    return bool({"vs_target", "attainment"} & set(block.compare))


def _cells(
    measures: Measures,
    name: str,
    org: str,
    period: Period,
    views: Sequence[str],
    compare: Sequence[str],
) -> dict[str, Cell]:
    return {
        one: measures.cell(name, org, period, one, compare if number == 0 else ())
        for number, one in enumerate(views)
    }


def _applies_nowhere(cells: Iterable[Cell]) -> bool:
    return all(cell.missing_reason == "not-applicable" for cell in cells)


def _row(cells: Mapping[str, Cell], block: DataBlock, compare: Sequence[str]) -> dict[str, Any]:
    first = cells[block.views[0]]
    row: dict[str, Any] = {
        "indicator": first.indicator,
        "org": first.org,
        "period": first.period,
        "value": first.value,
        "unit": first.unit,
        "light": first.light,
        "status": first.status,
        "missing_reason": first.missing_reason,
        "as_of": first.as_of,
        "version": first.version,
    }
    row.update((one, cells[one].value) for one in block.views)
    nothing = Compared(None)
    for word in compare:
        beside = first.compare.get(word, nothing)
        row[word] = beside.tier if word == "tier" else beside.value
    return row


def _rank(view: Reading, rows: Sequence[dict[str, Any]], by: str) -> None:
    """The place of each org among those that were asked about, by indicator and period."""
    groups: dict[tuple[str, Period], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["indicator"], row["period"]), []).append(row)
    for (name, _), group in groups.items():
        direction = view.catalogue.indicators[name].direction
        places = ranks({row["org"]: row[by] for row in group}, direction)
        for row in group:
            row[RANK] = places.get(row["org"])


def columns_of(block: DataBlock) -> list[Column]:
    """The columns of an indicator block."""
    columns = list(HEADS)
    columns += [(one, Words(f"measures.view.{one}"), "number", None) for one in block.views]
    columns += [
        (word, Words(f"measures.compare.{word}"), _compare_type(word), None)
        for word in block.compare
    ]
    return columns


def _compare_type(word: str) -> str:
    """A difference of rates is in percentage points: it takes the unit of its row."""
    if word in FRACTIONS:
        return "percent"
    if word == RANK:
        return "integer"
    return "text" if word == "tier" else "number"


def _ordered(
    block: DataBlock,
    columns: Sequence[Column],
    rows: list[dict[str, Any]],
    cells: list[Mapping[str, Any]],
) -> BlockTable:
    total = len(rows)
    pairs = list(zip(rows, cells, strict=True))
    if block.sort:
        pairs = sorted_rows(pairs, block.sort, lambda pair: pair[0])
    if block.limit is not None:
        pairs = pairs[: block.limit]
    return BlockTable(
        columns, [row for row, _ in pairs], total=total, cells=[found for _, found in pairs]
    )


# --- what is asked about --------------------------------------------------------------------------


def periods_of(view: Reading, block: DataBlock, given: Mapping[str, Any]) -> list[Period]:
    """The periods of a block: as it says; else that of the parameters; else the last month that
    is over. A number of periods ends with that one."""
    if block.periods is not None:
        value = view.catalogue.closure(block.periods)(environment(view, {}, **given))
        return _periods(value)
    last = _around(given, "period")
    if not isinstance(last, Period):
        last = next((v for v in _values(given) if isinstance(v, Period)), None)
    if last is None:
        last = Period.containing(view.today, "month").shifted(-1)
    count = min(block.period_count or 1, MOST_PERIODS)
    return [last.shifted(-back) for back in reversed(range(count))]


def _periods(value: Any) -> list[Period]:
    values = value if isinstance(value, list | tuple) else [value]
    found: list[Period] = []
    for one in values:
        if isinstance(one, Period):
            found.append(one)
        elif isinstance(one, str):
            try:
                found.append(Period.parse(one))
            except ValueError:
                raise Malformed("not-a-period", example="2026-03") from None
    return list(dict.fromkeys(found))


def orgs_of(view: Reading, block: DataBlock, given: Mapping[str, Any], period: Period) -> list[str]:
    """The orgs of a block on the tree of the period; without `orgs`, that of the parameters, else
    those where the reader stands."""
    if block.orgs is None:
        asked = _around(given, "org")
        if isinstance(asked, str):
            return [asked]
        return sorted(figure_anchors(view)) or [view.catalogue.tree.root]
    then = replace(view, today=period.end - timedelta(days=1))
    around = environment(then, {}, **{**given, "today": view.today})
    value = view.catalogue.closure(block.orgs)(around)
    values = value if isinstance(value, list | tuple) else [value]
    return [org for org in dict.fromkeys(values) if org in view.catalogue.orgs]


def _around(given: Mapping[str, Any], name: str) -> Any:
    control = given.get("control")
    if isinstance(control, Mapping) and name in control:
        return control[name]
    return given.get(name)


def _values(given: Mapping[str, Any]) -> Iterable[Any]:
    for value in given.values():
        yield from value.values() if isinstance(value, Mapping) else (value,)
