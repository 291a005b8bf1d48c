"""Kinds of output: alert, report, dashboard, and the data block they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jingwei.language.definition import Definition
from jingwei.language.form import Field
from jingwei.language.template import Template
from jingwei.language.text import Text
from jingwei.language.values import At, Due, Duration, Formula, Rung, Value
from jingwei.language.who import Whos
from jingwei.problems import Position

# the first columns of a block of indicators
# what a document about a record may say of each decision on it, as `approvals.rows`
OPINIONS = ("step", "person", "outcome", "comment", "at", "round", "signature")
BLOCK_HEADS = ("indicator", "org", "period")


@dataclass(frozen=True, kw_only=True, slots=True)
class DataBlock:
    """What a tile, a report table or a query asks for: indicators, or rows of a form."""

    at: Position = field(repr=False, compare=False, hash=False)
    indicators: tuple[str, ...] = ()  # names, or `set.NAME`
    orgs: Formula | None = None
    periods: Formula | None = None
    views: tuple[str, ...] = ("actual",)
    compare: tuple[str, ...] = ()
    form: str | None = None
    where: Formula | None = None
    columns: tuple[tuple[str, Formula | None], ...] = ()
    group: tuple[str, ...] = ()
    values: Mapping[str, Formula] = field(default_factory=dict)  # aggregates, by column name
    by: str | None = None
    every: str | None = None
    period_count: int | None = None
    sort: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def measured(self) -> tuple[str, ...]:
        """Of indicators: a column for each view and each comparison."""
        return (*self.views, *self.compare)


def across_name(indicator: str, column: str, index: int) -> str:
    """The column of a table across for the `index`-th of the measured columns."""
    return f"{indicator}_{column}" if index else indicator


@dataclass(frozen=True, kw_only=True, slots=True)
class Todo:
    """The record an alert opens."""

    form: str
    one_open_per: tuple[str, ...] = ()
    set: Mapping[str, Value] = field(default_factory=dict)
    closes_by: Literal["asking", "itself"] = "asking"
    close_when: Formula | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert(Definition):
    watch_indicator: str | None = None
    watch_levels: tuple[str, ...] = ()
    watch_form: str | None = None
    watch_each: str | None = None
    when: Formula | None = None
    date: Formula | None = None
    check: At | Literal["on_change"] = "on_change"
    for_at_least: Duration | None = None
    to: Whos = ()
    message: Template | None = None
    todo: Todo | None = None
    urge: tuple[Rung, ...] = ()
    urgent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    type: str
    of: str | None = None  # a data block's name
    indicator: str | None = None
    periods: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A narrative slot of a report: text written by a person."""

    name: str
    title: Text
    owner: Whos = ()
    due: Due | None = None
    required_if: Formula | None = None
    prefill: Template | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report(Definition):
    template: str
    of: str | None = None
    parameters: Mapping[str, Field] = field(default_factory=dict)
    style: str | None = None
    data: Mapping[str, DataBlock] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)
    narrative: Mapping[str, Slot] = field(default_factory=dict)
    number: Template | None = None
    for_: Whos = ()
    output: tuple[str, ...] = ("docx",)
    schedule: At | None = None
    each_org: Formula | None = None
    archive: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    name: str
    type: Literal["number", "table", "chart", "heat", "matrix", "list", "text"]
    title: Text | None = None
    block: DataBlock
    chart: str | None = None
    spark: int | None = None
    link: str | None = None
    format: str | None = None
    text: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    name: str
    default: Value | None = None
    grain: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dashboard(Definition):
    for_: Whos
    controls: Mapping[str, Control] = field(default_factory=dict)
    tiles: Mapping[str, Tile] = field(default_factory=dict)
    layout: tuple[tuple[str, ...], ...] = ()
    phone: tuple[str, ...] = ()
