"""One database: how connections are opened, and how transactions begin and end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import StaticPool

from jingwei.refusals import Refused
from jingwei.storage.books import PersonBook
from jingwei.storage.errors import as_ours, is_stale
from jingwei.storage.ids import IdBlocks
from jingwei.storage.sealing import Keyring
from jingwei.storage.sqlite_functions import register_functions

__all__ = ["Connection", "Database"]

BUSY_TIMEOUT_MS = 15_000
AT_ONCE_MS = 50
STATEMENT_TIMEOUT_MS = 10_000
MOST_PREPARED = 500  # statements that a connection keeps; beyond it each one is planned anew
IDLE_SECONDS = 30  # a connection that nobody used for longer is asked whether it is still there
_WRITES = "jingwei_writes"
_AT_ONCE = "jingwei_at_once"
_SINCE = "jingwei_idle_since"


class Database:
    """`reading()` and `writing()` give connections; nothing else opens one.

    `durable=False` trades the last moments before a power cut for speed: the demo only. `keys`
    seal what is secret; without them nothing secret is written.
    """

    def __init__(self, url: str, *, durable: bool = True, keys: Keyring | None = None) -> None:
        self.url = make_url(url)
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        )
        self.engine = _sqlite(url, durable) if self.is_sqlite else _postgresql(url)
        self._writer = self.engine.execution_options(**{_WRITES: True})
        self._writer_at_once = self._writer.execution_options(**{_AT_ONCE: True})
        self._reader = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self.ids = IdBlocks(self.dialect)
        self.people = PersonBook()
        self.keys = keys or Keyring()

    @property
    def is_sqlite(self) -> bool:
        return self.dialect == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads. SQLite: one snapshot; PostgreSQL: one a statement, which
        saves two round trips."""
        with self._reader.connect() as connection:
            try:
                yield connection
            except DBAPIError as error:
                _leave(connection, error)
                ours = as_ours(error)
                if isinstance(ours, Refused):
                    raise ours from error
                raise

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[Connection]:
        """One transaction, committed at the end, undone on any exception. `at_once`: on SQLite,
        where one writes at a time, it hardly waits for its turn.

        Raises TryAgain when it lost a race before it could commit, Duplicate for a taken key.
        """
        with (self._writer_at_once if at_once else self._writer).connect() as connection:
            try:
                transaction = connection.begin()
                yield connection
                if not self.is_sqlite:
                    _settle(connection)
            except BaseException as error:
                if not connection.invalidated:  # with a connection that is gone, so is what it held
                    self.ids.undone(connection)
                connection.rollback()
                _leave(connection, error)
                ours = as_ours(error) if isinstance(error, DBAPIError) else None
                if ours is not None:
                    raise ours from error
                raise
            self._commit(connection, transaction)

    def _commit(self, connection: Connection, transaction: Any) -> None:
        """Statements that were put off go with it: what is wrong with them is known only now, as is
        what the transaction should have begun with."""
        try:
            transaction.commit()
        except BaseException as error:
            if connection.invalidated:  # it may have been committed: never tried again
                raise
            self.ids.undone(connection)
            connection.rollback()
            _leave(connection, error)
            ours = as_ours(error) if isinstance(error, DBAPIError) else None
            if ours is None:
                raise
            raise ours from error
        self.ids.committed(connection)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _settle(connection: Connection) -> None:
    """Wait for rows that are still being taken: what is wrong with them undoes the transaction."""
    line: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.dbapi
    try:
        line.settle()
    except dbapi.Error as error:
        raise DBAPIError.instance(
            "COPY", (), error, dbapi.Error, dialect=connection.dialect
        ) from error


def _abandon(connection: Connection, _name: str, _context: None) -> None:
    """Why a part of a transaction is undone is told, not what was wrong with it besides."""
    line: Any = connection.connection.driver_connection
    if line is not None and not connection.invalidated:
        line.abandon()


def _leave(connection: Connection, error: BaseException) -> None:
    """Nobody is given a connection again whose prepared statements are wrong."""
    if is_stale(error) and not connection.invalidated:
        connection.invalidate()


def _sqlite(url: str, durable: bool) -> Engine:
    in_memory = make_url(url).database in (None, "", ":memory:")
    options: dict[str, Any] = {
        "connect_args": {"check_same_thread": False, "isolation_level": None}
    }
    if in_memory:
        options["poolclass"] = StaticPool
    else:
        options |= {"pool_size": 10, "max_overflow": 40}
    engine = create_engine(url, **options)

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-16000")
        register_functions(connection)

    def begun(connection: Connection) -> None:
        # A writer that upgrades later may find the database changed since its first read.
        options = connection.get_execution_options()
        if not options.get(_AT_ONCE):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES) else "BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={AT_ONCE_MS}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:  # the connection goes back to a pool
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

    event.listen(engine, "connect", opened)
    event.listen(engine, "begin", begun)
    return engine


def _postgresql(url: str) -> Engine:
    from jingwei.storage.line import Line

    # what is asked of each row looks dear beforehand, and compiling it took a second each time
    options = f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS} -c jit=off"
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=40,
        pool_use_lifo=True,  # the one used last has its statements prepared
        connect_args={"options": options, **_patience(url)},
    )

    def opened(connection: Any, _record: object) -> None:
        connection.prepared_max = MOST_PREPARED

    def connect(_dialect: object, _record: object, given: Any, named: Any) -> Line:
        return Line.connect(*given, **named)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", opened)
    event.listen(engine, "checkin", _given_back)
    event.listen(engine, "checkout", _asked_for)
    event.listen(engine, "rollback_savepoint", _abandon)
    return engine


def _patience(url: str) -> dict[str, Any]:
    """How long an answer of the network is waited for, where the address does not say: what a
    firewall has dropped is noticed by nothing else."""
    name = "tcp_user_timeout"
    return {} if name in make_url(url).query else {name: STATEMENT_TIMEOUT_MS}


def _given_back(_connection: Any, record: Any) -> None:
    record.info[_SINCE] = time.monotonic()


def _asked_for(connection: Any, record: Any, _proxy: object) -> None:
    """What lay at the bottom of the pool since the last peak may be gone: the pool then opens
    another one. What is used all the time is not asked."""
    import psycopg

    since = record.info.get(_SINCE)
    if since is None or time.monotonic() - since < IDLE_SECONDS:
        return
    try:
        if connection.answers():
            return
    except psycopg.Error as error:
        raise DisconnectionError(str(error)) from error
    raise DisconnectionError("gone while nobody used it")
