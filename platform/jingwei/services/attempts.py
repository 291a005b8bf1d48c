"""What was tried and refused, in the audit log: who, from where, what, and why not.

Whoever tries without end fills no log: of one person or source a few dozen are kept an hour, of all
together some hundreds in each process; the last one kept says that there were more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from jingwei.refusals import NotAllowed, NotFound, Refused
from jingwei.services.clock import Clock
from jingwei.services.people import Person
from jingwei.storage.changes import ChangeRow, write_changes
from jingwei.storage.patience import patiently
from jingwei.storage.runtime import ActiveInstallation

MOST_OF_ONE, MOST_OF_ALL = 30, 600  # an hour
KIND = "attempt"
_NOT_THERE = "no-such-"  # codes of what is out of reach, or not there at all


def is_kept(refused: Refused) -> bool:
    """Whether a refusal is about rights: what may not be done, and what is out of reach."""
    if isinstance(refused, NotFound):
        return refused.code.startswith(_NOT_THERE)
    return isinstance(refused, NotAllowed) and refused.status == 403


class Attempts:
    """Writes attempts in transactions of their own: what was refused kept nothing."""

    def __init__(self, active: ActiveInstallation, clock: Clock) -> None:
        self._active = active
        self._clock = clock
        self._lock = Lock()
        self._hour = datetime.min
        self._met: Counter[str] = Counter()

    def note(
        self,
        action: str,
        refused: Refused,
        *,
        source: str,
        person: Person | None = None,
        login: str | None = None,
        **about: str,
    ) -> None:
        """Keep one, if the hour has room for it. `login`: who was said to sign in."""
        now = self._clock.now()
        room = self._room(person.login if person is not None else f"@{source}", now)
        if room == 0:
            return
        outcome = {"code": refused.code, "status": refused.status}
        body: dict[str, Any] = {**about, "source": source, "outcome": outcome}
        if login is not None:
            body["login"] = login
        if room == 1:
            body["more"] = True
        patiently(lambda: self._write(action, now, person, login, body))

    def _room(self, who: str, now: datetime) -> int:
        """How many more of one are kept in this hour, this one included."""
        hour = now.replace(minute=0, second=0, microsecond=0, tzinfo=None)
        with self._lock:
            if hour != self._hour:
                self._hour = hour
                self._met.clear()
            left = min(MOST_OF_ONE - self._met[who], MOST_OF_ALL - self._met.total())
            if left > 0:
                self._met[who] += 1
            return max(left, 0)

    def _write(
        self,
        action: str,
        now: datetime,
        person: Person | None,
        login: str | None,
        body: Mapping[str, Any],
    ) -> None:
        installation, database = self._active.current, self._active.database
        actor = login if login in database.people.ids else None
        change = ChangeRow(
            at=now,
            actor=actor if person is None else person.login,
            action=action,
            kind=KIND,
            org=None if person is None else person.org or None,
            body=body,
            release=installation.release.id,
        )
        with database.writing() as connection:
            write_changes(connection, installation.book, database.people, [change])
