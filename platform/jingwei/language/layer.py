"""Kind `layer`: what an org, or a type of org, changes of a definition of the group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jingwei.language.definition import Origin
from jingwei.problems import Position
from jingwei.reading.yaml_file import Data, Path


@dataclass(frozen=True, slots=True)
class Patch:
    """One entry of `set`: the value at a path. `place` is where the value stands in the layer."""

    path: str
    value: Data
    at: Position
    place: Path
    override: bool = False


@dataclass(frozen=True, slots=True)
class Addition:
    """One entry of `add`: a named block of a map (or a step of a list), beside a neighbour."""

    path: str
    name: str
    value: Data
    at: Position
    place: Path
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """One entry of `hide`."""

    path: str
    at: Position


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layer:
    """`for_` is an org's code or a type of org; `name` the path below the folder of layers."""

    kind: str
    name: str
    origin: Origin = field(repr=False, compare=False, hash=False)
    for_: str
    of_kind: str
    of_name: str
    fingerprint: str = ""
    rebased_on: str | None = None
    sets: tuple[Patch, ...] = ()
    adds: tuple[Addition, ...] = ()
    hides: tuple[Hidden, ...] = ()
    keys: Mapping[Path, Position] = field(default_factory=dict, repr=False, compare=False)
    values: Mapping[Path, Position] = field(default_factory=dict, repr=False, compare=False)

    @property
    def prefix(self) -> str:
        """What names of its own begin with, so that no two layers ever take one name."""
        return f"x_{re.sub('[^a-z0-9]+', '_', self.for_.lower()).strip('_')}_"
