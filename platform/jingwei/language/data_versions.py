"""What kind of figure a fact is: its view, and its data version with the order of trust.

Both are kept as small numbers. `restated_in_2022Q3` is the comparative figure as restated in the
report of that period; it is the better base of a comparison, never the figure first reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from jingwei.language.periods import Period

View = Literal["actual", "target", "budget", "forecast"]
VIEWS: tuple[View, ...] = ("actual", "target", "budget", "forecast")
VIEW_CODES = {view: code for code, view in enumerate(VIEWS)}

AS_REPORTED = "as_reported"
# the higher, the more trusted
_KNOWN = {"as_reported": 10, "flash": 20, "final": 30, "audited": 40}
_NAMES = {code: name for name, code in _KNOWN.items()}
_RESTATED = 50  # restated, it is not known when
_RESTATED_IN = 1_000_000_000  # plus the key of the period
_SHAPE = re.compile(r"restated[_-]in[_-](.+)\Z")

T = TypeVar("T")


def version_code(name: str) -> int:
    """The number of a data version. Raises ValueError for anything else than the known forms."""
    if name in _KNOWN:
        return _KNOWN[name]
    if name == "restated":
        return _RESTATED
    match = _SHAPE.match(name)
    if match is None:
        raise ValueError(name)
    return _RESTATED_IN + Period.parse(match[1]).key


def version_name(code: int) -> str:
    """`restated_in_2022Q3`; the reverse of `version_code`."""
    if code in _NAMES:
        return _NAMES[code]
    if code < _RESTATED_IN:
        return "restated"
    return f"restated_in_{Period.from_key(code - _RESTATED_IN)}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which data version a figure is asked in.

    `exactly`: that one or nothing. `known_at`: as the base of a comparison made for that period:
    the latest restatement known by its end, else the most trusted. Neither: the most trusted of
    those first reported; a restatement only where there is nothing else.
    """

    exactly: int | None = None
    known_at: Period | None = None

    def best(self, versions: Iterable[tuple[int, T]]) -> tuple[int, T] | None:
        """The version to use of those there are: (code, whatever)."""
        found = [one for one in versions if self._allows(one[0])]
        return max(found, key=lambda one: self._rank(one[0]), default=None)

    def _allows(self, code: int) -> bool:
        if self.exactly is not None:
            return code == self.exactly
        if self.known_at is None or code < _RESTATED_IN:
            return True
        return Period.from_key(code - _RESTATED_IN).end <= self.known_at.end

    def _rank(self, code: int) -> tuple[int, int]:
        restated = code >= _RESTATED
        order = code
        if code >= _RESTATED_IN:
            order = Period.from_key(code - _RESTATED_IN).end.toordinal()
        preferred = restated if self.known_at is not None else not restated
        return (int(preferred), order)


MOST_TRUSTED = Wanted()
