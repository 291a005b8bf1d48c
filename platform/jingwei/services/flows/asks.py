"""What the rules of an approval have to ask the world. The rules themselves touch no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from jingwei.language.effects import Effects
from jingwei.language.values import Formula
from jingwei.language.who import Whos
from jingwei.language.workflow import Step
from jingwei.storage.flow_rows import EventRow

# the rows of `each` blocks around a step, from outside in: (id of the block, lane)
Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The people one rule found. `shared`: holders of one post or role, who may share a seat."""

    people: tuple[str, ...]
    weight: int = 1
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Who a step asks, rule by rule, and how it was found (kept for auditors)."""

    groups: tuple[Group, ...]
    how: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who is asked in a person's place, through whom; `loops`: the rules led back, so nobody is."""

    acting: str
    via: tuple[str, ...] = ()
    loops: bool = False


class Asks(Protocol):
    """The world as one command sees it."""

    def next_id(self) -> int: ...
    def holds(self, formula: Formula, rows: Rows) -> bool: ...
    def foresee(self) -> None: ...
    def people(self, step: Step, rows: Rows, chosen: Sequence[str]) -> Found: ...
    def persons(self, whos: Whos, rows: Rows) -> list[str]: ...
    def lanes(self, step: Step, rows: Rows) -> list[str]: ...
    def several(self, rows: Rows) -> list[int]: ...
    def superior(self, login: str) -> str | None: ...
    def named(self, login: str) -> str: ...
    def last_event(self, type_: str) -> EventRow | None: ...
    def moment(self, at: datetime) -> str: ...
    def flow_admins(self) -> list[str]: ...
    def stand_in(self, login: str) -> StandIn: ...
    def due(self, step: Step, rows: Rows, since: datetime | None = None) -> datetime | None: ...
    def wait_over(self, step: Step, rows: Rows, opened_at: datetime) -> bool: ...
    def effects(self, effects: Effects, path: str, rows: Rows) -> None: ...
    def start_children(self, step: Step, path: str, rows: Rows, run: int) -> list[int]: ...
    def statuses(self, flows: Sequence[int]) -> Mapping[int, str]: ...
    def routing_fields(self, steps: Sequence[Step]) -> list[str]: ...
    def snapshot(self, fields: Sequence[str]) -> dict[str, Any]: ...
