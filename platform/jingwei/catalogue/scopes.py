"""Which names are in scope where: the last section of the language's table of keys, as code.

Each function gives the `Scope` of one place. They take a catalogue that may still be in the
making: only the definitions themselves are looked at, never their linked expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Protocol

from jingwei.catalogue.scope_types import (
    CatalogueTypes,
    field_type,
    form_symbols,
    names_behind,
    unit_type,
    value_symbols,
)
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.functions import FUNCTIONS
from jingwei.language.expressions.reads import depends_on_row, names_its_form, walk
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.tokens import MOST_CONDITION
from jingwei.language.expressions.tree import Call, Expression, Member, Root, Type
from jingwei.language.expressions.types import BOOLEAN, NUMBER, TEXT
from jingwei.language.form import Field, Form
from jingwei.language.measures import LEVELS, Indicator, IndicatorSet
from jingwei.language.organisation import CodeList, Org, OrgTypes, Post, Profile, Role
from jingwei.language.output import Alert, Report

__all__ = [
    "Definitions",
    "check_filter",
    "check_leading",
    "field_type",
    "record_scope",
    "row_scope",
    "unit_type",
]


class Definitions(Protocol):
    """What scopes need of a catalogue, linked or not."""

    @property
    def forms(self) -> Mapping[str, Form]: ...
    @property
    def org_types(self) -> OrgTypes: ...
    @property
    def orgs(self) -> Mapping[str, Org]: ...
    @property
    def indicators(self) -> Mapping[str, Indicator]: ...
    @property
    def indicator_sets(self) -> Mapping[str, IndicatorSet]: ...
    @property
    def profiles(self) -> Mapping[str, Profile]: ...
    @property
    def roles(self) -> Mapping[str, Role]: ...
    @property
    def posts(self) -> Mapping[str, Post]: ...
    @property
    def code_lists(self) -> Mapping[str, CodeList]: ...


_ORG = Type("org")
_PERSON = Type("person")
_TODAY = Type("date")
_NOW = Type("datetime")
_TEXTS = Type("list", of=TEXT)
_LEVEL = Type("text", choices=frozenset(LEVELS))
_MY_ORG = Symbol(_ORG, "variable", "org", of=Symbol(_PERSON, "variable", "me"))


# -- forms


def record_scope(
    catalogue: Definitions,
    form: Form,
    *,
    ask: Mapping[str, Field] | None = None,
    element: Type | None = None,
) -> Scope:
    """On a form: computes, defaults, conditions, rules, buttons, events, flow steps, rights.

    `ask` are the fields of the action's dialog; `element` is the type of what an `each` yields,
    known inside as `row`.
    """
    types = CatalogueTypes(catalogue)
    symbols = {
        **_variables(),
        **_record_names(types, form),
        **form_symbols(types, form, "record"),
    }
    if ask is not None:
        symbols["ask"] = _space("ask", value_symbols(types, ask, "ask"))
    scope = Scope(
        symbols, types, subject=_subject(symbols, form, None), renamed=_renamed(form.fields)
    )
    return _with_org_types(scope if element is None else with_row(scope, element))


def _renamed(fields: Mapping[str, Field]) -> dict[str, str]:
    """Former name → name today."""
    return {f.renamed_from: name for name, f in fields.items() if f.renamed_from is not None}


def row_scope(catalogue: Definitions, form: Form, table: str) -> Scope:
    """In a column of a table: bare names are columns, the record is `parent.x`."""
    types = CatalogueTypes(catalogue)
    own = dict(types.row_symbols(Type("rows", form=form.name, table=table), "record"))
    parent = {
        **_record_names(types, form, "parent"),
        **form_symbols(types, form, "parent"),
        "form": Symbol(TEXT, "variable", "parent.form"),
    }
    del parent["display"]  # put together from the values, as of any linked record
    own["parent"] = Symbol(
        Type("record", form=form.name), "parent", "id", members=parent, is_value=True
    )
    row = {"table": Symbol(TEXT, "variable", "row.table"), **own}
    symbols = {
        **_variables(),
        "this": _record("this", types, form),
        "row": Symbol(TEXT, "record", "row", members=row, is_value=False),
        "old": Symbol(TEXT, "old", "old", members=_rooted(own, "old"), is_value=False),
        **own,
    }
    hints = {
        name: f"parent.{name}" for name in (*form.fields, *_SYSTEM_HINTS) if name not in symbols
    }
    return _with_org_types(
        Scope(symbols, types, subject=_subject(symbols, form, parent), hints=hints)
    )


def field_scope(catalogue: Definitions, form: Form, field: Field) -> Scope:
    """What the conditions, computes and defaults of a field or column may name."""
    return row_scope(catalogue, form, field.table) if field.table else record_scope(catalogue, form)


def filter_scope(catalogue: Definitions, form: Form, field: Field, to: str | None = None) -> Scope:
    """In a link's `filter`: bare names are the candidate's, `this` the record, `row` the row of a
    table. The candidate of an org field is the org, of a person field the person …; `to` picks
    one form of a link to several."""
    types = CatalogueTypes(catalogue)
    around = field_scope(catalogue, form, field).symbols
    symbols = {**_variables(), "this": _record("this", types, form)}
    if field.table:
        symbols["row"] = Symbol(TEXT, "row", "row", members=_rooted(around, "row"), is_value=False)
    hints = {name: f"this.{name}" for name in form.fields}
    subject: Symbol | None
    if field.type == "link" and (to or field.to):
        candidate = catalogue.forms[to or field.to[0]]
        symbols |= form_symbols(types, candidate, "record")
        subject = symbols.get("org")
    else:
        kind = field_type(types, field)
        element = kind.of if kind.name == "list" and kind.of else kind
        members = {name: types.member(element, name) for name in types.members(element)}
        symbols |= {n: Symbol(t, "record", n) for n, t in members.items() if t is not None}
        subject = Symbol(_ORG, "record", "code") if element.name == "org" else None
    hints = {name: hint for name, hint in hints.items() if name not in symbols}
    return _with_org_types(Scope(symbols, types, subject=subject, hints=hints))


def with_row(scope: Scope, element: Type) -> Scope:
    """The scope under `each`: what it yields is `row` (`row.x` of a record, else the value)."""
    if element.name == "any":
        row = Symbol(element, "variable", "row", members=_Anything())
    elif element.name in ("rows", "record"):
        members = scope.types.row_symbols(element, "row")
        row = Symbol(
            Type("record", form=element.form, table=element.table), "row", "id", members=members
        )
    else:
        of = element.of if element.name == "list" and element.of else element
        row = Symbol(of, "variable", "row")
    return replace(scope, symbols={**scope.symbols, "row": row})


class _Anything(dict[str, Symbol]):
    """The members of what could not be typed: that was said, and is not said again."""

    def get(self, name: str, default: Any = None) -> Any:
        return Symbol(Type("any"), "variable", f"row.{name}")


def check_filter(
    catalogue: Definitions,
    form: str,
    source: str,
    hidden: Collection[str] = (),
    hidden_elsewhere: Callable[[str], Collection[str]] | None = None,
) -> Expression:
    """A viewer's own condition (`?filter=`). Fields in `hidden` (`reason`, `targets.amount`) are
    simply unknown. Other forms cannot be named; fields of linked records only when
    `hidden_elsewhere` says which of another form's fields this viewer may not see.

    Raises ExpressionError.
    """
    types = CatalogueTypes(catalogue, hidden={form: frozenset(hidden)}, elsewhere=hidden_elsewhere)
    own = form_symbols(types, catalogue.forms[form], "record")
    symbols = {**_variables(), **own}
    if hidden_elsewhere is not None:
        symbols["related"] = _related(types, catalogue.forms[form], "this")
    scope = Scope(
        symbols,
        types,
        subject=symbols.get("org"),
        forms_allowed=False,
        links_allowed=hidden_elsewhere is not None,
        rows_behind_links=hidden_elsewhere is not None,
    )
    expression = check(source, _with_org_types(scope), "boolean", most=MOST_CONDITION)
    check_computable(expression)
    return expression


def check_leading(catalogue: Definitions, form: str, by: str, record: int) -> Expression:
    """That a link of a form leads to this record, or holds it among others."""
    many = catalogue.forms[form].fields[by].many
    return check_filter(catalogue, form, f"{record} in {by}" if many else f"{by} == {record}")


def check_computable(expression: Expression) -> None:
    """All of a filter runs in the database, or does not depend on the row."""
    for node in walk(expression.root):
        if isinstance(node, Member) and _is_of_several(node):
            name = f"{getattr(node.of, 'name', '')}.{node.name}".lstrip(".")
            raise ExpressionError("not-in-a-filter", node.start, node.end, name=name)
        if not isinstance(node, Call) or "sql" in FUNCTIONS[node.function].targets:
            continue
        if depends_on_row(node):
            raise ExpressionError("not-in-a-filter", node.start, node.end, name=node.function)


def _is_of_several(node: Member) -> bool:
    """A field behind a link to several forms, of which the link itself says only the form."""
    of = node.of.type
    return of.name == "record" and not of.form and not names_its_form(node)


# -- organisation, collections, schedules


def org_scope(catalogue: Definitions) -> Scope:
    """Where each org is asked in turn: a collection's `orgs`, an indicator's `applies_to`."""
    return variables_scope(catalogue, {"org": _ORG})


def collect_scope(catalogue: Definitions, grain: str | None = None) -> Scope:
    """In `collect`: `org` and `period`."""
    return variables_scope(catalogue, {"org": _ORG, "period": Type("period", grain=grain)})


def variables_scope(catalogue: Definitions, variables: Mapping[str, Type]) -> Scope:
    """Only these variables, beside `me today now`. Where no `org` is among them, bare org types
    start from the org of the person who looks: `for: {post: planner, at: group}`."""
    types = CatalogueTypes(catalogue)
    symbols = {**_variables(), **{n: Symbol(t, "variable", n) for n, t in variables.items()}}
    return _with_org_types(Scope(symbols, types, subject=symbols.get("org", _MY_ORG)))


# -- measures, alerts, output


def threshold_scope(catalogue: Definitions, indicator: Indicator) -> Scope:
    """In an indicator's thresholds: `value target last_year`, the org and the period."""
    return variables_scope(catalogue, _of_indicator(indicator))


