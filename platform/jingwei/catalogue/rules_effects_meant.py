"""Effects that are well written and hardly meant, or that nothing can come of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_effects import every_effect, place_of, written_to
from jingwei.language.definition import Definition
from jingwei.language.effects import Effect
from jingwei.language.form import Field, Form
from jingwei.language.timing import Schedule
from jingwei.language.values import Literal_
from jingwei.language.who import Who, Whos
from jingwei.language.workflow import Workflow
from jingwei.problems import Problems

_OF_VERSIONS = frozenset({"publish", "amend", "discard_amendment"})
_OF_TEXT = frozenset({"text", "long_text", "rich_text", "markdown"})


def check_effects_meant(catalogue: Catalogue, problems: Problems) -> None:
    for definition, form, effect in every_effect(catalogue):
        _check_people(definition, effect, problems)
        if effect.verb == "update" and "form" in effect.args and effect.where is None:
            at = place_of(definition, effect, effect.verb)
            problems.add("updates-all", at, form=effect.args["form"])
        if form is not None:
            _check_of_record(catalogue, definition, form, effect, problems)
        _check_names(catalogue, definition, form, effect, problems)
    for form in catalogue.forms.values():
        _check_final(form, problems)


def _check_of_record(
    catalogue: Catalogue, definition: Definition, form: Form, effect: Effect, problems: Problems
) -> None:
    at = place_of(definition, effect, effect.verb)
    if effect.verb in _OF_VERSIONS and form.versions == "none":
        problems.add("no-versions", at, verb=effect.verb, form=form.name)
    workflow = catalogue.workflows.get(str(effect.args.get("workflow")))
    if effect.verb == "start" and workflow is not None and workflow.form != form.name:
        at = place_of(definition, effect, "workflow", "start")
        problems.add("workflow-of-another-form", at, workflow=workflow.name, form=workflow.form)


def _check_people(definition: Definition, effect: Effect, problems: Problems) -> None:
    """Nobody chose anybody outside of steps, and a clock is not started by anybody."""
    timed = isinstance(definition, Schedule)
    for who in _each(effect.args.get("who", ())):
        word = who.kind if who.kind == "chosen_by" else who.name or who.kind
        chosen = who.kind == "chosen_by" and not isinstance(definition, Workflow)
        started = timed and who.kind in ("initiator", "me")
        if chosen or started:
            problems.add("nobody-meant", who.at, word=who.kind if chosen else word)


def _each(whos: Whos) -> Iterator[Who]:
    for who in whos:
        yield who
        yield from _each(who.of)


def _check_names(
    catalogue: Catalogue,
    definition: Definition,
    form: Form | None,
    effect: Effect,
    problems: Problems,
) -> None:
    """`set: {name: subject}` writes the word `subject`; its value is `=subject`."""
    known: Mapping[str, Field] = form.fields if form is not None else {}
    fields = written_to(catalogue, form, effect)
    for name, value in effect.values.items():
        field = fields.get(name)
        if field is None or field.type not in _OF_TEXT or not isinstance(value, Literal_):
            continue
        if isinstance(value.value, str) and value.value in known:
            problems.add(
                "word-or-field",
                value.at,
                severity="warning",
                suggestion=f"={value.value}",
                name=value.value,
            )


def _check_final(form: Form, problems: Problems) -> None:
    """A state that is the last is not left by what happens when it is entered."""
    finals = {name for name, state in form.states.items() if state.final}
    for event, effects in form.events.items():
        state = event.removeprefix("entered.")
        for effect in effects:
            target = effect.args.get("state")
            always = effect.verb == "enter" and effect.when is None
            left = always and state in finals and state != event
            if left and target != state:
                at = place_of(form, effect, "enter")
                problems.add("leaves-final", at, severity="warning", state=state, other=target)
