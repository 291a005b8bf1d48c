"""Values that only one living record of a form may have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jingwei.language.template import Template
from jingwei.refusals import FieldRefusal
from jingwei.services.commands import Reading
from jingwei.services.found import Found, Values, by_author
from jingwei.services.plans import FormPlan


def judge_unique_rules(view: Reading, plan: FormPlan, record: Values, found: Found) -> None:
    """Rules that say what only one record may have."""
    for one in plan.rules:
        rule = one.rule
        if rule.unique:
            judge_unique(view, plan, rule.unique, rule.field_at, rule.message, record, found)


def judge_unique_fields(
    view: Reading, plan: FormPlan, record: Values, found: Found, changed: Collection[str] | None
) -> None:
    """Fields that are unique by themselves."""
    for name in plan.unique:
        if changed is None or name in changed:
            judge_unique(view, plan, (name,), name, None, record, found)


def judge_unique(
    view: Reading,
    plan: FormPlan,
    fields: Sequence[str],
    at: str | None,
    message: Template | None,
    record: Values,
    found: Found,
) -> None:
    values = [record.get(name) for name in fields]
    taken = view.store.unique.holder(
        view.connection, plan.form.name, fields, values, record.get("id")
    )
    if taken is not None:
        found.refusals.append(_taken(view, plan, at or fields[0], message, record))


def taken_among(
    view: Reading, plan: FormPlan, records: Sequence[Values]
) -> dict[int, list[FieldRefusal]]:
    """What new records that are written together would take from others, or from each other: by
    the place in the batch."""
    wanted: list[tuple[Sequence[str], str | None, Template | None]] = [
        (rule.rule.unique, rule.rule.field_at, rule.rule.message)
        for rule in plan.rules
        if rule.rule.unique
    ]
    wanted += [((name,), name, None) for name in plan.unique]
    taken: dict[int, list[FieldRefusal]] = {}
    for fields, at, message in wanted:
        for place in view.store.unique.taken(view.connection, plan.form.name, fields, records):
            refusal = _taken(view, plan, at or fields[0], message, records[place])
            taken.setdefault(place, []).append(refusal)
    return taken


def meanwhile(refusals: Sequence[FieldRefusal]) -> list[FieldRefusal]:
    """The same of a record that comes back, whose values cannot be changed before that."""
    return [
        replace(one, code="taken-since") if one.code == "taken" and one.words is None else one
        for one in refusals
    ]


def _taken(
    view: Reading, plan: FormPlan, path: str, message: Template | None, record: Mapping[str, Any]
) -> FieldRefusal:
    if message is not None:
        old = None if record.get("id") is None else record
        return by_author(view, plan.form, "taken", path, message, record, old)
    return FieldRefusal(path, "taken")
