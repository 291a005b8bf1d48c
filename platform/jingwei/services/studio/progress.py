"""How far a publication under way has come: whichever process does it, the database knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from jingwei.services.commands import Reading
from jingwei.services.studio.reach import require
from jingwei.storage.preparing import Begun, find_begun

# making tables and columns; filling in values; building indexes, then switching over
Stage = Literal["tables", "filling", "building"]


@dataclass(frozen=True, slots=True)
class Filled:
    """The values of one path: `done` of `total` rows."""

    path: str
    done: int
    total: int

    @property
    def is_finished(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True, slots=True)
class Progress:
    author: str
    at: datetime
    stage: Stage
    filled: tuple[Filled, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "author": self.author,
            "at": self.at,
            "stage": self.stage,
            "filled": [{"path": f.path, "done": f.done, "total": f.total} for f in self.filled],
        }


def progress(view: Reading) -> Progress | None:
    """The long publication that was begun and has not ended; None: there is none."""
    require(view)
    begun = find_begun(view.connection)
    if begun is None:
        return None
    entries = begun.preparation.progress
    filled = tuple(_filled(name, entry) for name, entry in entries.items())
    return Progress(begun.author, begun.at, _stage(begun, filled), filled)


def _filled(name: str, entry: Mapping[str, Any]) -> Filled:
    total = int(entry.get("total", 0))
    done = total if entry.get("finished") else min(int(entry.get("done", 0)), total)
    return Filled(str(entry.get("path") or name), done, total)


def _stage(begun: Begun, filled: tuple[Filled, ...]) -> Stage:
    if not filled:
        return "tables"
    return "building" if all(one.is_finished for one in filled) else "filling"
