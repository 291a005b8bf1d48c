"""What every definition has, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from jingwei.language.text import Text
from jingwei.problems import Position


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a definition and each of its keys stand: path of keys → position of key or value.

    `key('fields', 'amount')` is the place of the word `amount`; `value(…)` that of what follows.
    """

    file: str
    keys: Mapping[tuple[str | int, ...], Position] = field(repr=False, compare=False, hash=False)
    values: Mapping[tuple[str | int, ...], Position] = field(repr=False, compare=False, hash=False)

    def key(self, *path: str | int) -> Position:
        return self.keys.get(path) or self.value(*path)

    def value(self, *path: str | int) -> Position:
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Position(self.file))


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """Keys every kind has. `name` is the file's stem; `fingerprint` is the sha256 of its text."""

    kind: str
    name: str
    title: Text
    origin: Origin = field(repr=False, compare=False, hash=False)
    fingerprint: str = ""
    description: Text | None = None
    help: str | None = None
    renamed_from: str | None = None
    retired: date | None = None
    tags: tuple[str, ...] = ()
