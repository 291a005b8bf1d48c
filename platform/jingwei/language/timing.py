"""Kinds `source` and `schedule`: what comes in, and what is done, by the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jingwei.language.definition import Definition
from jingwei.language.effects import Effects
from jingwei.language.values import At, Formula


@dataclass(frozen=True, kw_only=True, slots=True)
class Source(Definition):
    """Where figures come from. `connect` and `read` by key, as written; secrets are names of
    environment variables, never values."""

    connect: Mapping[str, str]
    read: Mapping[str, Any]
    columns: Mapping[str, str]  # of the engine → of the source
    match: tuple[str, ...] = ()
    schedule: At | None = None
    data_version: str | None = None
    rejects: Literal["keep", "stop"] = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule(Definition):
    """Effects by the calendar, once or for each `row` of `each`."""

    at: At
    do: Effects
    each: Formula | None = None  # `for:`
    calendar: str | None = None
    missed: Literal["run_once", "skip"] = "run_once"


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """How one indicator moves in a scenario."""

    indicator: str
    change: Formula
    orgs: Formula | None = None
    periods: Formula | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario(Definition):
    """What if: drivers move, the rest is recomputed; base facts never move."""

    period: str
    view: str
    drivers: Mapping[str, Driver]
    show: tuple[str, ...] = ()
    constraints: Mapping[str, Formula] = field(default_factory=dict)
