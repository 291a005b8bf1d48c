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


def with_marks(base: str, theirs: str, mine: str) -> str:
    """Both changes, and where they touch both texts between marks that no definition may hold: its
    author cannot keep one without having looked at the other."""
    lines = base.splitlines(keepends=True)
    changes = [(change, False) for change in _changes(lines, theirs)]
    changes += [(change, True) for change in _changes(lines, mine)]
    made: list[str] = []
    place = 0
    for group in _groups(sorted(changes, key=lambda one: (one[0].start, one[0].end))):
        start, end = group[0][0].start, max(change.end for change, _ in group)
        made += lines[place:start]
        sides = [
            _applied(lines, start, end, [change for change, own in group if own is side])
            for side in (False, True)
        ]
        if len({own for _, own in group}) == 1:
            made += sides[group[0][1]]
        elif sides[0] == sides[1]:
            made += sides[0]
        else:
            made += ["<<<<<<<\n", *sides[0], "=======\n", *sides[1], ">>>>>>>\n"]
        place = end
    return "".join([*made, *lines[place:]])


def _groups(changes: list[tuple[_Change, bool]]) -> list[list[tuple[_Change, bool]]]:
    """Changes that touch, together."""
    groups: list[list[tuple[_Change, bool]]] = []
    for one in changes:
        if groups and one[0].start <= max(change.end for change, _ in groups[-1]):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _applied(lines: list[str], start: int, end: int, changes: list[_Change]) -> list[str]:
    made: list[str] = []
    place = start
    for change in changes:
        made += [*lines[place : change.start], *change.lines]
        place = change.end
    return [*made, *lines[place:end]]


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
