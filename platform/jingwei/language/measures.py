"""Kinds of measures: indicator, indicator_set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from jingwei.language.definition import Definition
from jingwei.language.values import Due, Duration, Formula
from jingwei.language.who import Whos

OrgAgg = Literal[
    "sum",
    "sum_with_elimination",
    "ratio_of_aggregates",
    "weighted_average",
    "last",
    "max",
    "min",
    "count",
    "none",
    "reported",
]
LEVELS = ("red", "orange", "yellow", "blue", "green")  # most severe first
TimeKind = Literal["flow", "flow_ytd", "balance", "average_balance", "rate", "event"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeRule:
    kind: TimeKind
    grain: Literal["month", "quarter", "year"] = "month"
    at: Literal["first", "last"] = "last"
    coarser: Literal["sum", "last", "average", "first"] | None = None
    default_view: Literal["period", "ytd"] = "period"
    annualize: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """One level, most severe first; the first that holds; none holds: green."""

    level: str
    when: Formula


@dataclass(frozen=True, kw_only=True, slots=True)
class ThresholdSet:
    levels: tuple[Threshold, ...]
    applies_to: Formula | None = None
    valid_from: date | None = None
    release: Formula | None = None  # a level that was raised stays until this holds
    for_: Duration | None = None  # periods for which a level must hold before it is given


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator(Definition):
    type: Literal["simple", "ratio", "derived", "cumulative", "input", "qualitative"]
    unit: str
    org_agg: OrgAgg
    time: TimeRule
    precision: int = 2  # shown digits
    direction: Literal["higher_better", "lower_better", "in_range"] = "higher_better"
    source: Mapping[str, Any] | None = None
    measure: Mapping[str, Any] | None = None
    numerator: str | None = None
    denominator: str | None = None
    formula: Formula | None = None
    of: str | None = None
    window: str | None = None
    to_date: str | None = None
    scale: str | None = None
    weight: str | None = None
    levels: tuple[str, ...] = ()
    applies_to: Formula | None = None
    availability: Due | None = None
    owner: Whos = ()
    decompose: Mapping[str, Any] | None = None
    benchmark: Mapping[str, Any] | None = None
    thresholds: tuple[ThresholdSet, ...] = ()
    comparisons: tuple[str, ...] = ()
    versions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    indicator: str
    from_: date | None = None
    to: date | None = None
    required: bool = False
    order: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class IndicatorSet(Definition):
    members: Mapping[str, Member] = field(default_factory=dict)
