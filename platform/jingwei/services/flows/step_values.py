"""The fields of a step: what its people send is written, and what it requires must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from jingwei.language.field_types.table import present_value
from jingwei.refusals import FieldRefusal, Invalid, Malformed, Refused
from jingwei.services import records
from jingwei.services.commands import Work
from jingwei.services.flows.correcting import fields_now
from jingwei.services.flows.row_fields import (
    ROW,
    AskedRow,
    as_sent,
    asked_row,
    row_now,
    with_row,
)
from jingwei.services.flows.runtime import Loaded
from jingwei.services.rights import FieldRights
from jingwei.storage.flow_rows import RunRow

NOTHING: tuple[Any, ...] = (None, [], "")


def write_fields(
    work: Work,
    loaded: Loaded,
    run: RunRow,
    body: Mapping[str, Any],
    *,
    owes: bool,
    signed: Mapping[str, Any],
) -> None:
    """Write the fields that the open step lets its people write; whoever `owes` what it requires
    may not empty that. `signed`: what the decision itself leaves, unless it was sent."""
    values = body.get("fields")
    values = {} if values is None else values
    if values == {} and not signed:
        return
    if not isinstance(values, Mapping):
        raise Malformed("not-writable-fields", fields=[FieldRefusal("fields", "not-an-object")])
    flow = loaded.state.flow
    step = loaded.plan.step(run.step)
    opened = fields_now(work, loaded, run, step).write
    columns = {name for name in opened if name.startswith(ROW)}
    allowed = set(opened) - columns
    record = loaded.asks.record
    if step.kind == "fill" and record.get("status") in ("draft", "returned"):
        allowed |= work.rights.fields(work, flow.form, record).writable
    row = asked_row(loaded.view.catalogue, loaded.plan, run.step, run.path)
    seen = work.rights.fields(work, flow.form, record)
    refused = [
        FieldRefusal(name, "not-writable", {"name": name})
        for name in values
        if not _is_opened(name, allowed, columns) or _path(name, row) not in seen.visible
    ]
    for name, rows_ in values.items():
        if name in allowed:
            refused += _unseen_columns(loaded, name, rows_, seen)
        elif name not in columns and not refused:
            refused += _other_columns(loaded, name, rows_, allowed, seen)
    if refused:
        raise Malformed("not-writable-fields", fields=refused)
    if row is not None:
        allowed |= {f"{row.table}.{name[len(ROW) :]}" for name in columns & values.keys()}
    try:
        records.update(
            replace(work, origin=f"flow:{flow.id}"),
            flow.form,
            flow.record,
            {**signed, **with_row(record, row, values)},
            source="flow",
            allowed=frozenset({*allowed, *signed}),
            require=frozenset(step.fields.require if owes else ()),
        )
    except Refused as wrong:
        raise as_sent(wrong, record, row, values) from None
    loaded.asks.forget()


def _is_opened(name: str, allowed: Collection[str], columns: Collection[str]) -> bool:
    opened = name in allowed or name in columns
    return opened or any(one.startswith(f"{name}.") for one in allowed)


def _path(name: str, row: AskedRow | None) -> str:
    """What a sent name is called in the form."""
    in_row = row is not None and name.startswith(ROW)
    return f"{row.table}.{name[len(ROW) :]}" if row is not None and in_row else name


def _unseen_columns(loaded: Loaded, table: str, sent: Any, seen: FieldRights) -> list[FieldRefusal]:
    """Cells of a table whose columns their sender does not see: nobody writes blindly."""
    field = loaded.view.catalogue.forms[loaded.state.flow.form].fields.get(table)
    rows = sent if field is not None and isinstance(sent, list) else []
    return [
        FieldRefusal(f"{table}.{index}.{name}", "not-writable", {"name": name})
        for index, row in enumerate(rows)
        if field is not None and isinstance(row, Mapping)
        for name in row
        if name in field.fields and f"{table}.{name}" not in seen.visible
    ]


def _other_columns(
    loaded: Loaded, table: str, sent: Any, allowed: Collection[str], seen: FieldRights
) -> list[FieldRefusal]:
    """Columns of a table beside the writable ones must be sent back as they are; no row may come
    or go. What its sender does not see is never compared: he could try values until one is taken.
    """
    known = {row["id"]: row for row in loaded.asks.record.get(table) or ()}
    columns = loaded.view.catalogue.forms[loaded.state.flow.form].fields[table].fields
    given = [row for row in sent if isinstance(row, Mapping)] if isinstance(sent, list) else []
    if {row.get("id") for row in given} != set(known) or len(given) != len(known):
        return [FieldRefusal(table, "not-writable", {"name": table})]
    refused = []
    for index, row in enumerate(given):
        for name, value in row.items():
            column = columns.get(name)
            path, was = f"{table}.{name}", known[row["id"]].get(name)
            open_ = path in seen.visible and (path not in seen.masked or was is None)
            same = column is None or (open_ and present_value(column, was) == value)
            if name != "id" and path not in allowed and not same:
                at = f"{table}.{index}.{name}"
                refused.append(FieldRefusal(at, "not-writable", {"name": name}))
    return refused


def check_required(loaded: Loaded, run: RunRow) -> None:
    """Raises Invalid naming each field that the step requires and that is empty."""
    step = loaded.plan.step(run.step)
    if not step.fields.require:
        return
    lacking = [
        FieldRefusal(name, "required")
        for name, value in _owed(loaded, run, step.fields.require)
        if value in NOTHING
    ]
    if lacking:
        raise Invalid("invalid", fields=lacking)


def _owed(loaded: Loaded, run: RunRow, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Each required field as a person would send it, and its value: of a column every row's."""
    record = loaded.asks.record
    row = row_now(record, asked_row(loaded.view.catalogue, loaded.plan, run.step, run.path))
    for name in names:
        table, _, column = name.partition(".")
        if name.startswith(ROW):
            if row is not None:
                yield name, row.get(column)
        elif column:
            for index, one in enumerate(record.get(table) or ()):
                yield f"{table}.{index}.{column}", one.get(column)
        else:
            yield name, record.get(name)
