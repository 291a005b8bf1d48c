"""The fields and columns of a form by path: which there are, which belong together, which close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import SYSTEM_FIELDS, Form
from jingwei.language.values import Formula
from jingwei.language.workflow import walk


def all_fields(form: Form) -> frozenset[str]:
    """Every field and column of a form, by path, and the system fields."""
    names = set(SYSTEM_FIELDS)
    for name, definition in form.fields.items():
        names.add(name)
        names.update(f"{name}.{column}" for column in definition.fields)
    return frozenset(names)


def with_columns(form: Form, names: Sequence[str]) -> frozenset[str]:
    found = set(names)
    for name in names:
        if name in form.fields:
            found.update(f"{name}.{column}" for column in form.fields[name].fields)
    return frozenset(found)


def sensitive_fields(form: Form) -> frozenset[str]:
    """What is marked sensitive, by path."""
    every = (f for outer in form.fields.values() for f in (outer, *outer.fields.values()))
    return frozenset(f.path for f in every if f.sensitive)


def closes_some(catalogue: Catalogue, form: Form) -> bool:
    """Whether anything in the definitions keeps a field of the form from somebody."""
    if sensitive_fields(form) or any(one.fields for one in form.restrict.values()):
        return True
    if any(one.hide or one.mask for one in form.permissions.values()):
        return True
    flows = (one for one in catalogue.workflows.values() if one.form == form.name)
    return any(step.fields.hide for flow in flows for step in walk(flow.steps))


def closed_computes(
    catalogue: Catalogue, form: Form, shown: frozenset[str], masked: frozenset[str]
) -> frozenset[str]:
    """Computed fields that read what is hidden; a chain of computes closes as a whole."""
    open_fields = shown - masked
    known = all_fields(form)
    closed: set[str] = set()
    grown = True
    while grown:
        grown = False
        for path, definition in _computed(form):
            if path in closed or definition.public:
                continue
            reads = _reads_of(catalogue, definition.compute, form, definition.table)
            if any(r in known and (r not in open_fields or r in closed) for r in reads):
                closed.add(path)
                grown = True
    return frozenset(closed)


def _computed(form: Form) -> list[tuple[str, Any]]:
    return [
        (definition.path, definition)
        for outer in form.fields.values()
        for definition in (outer, *outer.fields.values())
        if definition.compute is not None
    ]


def _reads_of(
    catalogue: Catalogue, formula: Formula | None, form: Form, table: str | None
) -> set[str]:
    assert formula is not None
    reads = set(catalogue.expression(formula).reads)
    if table is None:
        return reads
    columns = form.fields[table].fields
    return {f"{table}.{r}" if r in columns else r.removeprefix("parent.") for r in reads}
