"""Texts that are longer than a cell of a workbook holds: none is cut in silence on its way out,
and none that was cut on its way back is taken for the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from jingwei.services.sheet_rows import Unread
from jingwei.texts import LOCALES, text

MOST = 32_767  # units of UTF-16, of which some characters take two
DOUBTED = MOST // 2  # characters; shorter text fits whatever it holds
MARK = "【"  # what a cell begins with that does not hold all of its text
_MARKED = re.compile(f"{MARK}[^【】]{{1,400}} #([0-9a-f]{{16}})】")
_CODING = "utf-16-le"


@dataclass(frozen=True, slots=True)
class Cut(Unread):
    """A cell of which it is not known that it holds all of its text. `words`: what it holds."""

    words: str = ""

    def is_of(self, whole: str) -> bool:
        """Whether the cell is what was written of this text, and nobody changed it."""
        marked = _MARKED.match(self.words)
        if marked is None:
            return self.words == whole
        return marked[1] == _sum_of(whole) and whole.startswith(self.words[marked.end() :])


def fitted(words: str) -> str:
    """Text as one cell holds it: of a longer one the beginning, behind a mark that says so in
    every language, because sheets travel."""
    if len(words) <= DOUBTED or _units(words) <= MOST:
        return words
    holes = {"count": len(words), "most": MOST}
    said = " / ".join(text("exchange.not_all", locale, **holes) for locale in LOCALES)
    mark = f"{MARK}{said} #{_sum_of(words)}】"
    room = 2 * (MOST - _units(mark))
    return mark + words.encode(_CODING, "surrogatepass")[:room].decode(_CODING, "ignore")


def doubted(words: str) -> str | Cut:
    """The text of a cell, or that it is not all of it."""
    if words[:1] == MARK and _MARKED.match(words):
        return Cut("sheet-text-not-all", {}, words)
    if len(words) > DOUBTED and _units(words) == MOST:
        return Cut("sheet-text-cut", {"most": MOST}, words)
    return words


def cuts_in(values: Any) -> Iterator[tuple[str, Cut]]:
    """The names under which such cells stand."""
    return ((name, value) for name, value in values.items() if type(value) is Cut)


def _units(words: str) -> int:
    return len(words) + sum(character > "\uffff" for character in words)


def _sum_of(words: str) -> str:
    return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]
