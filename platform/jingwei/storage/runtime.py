"""What runs: one immutable snapshot of release, catalogue and statements, swapped as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.layered import catalogue_for
from jingwei.problems import DefinitionErrors
from jingwei.storage.books import NameBook
from jingwei.storage.database import Connection, Database
from jingwei.storage.locks import active_release_id
from jingwei.storage.lru import Lru
from jingwei.storage.names import PhysicalNames
from jingwei.storage.people import refresh_book
from jingwei.storage.records import RecordStore
from jingwei.storage.releases import Release, find_release, read_files, read_names
from jingwei.storage.tables_releases import sys_name, sys_org

POLL_SECONDS = 1.0
DEFAULT_ZONE = "Asia/Shanghai"
Compile = Callable[[Mapping[str, bytes]], Catalogue]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Installation:
    """One release as it runs. A request or job keeps the one it began with."""

    database: Database
    release: Release
    catalogue: Catalogue
    names: PhysicalNames
    book: NameBook
    store: RecordStore

    def of(self, org: str | None, on: date) -> Installation:
        """The installation as an org has it on a day; this one, where the org stands the same."""
        catalogue = catalogue_for(self.catalogue, org, on)
        if catalogue is self.catalogue:
            return self
        return replace(self, catalogue=catalogue, store=self.store.under(catalogue.standing))


def active(database: Database, compile_texts: Compile, zone: str = DEFAULT_ZONE) -> Installation:
    """The active release, compiled. Raises LookupError before the first publication."""
    release = active_release_id(database)
    if release is None:
        raise LookupError("nothing has been published yet")
    return load(database, release, compile_texts, zone)


def load(
    database: Database, release_id: int, compile_texts: Compile, zone: str = DEFAULT_ZONE
) -> Installation:
    """One release, compiled from its texts in the database: no file is needed."""
    with database.reading() as connection:
        release = find_release(connection, release_id)
        if release is None:
            raise LookupError(f"there is no release {release_id}")
        files = read_files(connection, release_id)
        names = read_names(connection, release_id)
        book = read_book(connection, names)
        parents = read_parents(connection)
        refresh_book(connection, database.people)
    catalogue = compile_texts(files)
    store = RecordStore(database, catalogue, names, book, parents, zone)
    return Installation(database, release, catalogue, names, book, store)


_EARLIER: WeakKeyDictionary[Database, Lru[Installation]] = WeakKeyDictionary()
_MOST_EARLIER = 2  # releases that are kept compiled for who looks back


def earlier(
    database: Database, release: int, compile_texts: Compile, zone: str = DEFAULT_ZONE
) -> Installation:
    """A release that does not run any more, to ask it what it said: compiled once, for a while."""
    kept = _EARLIER.setdefault(database, Lru(_MOST_EARLIER))
    found = kept.get((release,))
    if found is None:
        found = load(database, release, compile_texts, zone)
        kept.put((release,), found)
    return found


def read_book(connection: Connection, names: PhysicalNames) -> NameBook:
    """Every key with its name; what this release calls otherwise wins."""
    rows = {row.key: (row.kind, row.name) for row in connection.execute(select(sys_name))}
    for kind, keys in names.keys.items():
        rows |= {key: (kind, name) for name, key in keys.items()}
    return NameBook((key, kind, name) for key, (kind, name) in rows.items())


def read_parents(connection: Connection) -> dict[int, int | None]:
    """Today's tree: the org above each, by key."""
    return {
        row.key: row.parent for row in connection.execute(select(sys_org.c.key, sys_org.c.parent))
    }


class ActiveInstallation:
    """The installation that runs now. Readers take `current` once and keep what they took."""

    def __init__(
        self, database: Database, compile_texts: Compile, zone: str = DEFAULT_ZONE
    ) -> None:
        """`zone`: the installation's, by its IANA name."""
        self.database = database
        self._zone = zone
        self._compile = compile_texts
        self._current: Installation | None = None
        self._swapping = threading.Lock()
        self._stop = threading.Event()
        self._listeners: list[Callable[[Installation], None]] = []

    @property
    def current(self) -> Installation:
        """Raises LookupError before the first publication."""
        if self._current is None:
            self.poll()
        if self._current is None:
            raise LookupError("nothing has been published yet")
        return self._current

    def on_swap(self, listener: Callable[[Installation], None]) -> None:
        """Have `listener` called after each swap, in the thread that swapped."""
        self._listeners.append(listener)

    def poll(self) -> bool:
        """Look which release is active; compile and swap when it is another one."""
        release = active_release_id(self.database)
        if release is None or (self._current and self._current.release.id == release):
            return False
        with self._swapping:
            if self._current is not None and self._current.release.id == release:
                return False
            self._current = load(self.database, release, self._compile, self._zone)
        for listener in self._listeners:
            listener(self._current)
        return True

    def follow(self, release_id: int) -> Installation:
        """The installation of this release: what a writer met instead of the one it began with."""
        current = self.current
        if current.release.id != release_id:
            self.poll()
        return self.current

    def start(self) -> threading.Thread:
        """Poll once a second in a thread of its own, until `stop`."""
        thread = threading.Thread(target=self._watch, name="jingwei-release", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.poll()
            except DBAPIError as error:
                log.warning("release_poll_failed", reason=str(error.orig))
            except DefinitionErrors as error:
                # Published by an engine that knows more than this one: go on with what runs.
                log.error("release_does_not_compile", problems=str(error))
