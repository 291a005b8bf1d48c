"""Patterns of fields: regular expressions of authors, on an engine whose time is linear."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20  # a pattern that needs more is no pattern of a form


class BadPattern(ValueError):
    """The pattern cannot be read; the argument says why, in the engine's words."""


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
