"""Which fields of a record decide the way of a request: what its conditions and its rules of people
read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Field, Form
from jingwei.language.values import Formula
from jingwei.language.who import Who
from jingwei.language.workflow import Step

ORG = "org"  # the one system field that a correction may change


def routing_fields(catalogue: Catalogue, form: Form, steps: Iterable[Step]) -> list[str]:
    """Paths (`amount`, `lines.score`, a whole table `lines`) that the conditions, the rows and the
    rules of people of these steps read, in the order of the form.

    A computed field stands for itself where it is kept with its record; else, as it may change
    though nobody corrected anything, for the fields it comes from.
    """
    found: set[str] = set()
    for step in steps:
        for formula in _formulas(step):
            found.update(_read(catalogue, form, formula, whole=formula is step.of))
    names = [ORG, *form.fields]
    kept = {path for path in found if "." not in path or path.partition(".")[0] not in found}
    return sorted(kept, key=lambda path: (names.index(path.partition(".")[0]), path))


def _formulas(step: Step) -> Iterator[Formula]:
    every = (step.when, step.of, step.distinct, *(branch.when for branch in step.branches))
    yield from (one for one in every if one is not None)
    for rule in step.who:
        yield from _of_rule(rule)


def _of_rule(rule: Who) -> Iterator[Formula]:
    yield from (one for one in (rule.org, rule.covering, rule.path) if one is not None)
    for inner in (*rule.of, *rule.exclude):
        yield from _of_rule(inner)


def _read(catalogue: Catalogue, form: Form, formula: Formula, *, whole: bool) -> set[str]:
    """`whole`: a table that is read is read with every column, as its rows are gone through."""
    found: set[str] = set()
    for read in catalogue.expression(formula).reads:
        found.update(_behind(catalogue, form, read.removeprefix("this."), set()))
    # an aggregate names its table and the column: the column alone decides
    tables = {path.partition(".")[0] for path in found if "." in path}
    return found if whole else found - tables


def _behind(catalogue: Catalogue, form: Form, read: str, seen: set[str]) -> Iterator[str]:
    """The fields of the record that a path read stands for: the link itself of `plan.amount`."""
    name, _, column = read.partition(".")
    field = form.fields.get(name)
    if name == ORG:
        yield ORG
    if field is None or name == ORG or read in seen:
        return
    seen.add(read)
    inner = field.fields.get(column) if field.type == "table" else None
    one, path = (field, name) if inner is None else (inner, f"{name}.{column}")
    if one.compute is None or _is_kept(catalogue, form, one, set()):
        yield path
        return
    for behind in catalogue.expression(one.compute).reads:
        for where in _places(form, one, behind):
            yield from _behind(catalogue, form, where, seen)


def _places(form: Form, field: Field, read: str) -> tuple[str, ...]:
    """What a name in the formula of a field may mean: a column beside it, or a field."""
    if field.table is not None and read in form.fields[field.table].fields:
        return (f"{field.table}.{read}",)
    return (read.removeprefix("parent.").removeprefix("this."),)


def _is_kept(catalogue: Catalogue, form: Form, field: Field, seen: set[str]) -> bool:
    """Whether a computed field changes only when the record does."""
    if field.compute is None or field.mode != "always" or field.path in seen:
        return True
    seen.add(field.path)
    expression = catalogue.expression(field.compute)
    if not expression.inside_record:
        return False
    for read in expression.reads:
        for where in _places(form, field, read):
            name, _, column = where.partition(".")
            outer = form.fields.get(name)
            inner = outer.fields.get(column, outer) if outer is not None else None
            if inner is not None and not _is_kept(catalogue, form, inner, seen):
                return False
    return True
