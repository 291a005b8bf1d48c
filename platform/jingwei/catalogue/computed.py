"""Which computed fields have a column, and which are worked out whenever they are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.form import Field, Form
from jingwei.language.values import Formula


def stored_test(catalogue: Catalogue) -> Callable[[Field], bool]:
    """Whether a field is kept in a column.

    A computed field is when every operand is kept inside its record, when it may be overridden, or
    when no query can work it out; any other is worked out by the query, so it is never stale.
    """
    live = {
        formula for form in catalogue.forms.values() for formula in live_formulas(catalogue, form)
    }
    return lambda field: field.compute is None or field.compute not in live


def reads_of(read: str, field: Field) -> tuple[str, ...]:
    """The paths of fields that a name in the formula of `field` may stand for."""
    if field.table is None:
        return (read,)
    return (f"{field.table}.{read}", read.removeprefix("parent."), read)


def live_formulas(catalogue: Catalogue, form: Form) -> Iterator[Formula]:
    """The computes without a column: what reads beyond the record, and what reads such a field."""
    computed = {
        f.path: f
        for outer in form.fields.values()
        for f in (outer, *outer.fields.values())
        if f.compute is not None and f.mode == "always" and _in_sql(catalogue, f.compute)
    }
    live = {path for path, f in computed.items() if not _inside(catalogue, f)}
    found = True
    while found:
        found = False
        for path, f in computed.items():
            if path not in live and f.table is None and _reads(catalogue, f) & live:
                live.add(path)
                found = True
    for path in live:
        formula = computed[path].compute
        assert formula is not None
        yield formula


def _inside(catalogue: Catalogue, field: Field) -> bool:
    assert field.compute is not None
    return catalogue.expression(field.compute).inside_record


def _reads(catalogue: Catalogue, field: Field) -> set[str]:
    """The fields of the record itself that are read; columns are kept with their row."""
    assert field.compute is not None
    return {read for read in catalogue.expression(field.compute).reads if "." not in read}


def _in_sql(catalogue: Catalogue, formula: Formula) -> bool:
    names: Collection[str] = catalogue.expression(formula).functions
    return all("sql" in FUNCTIONS[name].targets for name in names if name in FUNCTIONS)
