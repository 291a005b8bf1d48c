"""The fields and columns of a form by path: which there are, which belong together, which close."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.reads_beyond import At, all_fields, computed, reads_beyond, reads_within
from jingwei.language.form import Field, Form
from jingwei.language.workflow import walk


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


def followed_fields(form: Form) -> frozenset[str]:
    """What follows a linked record (`fill` with `mode: follow`), by path: nobody else writes it."""
    return frozenset(
        f"{link.table}.{target}" if link.table else target
        for outer in form.fields.values()
        for link in (outer, *outer.fields.values())
        for target, rule in link.fill.items()
        if isinstance(rule, Mapping) and rule.get("mode") == "follow"
    )


def secret_fields(form: Form) -> frozenset[str]:
    """What is written and told to nobody, by path: to everybody it is as if masked."""
    every = (f for outer in form.fields.values() for f in (outer, *outer.fields.values()))
    return frozenset(f.path for f in every if f.type == "secret")


def closes_some(catalogue: Catalogue, form: Form) -> bool:
    """Whether anything in the definitions keeps a field of the form from somebody. What a computed
    field tells of another form is kept from whoever does not see it there."""
    if sensitive_fields(form) or secret_fields(form):
        return True
    if any(one.fields for one in form.restrict.values()):
        return True
    if any(one.hide or one.mask for one in form.permissions.values()):
        return True
    if any(reads_beyond(catalogue, form, field) for field in computed(form) if not field.public):
        return True
    flows = (one for one in catalogue.workflows.values() if one.form == form.name)
    return any(step.fields.hide for flow in flows for step in walk(flow.steps))


def closed_beyond(
    catalogue: Catalogue, form: str, open_in: Callable[[str], frozenset[str]]
) -> frozenset[str]:
    """Computed fields of a form that read, straight or through other computes, a field of another
    record that is not among `open_in` of its form. One that is `public` opens what it reads."""
    return frozenset(
        field.path
        for field in computed(catalogue.forms[form])
        if not field.public
        and not all(
            _is_open(catalogue, at, open_in, set())
            for at in reads_beyond(catalogue, catalogue.forms[form], field)
        )
    )


def _is_open(
    catalogue: Catalogue, at: At, open_in: Callable[[str], frozenset[str]], asked: set[At]
) -> bool:
    """Whether a field is open, and all that it is computed from; `asked` ends circles of forms."""
    name, path = at
    form = catalogue.forms.get(name)
    if at in asked or form is None:
        return True
    asked.add(at)
    if path in all_fields(form) and path not in open_in(name):
        return False
    field = field_at(form, path)
    if field is None or field.compute is None or field.public:
        return True
    behind = {(name, read) for read in reads_within(catalogue, form, field)}
    behind |= reads_beyond(catalogue, form, field)
    return all(_is_open(catalogue, one, open_in, asked) for one in behind)


def field_at(form: Form, path: str) -> Field | None:
    """The field or column of this path."""
    first, _, column = path.partition(".")
    outer = form.fields.get(first)
    return outer if outer is None or not column else outer.fields.get(column)


def reads_of_computes(catalogue: Catalogue, form: Form) -> dict[str, frozenset[str]]:
    """What each computed field reads of its own record; those that are `public` are left out."""
    return {f.path: reads_within(catalogue, form, f) for f in computed(form) if not f.public}


def closed_computes(
    reads: Mapping[str, frozenset[str]], open_fields: frozenset[str], beyond: frozenset[str]
) -> frozenset[str]:
    """Computed fields that read what is not open; a chain of computes closes as a whole. `beyond`:
    those that read what is hidden elsewhere."""
    closed = beyond
    while True:
        more = {path for path, names in reads.items() if names & closed or names - open_fields}
        if more <= closed:
            return closed
        closed = closed | more


__all__ = [
    "all_fields",
    "closed_beyond",
    "closed_computes",
    "closes_some",
    "reads_of_computes",
    "secret_fields",
    "sensitive_fields",
    "with_columns",
]
