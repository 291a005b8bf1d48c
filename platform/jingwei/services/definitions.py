"""Definitions that people may choose: those of what they may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jingwei.catalogue.by_kind import Titled, definitions_of
from jingwei.language.form import Field
from jingwei.services.commands import Reading
from jingwei.services.listing import may_open
from jingwei.services.named import is_one


def is_for(view: Reading, whos: Any) -> bool:
    """Whether the reader is one of these people; nobody named: everybody is."""
    return view.actor.is_system or not whos or is_one(view, whos)


def may_name(view: Reading, named: str) -> bool:
    """Whether the reader may choose this definition: one that belongs to a form he has to do with,
    or says that it is for him. The others are how the house works, which all in it may know."""
    if view.actor.is_system:
        return True
    kind, _, name = named.partition("/")
    catalogue: Any = view.catalogue
    match kind:
        case "form":
            return may_open(view, name)
        case "workflow":
            return may_open(view, catalogue.workflows[name].form)
        case "rows":
            users = (f for f in catalogue.forms.values() if _uses(f, name))
            return any(may_open(view, form.name) for form in users)
        case "dashboard" | "report" | "module":
            return is_for(view, getattr(catalogue, f"{kind}s")[name].for_)
    return True


def _uses(form: Any, rows: str) -> bool:
    return any(field.type == "table" and rows in field.of for field in form.fields.values())


def offered(view: Reading, field: Field) -> Iterator[tuple[str, Titled]]:
    """What a field of type `definition` offers this person now, by `kind/name`."""
    for named, one in definitions_of(view.catalogue, field).items():
        is_out = one.retired is not None and one.retired <= view.today
        if not is_out and may_name(view, named):
            yield named, one
