"""The names an expression may use at a place of a definition that is being written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from jingwei.catalogue import scopes
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.expressions.links import rows_held
from jingwei.language.expressions.scope import Scope, Symbol
from jingwei.language.expressions.tree import Type
from jingwei.language.form import Field, Form

_OPEN_AGGREGATE = re.compile(r"[a-z_]+\(\s*([a-z_][\w.]*)\s+(?:where|by)\b[^()]*\Z")


def scope_at(catalogue: Catalogue, kind: str, name: str, path: tuple[str, ...]) -> Scope:
    """What bare names mean at a path of a definition; what is not known yet knows few names."""
    form = form_of(catalogue, kind, name)
    if form is not None:
        if path[:1] == ("fields",) and path[2:3] == ("fields",) and path[1] in form.tables:
            return scopes.row_scope(catalogue, form, path[1])
        if kind == "form" and path[:1] == ("fields",) and path[-1:] == ("filter",):
            field = form.fields.get(path[1])
            if field is not None:
                return scopes.filter_scope(catalogue, form, field)
        return scopes.record_scope(catalogue, form)
    if kind == "indicator" and name in catalogue.indicators:
        indicator = catalogue.indicators[name]
        if path[:1] == ("thresholds",):
            return scopes.threshold_scope(catalogue, indicator)
        return scopes.formula_scope(catalogue, indicator)
    if kind == "alert" and name in catalogue.alerts:
        return scopes.alert_scope(catalogue, catalogue.alerts[name])
    if kind == "report" and name in catalogue.reports:
        return scopes.report_scope(catalogue, catalogue.reports[name])
    return scopes.variables_scope(catalogue, {"org": Type("org"), "period": Type("period")})


def form_of(catalogue: Catalogue, kind: str, name: str) -> Form | None:
    """The form whose record a definition is about."""
    if kind == "form":
        return catalogue.forms.get(name)
    if kind == "workflow" and name in catalogue.workflows:
        return catalogue.forms.get(catalogue.workflows[name].form)
    return None


def inside_aggregate(scope: Scope, before: str) -> Scope:
    """The scope of the row, after `sum(targets.amount where …`."""
    rows = rows_of_aggregate(scope, before)
    return scope if rows is None else scope.inside(rows)


def rows_of_aggregate(scope: Scope, before: str) -> Symbol | None:
    """The rows that an aggregate goes over whose condition is being written; None outside."""
    found = _OPEN_AGGREGATE.search(before)
    if found is None:
        return None
    name = found[1].split(".")[0]
    rows = scope.name(name) or scope.types.form(name)
    held = None if rows is None else rows_held(rows.type)
    if rows is not None and held is not None:
        return replace(rows, type=held, members=None, origin="link")
    return rows if rows is not None and rows.type.name == "rows" else None


def members_of(scope: Scope, chain: list[str]) -> Mapping[str, Type]:
    """What may follow `a.b.`, with types; nothing for what is not known."""
    symbol = scope.name(chain[0]) or scope.types.form(chain[0])
    if symbol is None:
        return {}
    found: Mapping[str, Type] = _members(scope, symbol)
    for part in chain[1:]:
        nested = (symbol.members or {}).get(part) if symbol is not None else None
        if nested is not None:
            symbol, found = nested, _members(scope, nested)
            continue
        type_ = found.get(part)
        if type_ is None:
            return {}
        symbol, found = None, _of_type(scope, type_)
    return found


def _members(scope: Scope, symbol: Symbol) -> Mapping[str, Type]:
    if symbol.members is not None:
        return {name: member.type for name, member in symbol.members.items()}
    return _of_type(scope, symbol.type)


def _of_type(scope: Scope, type_: Type) -> Mapping[str, Type]:
    type_ = rows_held(type_) or type_
    if type_.name == "rows":
        return {n: s.type for n, s in scope.types.row_symbols(type_, "record").items()}
    known = {name: scope.types.member(type_, name) for name in scope.types.members(type_)}
    return {name: found for name, found in known.items() if found is not None}


def type_of(scope: Scope, chain: list[str]) -> Type | None:
    """The type of `a.b.c`, or None."""
    if len(chain) == 1:
        symbol = scope.name(chain[0]) or scope.types.form(chain[0])
        return symbol.type if symbol is not None else None
    return members_of(scope, chain[:-1]).get(chain[-1])


def field_of(
    catalogue: Catalogue, scope: Scope, form: str | None, chain: list[str]
) -> Field | None:
    """The field that a chain ends at, for its title and its place."""
    holder = form
    table: str | None = None
    found: Field | None = None
    for number, part in enumerate(chain):
        definition = catalogue.forms.get(holder or "")
        fields = dict(definition.fields) if definition is not None else {}
        if table is not None:
            fields = dict(fields[table].fields) if table in fields else {}
        found = fields.get(part)
        if found is None and table is None and number == 0:
            found = _only_column(fields, part)
        if found is None:
            type_ = type_of(scope, chain[: number + 1])
            if type_ is None or type_.form is None:
                return None
            holder, table = type_.form, type_.table
        elif found.type == "table":
            table = found.name
        else:
            holder, table = (found.to[0] if len(found.to) == 1 else None), None
    return found


def _only_column(fields: Mapping[str, Field], name: str) -> Field | None:
    """In a row a bare name is a column."""
    columns = [t.fields[name] for t in fields.values() if name in t.fields]
    return columns[0] if len(columns) == 1 else None
