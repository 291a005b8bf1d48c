"""The expressions of a form, each in its scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jingwei.catalogue import scopes
from jingwei.catalogue.classified import type_classified
from jingwei.catalogue.named_values import check_name
from jingwei.catalogue.rows_asked import unasked
from jingwei.catalogue.scorecards import type_scorecard
from jingwei.catalogue.typed import Typing, link_to
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.reads import depends_on_row
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Type
from jingwei.language.expressions.types import ANY
from jingwei.language.field_types.table import FIELD_TYPES
from jingwei.language.form import Field, Form
from jingwei.language.kinds.form import SCOPES
from jingwei.language.organisation import CodeList
from jingwei.language.values import Formula
from jingwei.language.who import Whos
from jingwei.problems import nearest


def type_form(typing: Typing, form: Form) -> None:
    for field in form.fields.values():
        _type_field(typing, form, field)
        for column in field.fields.values():
            _type_field(typing, form, column)
    record = typing.record(form)
    unnamed = _before_it_is_called(record)
    typing.template(form.number, unnamed, words=True)
    typing.template(form.display, replace(unnamed, hints={}))
    if isinstance(form.versions, Mapping):
        typing.template(form.versions.get("label"), record)
    _type_behaviour(typing, form, record)
    _type_rights(typing, form, unnamed)
    _type_page(typing, form, unnamed)
    if form.collect is not None:
        _type_collect(typing, form)


def _before_it_is_called(scope: Scope) -> Scope:
    """Without `display`, which is made of the values, and only where somebody is told of them;
    `this.display` puts it together from the values as they are."""
    symbols = {name: symbol for name, symbol in scope.symbols.items() if name != "display"}
    return replace(scope, symbols=symbols, hints={"display": "this.display", **scope.hints})


def _type_field(typing: Typing, form: Form, field: Field) -> None:
    scope = _before_it_is_called(typing.of_field(form, field))
    for condition in (field.required_if, field.visible_if, field.readonly_if):
        if condition is not None:
            typing.condition(condition, scope)
    if field.type == "classification":
        type_classified(typing, form, field)
    elif field.compute is not None:
        typing.formula(field.compute, scope, typing.type_of(field))
    if isinstance(field.default, Formula):
        typing.formula(field.default, scope, typing.type_of(field))
    for limit in (field.min, field.max):
        if isinstance(limit, Formula):
            typing.formula(limit, scope, FIELD_TYPES[field.type].expression_type(field))
    for value in (field.unit, field.set):
        typing.value(value, scope)
    if field.filter is not None:
        _type_filter(typing, form, field)
    if field.scorecard is not None:
        type_scorecard(typing, form, field)
    if field.generate is not None:
        inner = typing.each(field.generate.each, typing.record(form))
        typing.assignments(field.generate.set, field.fields, f"{form.name}.{field.name}", inner)


def _type_filter(typing: Typing, form: Form, field: Field) -> None:
    if field.type == "link" and not all(to in typing.catalogue.forms for to in field.to):
        return  # the rule about links says so
    scope = scopes.filter_scope(typing.catalogue, form, field)
    typing.condition(field.filter, scope)
    if field.type != "link" or field.filter not in typing.expressions:
        return
    for other in field.to[1:]:  # each form has what the condition names
        try:
            check(
                field.filter.source,
                scopes.filter_scope(typing.catalogue, form, field, other),
                "boolean",
            )
        except ExpressionError as error:
            typing.fail(field.filter, error)
            return


def _type_behaviour(typing: Typing, form: Form, record: Scope) -> None:
    for rule in form.rules.values():
        in_table = rule.each is not None and rule.each in form.tables
        scope = typing.row(form, rule.each) if in_table and rule.each else record
        typing.condition(rule.check, _before_it_is_called(scope))
        typing.condition(rule.when, _before_it_is_called(scope))
        typing.template(rule.message, scope)
    for state in form.states.values():
        typing.condition(state.enter_when, _before_it_is_called(record))
    for action in form.actions.values():
        scope = record
        if action.ask:
            scope = scopes.record_scope(typing.catalogue, form, ask=action.ask)
        if action.place.startswith("row "):
            scope = scopes.with_row(scope, _rows(form, action.place.removeprefix("row ")))
        for field in action.ask.values():
            _type_asked(typing, field, scope)
            check_name(typing.catalogue, form, field, field.default, typing.problems)
        typing.who(action.who, scope)
        for condition in (action.when, action.check):
            typing.condition(condition, scope)
        typing.template(action.message, scope)
        typing.template(action.confirm, scope)
        typing.effects(action.do, form, scope)
    for effects in form.events.values():
        typing.effects(effects, form, record)
    for receipt in form.receipts.values():
        typing.who(receipt.of, record)
        typing.condition(receipt.when, record)
        typing.due(receipt.due, record)
        typing.ladder(receipt.urge, record)
        typing.effects(receipt.then, form, record)
    for fact in form.facts.values():
        table = fact.each is not None and fact.each in form.tables
        scope = scopes.with_row(record, _rows(form, fact.each or "")) if table else record
        if fact.each is not None and not table:
            scope = scopes.with_row(record, ANY)  # the table is named; of its rows nothing is known
        typing.formula(fact.indicator, scope, "indicator")
        typing.formula(fact.value, scope, "number")
        typing.formula(fact.org, scope, "org")
        typing.formula(fact.period, scope, "period")
        typing.condition(fact.when, scope)
        typing.formula(fact.valid_from, scope, "date")


def _type_asked(typing: Typing, field: Field, scope: Scope) -> None:
    """A question of a dialog: its expressions look at the record and at the other answers."""
    for condition in (field.required_if, field.visible_if, field.readonly_if):
        typing.condition(condition, scope)
    typing.value(field.default, scope, typing.type_of(field))
    for limit in (field.min, field.max):
        if isinstance(limit, Formula):
            typing.formula(limit, scope, FIELD_TYPES[field.type].expression_type(field))


def _rows(form: Form, table: str) -> Type:
    return Type("rows", form=form.name, table=table)


_LISTED = frozenset(("read", "delete"))  # rights whose rows are listed; others are of one record


def _type_rights(typing: Typing, form: Form, record: Scope) -> None:
    for grant in form.permissions.values():
        typing.who(grant.who, record)
        if isinstance(grant.scope, Formula):
            guess = nearest(grant.scope.source, SCOPES)
            if guess is not None and grant.scope.source not in form.fields:
                known = ", ".join(SCOPES)
                typing.problems.add(
                    "unknown-value",
                    grant.scope.at,
                    suggestion=guess,
                    value=grant.scope.source[:60],
                    known=known,
                )
                continue
            typing.condition(grant.scope, record)
        typing.condition(grant.where, record)
        if not _LISTED.isdisjoint(grant.can):
            _of_rows(typing, grant.scope)
            _of_rows(typing, grant.where)
            _who_of_rows(typing, grant.who)
    for restriction in form.restrict.values():
        typing.condition(restriction.when, record)
        _of_rows(typing, restriction.when)
        typing.who(restriction.to, record)
        _who_of_rows(typing, restriction.to)


def _who_of_rows(typing: Typing, whos: Whos) -> None:
    for who in whos:
        for formula in (who.org, who.covering, who.path):
            _of_rows(typing, formula)
        _who_of_rows(typing, (*who.of, *who.exclude))


def _of_rows(typing: Typing, formula: object, settled: bool = False) -> None:
    """That every list can ask this of its rows. `settled`: what depends on no row is worked out
    before."""
    expression = typing.expressions.get(formula) if isinstance(formula, Formula) else None
    if not isinstance(formula, Formula) or expression is None:
        return
    for node in unasked(typing.catalogue, expression.root):
        if settled and not depends_on_row(node):
            continue
        name = formula.source[node.start : node.end]
        typing.fail(formula, ExpressionError("not-of-rows", node.start, node.end, name=name))
        break


def _type_page(typing: Typing, form: Form, record: Scope) -> None:
    for section in form.layout:
        typing.condition(section.visible_if, record)
        typing.condition(section.readonly_if, record)
        if isinstance(section.collapsed, Formula):
            typing.condition(section.collapsed, record)
    typing.condition(form.list.default_filter, record)
    _type_begins(typing, form)
    for name, view in form.list.views.items():
        if view.get("filter"):
            at = form.origin.value("list", "views", name, "filter")
            _type_as_typed(typing, form, Formula(str(view["filter"]), at))
    for who in form.list.opens_with.values():
        typing.who(who, record)
    for related in form.related.values():
        if related.where is not None:
            candidate = link_to(related.form, form.origin.key("related", related.name))
            scope = scopes.filter_scope(typing.catalogue, form, candidate)
            typing.condition(related.where, scope)
            _of_rows(typing, related.where, settled=True)


def _type_begins(typing: Typing, form: Form) -> None:
    """The filter that a list begins with is one that its reader could have typed."""
    begins = form.list.default_filter
    if begins is None or begins not in typing.expressions:
        return
    _type_as_typed(typing, form, begins)


def _type_as_typed(typing: Typing, form: Form, filter: Formula) -> None:
    try:
        scopes.check_filter(typing.catalogue, form.name, filter.source, (), lambda _: ())
    except ExpressionError as error:
        typing.fail(filter, error)


def _type_collect(typing: Typing, form: Form) -> None:
    collect = form.collect
    assert collect is not None
    grain = collect.every if isinstance(collect.every, str) else None
    typing.condition(collect.orgs, scopes.org_scope(typing.catalogue))
    scope = scopes.collect_scope(typing.catalogue, grain)
    typing.who(collect.who, scope)
    typing.due(collect.opens, scope)
    typing.due(collect.due, scope)
    typing.ladder(collect.urge, scope)


def type_code_list(typing: Typing, code_list: CodeList) -> None:
    """Which records are codes: asked by the database, for whoever chooses."""
    source = code_list.source or {}
    if source.get("where") is None or source["form"] not in typing.catalogue.forms:
        return
    typing.condition(source["where"], scopes.data_scope(typing.catalogue, source["form"]))
    expression = typing.expressions.get(source["where"])
    if expression is not None:
        try:
            scopes.check_computable(expression)
        except ExpressionError as error:
            typing.fail(source["where"], error)
