"""Rows that a table makes by itself: `generate: {each, set}`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from jingwei.language.form import Field
from jingwei.language.values import Formula, Literal_
from jingwei.services.commands import Reading
from jingwei.services.computing import as_kept
from jingwei.services.found import Found, Values
from jingwei.services.plans import FormPlan
from jingwei.services.world import environment

MOST_ROWS = 5_000


def begin(
    view: Reading, plan: FormPlan, record: Values, given: Collection[str], found: Found
) -> None:
    """The rows of a new record; a table that was sent keeps what was sent."""
    if not plan.tables:
        return
    for name, table in plan.form.tables.items():
        if table.generate is not None and (name not in given or not record.get(name)):
            record[name] = _rows(view, plan, table, record, found)


def refresh(view: Reading, plan: FormPlan, record: Values, found: Found) -> None:
    """Rows that are wanted by now and not yet there. Nothing is taken away, and nothing filled in
    is overwritten."""
    for name, table in plan.form.tables.items():
        if table.generate is None or table.generate.refresh == "never":
            continue
        rows = list(record.get(name) or ())
        there = {_key(row, table.generate.set) for row in rows}
        wanted = _rows(view, plan, table, record, found)
        record[name] = rows + [r for r in wanted if _key(r, table.generate.set) not in there]


def _rows(
    view: Reading, plan: FormPlan, table: Field, record: Values, found: Found
) -> list[Values]:
    generate = table.generate
    assert generate is not None
    around = environment(view, record)
    elements = view.catalogue.closure(generate.each)(around) or ()
    rows: list[Values] = []
    for element in list(elements)[:MOST_ROWS]:
        held = element if isinstance(element, Mapping) else None
        env = environment(view, record, row=held)
        env.variables = {**env.variables, "row": element}
        row: Values = {}
        for name, value in generate.set.items():
            if isinstance(value, Formula):
                worked_out = view.catalogue.closure(value)(env)
            else:
                assert isinstance(value, Literal_)
                worked_out = value.value
            path = f"{table.name}.{len(rows)}.{name}"
            row[name] = as_kept(table.fields[name], worked_out, path, found)
        for name, column in plan.tables[table.name].items():
            if name not in row:
                inside = env.inside(record)
                inside.record = row
                row[name] = column.default(inside) if column.default is not None else None
        rows.append(row)
    return rows


def _key(row: Mapping[str, Any], names: Collection[str]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)
