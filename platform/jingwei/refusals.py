"""Refusals at run time: what a user did is not possible, with a reason fit for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.texts import DEFAULT_LOCALE, text


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """One field that cannot be taken. `path` is `amount` or `targets.2.amount` (rows from 0)."""

    path: str
    code: str
    holes: dict[str, object] = field(default_factory=dict)
    words: dict[str, str] | None = None  # the author's own message, by locale; beats the catalogue

    def message(self, locale: str = DEFAULT_LOCALE) -> str:
        if self.words is not None:
            return self.words.get(locale) or next(iter(self.words.values()))
        return text(f"refusals.{self.code}", locale, **self.holes)


class Refused(Exception):
    """Nothing was changed. `code` is a stable slug; texts in `texts/<locale>/refusals.toml`."""

    status = 422
    again_after: int | None = None  # seconds after which the same may succeed

    def __init__(
        self, code: str, *, fields: Sequence[FieldRefusal] = (), detail: Any = None, **holes: object
    ) -> None:
        self.code = code
        self.fields = tuple(fields)
        self.detail = detail
        self.holes = holes
        super().__init__(code)

    def __str__(self) -> str:
        return f"{self.code} {self.holes} {[(f.path, f.code) for f in self.fields]}"

    def message(self, locale: str = DEFAULT_LOCALE) -> str:
        return text(f"refusals.{self.code}", locale, **self.holes)


class NotAllowed(Refused):
    """The person lacks the right."""

    status = 403


class NotFound(Refused):
    """Not there, or not for this person: the two are told apart nowhere."""

    status = 404


class Conflict(Refused):
    """Somebody was faster, or the thing is in another state."""

    status = 409


class Stale(Refused):
    """The revision in If-Match is no longer the record's."""

    status = 412


class PreconditionRequired(Refused):
    """If-Match is missing."""

    status = 428


class Malformed(Refused):
    """The request cannot be read: unknown keys, unknown sort, a filter that does not parse."""

    status = 400


class Invalid(Refused):
    """Fields break their rules; `fields` names each."""

    status = 422


class OutOfRange(Refused, OverflowError):
    """A number or a day that is worked out lies beyond what there is: nobody's mistake but that of
    what was asked or written."""

    def __init__(self) -> None:
        super().__init__("out-of-range")


class Busy(Refused):
    """Another writer held the database all the time: nothing was written."""

    status = 503
    again_after = 10

    def __init__(self) -> None:
        super().__init__("busy")


class NoSpace(Refused):
    """The disk of the database is full: nothing was written."""

    status = 507


_PASSING = frozenset(("busy", "release-moved", "taken-meanwhile"))


def is_passing(refused: Refused) -> bool:
    """Whether others were only in the way: the same may be tried again in a moment."""
    return refused.code in _PASSING
