"""What the write path needs of a form, worked out once per release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.computed import live_formulas, reads_of
from jingwei.language.expressions.environment import Environment
from jingwei.language.field_types.base import ColumnParser, Kept, Known, Parser
from jingwei.language.field_types.table import (
    FIELD_TYPES,
    column_parser,
    stored_as,
    value_parser,
    value_presenter,
)
from jingwei.language.form import Choice, Field, Form, Rule, Section
from jingwei.language.sections import sections_over
from jingwei.language.values import Formula, Literal_, Value

Closure = Callable[[Environment], Any]


Present = Callable[[Any], Any]


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
    holds: Callable[[Any], bool] | None = None  # of a value that is there: surely nothing is wrong
    all_hold: Callable[[Sequence[Any]], bool] | None = None  # the same of many values


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
    parsers: Mapping[str, Parser] = field(default_factory=dict)  # of fields that are no tables
    columns: Mapping[str, ColumnParser] = field(default_factory=dict)  # of those read at once
    plain: tuple[str, ...] = ()  # kept fields whose values are JSON as they are
    presented: tuple[tuple[str, Present], ...] = ()  # the others, with what makes them JSON
    hideable: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()  # fields whose value or absence can be wrong by itself
    conditional: bool = True  # some condition, default or limit looks at the record
    linked: tuple[str, ...] = ()  # fields, and tables with columns, that point somewhere
    unique: tuple[str, ...] = ()  # fields that are unique by themselves
    holds_files: bool = True
    defaults: tuple[tuple[str, Closure], ...] = ()
    fills: bool = True  # some link brings values along
    scorecards: tuple[str, ...] = ()  # tables whose rows are the items of a scheme
    named: bool = True  # some field names an indicator, or another definition
    dated: frozenset[str] = frozenset()  # paths of fields whose choices have days
    secrets: tuple[str, ...] = ()  # names of secrets that stand in no table
    is_plain: bool = False  # a new record is what was sent, and its fields are judged alone


_PLANS: WeakKeyDictionary[Any, dict[str, FormPlan]] = WeakKeyDictionary()


def form_plan(owner: Any, catalogue: Catalogue, form: str) -> FormPlan:
    """The plan of a form; kept as long as `owner` (the store of the release) is. A form that no
    layer of an org changes has one plan for all orgs."""
    base = catalogue.base
    if base is not None and base.forms[form] is catalogue.forms[form]:
        owner, catalogue = owner.under(()), base
    plans = _PLANS.setdefault(owner, {})
    found = plans.get(form)
    if found is None:
        found = plans[form] = build_plan(catalogue, catalogue.forms[form])
    return found


def build_plan(catalogue: Catalogue, form: Form) -> FormPlan:
    """Compile everything a form says about its fields."""
    stored, live = _computes(catalogue, form)
    over = sections_over(form)
    fields = {n: _field_plan(catalogue, f, over.get(n, ())) for n, f in form.fields.items()}
    tables = {
        name: {column: _field_plan(catalogue, c) for column, c in table.fields.items()}
        for name, table in form.tables.items()
    }
    kept = tuple(
        name
        for name, f in form.fields.items()
        if FIELD_TYPES[f.type].is_value and stored_as(f).kept is not Kept.NONE
    )
    presenters = [(name, value_presenter(form.fields[name])) for name in kept]
    plans = [*fields.values(), *(p for columns in tables.values() for p in columns.values())]
    parsers = {n: _parsers(f) for n, f in form.fields.items() if f.type != "table"}
    found = FormPlan(
        form,
        fields,
        tables,
        stored,
        live,
        tuple(
            RulePlan(rule, _closure(catalogue, rule.check), _closure(catalogue, rule.when))
            for rule in form.rules.values()
        ),
        kept,
        frozenset(f.path for f in _all_fields(form) if f.sensitive),
        parsers={n: parse for n, (parse, _) in parsers.items()},
        columns={n: parse for n, (_, parse) in parsers.items() if parse is not None},
        plain=tuple(name for name, present in presenters if present is None),
        presented=tuple((name, present) for name, present in presenters if present is not None),
        hideable=tuple(name for name, p in fields.items() if p.visible_if is not None),
        judged=tuple(name for name, p in fields.items() if _is_judged(p)),
        conditional=bool(stored or form.rules) or any(_looks_around(p) for p in plans),
        linked=tuple(name for name, p in fields.items() if _points(p, tables.get(name, {}))),
        unique=tuple(name for name, f in form.fields.items() if f.unique),
        holds_files=any(_holds_files(f) for f in _all_fields(form)),
        defaults=tuple((n, p.default) for n, p in fields.items() if p.default is not None),
        fills=any(f.fill for f in _all_fields(form)),
        scorecards=tuple(n for n, f in form.fields.items() if f.scorecard is not None),
        named=any(f.type in ("indicator", "definition") for f in _all_fields(form)),
        dated=frozenset(f.path for f in _all_fields(form) if _is_dated(catalogue, f)),
        secrets=tuple(name for name, f in form.fields.items() if f.type == "secret"),
    )
    return replace(found, is_plain=_is_plain(found))


def _is_plain(plan: FormPlan) -> bool:
    """Whether nothing is filled into a new record of the form, made or computed, and whether what
    is judged are its values and no more."""
    form = plan.form
    filled = plan.defaults or plan.fills or plan.tables or plan.scorecards or plan.computes
    judged = plan.conditional or plan.linked or plan.hideable or plan.named or plan.dated
    shaped = form.tree is not None or form.single is not None
    closed = any(one.readonly_if is not None for one in plan.fields.values())
    return not (filled or judged or shaped or closed or plan.holds_files)


def _is_dated(catalogue: Catalogue, f: Field) -> bool:
    """Whether some choice of the field may not be chosen on every day, or is a record that may
    go."""
    choices: Iterable[Choice] = f.choices if isinstance(f.choices, tuple) else ()
    if isinstance(f.choices, str):
        code_list = catalogue.code_lists[f.choices]
        if code_list.source is not None:
            return True
        choices = code_list.items.values()
    return any(c.valid_from is not None or c.valid_to is not None for c in choices)


_REPEATED = ("date", "period", "time", "choice", "boolean")  # types of which values come again
_MOST_REMEMBERED = 5_000


def _parsers(f: Field) -> tuple[Parser, ColumnParser | None]:
    """What reads a value of a field, and what reads many; of types that depend on the text alone
    it remembers what it read."""
    parse = value_parser(f)
    if f.type not in _REPEATED or f.many:
        return parse, column_parser(f)
    known: dict[str, Any] = {}

    def remembered(raw: Any, names: Known) -> Any:
        if type(raw) is not str:
            return parse(raw, names)
        try:
            return known[raw]
        except KeyError:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            value = known[raw] = parse(raw, names)
            return value

    def all_remembered(column: Sequence[Any]) -> Sequence[Any] | None:
        if set(map(type, column)) != {str}:
            return None
        try:
            return list(map(known.__getitem__, column))
        except KeyError:
            return None

    return remembered, column_parser(f) or all_remembered


def _is_judged(plan: FieldPlan) -> bool:
    """Whether a value of this field, or its absence, can be wrong by itself."""
    f = plan.field
    limits = (plan.least, plan.most, plan.required_if, plan.visible_if, f.pattern)
    return f.required or f.set_once or f.type == "table" or any(x is not None for x in limits)


def _looks_around(plan: FieldPlan) -> bool:
    """Whether judging this field, or filling it in, asks anything of the record."""
    f = plan.field
    closures = (plan.visible_if, plan.required_if, plan.filter)
    values = (f.default, f.min, f.max)
    return any(c is not None for c in closures) or any(isinstance(v, Formula) for v in values)


def _points(plan: FieldPlan, columns: Mapping[str, FieldPlan]) -> bool:
    """Whether the field, or a column of it, names a record or is offered under a filter."""
    all_ = (plan, *columns.values())
    return any(p.field.type == "link" or p.filter is not None for p in all_)


def _holds_files(f: Field) -> bool:
    return f.type != "table" and stored_as(f).kept is Kept.FILE


def _all_fields(form: Form) -> list[Field]:
    return [f for outer in form.fields.values() for f in (outer, *outer.fields.values())]


def _field_plan(catalogue: Catalogue, f: Field, over: Sequence[Section] = ()) -> FieldPlan:
    """`over`: the sections of the page that the field stands in."""
    return FieldPlan(
        f,
        FIELD_TYPES[f.type].is_value,
        _all_of(catalogue, [f.visible_if, *(s.visible_if for s in over)]),
        _closure(catalogue, f.required_if),
        _any_of(catalogue, [f.readonly_if, *(s.readonly_if for s in over)]),
        _value(catalogue, f.default),
        _value(catalogue, f.min),
        _value(catalogue, f.max),
        _closure(catalogue, f.filter),
        *_sure(f),
    )


_LINES = ("text", "long_text", "email", "phone", "url", "barcode")
_ORDERED = ("integer", "number", "money", "percent", "rating", "date")


def _sure(f: Field) -> tuple[Any, Any]:
    """Whether a value of the field, and whether many, are within limits that look at nothing else;
    None for a field of which more is asked."""
    given = [v for v in (f.min, f.max) if v is not None]
    more = (f.pattern, f.visible_if, f.filter)
    if f.many or f.set_once or any(x is not None for x in more):
        return None, None
    if not all(isinstance(v, Literal_) for v in given):
        return None, None
    least, most = (v.value if isinstance(v, Literal_) else None for v in (f.min, f.max))
    if f.type in _LINES:
        if most is None:
            return _always, _always
        return (lambda value: len(value) <= most), (lambda all_: max(map(len, all_)) <= most)
    if f.type not in _ORDERED:
        return None, None
    if least is None and most is None:
        return _always, _always
    if least is None:
        return (lambda value: bool(value <= most)), (lambda all_: bool(max(all_) <= most))
    if most is None:
        return (lambda value: bool(value >= least)), (lambda all_: bool(min(all_) >= least))
    return (
        lambda value: bool(least <= value <= most),
        lambda all_: bool(least <= min(all_) and max(all_) <= most),
    )


def _always(_: Any) -> bool:
    return True


def _all_of(catalogue: Catalogue, formulas: Iterable[Formula | None]) -> Closure | None:
    found = [catalogue.closure(one) for one in formulas if one is not None]
    if len(found) < 2:
        return found[0] if found else None
    return lambda environment: all(one(environment) for one in found)


def _any_of(catalogue: Catalogue, formulas: Iterable[Formula | None]) -> Closure | None:
    found = [catalogue.closure(one) for one in formulas if one is not None]
    if len(found) < 2:
        return found[0] if found else None
    return lambda environment: any(one(environment) for one in found)


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
