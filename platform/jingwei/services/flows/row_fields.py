"""What a step in `each` opens of its row: `row.x` is that column of that row, of no other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.workflow import StepFields
from jingwei.refusals import FieldRefusal, Malformed, Refused
from jingwei.services.flows.plan import FlowPlan
from jingwei.storage.flow_rows import RunRow

ROW = "row."


@dataclass(frozen=True, slots=True)
class AskedRow:
    """The row that a run is about: of which table, and its id."""

    table: str
    id: int


def table_of(catalogue: Catalogue, plan: FlowPlan, step_id: str) -> str | None:
    """The table of the record whose rows the innermost `each` around a step goes through; None
    where it stands in none, or goes through something else."""
    around = [plan.step(block) for block, _ in plan.chain(step_id)]
    sources = [step.of for step in around if step.of is not None]
    if not sources or catalogue.expressions.get(sources[-1]) is None:
        return None
    type_ = catalogue.expression(sources[-1]).type
    return type_.table if type_.form in (None, plan.workflow.form) else None


def asked_row(catalogue: Catalogue, plan: FlowPlan, step_id: str, path: str) -> AskedRow | None:
    """The row that the run at this path is about; None for one that is about no single row, as
    where `distinct` asks about several at once."""
    if step_id not in plan.places:
        return None
    lanes = path.split("/")[1::2]
    chain = plan.chain(step_id)
    for (block, _), lane in zip(reversed(chain), reversed(lanes[: len(chain)]), strict=False):
        step = plan.step(block)
        if step.of is None:
            continue
        table = table_of(catalogue, plan, step_id)
        if table is None or step.distinct is not None or not lane.isdecimal():
            return None
        return AskedRow(table, int(lane))
    return None


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """The rows that a run is about, several where `distinct` asks about them at once, and the
    fields that its step hides."""

    table: str
    ids: tuple[int, ...]
    hide: tuple[str, ...]


def asked_about(catalogue: Catalogue, plan: FlowPlan, run: RunRow) -> AskedAbout | None:
    """What a run is about inside `each`; None for one outside."""
    row = asked_row(catalogue, plan, run.step, run.path)
    ids = (row.id,) if row is not None else tuple(run.data.get("rows", ()))
    table = table_of(catalogue, plan, run.step) if ids and run.step in plan.places else None
    if table is None:
        return None
    return AskedAbout(table, ids, in_table(plan.step(run.step).fields, table).hide)


def in_table(fields: StepFields, table: str | None) -> StepFields:
    """The field rights of a step as the whole record knows them: what hides `row.x` hides that
    column, what opens it opens nothing but in its own row."""
    hidden = [f"{table}.{n[len(ROW) :]}" for n in fields.hide if n.startswith(ROW)]
    return StepFields(
        write=tuple(n for n in fields.write if not n.startswith(ROW)),
        require=tuple(n for n in fields.require if not n.startswith(ROW)),
        hide=(*(n for n in fields.hide if not n.startswith(ROW)), *(hidden if table else ())),
    )


def row_now(record: Mapping[str, Any], asked: AskedRow | None) -> Mapping[str, Any] | None:
    """The row as it stands in the record; None where it was taken away."""
    rows = record.get(asked.table) or () if asked is not None else ()
    return next((row for row in rows if asked is not None and row["id"] == asked.id), None)


def with_row(
    record: Mapping[str, Any], asked: AskedRow | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    """What is sent with `row.x` as part of its table, as the write path takes it. Raises Malformed
    where there is no such row (any more)."""
    own = {name[len(ROW) :]: value for name, value in values.items() if name.startswith(ROW)}
    left = {name: value for name, value in values.items() if not name.startswith(ROW)}
    if not own:
        return left
    if asked is None or row_now(record, asked) is None:
        wrong = [FieldRefusal(ROW + name, "not-writable", {"name": ROW + name}) for name in own]
        raise Malformed("not-writable-fields", fields=wrong)
    sent = left.get(asked.table) or [{"id": row["id"]} for row in record[asked.table]]
    left[asked.table] = [{**row, **own} if row["id"] == asked.id else row for row in sent]
    return left


def as_sent(
    refused: Refused, record: Mapping[str, Any], asked: AskedRow | None, names: Collection[str]
) -> Refused:
    """A refusal that names the fields of the row as they were sent."""
    ids = [row["id"] for row in record.get(asked.table) or ()] if asked is not None else []
    if asked is None or asked.id not in ids:
        return refused
    place = f"{asked.table}.{ids.index(asked.id)}."
    refused.fields = tuple(
        FieldRefusal(ROW + f.path[len(place) :], f.code, f.holes, f.words)
        if f.path.startswith(place) and ROW + f.path[len(place) :] in names
        else f
        for f in refused.fields
    )
    return refused
