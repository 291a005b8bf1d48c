"""What was tried and refused, in the audit log: who, from where, what, and why not.

Whoever tries without end fills no log: of one person or source a few dozen are kept an hour, of all
together some hundreds in each process; the last one kept says that there were more. Nobody waits
for it: while another writer holds the database, they wait, and a thread writes them after it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from threading import Lock, Thread
from typing import Any

import structlog

from jingwei.refusals import NotAllowed, NotFound, Refused
from jingwei.services.clock import Clock
from jingwei.services.people import Person
from jingwei.storage.changes import ChangeRow, write_changes
from jingwei.storage.patience import patiently
from jingwei.storage.runtime import ActiveInstallation

MOST_OF_ONE, MOST_OF_ALL = 30, 600  # an hour
MOST_TRIES = 40  # of each the database's own patience, and a pause
PAUSE_SECONDS = 1.0
KIND = "attempt"
_NOT_THERE = "no-such-"  # codes of what is out of reach, or not there at all
log = structlog.get_logger(__name__)


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
        self._waiting: list[ChangeRow] = []
        self._catches_up = False  # a thread writes what waits

    def note(
        self,
        action: str,
        refused: Refused,
        *,
        source: str,
        person: Person | None = None,
        login: str | None = None,
        **about: str | int,
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
        installation, people = self._active.current, self._active.database.people
        actor = login if login in people.ids else None
        change = ChangeRow(
            at=now,
            actor=actor if person is None else person.login,
            action=action,
            kind=KIND,
            org=None if person is None else person.org or None,
            body=body,
            release=installation.release.id,
        )
        with self._lock:
            self._waiting.append(change)
            if self._catches_up:
                return
        self._write_waiting(at_once=True)
        with self._lock:
            if self._catches_up or not self._waiting:
                return
            self._catches_up = True
        Thread(target=self._catch_up, name="jingwei-attempts", daemon=True).start()

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

    def _catch_up(self) -> None:
        """Write until nothing waits. Gives up, and says so, on a database that stays away."""
        try:
            for _ in range(MOST_TRIES):
                self._write_waiting(at_once=False)
                with self._lock:
                    if not self._waiting:
                        self._catches_up = False
                        return
                time.sleep(PAUSE_SECONDS)
            with self._lock:
                log.error("attempts_lost", count=len(self._waiting))
                self._waiting.clear()
        finally:
            self._catches_up = False

    def _write_waiting(self, *, at_once: bool) -> None:
        """What cannot be written goes on waiting."""
        with self._lock:
            changes, self._waiting = self._waiting, []
        written = None
        try:
            if changes:
                written = patiently(lambda: self._write(changes, at_once))
        finally:
            if written is None:
                with self._lock:
                    self._waiting[:0] = changes

    def _write(self, changes: Sequence[ChangeRow], at_once: bool) -> int:
        installation, database = self._active.current, self._active.database
        with database.writing(at_once=at_once) as connection:
            write_changes(connection, installation.book, database.people, changes)
        return len(changes)
