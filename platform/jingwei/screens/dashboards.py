"""`/d/NAME`: a dashboard. Its controls stand in the address; every figure leads to its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import Blueprint, request

from jingwei.language.form import Form
from jingwei.language.output import Tile
from jingwei.screens.cells import NOTHING, NUMERIC, Cell, Cells, Column
from jingwei.screens.figures import (
    COLUMN_PATIENCE,
    Change,
    Scale,
    change_of,
    drill_address,
    exact,
    scale_of,
    spark_of,
    version_words,
    written,
)
from jingwei.screens.frame import page
from jingwei.screens.session import reading
from jingwei.services import dashboards
from jingwei.services.commands import Reading
from jingwei.texts import has_text, text
from jingwei.web import locale

MOST_IN_A_ROW = 6
LIGHTS = ("red", "orange", "yellow", "green", "blue", "grey")


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """One figure of a table, a heat field or a matrix."""

    text: str
    href: str | None = None
    light: str = ""
    hint: str = ""
    css: str = ""


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column of a tile: its heading and how its figures are scaled."""

    name: str
    title: str
    numeric: bool
    unit: str = ""

    @property
    def heading(self) -> str:
        if not self.unit:
            return self.title
        return text("screens.with_unit", locale(), title=self.title, unit=self.unit)


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/d/<name>", "dashboard", show)


def show(name: str) -> Any:
    with reading() as view:
        definition = view.catalogue.dashboards.get(name)
        known = () if definition is None else tuple(definition.controls)
        given = {key: request.args[key] for key in known if request.args.get(key)}
        found = dashboards.dashboard(view, name, given, locale())
        assert definition is not None
        shown = Tiles(view, Cells(view))
        tiles = {key: shown.tile(definition.tiles[key], one) for key, one in found["tiles"].items()}
        return page(
            view,
            "dashboard.html",
            dashboard=definition,
            title=found["title"],
            name=name,
            made_at=shown.cells.moment(found["made_at"]),
            controls=[shown_control(shown.cells, one) for one in found["controls"]],
            tiles=tiles,
            rows=[row[:MOST_IN_A_ROW] for row in found["layout"]],
            places={key: place for place, key in enumerate(found["phone"], 1)},
            everything=request.args.get("all") == "1",
        )


def shown_control(cells: Cells, control: Mapping[str, Any]) -> dict[str, Any]:
    """A control with the periods written as people say them."""
    options = control["options"]
    if control["type"] == "period":
        options = [
            {**one, "value": str(one["value"]), "title": cells.period(str(one["value"]))}
            for one in options
        ]
    value = "" if control["value"] is None else str(control["value"])
    return {**control, "value": value, "options": options}


