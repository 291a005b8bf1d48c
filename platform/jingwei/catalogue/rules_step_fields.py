"""What must hold of the fields that a step opens, asks for and hides, and of its signature."""

from __future__ import annotations

from collections.abc import Collection

from jingwei.catalogue.rules_form import paths_of, unknown
from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.form import Form
from jingwei.language.workflow import Step
from jingwei.problems import Problems


def check_step_fields(form: Form, step: Step, places: StepPlaces, problems: Problems) -> None:
    if step.fields.write or step.fields.require or step.fields.hide:
        _check_names(form, step, places, problems)
        _check_hidden(step, places, problems)
        _check_computed(form, step, places, problems)
    _check_signature(form, step, places, problems)


def _check_names(form: Form, step: Step, places: StepPlaces, problems: Problems) -> None:
    known = [*paths_of(form)]
    columns = _row_columns(form, step, places)
    for key in ("write", "require", "hide"):
        for index, name in enumerate(getattr(step.fields, key)):
            if name.startswith("row."):
                wrong = columns is not None and name not in columns
            else:
                wrong = name not in known
            if wrong:
                at = places.of(step, step.kind, "fields", key, index)
                unknown(problems, at, name, [*(columns or ()), *known], form.name)


def _row_columns(form: Form, step: Step, places: StepPlaces) -> Collection[str] | None:
    """`row.x` that may be named here: none outside of `each`; None where its rows are no plain
    table of the form."""
    around = [places.by_id[block] for block, _ in places.chains.get(step.id, ())]
    rows = [one for one in (*around, step) if one.of is not None]
    if not rows:
        return ()
    source = rows[-1].of.source.strip() if rows[-1].of is not None else ""
    table = form.fields.get(source)
    if table is None or table.type != "table":
        return None
    return [f"row.{column}" for column in table.fields]


def _check_hidden(step: Step, places: StepPlaces, problems: Problems) -> None:
    for key, code in (("require", "required-and-hidden"), ("write", "written-and-hidden")):
        for index, name in enumerate(getattr(step.fields, key)):
            if name in step.fields.hide:
                at = places.of(step, step.kind, "fields", key, index)
                problems.add(code, at, name=name, id=step.id)


def _check_computed(form: Form, step: Step, places: StepPlaces, problems: Problems) -> None:
    for index, name in enumerate(step.fields.write):
        first, _, below = name.partition(".")
        column = form.fields.get(first)
        column = column.fields.get(below) if column is not None and below else column
        if column is not None and column.compute is not None and column.mode == "always":
            at = places.of(step, step.kind, "fields", "write", index)
            problems.add("computed-not-written", at, severity="warning", name=name)


def _check_signature(form: Form, step: Step, places: StepPlaces, problems: Problems) -> None:
    if step.signature is None:
        return
    at = places.of(step, "approve", "signature")
    field = form.fields.get(step.signature)
    if field is None:
        unknown(problems, at, step.signature, form.fields, form.name)
    elif field.type != "signature":
        problems.add("not-a-signature", at, name=field.name, type=field.type)
