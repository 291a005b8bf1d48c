"""What tasks and shares open to somebody beside his grants; asked once for what is shown together.

A page shows many records, and of each that its reader has no grant for it has to be known whether
a task or a share opens it. The first that is asked about answers for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from jingwei.storage import shares

if TYPE_CHECKING:
    from jingwei.services.rights import Viewing

Opener = Callable[["Viewing", Collection[int]], Collection[int]]
"""Which of these records are opened to the actor."""
Hidden = Callable[["Viewing"], frozenset[str]]
"""The fields of one record that are kept from the actor; asked with the view of its own org."""
Closer = Callable[["Viewing", Collection[int]], Mapping[int, Hidden]]
"""What is kept from the actor of these records, which are opened to him."""
Giver = Closer
"""The fields of these records that he is to fill in now, whatever his grants keep from him."""

V = TypeVar("V")
MOST_KEPT = 20_000  # records of which one reading knows, before it begins anew
MOST_TOGETHER = 2_000  # the same of those that were shown
MOST_AT_ONCE = 500  # that are asked about with one of them


@dataclass(slots=True)
class Looked:
    """What one reading found out for one person on one day. A command has none: what it writes may
    open or close a record. `together`: records that are shown together."""

    person: int
    today: date
    together: set[int] = field(default_factory=set)
    asked: dict[int, bool] = field(default_factory=dict)
    shared: dict[int, bool] = field(default_factory=dict)
    hidden: dict[int, Sequence[Hidden]] = field(default_factory=dict)
    given: dict[int, Sequence[Hidden]] = field(default_factory=dict)

    def with_others(self, record: int, known: Collection[int]) -> list[int]:
        """The record, and those shown together with it of which this is not known either."""
        if record not in self.together:
            return [record]
        others = (one for one in self.together if one != record and one not in known)
        return [record, *islice(others, MOST_AT_ONCE)]


def shown_together(view: Viewing, records: Iterable[int]) -> None:
    """Have what is asked about one of these records be asked of all of them at once."""
    if view.looked is not None:
        if len(view.looked.together) > MOST_TOGETHER:
            view.looked.together.clear()
        view.looked.together.update(records)


class Opened:
    """Asks openers, closers and givers, and for shares; keeps the answers as long as a reading."""

    def __init__(
        self, openers: Sequence[Opener], closers: Sequence[Closer], givers: Sequence[Giver] = ()
    ) -> None:
        self.openers = list(openers)
        self.closers = list(closers)
        self.givers = list(givers)

    def asked(self, view: Viewing, record: int) -> bool:
        """Whether a task, for one, opens the record to the actor."""
        looked = _looked(view)
        known = looked.asked
        if record not in known:
            ids = looked.with_others(record, known)
            found = {one for opener in self.openers for one in opener(view, ids)}
            _keep(known, {one: one in found for one in ids})
        return known[record]

    def shared(self, view: Viewing, record: int) -> bool:
        """Whether somebody opened it to the actor."""
        looked = _looked(view)
        known = looked.shared
        if record not in known:
            ids = looked.with_others(record, known)
            found = shares.shared_among(view.connection, ids, view.actor.id, view.today)
            _keep(known, {one: one in found for one in ids})
        return known[record]

    def hidden(self, view: Viewing, record: int) -> list[str]:
        """Fields of a record opened by a task that this keeps from the actor."""
        return _names(view, record, self.closers, "hidden")

    def given(self, view: Viewing, record: int) -> list[str]:
        """Fields of a record opened by a task that the actor is to fill in now."""
        return _names(view, record, self.givers, "given")


def _names(view: Viewing, record: int, asked: Sequence[Closer], what: str) -> list[str]:
    looked = _looked(view)
    known: dict[int, Sequence[Hidden]] = getattr(looked, what)
    if record not in known:
        others = looked.with_others(record, known)
        ids = [one for one in others if one == record or looked.asked.get(one)]
        found = [each(view, ids) for each in asked]
        _keep(known, {one: [each[one] for each in found if one in each] for one in ids})
    return [name for fields in known[record] for name in fields(view)]


def _looked(view: Viewing) -> Looked:
    """What is known of this reading; nothing for another person or day."""
    known, key = view.looked, (view.actor.id, view.today)
    if known is None or (known.person, known.today) != key:
        return Looked(*key)
    return known


def _keep(known: dict[int, V], found: Mapping[int, V]) -> None:
    if len(known) > MOST_KEPT:
        known.clear()
    known.update(found)
