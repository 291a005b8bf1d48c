"""What changed from one release to another, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal

from jingwei.refusals import NotFound
from jingwei.storage.database import Connection
from jingwei.storage.releases import find_release, read_files

MOST_BYTES = 262_144  # of a file whose lines are compared
SIGNS = {"added": "+", "changed": "~", "removed": "-"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that differs, with its changed lines; none for what is no text."""

    path: str
    change: Literal["added", "changed", "removed"]
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "change": self.change, "lines": list(self.lines)}

    def to_lines(self) -> list[str]:
        """For a terminal."""
        return [f"{SIGNS[self.change]} {self.path}", *(f"    {line}" for line in self.lines)]


def differences(connection: Connection, old: int | None, new: int) -> Iterator[Difference]:
    """From `old` (None: from nothing) to `new`. Raises NotFound."""
    for number in (old, new):
        if number is not None and find_release(connection, number) is None:
            raise NotFound("no-such-release", release=number)
    before = read_files(connection, old) if old is not None else {}
    after = read_files(connection, new)
    for path in sorted({*before, *after}):
        was, now = before.get(path), after.get(path)
        if was == now:
            continue
        lines = tuple(_lines(was or b"", now or b""))
        if was is None:
            yield Difference(path, "added", lines)
        elif now is None:
            yield Difference(path, "removed", lines)
        else:
            yield Difference(path, "changed", lines)


def _lines(was: bytes, now: bytes) -> Iterator[str]:
    """Changed lines with three around them."""
    try:
        old, new = was.decode("utf-8"), now.decode("utf-8")
    except UnicodeDecodeError:
        return
    if max(len(was), len(now)) > MOST_BYTES or "\0" in old + new:
        return
    for line in unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3):
        if not line.startswith(("---", "+++")):
            yield line
