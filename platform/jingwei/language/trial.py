"""Kind `test`: what an application must do, played with people, records and a fixed clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jingwei.language.definition import Definition
from jingwei.problems import Position

# what `do` may say beside the actions of the form
LIFECYCLE = ("cancel", "amend", "discard_amendment")
# what a person may do with a task, as it is written in `when`
TASK_ACTIONS = (
    "approve",
    "reject",
    "return",
    "transfer",
    "delegate",
    "add_sign",
    "acknowledge",
    "claim",
    "comment",
)


@dataclass(frozen=True, slots=True)
class GivenRecord:
    """A record that is there before a case begins. `values`: fields as written in YAML."""

    form: str
    values: Mapping[str, Any]
    at: Position


@dataclass(frozen=True, slots=True)
class TrialStep:
    """One thing that somebody does. `verb`: submit, change, create, do, clock, or an action of a
    task; `argument` what stands after it; `more` the keys beside it (`comment`, `to`, `fields`)."""

    verb: str
    argument: Any
    at: Position
    as_: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialCase:
    """One claim. `then`: what must be so afterwards, by word."""

    name: str
    at: Position
    as_: str
    given: tuple[str, ...] = ()
    when: tuple[TrialStep, ...] = ()
    then: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial(Definition):
    """A file of cases. `now`: where the clock stands, in the installation's zone."""

    now: datetime | None = None
    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    records: Mapping[str, GivenRecord] = field(default_factory=dict)
    facts: tuple[Mapping[str, Any], ...] = ()
    cases: Mapping[str, TrialCase] = field(default_factory=dict)
