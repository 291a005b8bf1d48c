"""Kinds that judge figures and records: benchmark, classification, scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from jingwei.language.definition import Definition
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.language.who import Whos


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark(Definition):
    """Standard values in tiers, best first. `source`: a sheet beside the definition whose columns
    are the keys and the tiers, one row for each combination of keys."""

    tiers: tuple[str, ...]
    titles: Mapping[str, Text]
    source: str
    keys: tuple[str, ...] = ("year", "industry", "size", "indicator")


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    code: str
    title: Text
    color: str | None = None
    when: Formula | None = None  # none: everything else


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification(Definition):
    """Ordered levels over inputs; the first that holds."""

    inputs: Mapping[str, str] = field(default_factory=dict)  # name → type
    levels: Mapping[str, Level] = field(default_factory=dict)


RuleType = Literal[
    "step", "bands", "efficiency_coefficient", "proportional", "table", "deduct", "formula"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """From `ge` on, or below `lt`: a score, or points for each `per` that is lacking. `score`
    None with no points: full marks."""

    ge: Decimal | None = None
    lt: Decimal | None = None
    score: Decimal | Literal["full"] | None = None
    per: Decimal | None = None
    points: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoringRule:
    """`per` is a share of the base, or percentage points where `per_points` says so."""

    type: RuleType
    per: Decimal | None = None
    per_points: bool = False
    points: Decimal | None = None
    cap: Decimal | None = None
    cap_up: Decimal | None = None
    cap_down: Decimal | None = None
    steps: Literal["whole", "proportional"] = "whole"
    of: str = "attainment"
    bands: tuple[Band, ...] = ()
    benchmark: str | None = None
    tiers: tuple[Decimal, ...] = ()
    rows: Mapping[str, Decimal] = field(default_factory=dict)
    score: Formula | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoringItem:
    """One line of a score sheet. `base`: what an actual is held against."""

    name: str  # of an indicator, or of the author's own for what people judge
    title: Text | None = None
    weight: Decimal = Decimal(0)
    base: Literal["target", "last_year"] | Formula = "target"
    base_tier: str | None = None  # the value of a benchmark's tier
    rule: ScoringRule | None = None
    constraint: bool = False
    manual_who: Whos = ()
    manual_max: Decimal | None = None
    value: Formula | None = None  # `from: {form, value, where}`
    value_form: str | None = None
    value_where: Formula | None = None

    @property
    def is_manual(self) -> bool:
        return self.manual_max is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    when: Formula
    others_capped: bool = False
    multiplier: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Veto:
    when: Formula
    grade_max: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring(Definition):
    items: Mapping[str, ScoringItem]
    total: Decimal = Decimal(100)
    applies_to: Formula | None = None
    multiplier: Formula | None = None
    bonus_max: Decimal | None = None
    deductions: Mapping[str, Any] | None = None  # form, where, points
    guards: tuple[Guard, ...] = ()
    veto: tuple[Veto, ...] = ()
    grades: tuple[tuple[str, Decimal], ...] = ()  # best first: from this many points on
    rank: Mapping[str, Any] = field(default_factory=dict)
    missing: Literal["zero", "reweight", "pending"] = "pending"
    item_places: int = 2
    total_places: int = 2