def formula_scope(catalogue: Definitions, indicator: Indicator) -> Scope:
    """In a derived indicator: the other indicators by name, at the same org, period and view."""
    known = {
        name: unit_type(other.unit)
        for name, other in catalogue.indicators.items()
        if name != indicator.name
    }
    variables = {n: Symbol(t, "variable", n) for n, t in known.items()}
    own = frozenset((indicator.name,))  # which is read, so that the ring is named
    # a figure is the same for all who look, at whatever time of the day
    days = {"today": _variables()["today"]}
    hints = {"now": "today"}
    return Scope({**days, **variables}, CatalogueTypes(catalogue), guessed=own, hints=hints)


def alert_scope(catalogue: Definitions, alert: Alert) -> Scope:
    """In an alert: on an indicator its value and level, on a form the record's names."""
    if alert.watch_form is not None:
        form = catalogue.forms[alert.watch_form]
        if alert.watch_each is None:
            return record_scope(catalogue, form)
        rows = Type("rows", form=form.name, table=alert.watch_each)
        return record_scope(catalogue, form, element=rows)
    indicator = catalogue.indicators[alert.watch_indicator or ""]
    return variables_scope(
        catalogue, {**_of_indicator(indicator), "level": _LEVEL, "indicator": Type("indicator")}
    )


