"""The tiles of a dashboard as plain data; the shape of each stands in `services/dashboards.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from jingwei.cube.comparisons import FRACTIONS
from jingwei.language.output import DataBlock, Tile
from jingwei.language.periods import Grain, Period
from jingwei.services.block_tables import BlockTable
from jingwei.services.blocks import RANK, orgs_of, periods_of, run_block
from jingwei.services.commands import Reading
from jingwei.services.measures import Cell, Measures
from jingwei.services.presenting import instant
from jingwei.services.tile_charts import chart
from jingwei.services.tile_parts import beside, cell_part, column_json, note, shown_rows, unit_of
from jingwei.services.titles import title_of
from jingwei.texts import text

MOST_BACK = 12  # periods that a number tile looks back for the last figure there is
MOST_SPARK = 60

Given = Mapping[str, Any]
Maker = Callable[[Reading, Tile, Given, Measures, str], dict[str, Any]]


def tile_json(
    view: Reading, tile: Tile, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    """One tile with its data."""
    found: dict[str, Any] = {"type": tile.type, "title": _title(view, tile, locale)}
    if tile.link is not None:
        found["link"] = tile.link
    if tile.format is not None:
        found["format"] = tile.format
    found.update(_MAKERS[tile.type](view, tile, given, measures, locale))
    return found


def _title(view: Reading, tile: Tile, locale: str) -> str:
    if tile.title is not None:
        return tile.title(locale)
    block = tile.block
    if block.form is not None:
        return view.catalogue.forms[block.form.partition(".")[0]].title(locale)
    for name in block.indicators[:1]:
        if name.startswith("set."):
            return view.catalogue.indicator_sets[name[4:]].title(locale)
        return view.catalogue.indicators[name].title(locale)
    return ""


# --- number --------------------------------------------------------------------------------------


def _number(
    view: Reading, tile: Tile, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    if tile.block.form is not None:
        return _number_of_rows(view, tile, given, locale)
    asked = periods_of(view, tile.block, given)
    table = run_block(view, tile.block, given, measures)
    if not table.rows:
        return note(locale, "not_readable")
    cells = table.cells[-1]
    period, used = asked[-1], tile.block
    first = cells[tile.block.views[0]]
    if first.value is None and first.missing_reason in ("no-fact", "not-due"):
        found = _last_there(view, tile.block, first, measures)
        if found is not None:
            cells, used = found
            first = cells[tile.block.views[0]]
    others = {one: cells[one].value for one in used.views[1:]}
    compare = [beside(word, one, first.unit, locale) for word, one in first.compare.items()]
    spark = _spark(measures, first, tile.spark) if tile.spark else None
    missing = [
        {"value": org, "title": title_of(view, "org", org, locale)}
        for org in first.missing
        if measures.may_read(org)
    ]
    return {
        **cell_part(first, locale),
        "indicator": first.indicator,
        "org": first.org,
        "org_title": title_of(view, "org", first.org, locale),
        "period": first.period,
        "asked_period": period,
        "stale": first.period != period,
        "as_of": None if first.as_of is None else instant(first.as_of),
        "version": first.version,
        **({"views": others} if others else {}),
        "compare": compare,
        **({"spark": spark} if spark else {}),
        **({"missing": missing} if missing else {}),
    }


def _last_there(
    view: Reading, block: DataBlock, first: Cell, measures: Measures
) -> tuple[Mapping[str, Cell], DataBlock] | None:
    """The last figure before the period that has none yet."""
    compare = [word for word in block.compare if word != RANK]
    for back in range(1, MOST_BACK + 1):
        period = first.period.shifted(-back)
        cells = {
            one: measures.cell(
                first.indicator, first.org, period, one, compare if number == 0 else ()
            )
            for number, one in enumerate(block.views)
        }
        if cells[block.views[0]].value is not None:
            return cells, block
    return None


def _spark(measures: Measures, cell: Cell, count: int) -> dict[str, Any]:
    periods = [cell.period.shifted(-back) for back in reversed(range(min(count, MOST_SPARK)))]
    measures.prefetch([cell.indicator], [cell.view], periods)
    values = [
        measures.cell(cell.indicator, cell.org, period, cell.view).value for period in periods
    ]
    return {"periods": periods, "values": values}


def _number_of_rows(view: Reading, tile: Tile, given: Given, locale: str) -> dict[str, Any]:
    table = run_block(view, tile.block, given)
    if not table.rows:
        return {"value": None, **note(locale, "not_readable")}
    name, _, type_, unit = table.columns[-1]
    return {"value": table.rows[0].get(name), "unit": unit_of(type_, unit), "compare": []}


# --- table, list ---------------------------------------------------------------------------------


def _table(
    view: Reading, tile: Tile, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    table = run_block(view, tile.block, given, measures)
    if tile.block.form is not None:
        return _table_of_rows(view, tile.block, table, locale)
    if not table.rows:
        return {"columns": [], "rows": [], "total": 0, **note(locale, "not_readable")}
    places = {(row["org"], row["period"]) for row in table.rows}
    if len(places) == 1:
        return _table_by_indicator(view, tile.block, table, locale)
    return _table_by_org(view, tile.block, table, locale)


def _measured(block: DataBlock) -> list[str]:
    return [*block.views, *block.compare]


def _figure_cell(row: Mapping[str, Any], cells: Mapping[str, Cell], name: str, block: DataBlock,
                 locale: str) -> dict[str, Any]:  # fmt: skip
    """A view or a comparison of one row."""
    if name in cells:
        return cell_part(cells[name], locale)
    if name == RANK:
        return {"value": row.get(RANK)}
    first = cells[block.views[0]]
    compared = first.compare.get(name)
    if compared is None:
        return {"value": None}
    found = beside(name, compared, first.unit, locale)
    kept = ("value", "unit", "reason", "label", "label_title", "partial")
    return {key: found[key] for key in kept if key in found}


def _words(view: Reading, kind: str, value: Any, locale: str) -> dict[str, Any]:
    return {"value": value, "title": title_of(view, kind, value, locale)}


def _table_by_indicator(
    view: Reading, block: DataBlock, table: BlockTable, locale: str
) -> dict[str, Any]:
    """One org, one period: a row for each indicator."""
    columns = [column_json(one, locale) for one in table.columns if one[0] not in ("org", "period")]
    rows = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        found = {"indicator": _words(view, "indicator", row["indicator"], locale)}
        for name in _measured(block):
            found[name] = _figure_cell(row, cells, name, block, locale)
        rows.append({"cells": found, "org": row["org"], "period": row["period"]})
    return {"columns": columns, "rows": rows, "total": len(rows)}


def _table_by_org(
    view: Reading, block: DataBlock, table: BlockTable, locale: str
) -> dict[str, Any]:
    """A row for each org (and period), a column for each indicator and what is beside it."""
    names = list(dict.fromkeys(row["indicator"] for row in table.rows))
    measured = _measured(block)
    heads = [column_json(table.columns[1], locale)]
    if len({row["period"] for row in table.rows}) > 1:
        heads.append(column_json(table.columns[2], locale))
    columns = heads + [
        _indicator_column(view, name, one, place, locale)
        for name in names
        for place, one in enumerate(measured)
    ]
    rows: dict[tuple[str, Period], dict[str, Any]] = {}
    for row, cells in zip(table.rows, table.cells, strict=True):
        key = (row["org"], row["period"])
        kept = rows.setdefault(
            key,
            {
                "cells": {
                    "org": _words(view, "org", row["org"], locale),
                    "period": {"value": row["period"], "title": str(row["period"])},
                },
                "org": row["org"],
                "period": row["period"],
            },
        )
        for place, one in enumerate(measured):
            name = _across(row["indicator"], one, place)
            kept["cells"][name] = _figure_cell(row, cells, one, block, locale)
    return {"columns": columns, "rows": list(rows.values()), "total": len(rows)}


def _across(indicator: str, name: str, place: int) -> str:
    return f"{indicator}_{name}" if place else indicator


def _indicator_column(
    view: Reading, indicator: str, name: str, place: int, locale: str
) -> dict[str, Any]:
    definition = view.catalogue.indicators[indicator]
    fraction = name in FRACTIONS
    words = "view" if name in ("actual", "target", "budget", "forecast") else "compare"
    title = definition.title(locale)
    if place:
        title = text(f"measures.{words}.{name}", locale)
    unit = "percent" if fraction else definition.unit
    return {
        "name": _across(indicator, name, place),
        "title": title,
        "type": "percent" if unit == "percent" else "number",
        "unit": None if name == RANK else unit,
        "indicator": indicator,
    }


def _table_of_rows(
    view: Reading, block: DataBlock, table: BlockTable, locale: str
) -> dict[str, Any]:
    assert block.form is not None
    form = view.catalogue.forms[block.form.partition(".")[0]]
    names = [name for name, *_ in table.columns]
    shown = shown_rows(view, form, block, table, names, locale)
    rows: list[dict[str, Any]] = []
    for place, cells in enumerate(shown):
        row: dict[str, Any] = {"cells": cells}
        if place < len(table.ids) and table.ids[place] is not None:
            row["id"] = table.ids[place]
            row["link"] = f"/f/{form.name}/{table.ids[place]}"
        rows.append(row)
    columns = [column_json(one, locale) for one in table.columns]
    total = table.total if table.total is not None else len(rows)
    closed = note(locale, "closed") if table.closed else {}
    return {"columns": columns, "rows": rows, "total": total, **closed}


# --- heat, matrix, text --------------------------------------------------------------------------


def _heat(
    view: Reading, tile: Tile, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    """A field of orgs coloured by their lights. Orgs that say nothing stay grey, not absent."""
    table = run_block(view, tile.block, given, measures)
    cells = []
    for row, found in zip(table.rows, table.cells, strict=True):
        cell = found[tile.block.views[0]]
        if cell.missing_reason == "not-applicable":
            continue
        cells.append(
            {
                "org": row["org"],
                "title": title_of(view, "org", row["org"], locale),
                "period": row["period"],
                **cell_part(cell, locale),
            }
        )
    name = tile.block.indicators[0] if tile.block.indicators else None
    indicator = view.catalogue.indicators.get(name or "")
    made: dict[str, Any] = {
        "indicator": name,
        "unit": None if indicator is None else indicator.unit,
        "cells": cells,
    }
    return made if cells else made | note(locale, "not_readable")


def _matrix(
    view: Reading, tile: Tile, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    """Orgs by periods: who has reported what."""
    if tile.block.form is not None:
        return _matrix_of_records(view, tile.block, given, measures, locale)
    block = tile.block
    if block.periods is None and block.period_count is None:
        block = replace(block, period_count=MOST_BACK)
    table = run_block(view, block, given, measures)
    orgs = list(dict.fromkeys(row["org"] for row in table.rows))
    periods = list(dict.fromkeys(row["period"] for row in table.rows))
    known: dict[tuple[str, Period], dict[str, Any]] = {}
    for row, found in zip(table.rows, table.cells, strict=True):
        cell = found[block.views[0]]
        known.setdefault(
            (row["org"], row["period"]), {**cell_part(cell, locale), "state": cell.status}
        )
    return _matrix_json(view, orgs, periods, known, locale)


def _matrix_json(
    view: Reading,
    orgs: Sequence[str],
    periods: Sequence[Period],
    known: Mapping[tuple[str, Period], dict[str, Any]],
    locale: str,
) -> dict[str, Any]:
    empty = {"state": "missing"}
    return {
        "rows": [{"org": org, "title": title_of(view, "org", org, locale)} for org in orgs],
        "columns": [{"period": one, "title": str(one)} for one in periods],
        "cells": [[known.get((org, one), empty) for one in periods] for org in orgs],
    }


def _matrix_of_records(
    view: Reading, block: DataBlock, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    """The records of a form by org and period, each by its status."""
    assert block.form is not None
    form = view.catalogue.forms[block.form.partition(".")[0]]
    name = next((n for n, f in form.fields.items() if f.type == "period"), None)
    if name is None:
        return {"rows": [], "columns": [], "cells": [], **note(locale, "no_period")}
    wanted = replace(
        block, columns=tuple((n, None) for n in ("org", name, "status")), limit=None, sort=()
    )
    table = run_block(view, wanted, given)
    known: dict[tuple[str, Period], dict[str, Any]] = {}
    for row, identity in zip(table.rows, table.ids, strict=True):
        if row.get("org") is not None and row.get(name) is not None:
            known[row["org"], row[name]] = {
                "state": row.get("status"),
                "id": identity,
                "link": f"/f/{form.name}/{identity}",
            }
    periods = periods_of(view, replace(block, form=None, period_count=MOST_BACK), given)
    grain = form.fields[name].grain
    if grain is not None:
        periods = list(dict.fromkeys(one.of_grain(cast(Grain, grain)) for one in periods))
    if block.orgs is not None:
        orgs = [one for one in orgs_of(view, block, given, periods[-1]) if measures.may_read(one)]
    else:
        orgs = sorted({org for org, _ in known})
    return _matrix_json(view, orgs, periods, known, locale)


def _text(
    view: Reading, tile: Tile, given: Given, measures: Measures, locale: str
) -> dict[str, Any]:
    return {"text": "" if tile.text is None else tile.text(locale)}


_MAKERS: Mapping[str, Maker] = {
    "number": _number,
    "table": _table,
    "list": _table,
    "chart": chart,
    "heat": _heat,
    "matrix": _matrix,
    "text": _text,
}
