"""The one place that begins and commits: begin → active release → idempotency → handler → listeners
→ outbox → change rows → commit.

A handler gets a `Work` and never commits. What it raises undoes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Self, TypeVar

from jingwei.catalogue.catalogue import Catalogue
from jingwei.refusals import Busy, Conflict, Refused
from jingwei.services.beyond import NOTHING, Beyond
from jingwei.services.clock import Clock
from jingwei.services.events import Changed, Listeners
from jingwei.services.opened import Looked
from jingwei.services.people import SYSTEM, People, Person
from jingwei.services.rights import Rights
from jingwei.storage import idempotency
from jingwei.storage.changes import ChangeRow, as_json, write_changes
from jingwei.storage.database import Connection
from jingwei.storage.errors import Duplicate, NoTurn, TryAgain, Untouched
from jingwei.storage.locks import enter_with, entered
from jingwei.storage.outbox import OutboxWriter
from jingwei.storage.records import RecordStore
from jingwei.storage.runtime import ActiveInstallation, Installation

T = TypeVar("T")
# set while a page of a draft is shown: whatever it would write is refused
PREVIEWING: ContextVar[bool] = ContextVar("previewing", default=False)
JOB = "job"  # the origin of what the system does by itself
MOST_ATTEMPTS = 3  # serialisation failures are tried twice more
DEEPEST = 10  # events that cause events


@dataclass(slots=True)
class Reading:
    """What a read may use: one connection, one release, one moment, one reader."""

    connection: Connection
    installation: Installation
    actor: Person
    now: datetime
    today: date
    rights: Rights
    people: People
    clock: Clock
    listeners: Listeners = field(default_factory=Listeners)
    beyond: Beyond = NOTHING
    memo: dict[str, dict[Any, Any]] = field(default_factory=dict)  # what was read of a form
    looked: Looked | None = None  # which records tasks and shares open to the reader

    @property
    def catalogue(self) -> Catalogue:
        found: Any = self.installation.catalogue
        return found  # type: ignore[no-any-return]  # storage knows it by a narrower protocol

    @property
    def store(self) -> RecordStore:
        return self.installation.store

    def of(self, org: str | None) -> Self:
        """The same reading or work, with the definitions as this org has them: what is asked of a
        record is asked with the catalogue of the record's own org."""
        installation = self.installation.of(org, self.today)
        if installation is self.installation:
            return self
        return replace(self, installation=installation)


@dataclass(slots=True)
class Work(Reading):
    """A write on its way: everything it did is kept together, or nothing is."""

    on_behalf_of: Person | None = None
    request_id: str | None = None
    origin: str | None = None  # where it comes from, as the history tells it: see change_rows
    outbox: OutboxWriter = field(default_factory=lambda: OutboxWriter(datetime.min))
    changes: list[ChangeRow] = field(default_factory=list)
    depth: int = 0

    def log(self, change: ChangeRow) -> None:
        """Keep a row of history and audit; written before the commit."""
        self.changes.append(change)
        self.memo.pop(change.form or "", None)

    def flush(self) -> None:
        """Write the log and the outbox as far as they are: a long write keeps neither in memory."""
        book, people = self.installation.book, self.store.people
        together = as_json(self.connection, book, people, self.changes)
        self.outbox.flush(self.connection, together)
        if self.changes and not together:
            write_changes(self.connection, book, people, self.changes)
        self.changes.clear()

    def tell(self, event: Changed) -> None:
        """Have the listeners hear of a change, inside the transaction."""
        if self.depth >= DEEPEST:
            raise Refused("too-many-consequences", most=DEEPEST)
        self.depth += 1
        try:
            own = self.of((event.after or event.before or {}).get("org"))
            for listener in self.listeners.changed:
                listener(own, event)
        finally:
            self.depth -= 1

    def as_system(self) -> Work:
        """The same transaction, acting as the system on behalf of the actor."""
        if self.actor.is_system:
            return self
        return Work(
            self.connection,
            self.installation,
            SYSTEM,
            self.now,
            self.today,
            self.rights,
            self.people,
            self.clock,
            self.listeners,
            self.beyond,
            self.memo,
            on_behalf_of=self.actor,
            request_id=self.request_id,
            origin=self.origin,
            outbox=self.outbox,
            changes=self.changes,
            depth=self.depth,
        )


class _Moved(Untouched):
    """A newer release was met; nothing was written."""

    def __init__(self, release: int) -> None:
        self.release = release


def _check_release(ours: int, active: int | None) -> None:
    if active is not None and active != ours:
        raise _Moved(active)


