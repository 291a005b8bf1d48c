"""Gaps and leaks of permissions: what nobody may do, and what everybody would see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.reads_beyond import all_fields, computed, reads_beyond
from jingwei.catalogue.rules_effects import every_effect
from jingwei.catalogue.rules_told import warn_of_what_is_told
from jingwei.language.form import Field, Form, Permission
from jingwei.language.who import Whos
from jingwei.language.workflow import walk
from jingwei.problems import Problems
from jingwei.texts import LOCALES

Hidden = frozenset[str]


def check_rights(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """Adds a problem for what the grants of a form together leave open or shut."""
    _warn_of_unsubmitted(form, problems)
    _warn_of_unused_actions(form, problems)
    for name, grant in form.permissions.items():
        _check_sensitive(form, name, grant, problems)
        _warn_of_computed(catalogue, form, name, grant, problems)
    _warn_of_computed_elsewhere(catalogue, form, problems)
    _warn_of_filled(catalogue, form, problems)
    warn_of_what_is_told(catalogue, form, problems)
    _warn_of_unwritable(catalogue, form, problems)


def _fields(form: Form) -> Iterator[Field]:
    for field in form.fields.values():
        yield field
        yield from field.fields.values()


def _warn_of_unsubmitted(form: Form, problems: Problems) -> None:
    """A form with a flow that nobody may start."""
    flow = form.workflow is not None or form.workflows or form.submit is not None
    given = {word for grant in form.permissions.values() for word in grant.can}
    if flow and "create" in given and "submit" not in given:
        at = form.origin.key("permissions")
        problems.add("nobody-can-submit", at, severity="warning", form=form.name)


def _warn_of_unused_actions(form: Form, problems: Problems) -> None:
    given = {word for grant in form.permissions.values() for word in grant.can}
    for name, action in form.actions.items():
        if not action.who and name not in given:
            problems.add("nobody-can-act", action.at, severity="warning", action=name)


def _check_sensitive(form: Form, name: str, grant: Permission, problems: Problems) -> None:
    """What is marked sensitive is not shown to everyone."""
    if "read" not in grant.can or not _is_for_everyone(grant.who):
        return
    covered = {*grant.hide, *grant.mask}
    for field in _fields(form):
        if field.sensitive and not {field.path, field.table} & covered:
            at = form.origin.key("permissions", name)
            problems.add("sensitive-to-everyone", at, field=field.path)


def _is_for_everyone(whos: Whos) -> bool:
    return any(who.kind == "everyone" or _is_for_everyone(who.of) for who in whos)


def _warn_of_computed(
    catalogue: Catalogue, form: Form, name: str, grant: Permission, problems: Problems
) -> None:
    """A computed field shows only what its reader may see of what it reads."""
    hidden = frozenset(grant.hide)
    for field in _fields(form) if hidden else ():
        expression = catalogue.expressions.get(field.compute) if field.compute else None
        if expression is None or field.path in hidden or field.table in hidden:
            continue
        paths = [read.removeprefix("this.") for read in expression.reads]
        reads = {path for path in paths if path in hidden or path.partition(".")[0] in hidden}
        for read in sorted(reads)[:1]:
            at = form.origin.value("permissions", name, "hide")
            code = "public-of-hidden" if field.public else "computed-of-hidden"
            problems.add(code, at, severity="warning", field=field.path, read=read, permission=name)


def _warn_of_computed_elsewhere(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """A computed field that reads another record is seen by those who see there what it reads."""
    for field in computed(form):
        formula = field.compute
        if formula is None or formula not in catalogue.expressions or field.public:
            continue
        for other, path in sorted(reads_beyond(catalogue, form, field)):
            target = catalogue.forms.get(other)
            kept = _kept_out(catalogue, form, field, target, path) if target is not None else None
            if kept is not None:
                read = other if path == "id" else f"{other}.{path}"
                values = {"field": field.path, "read": read, "permission": kept}
                problems.add(
                    "computed-of-hidden-elsewhere", formula.at, severity="warning", **values
                )
                break


def _warn_of_filled(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """What a link brings along is brought to those who see it at the linked record."""
    for link in _fields(form):
        target = catalogue.forms.get(link.to[0]) if len(link.to) == 1 else None
        for name, rule in link.fill.items() if target is not None else ():
            path = str(rule.get("from", name) if isinstance(rule, Mapping) else rule)
            of, own = _at_its_end(catalogue, target, path)
            if of is None:
                continue
            for read in _shown_of(catalogue, of, own):
                kept = _kept_out(catalogue, form, link, of, read, writes=True)
                if kept is not None:
                    outer = ("fields", link.table) if link.table else ()
                    at = form.origin.value(*outer, "fields", link.name, "fill", name)
                    values = {"field": name, "read": f"{of.name}.{read}", "permission": kept}
                    problems.add("filled-from-hidden", at, severity="warning", **values)
                    break


def _shown_of(catalogue: Catalogue, form: Form, path: str) -> Sequence[str]:
    """The field itself; of what a record is called, the fields that it is made of."""
    if path != "display" or path in form.fields:
        return (path,)
    template = form.display
    pieces = [p for locale in LOCALES for p in template.pieces(locale)] if template else []
    formulas = [piece.formula for piece in pieces if not isinstance(piece, str)]
    known = [catalogue.expressions[f] for f in formulas if f in catalogue.expressions]
    return sorted({read for expression in known for read in expression.reads})


def _at_its_end(catalogue: Catalogue, form: Form | None, path: str) -> tuple[Form | None, str]:
    """The form that a path leads to, and the field there."""
    while form is not None and "." in path:
        name, _, path = path.partition(".")
        field = form.fields.get(name)
        is_link = field is not None and field.type == "link" and len(field.to) == 1
        form = catalogue.forms.get(field.to[0]) if field is not None and is_link else None
    return form, path


def _kept_out(
    catalogue: Catalogue,
    form: Form,
    field: Field,
    target: Form,
    path: str,
    *,
    writes: bool = False,
) -> str | None:
    """The first permission that shows the field to somebody to whom the target shows no such
    path, as far as the same role, post or person is named; None of a path that is none. `writes`:
    to somebody who fills the field in, and reads the target at all."""
    if path not in all_fields(target):
        return None
    readers = [one for one in target.permissions.values() if "read" in one.can]
    for grant in form.permissions.values():
        if writes and not {"create", "update"} & {*grant.can}:
            continue
        if "read" not in grant.can or {field.path, field.table} & {*grant.hide, *grant.mask}:
            continue
        for named in sorted(_named(grant.who)):
            held = {named, *_included(catalogue, named), ("everyone", "")}
            theirs = [one for one in readers if held & _named(one.who)]
            whole = [one for one in theirs if one.scope == "all" and one.where is None]
            shown = bool(theirs) and all(_is_shown(one, path) for one in theirs)
            if writes and not theirs:
                continue  # and so cannot choose it
            if not shown and not any(_is_shown(one, path) for one in whole):
                return grant.name
    return None


def _is_shown(grant: Permission, path: str) -> bool:
    return not {path, path.partition(".")[0]} & {*grant.hide, *grant.mask}


def _named(whos: Whos) -> set[tuple[str, str]]:
    """The roles, posts and people that are named, and everyone."""
    found: set[tuple[str, str]] = set()
    for who in whos:
        found |= _named(who.of)
        if who.kind in ("everyone", "me", "initiator"):
            found.add(("everyone", ""))
        elif who.kind in ("role", "post", "person"):
            found.add((who.kind, who.name or ""))
    return found


def _included(catalogue: Catalogue, named: tuple[str, str]) -> set[tuple[str, str]]:
    """The roles that a role has in it, at any depth."""
    kind, name = named
    found: set[str] = set()
    left = [name] if kind == "role" else []
    while left:
        role = catalogue.roles.get(left.pop())
        more = set(role.includes) - found if role is not None else set()
        found |= more
        left += more
    return {("role", one) for one in found}


def _filled_otherwise(catalogue: Catalogue, form: Form) -> set[str]:
    """Names of fields that an effect, a link or a step of the flow fills in."""
    filled = {name for _, _, effect in every_effect(catalogue) for name in effect.values}
    filled |= {name for field in _fields(form) for name in field.fill}
    for workflow in catalogue.workflows.values():
        if workflow.form == form.name:
            filled |= {n for step in walk(workflow.steps) for n in step.fields.write}
    return filled


def _warn_of_unwritable(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """A required field that nobody who creates records may fill."""
    creating = [grant for grant in form.permissions.values() if "create" in grant.can]
    for name, field in form.fields.items():
        if not field.required or field.default is not None or field.compute is not None:
            continue
        shut = creating and all({name} & {*grant.hide, *grant.readonly} for grant in creating)
        if shut or (field.readonly and name not in _filled_otherwise(catalogue, form)):
            at = form.origin.key("fields", name)
            problems.add("required-not-writable", at, severity="warning", name=name)
