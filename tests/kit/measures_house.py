"""A small group with figures: two companies in a sector, indicators of every kind, an application
whose names nobody else uses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services_house import FILES, PEOPLE, House, open_house

from jingwei.language.periods import Period
from jingwei.services import facts
from jingwei.services.measures import Cell, Measures
from jingwei.services.people import SYSTEM

_COMMON = "owner: {post: finance_manager, at: sector}\n"
INDICATORS: Mapping[str, str] = {
    "definitions/indicators/sales.yaml": """
kind: indicator
title: {zh: 销售额, en: Sales}
type: simple
unit: CNY
time: {kind: flow_ytd, grain: month, default_view: ytd}
org_agg: sum_with_elimination
availability: {lag: 1mo, day: 12}
"""
    + _COMMON,
    "definitions/indicators/profit.yaml": """
kind: indicator
title: {zh: 利润, en: Profit}
type: simple
unit: CNY
time: {kind: flow_ytd, grain: month, default_view: ytd}
org_agg: sum_with_elimination
thresholds:
  red: value < 0
  yellow: value < target or value < last_year
"""
    + _COMMON,
    "definitions/indicators/equity.yaml": """
kind: indicator
title: {zh: 净资产, en: Equity}
type: simple
unit: CNY
time: {kind: balance, grain: month}
org_agg: sum_with_elimination
"""
    + _COMMON,
    "definitions/indicators/equity_avg.yaml": """
kind: indicator
title: {zh: 平均净资产, en: Average equity}
type: derived
formula: (at_start(equity, year) + equity) / 2
unit: CNY
time: {kind: balance, grain: month}
org_agg: sum_with_elimination
"""
    + _COMMON,
    "definitions/indicators/return_on_equity.yaml": """
kind: indicator
title: {zh: 净资产收益率, en: Return on equity}
type: ratio
numerator: profit
denominator: equity_avg
unit: percent
time: {kind: rate, grain: month, default_view: ytd}
org_agg: ratio_of_aggregates
"""
    + _COMMON,
    "definitions/indicators/leverage.yaml": """
kind: indicator
title: {zh: 负债率, en: Leverage}
type: simple
unit: percent
direction: lower_better
precision: 3
time: {kind: balance, grain: month}
org_agg: none
thresholds:
  red: value >= 75%
  yellow: value >= 70%
"""
    + _COMMON,
    "definitions/indicators/sales_of_a_year.yaml": """
kind: indicator
title: {zh: 十二个月销售额, en: Sales of twelve months}
type: cumulative
of: sales
window: 12mo
unit: CNY
time: {kind: flow, grain: month}
org_agg: sum
"""
    + _COMMON,
    "definitions/indicator_sets/core.yaml": """
kind: indicator_set
title: {zh: 核心指标, en: Core}
members:
  sales: {order: 1}
  leverage: {to: 2024-12-31, order: 2}
  return_on_equity: {from: 2025-01-01, order: 2}
""",
}
FILES_WITH_FIGURES: Mapping[str, str] = {**FILES, **INDICATORS}


def figures_house(root: Path, database_url: str, more: Mapping[str, str] | None = None) -> House:
    """The small house with indicators; no facts yet."""
    return open_house(root, database_url, {**FILES_WITH_FIGURES, **(more or {})}, PEOPLE)


def put(house: House, *rows: tuple[Any, ...], **common: Any) -> Any:
    """Facts as (indicator, org, period, value)."""
    found = [{"indicator": i, "org": o, "period": p, "value": v, **common} for i, o, p, v in rows]
    return house.commands.run(lambda work: facts.import_facts(work, found), SYSTEM)


def adjust(house: House, *rows: tuple[Any, ...], **common: Any) -> Any:
    """Adjustments as (indicator, org, period, value, kind, reason)."""
    names = ("indicator", "org", "period", "value", "kind", "reason")
    found = [{**dict(zip(names, row, strict=True)), **common} for row in rows]
    return house.commands.run(lambda work: facts.import_adjustments(work, found), SYSTEM)


def cell(
    house: House, indicator: str, org: str, period: str, view: str = "actual", **more: Any
) -> Cell:
    """A figure as the system sees it; `login`: as that person does."""
    login = more.pop("login", None)
    base = more.pop("base", "restated")
    reader = SYSTEM if login is None else house.person(login)
    with house.commands.read(reader) as reading:
        found: Cell = Measures(reading, base).cell(
            indicator, org, Period.parse(period), view, **more
        )
    return found
