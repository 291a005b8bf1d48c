"""What effects may write: never a field that is always computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.definition import Definition
from jingwei.language.effects import Effect, Effects
from jingwei.language.form import Field, Form
from jingwei.language.workflow import walk
from jingwei.problems import Position, Problems, nearest


def check_effects(catalogue: Catalogue, problems: Problems) -> None:
    for definition, form, effect in every_effect(catalogue):
        _check_written(catalogue, definition, form, effect, problems)


def every_effect(catalogue: Catalogue) -> Iterator[tuple[Definition, Form | None, Effect]]:
    """Each effect, with where it stands and the form of the record that it is about."""
    for definition, form, effects in _all(catalogue):
        for effect in effects:
            yield definition, form, effect


def _all(catalogue: Catalogue) -> Iterator[tuple[Definition, Form | None, Effects]]:
    """Each list of effects, with where it stands and the form of the record that it is about."""
    for form in catalogue.forms.values():
        for action in form.actions.values():
            yield form, form, action.do
        for effects in form.events.values():
            yield form, form, effects
        for receipt in form.receipts.values():
            yield form, form, receipt.then
    for workflow in catalogue.workflows.values():
        form = catalogue.forms[workflow.form]
        for effects in workflow.end.values():
            yield workflow, form, effects
        for step in walk(workflow.steps):
            yield workflow, form, step.do
    for schedule in catalogue.schedules.values():
        yield schedule, None, schedule.do


def _check_written(
    catalogue: Catalogue,
    definition: Definition,
    form: Form | None,
    effect: Effect,
    problems: Problems,
) -> None:
    if effect.verb == "score" and form is not None:
        _check_score(definition, form, effect, problems)
    fields = written_to(catalogue, form, effect)
    if form is not None and effect.verb == "append":
        table = form.fields.get(str(effect.args["to"]))
        if table is not None and table.scorecard is not None:
            at = place_of(definition, effect, "to")
            problems.add("scored-not-written", at, name=table.name)
    for name in effect.values:
        field = fields.get(name)
        if field is not None and field.scorecard is not None:
            problems.add("scored-not-written", place_of(definition, effect, name), name=name)
        if field is not None and field.compute is not None and field.mode == "always":
            at = place_of(definition, effect, name)
            problems.add("computed-not-written", at, name=name)


def _check_score(definition: Definition, form: Form, effect: Effect, problems: Problems) -> None:
    """What is scored again is a score sheet."""
    sheets = [name for name, field in form.fields.items() if field.scorecard is not None]
    name = str(effect.args["field"])
    if name not in sheets:
        problems.add(
            "no-such-field",
            place_of(definition, effect, "field", "score"),
            suggestion=nearest(name, sheets),
            name=name,
            place=form.name,
            known=", ".join(sheets) or "–",
        )


def written_to(catalogue: Catalogue, form: Form | None, effect: Effect) -> Mapping[str, Field]:
    """The fields that the effect writes."""
    if effect.verb in ("create", "update") and "form" in effect.args:
        form = catalogue.forms.get(str(effect.args["form"]))
    elif effect.verb == "update":
        return {}  # of whichever form the record is
    if form is None:
        return {}
    if effect.verb == "append":
        table = form.fields.get(str(effect.args["to"]))
        return table.fields if table is not None else {}
    return form.fields


def place_of(definition: Definition, effect: Effect, *names: str) -> Position:
    """Where the first of these keys of an effect is written, be it a field of its `set`."""
    path = tuple(int(part) if part.isdigit() else part for part in effect.path.split("/"))
    keys = definition.origin.keys
    for name in names:
        for way in ((*path, "set", name), (*path, effect.verb, "set", name), (*path, name)):
            if way in keys:
                return keys[way]
        if (*path, effect.verb, name) in keys:
            return keys[(*path, effect.verb, name)]
    return effect.at