def dashboard_scope(catalogue: Definitions, controls: Mapping[str, Type]) -> Scope:
    """In a tile's `orgs`, `periods` …: the dashboard's controls as `control.x`."""
    plain = Scope(_variables(), CatalogueTypes(catalogue))
    scope = _with_controls(plain, controls)
    return _with_org_types(replace(scope, subject=scope.subject or _MY_ORG))


def report_scope(catalogue: Definitions, report: Report) -> Scope:
    """In a report: its parameters; with `of`, the record as `record.x`."""
    types = CatalogueTypes(catalogue)
    parameters = {name: field_type(types, field) for name, field in report.parameters.items()}
    scope = variables_scope(catalogue, parameters)
    if report.of is None:
        return scope
    form = catalogue.forms[report.of]
    record = _record("record", types, form)
    own = form_symbols(types, form, "record")
    return Scope({**scope.symbols, **own, "record": record}, types, subject=own.get("org"))


def data_scope(
    catalogue: Definitions,
    form: str,
    table: str | None = None,
    *,
    controls: Mapping[str, Type] | None = None,
    parameters: Mapping[str, Type] | None = None,
) -> Scope:
    """In a data block about a form's rows: the row's names, `control.x` or the parameters.
    `count()` and `sum(x)` are over these rows."""
    types = CatalogueTypes(catalogue)
    rows = Type("rows", form=form, table=table)
    own = dict(types.row_symbols(rows, "record"))
    named = {n: Symbol(t, "variable", n) for n, t in (parameters or {}).items() if n not in own}
    implicit = Symbol(rows, "record", form, origin="form")
    scope = Scope({**_variables(), **named, **own}, types, own.get("org"), implicit)
    return _with_org_types(scope if controls is None else _with_controls(scope, controls))


def block_scope(
    catalogue: Definitions, scope: Scope, blocks: Mapping[str, Collection[str]]
) -> Scope:
    """A report's narrative: its data blocks as rows, `any(summary.attainment > 110%)`; the names
    of each block's columns are given."""
    named = {
        name: Symbol(Type("rows", form=None, table=name), "variable", name, origin="block")
        for name in blocks
    }
    types = CatalogueTypes(catalogue, blocks=blocks)
    return Scope({**scope.symbols, **named}, types, scope.subject)


