"""The small parts that tiles are made of: cells, comparisons, columns, rows with their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jingwei.cube.comparisons import FRACTIONS, Compared
from jingwei.language.field_types.table import present_value
from jingwei.language.form import Form
from jingwei.language.output import DataBlock
from jingwei.language.values import Literal_
from jingwei.services.block_tables import BlockTable, Column
from jingwei.services.commands import Reading
from jingwei.services.measures import Cell
from jingwei.services.titles import Titles
from jingwei.texts import text


def note(locale: str, key: str) -> dict[str, str]:
    return {"note": text(f"measures.note.{key}", locale)}


def drill_of(cell: Cell) -> dict[str, Any]:
    return {
        "indicator": cell.indicator,
        "org": cell.org,
        "period": cell.period,
        "view": cell.view,
    }


def cell_part(cell: Cell, locale: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "value": cell.value,
        "unit": cell.unit,
        "light": cell.light,
        "status": cell.status,
        "drill": drill_of(cell),
    }
    if cell.missing_reason is not None:
        found["reason"] = text(f"measures.reason.{cell.missing_reason}", locale)
    if cell.annualized:
        found["annualized"] = True
    return found


def beside(word: str, compared: Compared, unit: str, locale: str) -> dict[str, Any]:
    fraction = word in FRACTIONS
    found: dict[str, Any] = {
        "word": word,
        "title": text(f"measures.compare.{word}", locale),
        "value": compared.value,
        "type": "percent" if fraction else "number",
        "unit": "percent" if fraction else unit,
        "base": compared.base,
        "current": compared.current,
    }
    if compared.value is None and compared.reason is not None:
        found["reason"] = text(f"measures.reason.{compared.reason}", locale)
    if compared.label is not None:
        found["label"] = compared.label
        found["label_title"] = text(f"measures.label.{compared.label}", locale)
    if word == "tier":
        found["tier"] = compared.tier
    if compared.partial:
        found["partial"] = True
    return found


def unit_of(type_: str, unit: Any) -> str | None:
    unit = unit.value if isinstance(unit, Literal_) else unit
    if type_ == "percent":
        return "percent"
    return unit if isinstance(unit, str) else None


def column_json(column: Column, locale: str) -> dict[str, Any]:
    name, title, type_, unit = column
    shown = title(locale) if callable(title) else str(title)
    return {"name": name, "title": shown, "type": type_, "unit": unit_of(type_, unit)}


def shown_rows(
    view: Reading,
    form: Form,
    block: DataBlock,
    table: BlockTable,
    names: Sequence[str],
    locale: str,
) -> list[dict[str, Any]]:
    """Rows with the words people read: of choices, people, orgs, states, links."""
    part = (block.form or "").partition(".")[2]
    fields = form.fields[part].fields if part else form.fields
    plain = [
        {
            name: present_value(fields[name], row.get(name)) if name in fields else row.get(name)
            for name in names
        }
        for row in table.rows
    ]
    known = replace(form, fields=fields) if part else form
    titles = Titles(view, known, locale).of(plain)
    return [
        {
            name: {"value": value} | ({"title": said[name]} if said.get(name) is not None else {})
            for name, value in row.items()
        }
        for row, said in zip(plain, titles, strict=True)
    ]
