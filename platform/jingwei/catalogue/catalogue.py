"""The whole application: every definition linked, every expression typed, nothing mutable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.catalogue.by_kind import Titled, by_kind
from jingwei.catalogue.guides import Guide
from jingwei.catalogue.org_tree import OrgTree
from jingwei.catalogue.relations import within_relations
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.tree import Expression
from jingwei.language.form import Form
from jingwei.language.layer import Layer
from jingwei.language.measures import Indicator, IndicatorSet
from jingwei.language.organisation import (
    Calendar,
    CodeList,
    Manifest,
    Module,
    Org,
    OrgTypes,
    Post,
    Profile,
    Role,
)
from jingwei.language.output import Alert, Dashboard, Report
from jingwei.language.rows import RowForm
from jingwei.language.standards import Benchmark, Classification, Scoring
from jingwei.language.timing import Scenario, Schedule, Source
from jingwei.language.values import Formula
from jingwei.language.workflow import Workflow
from jingwei.problems import Problem

Closure = Callable[[Environment], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """Definitions by name (orgs by code), in the order of their files."""

    manifest: Manifest
    org_types: OrgTypes
    orgs: Mapping[str, Org]
    profiles: Mapping[str, Profile]
    roles: Mapping[str, Role]
    posts: Mapping[str, Post]
    calendars: Mapping[str, Calendar]
    code_lists: Mapping[str, CodeList]
    forms: Mapping[str, Form]
    workflows: Mapping[str, Workflow]
    indicators: Mapping[str, Indicator]
    indicator_sets: Mapping[str, IndicatorSet]
    alerts: Mapping[str, Alert]
    reports: Mapping[str, Report]
    dashboards: Mapping[str, Dashboard]
    modules: Mapping[str, Module]
    tree: OrgTree
    expressions: Mapping[Formula, Expression] = field(repr=False)
    benchmarks: Mapping[str, Benchmark] = field(default_factory=dict)
    classifications: Mapping[str, Classification] = field(default_factory=dict)
    scorings: Mapping[str, Scoring] = field(default_factory=dict)
    rows: Mapping[str, RowForm] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    layers: Mapping[str, Layer] = field(default_factory=dict)
    guides: Mapping[str, Guide] = field(default_factory=dict, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    fingerprint: str = ""
    warnings: tuple[Problem, ...] = ()
    base: Catalogue | None = field(default=None, repr=False, compare=False)  # None: this is it
    standing: tuple[str, ...] = ()  # the orgs and types whose layers are in here, in order
    _expressions: dict[Formula, Expression] = field(default_factory=dict, repr=False, compare=False)
    _closures: dict[Formula, Closure] = field(default_factory=dict, repr=False, compare=False)
    _layered: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    # names by what people call them, for remedies: filled by the first that asks
    _titled: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    _definitions: dict[str, Titled] = field(default_factory=dict, repr=False, compare=False)

    @property
    def definitions(self) -> Mapping[str, Titled]:
        """Every definition that a field may name, by `kind/name`."""
        if not self._definitions:  # there is an org always
            self._definitions.update(by_kind(self))
        return self._definitions

    def expression(self, formula: Formula) -> Expression:
        """The typed tree of a formula of one of the definitions."""
        found = self._expressions.get(formula)
        if found is None:
            found = within_relations(self, self.expressions[formula])
            self._expressions[formula] = found
        return found

    def closure(self, formula: Formula) -> Closure:
        """The formula as a Python function, made once."""
        made = self._closures.get(formula)
        if made is None:
            made = self._closures[formula] = closure(self.expression(formula))
        return made
