"""What records that effects and subflows make must be given: what their form asks for."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_effects import every_effect
from jingwei.language.effects import Effect
from jingwei.language.form import Field, Form
from jingwei.language.workflow import Workflow
from jingwei.problems import Problems

_NO_VALUE = frozenset({"heading", "note"})


def check_made(catalogue: Catalogue, problems: Problems) -> None:
    """A draft may lack what is asked of it; what is kept or submitted at once may not."""
    for definition, _, effect in every_effect(catalogue):
        if effect.verb != "create":
            continue
        form = catalogue.forms.get(str(effect.args.get("form")))
        if form is None or any(name not in form.fields for name in effect.values):
            continue  # perhaps the name of what is missing, wrongly written
        begins = isinstance(definition, Workflow) and "subflow" in effect.path.split("/")
        if begins:
            if _first_is_filled(catalogue, form):
                continue
        elif form.workflow is not None or form.workflows or form.submit is not None:
            continue
        for field in form.fields.values():
            if _is_owed(form, field) and not _is_given(form, effect, field.name):
                problems.add("made-without", effect.at, name=field.name, form=form.name)


def _first_is_filled(catalogue: Catalogue, form: Form) -> bool:
    """Whether somebody completes the record before anybody decides."""
    flow = catalogue.workflows.get(form.workflow or "")
    return flow is not None and bool(flow.steps) and flow.steps[0].kind == "fill"


def _is_owed(form: Form, field: Field) -> bool:
    always = field.required and field.required_if is None and field.visible_if is None
    itself = field.default is not None or field.compute is not None
    hidden = any(
        section.visible_if is not None and any(field.name in row for row in section.rows)
        for section in form.layout
    )
    return always and not itself and not hidden and field.type not in _NO_VALUE


def _is_given(form: Form, effect: Effect, name: str) -> bool:
    """By the effect, or by a link that it sets and that fills other fields in."""
    if name in effect.values:
        return True
    links = (form.fields[one] for one in effect.values if one in form.fields)
    return any(name in link.fill for link in links)
