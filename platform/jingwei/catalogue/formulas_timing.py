"""The expressions of schedules and scenarios."""

from __future__ import annotations

from jingwei.catalogue import scopes
from jingwei.catalogue.typed import Typing
from jingwei.language.expressions.tree import Type
from jingwei.language.timing import Scenario, Schedule


def type_schedule(typing: Typing, schedule: Schedule) -> None:
    """`row` is what `for` yields, `period` the one that the due time falls in."""
    scope = scopes.variables_scope(typing.catalogue, {"period": Type("period", grain="month")})
    typing.effects(schedule.do, None, typing.each(schedule.each, scope))


def type_scenario(typing: Typing, scenario: Scenario) -> None:
    """A driver sees the value it changes; a constraint the figures of each org and period."""
    names = {
        "value": Type("number"),
        "base": Type("number"),
        "org": Type("org"),
        "period": Type("period"),
    }
    scope = scopes.variables_scope(typing.catalogue, names)
    for driver in scenario.drivers.values():
        typing.formula(driver.change, scope, "number")
        typing.org(driver.orgs, scope)
        typing.formula(driver.periods, scope)
    catalogue = typing.catalogue
    figures = {name: scopes.unit_type(one.unit) for name, one in catalogue.indicators.items()}
    where = {"org": Type("org"), "period": Type("period")}
    scope = scopes.variables_scope(catalogue, {**figures, **where})
    for constraint in scenario.constraints.values():
        typing.condition(constraint, scope)
