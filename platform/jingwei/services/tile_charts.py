"""Charts of a dashboard as plain data: categories along an axis, a series for what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jingwei.language.output import DataBlock, Tile
from jingwei.services.block_tables import BlockTable
from jingwei.services.blocks import run_block
from jingwei.services.commands import Reading
from jingwei.services.measures import Cell, Measures
from jingwei.services.tile_parts import column_json, drill_of, note, shown_rows
from jingwei.services.titles import title_of
from jingwei.texts import text


def chart(
    view: Reading, tile: Tile, given: Mapping[str, Any], measures: Measures, locale: str
) -> dict[str, Any]:
    table = run_block(view, tile.block, given, measures)
    found: dict[str, Any] = {"chart": tile.chart or "bar"}
    if tile.block.form is not None:
        closed = note(locale, "closed") if table.closed else {}
        return found | _chart_of_rows(view, tile.block, table, locale) | closed
    if not table.rows:
        return found | {"categories": [], "series": [], **note(locale, "not_readable")}
    return found | _chart_of_figures(view, tile.block, table, locale)


def _chart_of_figures(
    view: Reading, block: DataBlock, table: BlockTable, locale: str
) -> dict[str, Any]:
    """Along time when there are several periods, else along orgs, else along indicators; a series
    for everything else that differs."""
    axes = ("period", "org", "indicator")
    several = {axis: list(dict.fromkeys(row[axis] for row in table.rows)) for axis in axes}
    along = next((axis for axis in axes if len(several[axis]) > 1), "org")
    rest = [axis for axis in ("indicator", "org", "period") if axis != along]
    series: dict[tuple[Any, ...], dict[Any, tuple[Mapping[str, Any], Mapping[str, Cell]]]] = {}
    for row, cells in zip(table.rows, table.cells, strict=True):
        key = tuple(row[axis] for axis in rest)
        series.setdefault(key, {})[row[along]] = (row, cells)
    categories = several[along]
    made = []
    for key, points in series.items():
        for one in block.views:
            made.append(
                _series_of(view, block, rest, key, one, [points.get(c) for c in categories],
                           several, locale)
            )  # fmt: skip
    return {
        "along": along,
        "categories": [
            {
                "value": one,
                "title": str(one) if along == "period" else title_of(view, along, one, locale),
            }
            for one in categories
        ],
        "series": made,
    }


def _series_of(
    view: Reading,
    block: DataBlock,
    rest: Sequence[str],
    key: tuple[Any, ...],
    name: str,
    points: Sequence[tuple[Mapping[str, Any], Mapping[str, Cell]] | None],
    several: Mapping[str, Sequence[Any]],
    locale: str,
) -> dict[str, Any]:
    cells = [None if point is None else point[1][name] for point in points]
    words = [
        str(value) if axis == "period" else title_of(view, axis, value, locale)
        for axis, value in zip(rest, key, strict=True)
        if axis == "indicator" or len(several[axis]) > 1
    ]
    if len(block.views) > 1:
        words.append(text(f"measures.view.{name}", locale))
    unit = next((cell.unit for cell in cells if cell is not None), None)
    return {
        "name": "_".join([*(str(value) for value in key), name]),
        "title": " ".join(words),
        "type": "percent" if unit == "percent" else "number",
        "unit": unit,
        "values": [None if cell is None else cell.value for cell in cells],
        "lights": [None if cell is None else cell.light for cell in cells],
        "drills": [None if cell is None else drill_of(cell) for cell in cells],
    }


def _chart_of_rows(
    view: Reading, block: DataBlock, table: BlockTable, locale: str
) -> dict[str, Any]:
    """Rows that were grouped: the last group (or the period) is along the axis, the first of two
    groups makes the series; every aggregate is a series."""
    assert block.form is not None
    form = view.catalogue.forms[block.form.partition(".")[0]]
    names = [name for name, *_ in table.columns]
    keys = [name for name in names if name not in block.values]
    shown = shown_rows(view, form, block, table, names, locale)
    along = keys[-1] if keys else None
    groups: dict[Any, dict[Any, dict[str, Any]]] = {}
    categories: dict[Any, str] = {}
    for row in shown:
        place = _hashable(row[along]["value"]) if along else None
        categories.setdefault(place, _said(row[along], locale) if along else "")
        by = _said(row[keys[0]], locale) if len(keys) > 1 else ""
        groups.setdefault(by, {})[place] = row
    values = [one for one in table.columns if one[0] in block.values]
    series = []
    for by, points in groups.items():
        for column in values:
            described = column_json(column, locale)
            series.append(
                {
                    **described,
                    "name": f"{by}_{column[0]}" if by else column[0],
                    "title": f"{by} {described['title']}"
                    if by and len(values) > 1
                    else by or described["title"],
                    "values": [
                        points[c][column[0]]["value"] if c in points else None for c in categories
                    ],
                }
            )
    return {
        "along": along,
        "categories": [{"value": one, "title": said} for one, said in categories.items()],
        "series": series,
    }


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _said(cell: Mapping[str, Any], locale: str) -> str:
    if cell.get("title") is not None:
        return str(cell["title"])
    value = cell.get("value")
    return text("measures.note.none", locale) if value is None else str(value)
