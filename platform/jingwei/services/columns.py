"""Rows as columns: what is the same for all values of a column is done once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.field_types.base import ValueRefused
from jingwei.services import validation
from jingwei.services.commands import Reading, Work
from jingwei.services.found import Values
from jingwei.services.parsing import Names
from jingwei.services.plans import FormPlan
from jingwei.services.wanted import Batch, Change

ABSENT = object()  # a value of a row that has none of that name


def by_name(rows: Sequence[Mapping[str, Any]], absent: Any = None) -> dict[str, Sequence[Any]]:
    """The values of rows by name, one a row; `absent` where a row has none of that name."""
    keys = set(map(tuple, rows))
    if len(keys) == 1:  # each has the same, in the same order
        columns = zip(*[row.values() for row in rows], strict=True)
        return dict(zip(*keys, columns, strict=True))
    names = {name for row in keys for name in row}
    return {name: [row.get(name, absent) for row in rows] for name in names}


def as_rows(
    names: Sequence[str], columns: Sequence[Sequence[Any]], count: int, *, is_whole: bool
) -> list[dict[str, Any]]:
    """So many rows of what `by_name` gave; what is ABSENT is left out, if not all are whole."""
    rows = zip(*columns, strict=True) if columns else [()] * count
    if is_whole:
        return [dict(zip(names, values, strict=True)) for values in rows]
    return [{n: v for n, v in zip(names, row, strict=True) if v is not ABSENT} for row in rows]


def read_together(
    work: Work, plan: FormPlan, changes: Sequence[Change], batch: Batch
) -> Sequence[Values | None]:
    """The values of new records that are written together; None for what is to be read by itself.
    The batch is told which fields are left to be judged."""
    if len(changes) < 2 or any(change.kind != "create" for change in changes):
        return [None] * len(changes)
    found = parse_all(work, plan, [change.values for change in changes])
    batch.judged = validation.left_to_judge(plan, found.columns)
    return found.rows


@dataclass(frozen=True, slots=True)
class Columns:
    """New records that were read a column at a time. `rows`: the values of each; None for one that
    is to be read by itself, because something in it is wrong, or no plain value. `columns`: the
    same by field, None where nothing is."""

    rows: Sequence[Values | None]
    columns: Mapping[str, Sequence[Any]]


def parse_all(view: Reading, plan: FormPlan, raw: Sequence[Mapping[str, Any]]) -> Columns:
    """`parse` for many new records at once: what is the same for all values of a field is done
    once a column."""
    sent = by_name(raw)
    plain = plan.parsers.keys() - plan.secrets | {"org"}
    is_plain = sent.keys() <= plain
    alone = set() if is_plain else {at for at, row in enumerate(raw) if not row.keys() <= plain}
    names = Names(view)
    columns = {
        name: _column(view, plan, name, sent[name], raw, names, alone)
        for name in sent.keys() & plain
    }
    read = zip(*columns.values(), strict=True) if columns else [()] * len(raw)
    order = tuple(columns)
    rows: list[Values | None] = [dict(zip(order, values, strict=True)) for values in read]
    for at in alone:
        rows[at] = None
    return Columns(rows, columns)


def _column(
    view: Reading,
    plan: FormPlan,
    name: str,
    sent: Sequence[Any],
    raw: Sequence[Mapping[str, Any]],
    names: Names,
    alone: set[int],
) -> Sequence[Any]:
    """The values of one field; where one cannot be read, its row is `alone`."""
    if name not in plan.parsers:  # the org of the record
        alone.update(
            at for at, row in enumerate(raw) if name in row and not _is_org(view, sent[at])
        )
        return sent
    is_whole = None not in sent and "" not in sent
    there = sent if is_whole else [value for value in sent if not _is_empty(value)]
    many = plan.columns.get(name)
    read = many(there) if many is not None and there else None
    if read is not None:
        rest = iter(read)
        return read if is_whole else [None if _is_empty(v) else next(rest) for v in sent]
    parse_ = plan.parsers[name]
    values: list[Any] = []
    for at, value in enumerate(sent):
        try:
            values.append(None if _is_empty(value) else parse_(value, names))
        except ValueRefused:
            values.append(None)
            alone.add(at)
    return values


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_org(view: Reading, given: Any) -> bool:
    return isinstance(given, str) and given in view.catalogue.orgs
