"""Kind `workflow`: an approval flow as structured blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jingwei.language.definition import Definition
from jingwei.language.effects import Effects
from jingwei.language.text import Text
from jingwei.language.values import Due, Duration, Formula
from jingwei.language.who import Whos
from jingwei.problems import Position

StepKind = Literal[
    "fill",
    "approve",
    "cc",
    "acknowledge",
    "branch",
    "inclusive",
    "parallel",
    "each",
    "wait",
    "return",
    "end",
    "do",
    "subflow",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFields:
    """Field rights of a step, on top of read-only."""

    write: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnRule:
    """`to` is initiator, previous, any_earlier or a step id. `walk_again_if_changed` None: what the
    conditions on the way read that was passed."""

    to: str = "any_earlier"
    resume: Literal["returner", "walk"] = "returner"
    walk_again_if_changed: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What holds unless a step says otherwise."""

    empty: str | Whos = "flow_admin"  # pass | reject | block_start | flow_admin | {person: id}
    self_approval: str = "superior"  # allow | skip | superior | forbid
    same_person: str = "consecutive"  # none | consecutive | any_earlier | keep_last
    return_: ReturnRule = field(default_factory=ReturnRule)
    rerun: Literal["branch", "block"] = "branch"
    vote_withdraw: Literal["while_open", "never"] = "while_open"
    remind: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One way of a branch or inclusive block; `when` None is `else`."""

    when: Formula | None
    steps: tuple[Step, ...]
    name: str = ""  # parallel branches have names
    title: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One block. Only the keys of its kind are set."""

    id: str
    kind: StepKind
    title: Text
    at: Position = field(repr=False, compare=False, hash=False)
    when: Formula | None = None
    due: Due | None = None
    overdue: tuple[Mapping[str, Any], ...] = ()
    can: tuple[str, ...] | None = None
    help: str | None = None
    who: Whos = ()
    mode: Literal["one", "any", "all", "sequential", "vote"] = "one"
    holders: Literal["any", "all", "claim"] = "any"
    pass_share: str | None = None  # `pass:` of a vote, as written: 50% or a weight
    on_reject: str = "end"  # end | initiator | previous | a step id (to return to)
    reject_needs: Literal["one", "all"] = "one"
    add_sign: tuple[str, ...] = ("before", "after", "with")
    opinion: Literal["required", "optional"] = "optional"
    signature: str | None = None
    fields: StepFields = field(default_factory=StepFields)
    labels: Mapping[str, Text] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)  # overrides of Policy, by key
    branches: tuple[Branch, ...] = ()  # branch, inclusive, parallel
    of: Formula | None = None  # each
    distinct: Formula | None = None
    steps: tuple[Step, ...] = ()  # each
    order: Literal["together", "one_by_one"] = "together"
    wait_for: Duration | None = None
    wait_until: Formula | None = None
    at_most: Duration | None = None
    then: str | None = None
    return_to: str | None = None
    max: int | None = None
    outcome: Literal["approved", "rejected"] | None = None  # end
    reason: Text | None = None
    do: Effects = ()
    subflow: Mapping[str, Any] | None = None
    wait: bool = False  # acknowledge
    more: str | None = None  # cc


@dataclass(frozen=True, kw_only=True, slots=True)
class Workflow(Definition):
    """A structured flow of one form."""

    form: str
    start_who: Whos = ()
    start_when: Formula | None = None
    recall: Literal["never", "until_first_decision", "until_end"] = "until_first_decision"
    policy: Policy = field(default_factory=Policy)
    steps: tuple[Step, ...] = ()
    end: Mapping[str, Effects] = field(default_factory=dict)
    migrate: Mapping[str, str] = field(default_factory=dict)

    def step(self, step_id: str) -> Step | None:
        """The step of this id, however deep it is nested."""
        return next((s for s in walk(self.steps) if s.id == step_id), None)


def walk(steps: tuple[Step, ...]) -> list[Step]:
    """All steps in reading order, blocks before their contents."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        found += walk(step.steps)
        for branch in step.branches:
            found += walk(branch.steps)
    return found
