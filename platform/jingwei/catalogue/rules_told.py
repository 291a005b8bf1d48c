"""What conditions tell of hidden fields: a rule is checked, and a field shown, for whoever saves,
whatever he may see of what they read; by trying he finds that out."""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import reads_of
from jingwei.language.form import Field, Form, Permission
from jingwei.language.values import Formula
from jingwei.problems import Problems

_PLACES = ("visible_if", "required_if", "readonly_if")


def warn_of_what_is_told(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """Adds a warning for each condition by which somebody who writes learns of what is hidden."""
    conditions = list(_conditions(catalogue, form))
    for name, grant in form.permissions.items():
        if not (grant.hide or grant.mask) or not {"create", "update"} & {*grant.can}:
            continue
        closed = _closed(catalogue, form, grant)
        at = form.origin.value("permissions", name, "hide" if grant.hide else "mask")
        for place, shown, reads in conditions:
            told = sorted(reads & closed)
            if told and not shown & closed:
                values = {"place": place, "read": told[0], "permission": name}
                problems.add("tells-of-hidden", at, severity="warning", **values)


def _conditions(
    catalogue: Catalogue, form: Form
) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Where each stands, the field that it is about, and the paths that it reads."""
    for rule in form.rules.values():
        found = _reads(catalogue, rule.check, rule.each) | _reads(catalogue, rule.when, rule.each)
        yield f"rules.{rule.name}", frozenset(), found
    for outer in form.fields.values():
        for field in (outer, *outer.fields.values()):
            own = frozenset(one for one in (field.path, field.table) if one)
            path = f"fields.{field.path.replace('.', '.fields.')}"
            for key in _PLACES:
                yield f"{path}.{key}", own, _reads(catalogue, getattr(field, key), field.table)


def _reads(catalogue: Catalogue, formula: Formula | None, table: str | None) -> frozenset[str]:
    expression = catalogue.expressions.get(formula) if formula is not None else None
    found: set[str] = set()
    for read in expression.reads if expression is not None else ():
        read = read.removeprefix("this.").removeprefix("old.")
        found.add(read.removeprefix("parent."))
        if table is not None and not read.startswith("parent."):
            found.add(f"{table}.{read}")
    return frozenset(found)


def _closed(catalogue: Catalogue, form: Form, grant: Permission) -> frozenset[str]:
    """What is hidden, with what stands in it, and what is computed from that."""
    every = [f for outer in form.fields.values() for f in (outer, *outer.fields.values())]
    kept = {*grant.hide, *grant.mask}
    closed = frozenset(f.path for f in every if {f.path, f.table} & kept)
    while True:
        more = frozenset(f.path for f in every if _tells(catalogue, f, closed))
        if more <= closed:
            return closed
        closed |= more


def _tells(catalogue: Catalogue, field: Field, closed: frozenset[str]) -> bool:
    expression = catalogue.expressions.get(field.compute) if field.compute is not None else None
    if expression is None or field.public:
        return False
    return any(path in closed for read in expression.reads for path in reads_of(read, field))
