"""What is out of use stays where it stands and is not chosen anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jingwei.language.form import Field
from jingwei.services.code_lists import is_sourced
from jingwei.services.commands import Reading
from jingwei.services.definitions import may_name
from jingwei.services.found import Found
from jingwei.services.plans import FormPlan
from jingwei.services.titles import choice_of, choices


def judge(
    view: Reading,
    plan: FormPlan,
    record: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    found: Found,
) -> None:
    """Refuse definitions that are retired by today or that the actor does not see, and choices that
    today is no day of, but for what stood there before."""
    if not plan.named and not plan.dated:
        return
    was = before or {}
    for name, field in plan.form.fields.items():
        if _may_be_retired(plan, field):
            _judge_value(view, field, name, record.get(name), was.get(name), found)
        elif field.type == "table":
            columns = [c for c in field.fields.values() if _may_be_retired(plan, c)]
            if columns:
                _judge_rows(view, field, columns, record, was, found)


def _may_be_retired(plan: FormPlan, field: Field) -> bool:
    return field.type in ("indicator", "definition") or field.path in plan.dated


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
            _judge_value(view, column, path, row.get(column.name), old.get(column.name), found)


def _judge_value(
    view: Reading, field: Field, path: str, value: Any, old: Any, found: Found
) -> None:
    if value == old:
        return
    there = set(_each(old))
    for name in _each(value):
        if name in there:
            continue
        if field.type == "indicator":
            _judge_indicator(view, path, name, found)
        elif field.type == "definition":
            _judge_definition(view, path, name, found)
        else:
            _judge_choice(view, field, path, name, found)


def _judge_indicator(view: Reading, path: str, name: str, found: Found) -> None:
    definition = view.catalogue.indicators.get(name)
    if definition is None or definition.retired is None or definition.retired > view.today:
        return
    found.add(path, "retired-indicator", title=definition.title)


def _judge_definition(view: Reading, path: str, name: str, found: Found) -> None:
    definition = view.catalogue.definitions.get(name)
    if definition is None:
        return
    if not may_name(view, name):
        found.add(path, "unknown-definition", name=name[:60])
    elif definition.retired is not None and definition.retired <= view.today:
        found.add(path, "retired-definition", title=definition.title)


def _judge_choice(view: Reading, field: Field, path: str, code: str, found: Found) -> None:
    choice = choice_of(view, field, code)
    if choice is None and is_sourced(view, field.choices) and field.compute is None:
        offered = ", ".join(c.code for c in choices(view, field)[:12]) or "–"
        found.add(path, "not-a-choice", value=code[:40], choices=offered)
    if choice is None or choice.offered_on(view.today):
        return
    if choice.valid_from is not None and view.today < choice.valid_from:
        found.add(path, "choice-too-early", title=choice.title, day=choice.valid_from)
    else:
        found.add(path, "choice-too-late", title=choice.title, day=choice.valid_to)


def _each(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value