def _of_indicator(indicator: Indicator) -> dict[str, Type]:
    value = unit_type(indicator.unit)
    return {
        "value": value,
        "target": value,
        "last_year": value,
        "org": _ORG,
        "period": Type("period", grain=indicator.time.grain),
    }


def _with_controls(scope: Scope, controls: Mapping[str, Type]) -> Scope:
    members = {n: Symbol(t, "variable", f"control.{n}") for n, t in controls.items()}
    symbols = {**scope.symbols, "control": _space("control", members)}
    return Scope(symbols, scope.types, scope.subject or members.get("org"), scope.implicit)


# -- what is everywhere

_SYSTEM_HINTS = ("status", "state", "owner", "number")


def _variables() -> dict[str, Symbol]:
    return {
        "me": Symbol(_PERSON, "variable", "me"),
        "today": Symbol(_TODAY, "variable", "today"),
        "now": Symbol(_NOW, "variable", "now"),
    }


def _record_names(types: CatalogueTypes, form: Form, root: Root = "record") -> dict[str, Symbol]:
    """`old this is_new flow version previous_version related receipts display` of a form."""
    at: Root = "parent" if root == "parent" else "record"
    receipts = {name: _receipt(name) for name in form.receipts}
    old = names_behind(types, form, "old")
    previous = names_behind(types, form, "previous_version")
    return {
        "old": Symbol(TEXT, "old", "old", members=old, is_value=False),
        "previous_version": Symbol(
            TEXT, "previous_version", "previous_version", members=previous, is_value=False
        ),
        "this": _record("this", types, form),
        "is_new": Symbol(BOOLEAN, "variable", "is_new"),
        "display": Symbol(TEXT, at, "display"),
        "flow": _space("flow", _FLOW),
        "version": _space("version", _VERSION),
        "related": _related(types, form, at),
        "receipts": _space("receipts", receipts),
    }


def _related(types: CatalogueTypes, form: Form, at: Root) -> Symbol:
    """Records of other forms that link here; not of a form whose link nobody here may see."""
    related = {
        name: Symbol(
            Type("rows", form=relation.form),
            at,
            name,
            origin="related",
            by=relation.by,
            owner=form.name,
        )
        for name, relation in form.related.items()
        if relation.by not in types.hidden(relation.form)
    }
    return _space("related", related)


_FLOW = {
    "status": Symbol(TEXT, "variable", "flow.status"),
    "step": Symbol(TEXT, "variable", "flow.step"),
    "round": Symbol(NUMBER, "variable", "flow.round"),
    "initiator": Symbol(_PERSON, "variable", "flow.initiator"),
    "started": Symbol(_NOW, "variable", "flow.started"),
    "waiting_for": Symbol(Type("list", of=_PERSON), "variable", "flow.waiting_for"),
}
_VERSION = {
    "label": Symbol(TEXT, "variable", "version.label"),
    "number": Symbol(NUMBER, "variable", "version.number"),
    "effective": Symbol(_TODAY, "variable", "version.effective"),
    "reason": Symbol(TEXT, "variable", "version.reason"),
}


def _receipt(name: str) -> Symbol:
    counts = {
        count: Symbol(
            Type("percent") if count == "rate" else NUMBER, "variable", f"receipts.{name}.{count}"
        )
        for count in ("asked", "done", "rate", "open")
    }
    return _space(f"receipts.{name}", counts)


def _space(name: str, members: Mapping[str, Symbol]) -> Symbol:
    return Symbol(TEXT, "variable", name, members=members, is_value=False)


def _record(name: str, types: CatalogueTypes, form: Form) -> Symbol:
    """A whole record, as a link to it and as a prefix."""
    root: Root = "record" if name == "record" else "this"
    members = names_behind(types, form, root)
    return Symbol(Type("record", form=form.name), root, "id", members=members)


def _rooted(symbols: Mapping[str, Symbol], root: Root) -> dict[str, Symbol]:
    """The same names of a row, found at another root."""
    return {
        name: replace(symbol, root=root)
        for name, symbol in symbols.items()
        if symbol.root == "record" and symbol.members is None and symbol.of is None
    }


def _subject(
    symbols: Mapping[str, Symbol], form: Form, parent: Mapping[str, Symbol] | None
) -> Symbol | None:
    """The record's org: of a row, its record's."""
    return (parent or symbols).get("org")


def _with_org_types(scope: Scope) -> Scope:
    """Bare org types: the nearest ancestor-or-self of that type of the org in scope. A name of
    the definition's own is never taken from it."""
    subject = scope.subject
    if subject is None or subject.type.name != "org":
        return scope
    named = {
        name: Symbol(_ORG, subject.root, name, of=subject)
        for name in scope.types.known("org_type") or ()
        if name not in scope.symbols
    }
    return replace(scope, symbols={**scope.symbols, **named})
