"""Approvals as plain data: the rows of an instance, and at once the state that its rules change.

Those of which a command makes a hundred are named tuples: they are made in a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, Any] = MappingProxyType({})
TERMINAL = frozenset({"approved", "rejected", "recalled", "terminated"})
NEVER_ASKED = "never-asked"  # why a task is closed whose turn never came


class FlowRow(NamedTuple):
    """One request on its way. `status`: running suspended, or one of TERMINAL.

    `memory`: `resume` {path: where to go on}, `returns` {step: how often}, `chosen` {step: people}.
    `seq`: the number of the newest event.
    """

    id: int
    form: str
    record: int
    workflow: str
    fingerprint: str
    release: int
    status: str
    initiator: str
    started_at: datetime
    round: int = 1
    revision: int = 0
    ended_at: datetime | None = None
    previous: int | None = None
    parent: int | None = None
    parent_run: int | None = None
    seq: int = 0
    memory: Mapping[str, Any] = NOTHING


class RunRow(NamedTuple):
    """One run of one step. `path`: `size/0/leader`; `lane`: the way of the block it runs in.

    `state`: open done cancelled. `data`: of a block `lanes` {lane: open|waiting|done}, of a step
    with people how they were found (`found`), of a row of `each` its `row`.
    """

    id: int
    step: str
    kind: str
    path: str
    parent: int | None
    lane: str | None
    round: int
    state: str
    opened_at: datetime
    outcome: str | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    data: Mapping[str, Any] = NOTHING


class TaskRow(NamedTuple):
    """One request to a person. `person` has the seat, `acting` is asked; logins.

    `state`: open, waiting (for a turn, an added signer or an answer), closed, told (a copy).
    `closed_by` None on a closed task: the system, for `reason`.
    """

    id: int
    run: int | None
    person: str
    acting: str
    kind: str
    state: str
    opened_at: datetime
    title: Mapping[str, str] = NOTHING
    outcome: str | None = None
    seat: int = 0
    weight: int = 1
    origin: int | None = None
    position: str | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    reason: str | None = None
    comment: str | None = None
    flow: int | None = None
    form: str = ""
    record: int = 0
    key: str | None = None


class EventRow(NamedTuple):
    """One thing that happened. `changes`: what became of the state; `actor` None: system."""

    flow: int
    seq: int
    at: datetime
    type: str
    actor: str | None = None
    on_behalf_of: str | None = None
    step: str | None = None
    comment: str | None = None
    data: Mapping[str, Any] = NOTHING
    changes: Mapping[str, Any] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class TimerRow:
    """When a step of a flow has to be looked at, and why."""

    id: int
    flow: int
    run: int | None
    purpose: str
    due_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProxyRow:
    """`to` stands in for `person` from an instant until another (exclusive). `forms`: names of the
    forms it is for, none for every form."""

    id: int
    person: str
    to: str
    since: datetime
    until: datetime
    created_at: datetime
    created_by: str
    forms: tuple[str, ...] = ()
    include_open: bool = False
    moved_at: datetime | None = None
