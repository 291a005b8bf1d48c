"""What the write path needs of a form, worked out once per release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import live_formulas, reads_of
from jingwei.language.expressions.environment import Environment
from jingwei.language.field_types.base import Kept
from jingwei.language.field_types.table import FIELD_TYPES, stored_as
from jingwei.language.form import Field, Form, Rule
from jingwei.language.values import Formula, Literal_, Value

Closure = Callable[[Environment], Any]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field or column with its compiled conditions."""

    field: Field
    is_value: bool
    visible_if: Closure | None
    required_if: Closure | None
    readonly_if: Closure | None
    default: Closure | None
    least: Closure | None
    most: Closure | None
    filter: Closure | None


@dataclass(frozen=True, slots=True)
class Compute:
    """One stored computed field; `table` None: of the record itself."""

    table: str | None
    name: str
    closure: Closure
    field: Field


@dataclass(frozen=True, slots=True)
class RulePlan:
    rule: Rule
    check: Closure | None
    when: Closure | None


@dataclass(frozen=True, slots=True)
class FormPlan:
    """A form, ready to run."""

    form: Form
    fields: Mapping[str, FieldPlan]
    tables: Mapping[str, Mapping[str, FieldPlan]]
    computes: tuple[Compute, ...]  # in the order in which they can be computed
    live: tuple[Compute, ...]  # computed when read, never stored
    rules: tuple[RulePlan, ...]
    kept: tuple[str, ...]  # names of fields with a column
    sensitive: frozenset[str] = field(default_factory=frozenset)


_PLANS: WeakKeyDictionary[Any, dict[str, FormPlan]] = WeakKeyDictionary()


def form_plan(owner: Any, catalogue: Catalogue, form: str) -> FormPlan:
    """The plan of a form; kept as long as `owner` (the store of the release) is."""
    plans = _PLANS.setdefault(owner, {})
    found = plans.get(form)
    if found is None:
        found = plans[form] = build_plan(catalogue, catalogue.forms[form])
    return found


def build_plan(catalogue: Catalogue, form: Form) -> FormPlan:
    """Compile everything a form says about its fields."""
    stored, live = _computes(catalogue, form)
    return FormPlan(
        form,
        {name: _field_plan(catalogue, f) for name, f in form.fields.items()},
        {
            name: {column: _field_plan(catalogue, c) for column, c in table.fields.items()}
            for name, table in form.tables.items()
        },
        stored,
        live,
        tuple(
            RulePlan(rule, _closure(catalogue, rule.check), _closure(catalogue, rule.when))
            for rule in form.rules.values()
        ),
        tuple(
            name
            for name, f in form.fields.items()
            if FIELD_TYPES[f.type].is_value and stored_as(f).kept is not Kept.NONE
        ),
        frozenset(f.path for f in _all_fields(form) if f.sensitive),
    )


def _all_fields(form: Form) -> list[Field]:
    return [f for outer in form.fields.values() for f in (outer, *outer.fields.values())]


def _field_plan(catalogue: Catalogue, f: Field) -> FieldPlan:
    return FieldPlan(
        f,
        FIELD_TYPES[f.type].is_value,
        _closure(catalogue, f.visible_if),
        _closure(catalogue, f.required_if),
        _closure(catalogue, f.readonly_if),
        _value(catalogue, f.default),
        _value(catalogue, f.min),
        _value(catalogue, f.max),
        _closure(catalogue, f.filter),
    )


def _closure(catalogue: Catalogue, formula: Formula | None) -> Closure | None:
    return None if formula is None else catalogue.closure(formula)


def _value(catalogue: Catalogue, value: Value | None) -> Closure | None:
    if value is None:
        return None
    if isinstance(value, Formula):
        return catalogue.closure(value)
    assert isinstance(value, Literal_)
    constant = value.value
    return lambda environment: constant


def _computes(catalogue: Catalogue, form: Form) -> tuple[tuple[Compute, ...], tuple[Compute, ...]]:
    """Computed fields in the order in which each finds what it reads; cycles were refused by
    `check`."""
    all_ = {f.path: f for f in _all_fields(form) if f.compute is not None}
    stored: list[Compute] = []
    live: list[Compute] = []
    done: set[str] = set()
    unkept = set(live_formulas(catalogue, form))

    def visit(path: str) -> None:
        if path in done:
            return
        done.add(path)
        f = all_[path]
        assert f.compute is not None
        expression = catalogue.expression(f.compute)
        for read in sorted(expression.reads):
            for candidate in reads_of(read, f):
                if candidate in all_:
                    visit(candidate)
        found = Compute(f.table, f.name, catalogue.closure(f.compute), f)
        (live if f.compute in unkept else stored).append(found)

    for path in all_:
        visit(path)
    return tuple(stored), tuple(live)