@dataclass(slots=True)
class Tiles:
    """Makes tiles ready to be shown; one for a page."""

    view: Reading
    cells: Cells

    def tile(self, definition: Tile, found: Mapping[str, Any]) -> dict[str, Any]:
        """The tile as its template wants it: `kind` names the macro."""
        kind = str(found["type"])
        shown: dict[str, Any] = {
            "name": definition.name,
            "kind": kind,
            "title": found["title"],
            "link": _address(found.get("link")),
            "note": found.get("note", ""),
        }
        if shown["note"]:
            return shown
        match kind:
            case "number":
                shown |= self.number(found)
            case "table" | "list" if definition.block.form is not None:
                shown |= self._rows(definition, found)
            case "table" | "list":
                shown |= self._table(found)
            case "chart":
                shown |= self.chart(found)
            case "heat":
                shown |= self._heat(found)
            case "matrix":
                shown |= self._matrix(found)
            case "text":
                shown["text"] = found["text"]
        return shown

    # --- number ---------------------------------------------------------------------------------

    def number(self, found: Mapping[str, Any]) -> dict[str, Any]:
        words, unit, value = self.cells.words, found.get("unit"), found.get("value")
        scale = scale_of(unit, [value], words, self._precision(found.get("indicator")))
        spark = found.get("spark") or {}
        return {
            "value": value,
            "digits": written(value, scale, words),
            "unit": "" if scale.after else scale.words,
            "exact": exact(value, unit, words),
            "href": drill_address(found.get("drill")),
            "light": found.get("light") or "",
            "light_words": self._light_words(found.get("light")),
            "reason": found.get("reason", "") if value is None else "",
            "changes": [
                change_of(one, self._direction(found.get("indicator")), words)
                for one in found.get("compare", ())
            ],
            "views": self._views(found, scale),
            "spark": spark_of(spark.get("values", ())),
            "spark_words": self._spark_words(spark, scale),
            "small": self._small_print(found),
            "missing": [one["title"] for one in found.get("missing", ())],
        }

    def _views(self, found: Mapping[str, Any], scale: Scale) -> list[Change]:
        words = self.cells.words
        return [
            Change(
                text(f"measures.view.{name}", words),
                f"{written(value, scale, words)} {'' if scale.after else scale.words}".strip(),
            )
            for name, value in (found.get("views") or {}).items()
        ]

    def _spark_words(self, spark: Mapping[str, Any], scale: Scale) -> str:
        known = [v for v in spark.get("values", ()) if v is not None]
        if len(known) < 2:
            return ""
        words = self.cells.words
        return text("screens.figures.spark", words, count=len(spark["values"]),
                    low=written(min(known), scale, words),
                    high=written(max(known), scale, words))  # fmt: skip

    def _small_print(self, found: Mapping[str, Any]) -> list[str]:
        """Whose figure it is, of when, in which version of the data."""
        words, lines = self.cells.words, []
        if found.get("period") is not None:
            period = self.cells.period(str(found["period"]))
            lines.append(f"{found.get('org_title', '')} {period}".strip())
        if found.get("stale"):
            asked = self.cells.period(str(found["asked_period"]))
            lines.append(text("screens.figures.stale", words, period=asked))
        version = version_words(found.get("version"), words, self.cells.period)
        if version:
            lines.append(version)
        if found.get("as_of"):
            day = self.cells.moment(found["as_of"])
            lines.append(text("screens.figures.as_of", words, at=day))
        if found.get("annualized"):
            lines.append(text("screens.figures.annualized", words))
        if found.get("missing"):
            count = len(found["missing"])
            lines.append(text("screens.figures.missing", words, count=count))
        return lines

    def _light_words(self, light: Any) -> str:
        key = f"screens.lights.{light}"
        if not light:
            return ""
        return text(key, self.cells.words) if has_text(key) else str(light)

    def _precision(self, indicator: Any) -> int:
        found = self.view.catalogue.indicators.get(str(indicator))
        return 2 if found is None else found.precision

    def _direction(self, indicator: Any) -> str:
        found = self.view.catalogue.indicators.get(str(indicator))
        return "" if found is None else found.direction

    # --- tables ---------------------------------------------------------------------------------

    def _table(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Figures: every column in one unit; where rows are of different units, each in its."""
        words = self.cells.words
        columns, scales = [], {}
        for column in found["columns"]:
            cells = [row["cells"].get(column["name"]) or {} for row in found["rows"]]
            numeric = column["type"] in NUMERIC
            units = {cell["unit"] for cell in cells if cell.get("unit")}
            unit = column.get("unit") or (next(iter(units)) if len(units) == 1 else None)
            scale = None
            if numeric and (unit or not units):
                values = [cell.get("value") for cell in cells]
                precision = self._precision(column.get("indicator"))
                scale = scale_of(unit, values, words, precision, COLUMN_PATIENCE)
            scales[column["name"]] = scale
            said = scale.words if scale is not None and not scale.after else ""
            columns.append(ShownColumn(column["name"], column["title"], numeric, said))
        rows = [
            [self._cell(row["cells"].get(c.name) or {}, c, scales[c.name]) for c in columns]
            for row in found["rows"]
        ]
        return {"columns": columns, "table": rows, "total": found["total"]}

    def _cell(
        self, cell: Mapping[str, Any], column: ShownColumn, scale: Scale | None
    ) -> ShownFigure:
        words, value = self.cells.words, cell.get("value")
        if not column.numeric:
            return ShownFigure(self._title(column.name, cell))
        if cell.get("label_title"):
            return ShownFigure(str(cell["label_title"]), css="num")
        own = scale or scale_of(cell.get("unit"), [value], words)
        digits = written(value, own, words)
        if scale is None and not own.after and value is not None:
            digits = f"{digits} {own.words}"
        return ShownFigure(
            digits,
            drill_address(cell.get("drill")) if value is not None else None,
            _light(cell.get("light")),
            str(cell.get("reason") or "")
            if value is None
            else exact(value, cell.get("unit"), words),
            _css(value),
        )

    def _title(self, column: str, cell: Mapping[str, Any]) -> str:
        value = cell.get("value")
        if column == "period" and value is not None:
            return self.cells.period(str(value))
        said = cell.get("title")
        return str(said) if said is not None else NOTHING if value is None else str(value)

    def _rows(self, definition: Tile, found: Mapping[str, Any]) -> dict[str, Any]:
        """Rows of a form, each value as the lists of the form show it."""
        name, _, part = (definition.block.form or "").partition(".")
        form = self.view.catalogue.forms[name]
        made = frozenset(definition.block.values)
        columns = [self._form_column(form, part, made, column) for column in found["columns"]]
        rows = []
        for row in found["rows"]:
            shown = []
            for described, column in zip(found["columns"], columns, strict=True):
                cell = row["cells"].get(described["name"]) or {}
                shown.append(self._form_cell(form, column, described, cell))
            rows.append({"cells": shown, "href": row.get("link")})
        return {"columns": columns, "records": rows, "total": found["total"], "form": name}

    def _form_column(
        self, form: Form, part: str, made: frozenset[str], described: Mapping[str, Any]
    ) -> Column:
        """`made`: aggregates; one of them may be called as a field is, and is none."""
        name = str(described["name"])
        fields = {} if name in made else form.fields[part].fields if part else form.fields
        if name in fields and part:
            f = fields[name]
            title = f.title(self.cells.words)
            return Column(name, title, f.type, f, unit=self.cells.unit(f))
        if name in fields or (not part and name in ("number", "org", "status", "state", "owner")):
            return self.cells.column(form, name)
        unit = self.cells.unit_words(str(described["unit"])) if described.get("unit") else ""
        kind = (
            "number" if described["type"] in ("number", "integer", "money", "percent") else "text"
        )
        return Column(name, str(described["title"]), kind, None, unit=unit)

    def _form_cell(
        self, form: Form, column: Column, described: Mapping[str, Any], cell: Mapping[str, Any]
    ) -> Cell:
        value = cell.get("value")
        if column.field is not None or column.type in (
            "status",
            "state",
            "org",
            "person",
            "numbering",
        ):
            return self.cells.cell(form, column, value)
        if value is None:
            return Cell(NOTHING, "text-muted")
        if column.numeric:
            scale = scale_of(described.get("unit"), [value], self.cells.words)
            return Cell(written(value, scale, self.cells.words), "num")
        return Cell(str(cell.get("title") or value))

    # --- charts, heat, matrix -------------------------------------------------------------------

    def chart(self, found: Mapping[str, Any]) -> dict[str, Any]:
        words = self.cells.words
        by_unit: dict[Any, list[Any]] = {}
        for one in found["series"]:
            by_unit.setdefault(one.get("unit"), []).extend(one["values"])
        scales = {unit: scale_of(unit, vs, words, 2, Decimal(1)) for unit, vs in by_unit.items()}
        along = found.get("along")
        titles = [
            self.cells.period(str(one["value"])) if along == "period" else one["title"]
            for one in found["categories"]
        ]
        series = []
        for one in found["series"]:
            scale = scales[one.get("unit")]
            series.append(
                {
                    "title": one["title"],
                    "unit": scale.words,
                    "values": [_plain(value, scale) for value in one["values"]],
                    "texts": [written(value, scale, words) for value in one["values"]],
                    "lights": [_light(light) for light in one.get("lights", ())],
                    "hrefs": [drill_address(d) for d in one.get("drills", ())],
                }
            )
        units = {one["unit"] for one in series}
        return {
            "chart": found["chart"],
            "categories": titles,
            "series": series,
            "unit": next(iter(units)) if len(units) == 1 else "",
            "empty": not any(v is not None for one in series for v in one["values"]),
            "model": json.dumps(
                {"chart": found["chart"], "categories": titles, "series": series},
                ensure_ascii=False,
            ),
        }

    def _heat(self, found: Mapping[str, Any]) -> dict[str, Any]:
        words, unit = self.cells.words, found.get("unit")
        values = [one.get("value") for one in found["cells"]]
        scale = scale_of(unit, values, words, self._precision(found.get("indicator")))
        cells = [
            {
                "title": one["title"],
                "figure": ShownFigure(
                    written(one.get("value"), scale, words),
                    drill_address(one.get("drill")) if one.get("value") is not None else None,
                    _light(one.get("light")) if one.get("value") is not None else "grey",
                    str(one.get("reason") or ""),
                ),
                "light_words": self._light_words(one.get("light")),
            }
            for one in found["cells"]
        ]
        return {"unit": "" if scale.after else scale.words, "cells": cells}

    def _matrix(self, found: Mapping[str, Any]) -> dict[str, Any]:
        rows = [
            {
                "title": row["title"],
                "cells": [self._state(cell) for cell in found["cells"][place]],
            }
            for place, row in enumerate(found["rows"])
        ]
        heads = [self.cells.period(str(one["period"])) for one in found["columns"]]
        return {"heads": heads, "matrix": rows}

    def _state(self, cell: Mapping[str, Any]) -> Cell:
        state = str(cell.get("state") or "missing")
        href = _address(cell.get("link")) or drill_address(cell.get("drill"))
        if state in ("ok", "partial", "gap", "missing", "not_due"):
            words = text(f"screens.states.{state}", self.cells.words)
            colors = {"ok": "green", "partial": "yellow", "gap": "orange", "missing": "red"}
            return Cell(words, badge=colors.get(state, "grey"), href=href)
        shown = self.cells.status(state)
        return Cell(shown.text, badge=shown.badge, href=href)


def _light(light: Any) -> str:
    return str(light) if light in LIGHTS else "grey" if light else ""


def _css(value: Any) -> str:
    return "num neg" if value is not None and value < 0 else "num"


def _plain(value: Any, scale: Scale) -> float | None:
    """A number for a chart: it is drawn, not computed with."""
    return None if value is None else float(Decimal(str(value)) / scale.size)


def _address(link: Any) -> str | None:
    """Where a tile leads, if it is a place of this site."""
    if not link:
        return None
    kind, _, name = str(link).partition("/")
    known: Mapping[str, str] = {
        "dashboard": "/d/",
        "form": "/f/",
        "report": "/reports/",
        "indicator": "/indicators/",
    }
    if kind in known and name:
        return known[kind] + name
    return str(link) if str(link).startswith("/") and not str(link).startswith("//") else None


__all__: Sequence[str] = ("Tiles", "register", "shown_control")
