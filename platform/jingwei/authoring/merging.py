"""Two changes of one text in one: line by line, where they do not touch each other."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_LINES = 8_000  # of a text; comparing more takes longer than anybody waits


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines `start..end` of the base become these."""

    start: int
    end: int
    lines: tuple[str, ...]


def merged(base: str, theirs: str, mine: str) -> str | None:
    """The base with both changes, or None where both changed the same lines, or neighbours, to
    different things, or the text is too long to tell."""
    if any(text.count("\n") > MOST_LINES for text in (base, theirs, mine)):
        return None
    lines = base.splitlines(keepends=True)
    ours, others = _changes(lines, mine), _changes(lines, theirs)
    for one in ours:
        if any(_touch(one, other) and one != other for other in others):
            return None
    both = sorted({*ours, *others}, key=lambda change: (change.start, change.end))
    made: list[str] = []
    place = 0
    for change in both:
        made += lines[place : change.start]
        made += change.lines
        place = change.end
    return "".join([*made, *lines[place:]])


def _changes(base: list[str], text: str) -> list[_Change]:
    lines = text.splitlines(keepends=True)
    found = SequenceMatcher(None, base, lines, autojunk=False).get_opcodes()
    return [
        _Change(start, end, tuple(lines[first:last]))
        for kind, start, end, first, last in found
        if kind != "equal"
    ]


def _touch(one: _Change, other: _Change) -> bool:
    """Whether two changes share lines, or stand side by side."""
    return one.start <= other.end and other.start <= one.end
