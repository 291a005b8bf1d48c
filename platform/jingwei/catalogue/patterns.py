"""Patterns of fields: regular expressions of authors, on an engine whose time is linear."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from jingwei.problems import Phrase

# what the engine says, and the words of ours for it; the longer beginnings first
_SAID = {
    "missing ]": "bracket",
    "missing )": "parenthesis",
    "unexpected )": "closing",
    "trailing \\": "trailing",
    "no argument for repetition operator": "nothing_repeated",
    "bad repetition operator": "repeated_twice",
    "invalid repetition size": "repetition_size",
    "invalid escape sequence": "escape",
    "invalid character class range": "class_range",
    "invalid character class": "character_class",
    "invalid perl operator": "operator",
    "invalid named capture group": "group_name",
    "pattern too large": "too_large",
}
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20  # a pattern that needs more is no pattern of a form


class BadPattern(ValueError):
    """The pattern cannot be read; `why` says so in our words."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        head, _, part = said.partition(": ")
        word = next((word for begin, word in _SAID.items() if head.startswith(begin)), "other")
        self.why = Phrase(f"things.pattern_{word}", (("part", part[:40]),))


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> Any:
    """The pattern, for `fullmatch` on whole values; digits and letters of classes are ASCII.

    Raises BadPattern.
    """
    try:
        return re2.compile(pattern, options=_OPTIONS)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        raise BadPattern(words.decode() if isinstance(words, bytes) else str(words)) from None
