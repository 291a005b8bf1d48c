"""The expressions of indicators, alerts, reports, dashboards and modules."""

from __future__ import annotations

from collections.abc import Mapping

from jingwei.catalogue import scopes
from jingwei.catalogue.typed import Typing
from jingwei.language.expressions.reads import walk
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.tree import Aggregate, Call, Name, Type
from jingwei.language.expressions.types import NUMERIC
from jingwei.language.measures import Indicator
from jingwei.language.organisation import Module, Profile
from jingwei.language.output import Alert, Dashboard, DataBlock, Report
from jingwei.language.values import Formula

_ORG = Type("org")


def type_indicator(typing: Typing, indicator: Indicator) -> None:
    catalogue = typing.catalogue
    if indicator.formula is not None:
        scope = scopes.formula_scope(catalogue, indicator)
        typing.formula(indicator.formula, scope, scopes.unit_type(indicator.unit))
    typing.condition(indicator.applies_to, scopes.org_scope(catalogue))
    around = scopes.variables_scope(catalogue, {"org": _ORG, "period": Type("period")})
    typing.who(indicator.owner, around)
    typing.due(indicator.availability, around)
    if indicator.thresholds:
        scope = scopes.threshold_scope(catalogue, indicator)
        for one in indicator.thresholds:
            typing.condition(one.applies_to, scope)
            typing.condition(one.release, scope)
            for level in one.levels:
                typing.condition(level.when, scope)
                _has_standards(typing, indicator, level.when)
    measure = indicator.measure
    if measure is not None:
        scope = scopes.data_scope(catalogue, measure["form"])
        typing.formula(measure["value"], scope, "number")
        _gathers(typing, measure["value"])
        typing.condition(measure.get("where"), scope)
    for key in ("industry", "size"):
        formula = (indicator.benchmark or {}).get(key)
        if isinstance(formula, Formula):
            typing.formula(formula, around)


def _has_standards(typing: Typing, indicator: Indicator, when: Formula) -> None:
    """`benchmark(tier)` in a threshold is of the benchmark that the indicator names."""
    expression = typing.expressions.get(when)
    for node in walk(expression.root) if expression is not None else ():
        if not isinstance(node, Call) or node.function != "benchmark" or len(node.arguments) > 1:
            continue
        named = (indicator.benchmark or {}).get("set")
        at = typing.place(when, node.start, node.end)
        if named is None:
            typing.problems.add("no-standard", at, name=indicator.name)


def _gathers(typing: Typing, value: Formula) -> None:
    """A value over many rows is an aggregate of them: `sum(total)`, not `total`."""
    expression = typing.expressions.get(value)
    if expression is None:
        return
    nodes = list(walk(expression.root))
    bare = next((n for n in nodes if isinstance(n, Name) and n.root == "record"), None)
    if bare is None or any(isinstance(node, Aggregate) for node in nodes):
        return
    numeric = expression.type.name in NUMERIC
    typing.problems.add(
        "not-an-aggregate",
        typing.place(value, bare.start, bare.end),
        suggestion=f"sum({value.source})" if numeric else "count()",
        name=bare.name,
    )


def type_profile(typing: Typing, profile: Profile) -> None:
    """Its thresholds see what those of the indicator see."""
    for name, levels in profile.thresholds.items():
        scope = scopes.threshold_scope(typing.catalogue, typing.catalogue.indicators[name])
        for when in levels.values():
            typing.condition(when, scope)


def type_alert(typing: Typing, alert: Alert) -> None:
    scope = scopes.alert_scope(typing.catalogue, alert)
    typing.condition(alert.when, scope)
    typing.formula(alert.date, scope, "date")
    typing.who(alert.to, scope)
    typing.template(alert.message, scope)
    typing.ladder(alert.urge, scope)
    if alert.todo is not None:
        target = typing.catalogue.forms[alert.todo.form]
        typing.assignments(alert.todo.set, target.fields, target.name, scope)
        typing.condition(alert.todo.close_when, scope)
        for name in alert.todo.one_open_per:
            if name not in target.fields and name != "org":
                at = alert.origin.value("todo", "one_open_per")
                typing.unknown_field(name, target.fields, target.name, at)


def type_report(typing: Typing, report: Report) -> None:
    catalogue = typing.catalogue
    scope = scopes.report_scope(catalogue, report)
    parameters = {name: typing.type_of(field) for name, field in report.parameters.items()}
    for field in report.parameters.values():
        typing.value(field.default, scopes.variables_scope(catalogue, {}))
    for block in report.data.values():
        _type_block(typing, block, scope, parameters=parameters)
    columns = {name: columns_of(block) for name, block in report.data.items()}
    narrative = scopes.block_scope(catalogue, scope, columns)
    for slot in report.narrative.values():
        typing.who(slot.owner, scope)
        typing.due(slot.due, scope)
        typing.condition(slot.required_if, narrative)
        typing.template(slot.prefill, narrative)
    typing.template(report.number, scope, words=True)
    typing.who(report.for_, scope)
    typing.condition(report.each_org, scopes.org_scope(catalogue))


def columns_of(block: DataBlock) -> tuple[str, ...]:
    """The names that rows of a block have."""
    if block.indicators:
        return (
            "indicator",
            "org",
            "period",
            "value",
            "unit",
            "light",
            *block.views,
            *block.compare,
        )
    return (*(name for name, _ in block.columns), *block.group, *block.values)


def type_dashboard(typing: Typing, dashboard: Dashboard) -> None:
    catalogue = typing.catalogue
    plain = scopes.variables_scope(catalogue, {})
    controls: dict[str, Type] = {}
    for control in dashboard.controls.values():
        controls[control.name] = _ORG if control.name == "org" else Type("any")
        if control.grain is not None:
            controls[control.name] = Type("period", grain=control.grain)
        if isinstance(control.default, Formula):
            expression = typing.formula(control.default, plain)
            if expression is not None and control.grain is None:
                controls[control.name] = expression.type
    typing.who(dashboard.for_, plain)
    scope = scopes.dashboard_scope(catalogue, controls)
    for tile in dashboard.tiles.values():
        _type_block(typing, tile.block, scope, controls=controls)


def type_module(typing: Typing, module: Module) -> None:
    typing.who(module.for_, scopes.variables_scope(typing.catalogue, {}))


def _type_block(
    typing: Typing,
    block: DataBlock,
    scope: Scope,
    *,
    controls: Mapping[str, Type] | None = None,
    parameters: Mapping[str, Type] | None = None,
) -> None:
    typing.org(block.orgs, scope)
    typing.formula(block.periods, scope)
    if block.form is None:
        return
    name, _, table = block.form.partition(".")
    form = typing.catalogue.forms[name]
    if table and table not in form.tables:
        typing.unknown_field(table, form.tables, name, block.at)
        return
    rows = scopes.data_scope(
        typing.catalogue, name, table or None, controls=controls, parameters=parameters
    )
    typing.condition(block.where, rows)
    for formula in block.values.values():
        typing.formula(formula, rows)
        _gathers(typing, formula)
    for _, column in block.columns:
        if column is not None:
            typing.formula(column, rows)
