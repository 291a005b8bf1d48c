"""What is out of use stays where it stands and is not chosen anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jingwei.language.form import Field
from jingwei.services.commands import Reading
from jingwei.services.found import Found
from jingwei.services.plans import FormPlan


def judge(
    view: Reading,
    plan: FormPlan,
    record: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
) -> None:
    """Refuse indicators that are retired by today, but for those that stood there before."""
    if not plan.indicators:
        return
    was = before or {}
    for name, field in plan.form.fields.items():
        if field.type == "indicator":
            _judge_value(view, name, record.get(name), was.get(name), found)
        elif field.type == "table":
            columns = [column for column in field.fields.values() if column.type == "indicator"]
            if columns:
                _judge_rows(view, field, columns, record, was, found)


def _judge_rows(
    view: Reading,
    table: Field,
    columns: list[Field],
    record: Mapping[str, Any],
    was: Mapping[str, Any],
    found: Found,
) -> None:
    known = {row["id"]: row for row in was.get(table.name) or ()}
    for index, row in enumerate(record.get(table.name) or ()):
        old = known.get(row.get("id"), {})
        for column in columns:
            path = f"{table.name}.{index}.{column.name}"
            _judge_value(view, path, row.get(column.name), old.get(column.name), found)


def _judge_value(view: Reading, path: str, value: Any, old: Any, found: Found) -> None:
    if value == old:
        return
    there = set(_each(old))
    for name in _each(value):
        definition = view.catalogue.indicators.get(name)
        if name in there or definition is None or definition.retired is None:
            continue
        if definition.retired <= view.today:
            found.add(path, "retired-indicator", title=definition.title)


def _each(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value
