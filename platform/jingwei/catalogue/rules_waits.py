"""What must hold of waiting: for something, for one thing, and for what can come."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import all_effects
from jingwei.catalogue.step_places import StepPlaces
from jingwei.language.form import Form
from jingwei.language.workflow import Step
from jingwei.problems import Problems

ROW = "row."
_AT_ONCE = frozenset({"parallel", "inclusive", "each"})


def check_waiting(
    catalogue: Catalogue, form: Form, step: Step, places: StepPlaces, problems: Problems
) -> None:
    if step.kind == "wait" and step.wait_for is None and step.wait_until is None:
        problems.add("waits-for-nothing", step.at, id=step.id)
    elif step.wait_for is not None and step.wait_until is not None:
        time = f"{step.wait_for.amount}{step.wait_for.unit}"
        problems.add("waits-for-both", places.key(step, "wait", "for"), id=step.id, time=time)
    elif step.wait_until is not None:
        _check_comes(catalogue, form, step, places, problems)


def _check_comes(
    catalogue: Catalogue, form: Form, step: Step, places: StepPlaces, problems: Problems
) -> None:
    """A condition over nothing but fields of the record, which is locked meanwhile: somebody who
    is asked beside must write one of them, or an effect."""
    expression = catalogue.expressions.get(step.wait_until) if step.wait_until else None
    if expression is None or not expression.inside_record or not expression.reads:
        return
    names = {read.removeprefix("this.").partition(".")[0] for read in expression.reads}
    fields = [form.fields[name] for name in names if name in form.fields]
    every = [*fields, *(column for field in fields for column in field.fields.values())]
    if len(fields) < len(names) or any(one.compute is not None for one in every):
        return  # what the product keeps itself, or works out, may change
    tables = any(field.type == "table" for field in fields)
    for written in (*_written_beside(step, places), *_set_by_effects(catalogue)):
        if written.partition(".")[0] in names or (tables and written.startswith(ROW)):
            return
    titles = ", ".join(sorted(names))
    at = places.of(step, "wait", "until")
    problems.add("waits-in-vain", at, severity="warning", id=step.id, fields=titles)


def _written_beside(step: Step, places: StepPlaces) -> Iterator[str]:
    """What the people write who may be asked while this step is open."""
    for other in places.steps:
        if other.id != step.id and _beside(step, other, places):
            yield from other.fields.write
            if other.signature is not None:
                yield other.signature


def _beside(step: Step, other: Step, places: StepPlaces) -> bool:
    """Whether both stand in one block that walks several ways, or rows, at once."""
    pairs = zip(places.chains[step.id], places.chains[other.id], strict=False)
    for (block, way), (there, other_way) in pairs:
        if block != there:
            return False
        rows = way is None and places.by_id[block].order == "together"
        if rows or way != other_way:
            return places.by_id[block].kind in _AT_ONCE
    return False


def _set_by_effects(catalogue: Catalogue) -> Iterator[str]:
    """What any effect sets, whatever form it is of."""
    for effects in all_effects(catalogue):
        for effect in effects:
            yield from effect.values
            yield from (value for value in effect.args.values() if isinstance(value, str))
