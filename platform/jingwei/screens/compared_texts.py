"""Two texts side by side, piece by piece: what went from the one, and what came into the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from jingwei.language.form import Field
from jingwei.screens.cells import Cell

SHORT = 12  # signs; what is shorter is read at a glance
FEW = 3
TEXTS = frozenset(("text", "long_text", "markdown", "rich_text", "code", "json"))
MOST_SIGNS = 100_000  # of all texts of a page that are compared beside what it is about
MOST_PAIRS = 1_000_000  # of parts that are looked at together: about a tenth of a second
LEAST_ALIKE = 0.4  # of two passages; below it, signs that they share by chance confuse the eye
# a text falls apart into lines, what differs of them into sentences, and that into words; each
# Chinese sign is one
_LEVELS = (
    re.compile(r"[^\n]*\n|[^\n]+"),
    re.compile(r"[^。！？；.!?;\n]*(?:[。！？；!?;\n]+|\.(?!\d)|\.)|[^。！？；.!?;\n]+"),
    re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+|\s+|.", re.DOTALL),
)
_WORDS = len(_LEVELS) - 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a text, and whether the other has it at this place as well."""

    text: str
    differs: bool


Sides = tuple[Sequence[Piece], Sequence[Piece]]


def pieces_of(definition: Field | None, was: Cell, now: Cell) -> Sides | None:
    """The pieces of two values of a field that holds text."""
    if definition is None or definition.type not in TEXTS or definition.many:
        return None
    if was.empty or now.empty:
        return None
    return compared(was.text, now.text)


@dataclass(slots=True)
class Compared:
    """Compares what one page shows, as far as its reader is not kept waiting."""

    left: int = field(default_factory=lambda: MOST_SIGNS)

    def pieces_of(self, definition: Field | None, was: Cell, now: Cell) -> Sides | None:
        size = len(was.text) + len(now.text)
        if size > self.left:
            return None
        found = pieces_of(definition, was, now)
        self.left -= size if found else 0
        return found


_Pair = tuple[bool, str, str]  # whether both are the same, and each


def compared(was: str, now: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]] | None:
    """The pieces of both texts in their order; None for texts that are read at a glance, or that
    have nothing but a few signs in common."""
    if min(len(was), len(now)) < SHORT:
        return None
    pairs = list(_joined(_pairs(was, now, 0)))
    if not any(same and len(a.strip()) > FEW for same, a, _ in pairs):
        return None
    return tuple(_side(pairs, 1)), tuple(_side(pairs, 2))


def _side(pairs: Sequence[_Pair], place: int) -> Iterator[Piece]:
    for pair in pairs:
        if words := str(pair[place]):
            yield Piece(words, not pair[0])


def _pairs(was: str, now: str, level: int) -> Iterator[_Pair]:
    """Both texts in parts, alike or not; parts that differ are looked into a level deeper."""
    one, other = _LEVELS[level].findall(was), _LEVELS[level].findall(now)
    head = _same_ahead(one, other)
    tail = _same_ahead(one[head:][::-1], other[head:][::-1])
    if head:
        yield True, "".join(one[:head]), "".join(other[:head])
    one_middle, other_middle = one[head : len(one) - tail], other[head : len(other) - tail]
    yield from _middle(one_middle, other_middle, level)
    if tail:
        yield True, "".join(one[-tail:]), "".join(other[-tail:])


def _same_ahead(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _middle(one: Sequence[str], other: Sequence[str], level: int) -> Iterator[_Pair]:
    if not one or not other or len(one) * len(other) > MOST_PAIRS:
        yield from _deeper("".join(one), "".join(other), level)
        return
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if level == _WORDS and _alike(matcher, one, other) < LEAST_ALIKE:
        yield False, "".join(one), "".join(other)
        return
    found: Iterator[_Pair] = (
        (tag == "equal", "".join(one[a:b]), "".join(other[c:d]))
        for tag, a, b, c, d in matcher.get_opcodes()
    )
    if level == _WORDS:
        yield from _calm(list(found))
        return
    for same, a, b in found:
        if same:
            yield True, a, b
        else:
            yield from _deeper(a, b, level)


def _deeper(was: str, now: str, level: int) -> Iterator[_Pair]:
    if was and now and level < _WORDS:
        yield from _pairs(was, now, level + 1)
    elif was or now:
        yield False, was, now


def _alike(matcher: SequenceMatcher[str], one: Sequence[str], other: Sequence[str]) -> float:
    """How much of the longer passage both have, 0–1."""
    longer = max(len("".join(one)), len("".join(other)))
    shared = (one[b.a : b.a + b.size] for b in matcher.get_matching_blocks())
    return sum(len("".join(part)) for part in shared) / longer


def _calm(pairs: Sequence[_Pair]) -> Iterator[_Pair]:
    """Without islands: what is the same between two changes that are both longer is read as if it
    were changed, too."""
    for place, (same, was, now) in enumerate(pairs):
        if same and 0 < place < len(pairs) - 1:
            around = (max(len(a), len(b)) for _, a, b in (pairs[place - 1], pairs[place + 1]))
            same = len(was) >= min(around)
        yield same, was, now


def _joined(pairs: Iterator[_Pair]) -> Iterator[_Pair]:
    """Neighbours of one sort as one."""
    kept: _Pair | None = None
    for pair in pairs:
        if kept is not None and kept[0] == pair[0]:
            kept = kept[0], kept[1] + pair[1], kept[2] + pair[2]
            continue
        if kept is not None:
            yield kept
        kept = pair
    if kept is not None:
        yield kept
