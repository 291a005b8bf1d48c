"""Effects: one list of verbs for buttons, events, flow steps, schedules and receipts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jingwei.language.values import Formula, Value
from jingwei.problems import Position

Verb = Literal[
    "set",
    "enter",
    "create",
    "update",
    "append",
    "notify",
    "urge",
    "start",
    "publish",
    "amend",
    "discard_amendment",
    "render",
    "score",
    "call",
]


@dataclass(frozen=True, slots=True)
class Effect:
    """One verb with its arguments as built by `language.effects`: names stay text, `V` keys are
    `Value`, `E` keys are `Formula`, `who` is `Whos`, messages are `Template`."""

    verb: Verb
    at: Position
    path: str  # stable path inside the definition, part of the idempotency key
    args: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)  # set: of set/create/update/append
    when: Formula | None = None
    each: Formula | None = None
    where: Formula | None = None
    places: Mapping[str, Position] = field(default_factory=dict, repr=False, compare=False)

    def place(self, name: str, index: int | None = None) -> Position:
        """Where an argument is written, or one of several of it."""
        found = self.places.get(f"{name}/{index}") if index is not None else None
        return found or self.places.get(name) or self.at


Effects = tuple[Effect, ...]
