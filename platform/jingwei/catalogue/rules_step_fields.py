"""What must hold of the fields that a step opens, asks for and hides, and of its signature."""

from __future__ import annotations

from collections.abc import Collection

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import paths_of, unknown
from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.form import Form
from jingwei.language.workflow import Step
from jingwei.problems import Problems

ROW = "row."


def check_step_fields(
    catalogue: Catalogue, form: Form, step: Step, places: StepPlaces, problems: Problems
) -> None:
    if step.fields.write or step.fields.require or step.fields.hide:
        _check_names(catalogue, form, step, places, problems)
        _check_one_row(step, places, problems)
        _check_hidden(step, places, problems)
        _check_computed(form, step, places, problems)
        _check_required(form, step, places, problems)
    _check_signature(form, step, places, problems)


def _check_names(
    catalogue: Catalogue, form: Form, step: Step, places: StepPlaces, problems: Problems
) -> None:
    known = [*paths_of(form)]
    columns = _row_columns(catalogue, form, step, places)
    for key in ("write", "require", "hide"):
        for index, name in enumerate(getattr(step.fields, key)):
            if name.startswith(ROW):
                wrong = columns is not None and name not in columns
            else:
                wrong = name not in known
            if wrong:
                at = places.of(step, step.kind, "fields", key, index)
                unknown(problems, at, name, [*(columns or ()), *known], form.name)


def _row_columns(
    catalogue: Catalogue, form: Form, step: Step, places: StepPlaces
) -> Collection[str] | None:
    """`row.x` that may be named here: none outside of `each` and where its rows are no rows of the
    form; None where what it goes through is not known, which is said elsewhere."""
    around = _each_around(step, places)
    if around is None or around.of is None:
        return ()
    expression = catalogue.expressions.get(around.of)
    if expression is None:
        return None
    table = form.fields.get(expression.type.table or "")
    if table is None or expression.type.form not in (None, form.name):
        return ()
    return [f"{ROW}{column}" for column in table.fields]


def _each_around(step: Step, places: StepPlaces) -> Step | None:
    """The innermost `each` that a step stands in."""
    around = [places.by_id[block] for block, _ in places.chains.get(step.id, ())]
    rows = [one for one in (*around, step) if one.of is not None]
    return rows[-1] if rows else None


def _check_one_row(step: Step, places: StepPlaces, problems: Problems) -> None:
    """Where `distinct` asks about several rows at once there is no one row to open."""
    around = _each_around(step, places)
    if around is None or around.distinct is None:
        return
    for key in ("write", "require"):
        for index, name in enumerate(getattr(step.fields, key)):
            if name.startswith(ROW):
                at = places.of(step, step.kind, "fields", key, index)
                problems.add("row-of-several", at, name=name, id=step.id, each=around.id)


def _check_hidden(step: Step, places: StepPlaces, problems: Problems) -> None:
    for key, code in (("require", "required-and-hidden"), ("write", "written-and-hidden")):
        for index, name in enumerate(getattr(step.fields, key)):
            if name in step.fields.hide:
                at = places.of(step, step.kind, "fields", key, index)
                problems.add(code, at, name=name, id=step.id)


def _check_required(form: Form, step: Step, places: StepPlaces, problems: Problems) -> None:
    """What a step asks for and does not open: whoever finds it empty can only send it back."""
    opened = {*step.fields.write, step.signature}
    for index, name in enumerate(step.fields.require):
        field = form.fields.get(name)
        if (field is not None and field.required) or name in step.fields.hide:
            continue  # it is never empty; or said already
        if name not in opened and name.partition(".")[0] not in opened:
            at = places.of(step, step.kind, "fields", "require", index)
            problems.add("required-not-opened", at, severity="warning", name=name, id=step.id)


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
