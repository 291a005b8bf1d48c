"""Who: one grammar for people, in approvals, permissions, alerts, tiles and owners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from jingwei.language.values import Formula
from jingwei.problems import Position

WhoKind = Literal[
    "initiator",
    "me",
    "everyone",
    "system",
    "superior",
    "person",
    "role",
    "post",
    "head_of",
    "superior_of",
    "chain_of",
    "field",
    "members_of",
    "chosen_by",
    "any_of",
]


@dataclass(frozen=True, slots=True)
class Who:
    """One rule that names people. `org` is an org expression (a bare org type is an expression
    too: the nearest ancestor-or-self of that type); None where the key `at` was not given."""

    kind: WhoKind
    at: Position
    name: str | None = None  # person login, role, post, field path, chosen_by initiator|previous
    org: Formula | None = None  # at: / head_of: / members_of:
    covering: Formula | None = None
    of: tuple[Who, ...] = ()  # superior_of, chain_of, any_of, chosen_by.from
    levels: int = 1
    levels_at: Position | None = field(default=None, repr=False, compare=False)
    up_to: str | None = None  # org type of chain_of
    exclude: tuple[Who, ...] = ()
    weight: int | None = None  # votes
    path: Formula | None = None  # of `field`: its path as an expression


# a list in YAML is a union; a single rule is a tuple of one
Whos = tuple[Who, ...]