class _HeardFirst:
    """What goes wrong inside may be another release's doing: whether there is one is heard before
    the error goes on. Nothing is passed over."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, Exception):
            entered(self._connection)


class Commands:
    """Runs handlers in transactions, and reads in connections."""

    def __init__(
        self,
        active: ActiveInstallation,
        clock: Clock,
        listeners: Listeners | None = None,
        rights: Rights | None = None,
        people: People | None = None,
        beyond: Beyond = NOTHING,
    ) -> None:
        self.active = active
        self.clock = clock
        self.listeners = listeners or Listeners()
        self.rights = rights or Rights()
        self.people = people or People()
        self.beyond = beyond

    def run(
        self,
        handler: Callable[[Work], T],
        actor: Person,
        *,
        key: str | None = None,
        request_hash: str = "",
        on_behalf_of: Person | None = None,
        request_id: str | None = None,
        origin: str | None = None,
        keep: Callable[[T], T] | None = None,
    ) -> T:
        """What the handler returns, after the commit. `origin`: see `Work`.

        With a `key`, the answer (plain JSON data) is kept: the same actor, key and request again
        gets the same answer and does nothing. Another request under the key is a Conflict. `keep`:
        what of the answer is kept, where that is not all of it.
        """
        if PREVIEWING.get():
            raise Refused("studio-preview")
        attempt = 0
        while True:
            installation = self.active.current
            try:
                return self._once(
                    installation,
                    handler,
                    actor,
                    key,
                    request_hash,
                    on_behalf_of,
                    request_id,
                    origin or (JOB if actor.is_system else None),
                    keep,
                )
            except Refused:
                # The same request may have come twice at once, and the other have been faster.
                answered = self._answered(actor, key) if key is not None else None
                if answered is None or answered.request_hash != request_hash:
                    raise
                answer: T = answered.answer
                return answer
            except _Moved as moved:
                self.active.follow(moved.release)
                attempt += 1
                if attempt >= MOST_ATTEMPTS:
                    raise Conflict("release-moved") from None
            except NoTurn as waited:  # for many seconds: whoever asks decides whether to wait again
                raise Busy from waited
            except TryAgain:
                attempt += 1
                if attempt >= MOST_ATTEMPTS:
                    raise Conflict("busy") from None
            except Duplicate as duplicate:
                attempt += 1
                if attempt >= MOST_ATTEMPTS:
                    raise Conflict("taken-meanwhile") from duplicate

    def _answered(self, actor: Person, key: str) -> idempotency.Answered | None:
        with self.active.database.reading() as connection:
            return idempotency.find_answer(connection, actor.id, key)

    def _once(
        self,
        installation: Installation,
        handler: Callable[[Work], T],
        actor: Person,
        key: str | None,
        request_hash: str,
        on_behalf_of: Person | None,
        request_id: str | None,
        origin: str | None,
        keep: Callable[[T], T] | None,
    ) -> T:
        with self.active.database.writing() as connection:
            enter_with(connection, partial(_check_release, installation.release.id))
            if key is not None:
                answered = idempotency.find_answer(connection, actor.id, key)
                if answered is not None:
                    if answered.request_hash != request_hash:
                        raise Conflict("idempotency-key-reused")
                    answer: T = answered.answer
                    return answer
            now = self.clock.now()
            work = Work(
                connection,
                installation,
                actor,
                now,
                self.clock.today(),
                self.rights,
                self.people,
                self.clock,
                self.listeners,
                self.beyond,
                on_behalf_of=on_behalf_of,
                request_id=request_id,
                origin=origin,
                outbox=OutboxWriter(now),
            )
            with _HeardFirst(connection):
                result = handler(work)
                self._finish(work)
            if key is not None:
                kept = result if keep is None else keep(result)
                idempotency.store_answer(connection, actor.id, key, request_hash, kept, now)
            return result

    def _finish(self, work: Work) -> None:
        for listener in work.listeners.before_commit:
            listener(work)
        work.flush()

    @contextmanager
    def read(self, actor: Person) -> Iterator[Reading]:
        """A connection that only reads, on the release that runs now."""
        installation = self.active.current
        with self.active.database.reading() as connection:
            yield self.reading(connection, installation, actor)

    def reading(self, connection: Connection, installation: Installation, actor: Person) -> Reading:
        """The view of a reader on a connection that is already open."""
        today = self.clock.today()
        return Reading(
            connection,
            installation,
            actor,
            self.clock.now(),
            today,
            self.rights,
            self.people,
            self.clock,
            self.listeners,
            self.beyond,
            looked=Looked(actor.id, today),
        )
