"""Events: `Changed` inside the transaction may still refuse; what comes after it only reacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jingwei.services.commands import Work

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Together:
    """Records of one form that were written together: what a listener has to know of each of them
    it may ask about all of them, with the first."""

    ids: Sequence[int]
    known: dict[str, frozenset[int]] = field(default_factory=dict)


class Changed(NamedTuple):
    """Something happened in this transaction. `kind`: `record.created updated deleted restored
    submitted` …; `before` and `after` are whole records (None where there is none)."""

    kind: str
    form: str
    id: int
    before: Record | None
    after: Record | None
    source: str = "user"
    together: Together | None = None

    def is_among(self, what: str, find: Callable[[Sequence[int]], Iterable[int]]) -> bool:
        """Whether the record is one of those that `find` finds among those it is given."""
        if self.together is None:
            return self.id in find([self.id])
        known = self.together.known
        if what not in known:
            known[what] = frozenset(find(self.together.ids))
        return self.id in known[what]


Listener = Callable[["Work", Changed], None]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of a change inside its transaction: one literal table in `app.py`."""

    changed: tuple[Listener, ...] = ()
    before_commit: tuple[Callable[[Work], None], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
