"""The long part of a publication, before anybody sees it: tables and columns are added, values
filled in, indexes built. It can be killed at any line, and is gone on with by running it again."""

from __future__ import annotations

import fcntl
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from jingwei.refusals import Conflict
from jingwei.storage.database import Connection, Database
from jingwei.storage.ddl import Ddl
from jingwei.storage.errors import TryAgain, as_ours
from jingwei.storage.failpoints import failpoint
from jingwei.storage.fills import BATCH, Fill
from jingwei.storage.full_text import forget_fields_of
from jingwei.storage.indexes import Index
from jingwei.storage.ledger import set_aside
from jingwei.storage.locks import APPLY_LOCK
from jingwei.storage.tables_records import sys_change
from jingwei.storage.tables_releases import sys_preparation

T = TypeVar("T")
MOST_ATTEMPTS = 5
Tell = Callable[[str, int, int], None]  # what (a path or an index), how many, of how many


@dataclass(slots=True)
class Preparation:
    """What was prepared, and how far it is."""

    base: int | None
    fingerprint: str
    mark: int
    progress: dict[str, Any] = field(default_factory=dict)


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """No other process does a long publication meanwhile; a killed one lets go by itself.

    Raises Conflict `apply-running`.
    """
    if database.is_sqlite:
        name = database.url.database
        if name in (None, "", ":memory:"):
            yield
            return
        with Path(f"{name}-publish").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict("apply-running") from None
            yield
        return
    with database.reading() as connection:
        got = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (APPLY_LOCK,)).scalar()
        if not got:
            raise Conflict("apply-running")
        try:
            yield
        finally:
            connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (APPLY_LOCK,))


@dataclass(frozen=True, slots=True)
class Begun:
    """A publication that is under way, or was killed: by whom, since when."""

    preparation: Preparation
    author: str
    at: datetime


def find_begun(connection: Connection) -> Begun | None:
    row = connection.execute(select(sys_preparation)).mappings().first()
    if row is None:
        return None
    found = Preparation(row["base"], row["fingerprint"], row["mark"], dict(row["progress"]))
    return Begun(found, row["author"], row["at"])


def find_preparation(connection: Connection) -> Preparation | None:
    begun = find_begun(connection)
    return begun.preparation if begun is not None else None


def begin_preparation(
    connection: Connection, base: int | None, fingerprint: str, author: str, at: Any
) -> Preparation:
    """The caller has the publish lock: nobody is writing, so nothing older than the mark is on its
    way."""
    drop_preparation(connection)
    mark = newest_change(connection)
    connection.execute(
        insert(sys_preparation).values(
            one=1,
            base=base,
            fingerprint=fingerprint,
            mark=mark,
            progress={},
            author=author,
            at=at,
        )
    )
    return Preparation(base, fingerprint, mark)


def drop_preparation(connection: Connection) -> None:
    """Set aside what was prepared for other definitions; words that were read for it are
    forgotten, since nobody kept them up to date."""
    found = find_preparation(connection)
    if found is None:
        return
    for entry in found.progress.values():
        if entry.get("words"):
            form, name = entry["words"]
            forget_fields_of(connection, int(form), [str(name)])
    set_aside(connection)


def end_preparation(connection: Connection) -> None:
    connection.execute(delete(sys_preparation))


def run_fill(database: Database, preparation: Preparation, fill: Fill, tell: Tell | None) -> None:
    """Fill batch by batch, each its own transaction; goes on where it was stopped."""
    entry = dict(preparation.progress.get(fill.name) or {})
    if entry.get("finished"):
        return
    words = [fill.form_key, fill.key] if hasattr(fill, "form_key") else None  # type: ignore[attr-defined]
    last = int(entry.get("last", -1))
    done = int(entry.get("done", 0))
    total = int(entry.get("total", 0))

    def batch() -> tuple[int | None, int, int]:
        """The id to go on behind, and how many rows were looked at, of how many."""
        with database.writing() as connection:
            if not database.is_sqlite:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            every = total or _total(connection, fill.table)
            following, looked = fill.batch(connection, last, BATCH)
            failpoint("fill.batch")
            entry = {
                "path": fill.path,
                "last": last if following is None else following,
                "done": done + looked,
                "total": every,
                "finished": following is None,
                "words": words,
            }
            _keep_progress(connection, preparation, fill.name, entry)
        return following, done + looked, every

    while True:
        following, done, total = insistent(batch)
        failpoint("fill.batch_committed")
        if tell is not None:
            tell(fill.path, min(done, total), total)
        if following is None:
            return
        last = following


def insistent(do: Callable[[], T]) -> T:
    """Do one step of the long part, and again when it lost a race with people's work, or its
    connection: nobody waits for it.

    Raises Conflict `publish-interrupted` when that goes on.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return do()
        except TryAgain as error:
            if attempt == MOST_ATTEMPTS:
                raise Conflict("publish-interrupted", times=MOST_ATTEMPTS) from error
            time.sleep(random.uniform(0.05, 0.5) * attempt)  # noqa: S311 - only a pause
    raise AssertionError("unreachable")


def _total(connection: Connection, table: str) -> int:
    found: int = connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one()
    return found


def _keep_progress(
    connection: Connection, preparation: Preparation, name: str, entry: Mapping[str, Any]
) -> None:
    """Raises Conflict `apply-overtaken` when other definitions are being published by now."""
    preparation.progress[name] = dict(entry)
    kept = connection.execute(
        update(sys_preparation)
        .where(
            sys_preparation.c.fingerprint == preparation.fingerprint,
            sys_preparation.c.mark == preparation.mark,
        )
        .values(progress=preparation.progress)
    )
    if kept.rowcount != 1:
        raise Conflict("apply-overtaken")


def newest_change(connection: Connection) -> int:
    """The mark in the log behind which everything is that comes after this moment. The caller has
    the publish lock: nothing older is on its way."""
    found: int = connection.execute(
        select(func.coalesce(func.max(sys_change.c.id), 0))
    ).scalar_one()
    return found


def changed_since(connection: Connection, mark: int, form: int) -> list[int]:
    """The records of a form that were changed behind a mark of the log."""
    rows = connection.execute(
        select(sys_change.c.object)
        .where(sys_change.c.id > mark, sys_change.c.form == form, sys_change.c.object.is_not(None))
        .distinct()
    )
    return sorted(rows.scalars())


def build_index(database: Database, ddl: Ddl, index: Index) -> None:
    """Build an index while everybody goes on working (PostgreSQL), or in a transaction of its own
    (SQLite). One that a killed run left half built is built anew."""
    failpoint("index.begin")
    insistent(lambda: _build(database, ddl, index))
    failpoint("index.done")


def _build(database: Database, ddl: Ddl, index: Index) -> None:
    if not database.is_sqlite:
        _build_concurrently(database, ddl, index)
        return
    with database.writing() as connection:
        connection.exec_driver_sql(ddl.create_index(index))


def _build_concurrently(database: Database, ddl: Ddl, index: Index) -> None:
    with _taking_its_time(database) as connection:
        if _is_invalid(connection, index.name):
            connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{index.name}"')
        connection.exec_driver_sql(ddl.create_index(index, concurrently=True))


@contextmanager
def _taking_its_time(database: Database) -> Iterator[Connection]:
    """A connection of PostgreSQL for what waits until all who read at that moment are done."""
    with database.reading() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        try:
            yield connection
        except DBAPIError as error:
            ours = as_ours(error)
            if ours is not None:
                raise ours from error
            raise
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql("RESET statement_timeout")


def _is_invalid(connection: Connection, name: str) -> bool:
    found = connection.exec_driver_sql(
        "SELECT NOT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace",
        (name,),
    ).scalar()
    return bool(found)


def drop_superseded(database: Database, names: Sequence[str]) -> None:
    """Drop those of these indexes that are still there, while everybody goes on working."""
    with database.reading() as connection:
        there = sorted(_there(connection, names))
    for name in there:
        insistent(partial(_drop, database, name))


def _drop(database: Database, name: str) -> None:
    if database.is_sqlite:
        with database.writing() as connection:
            connection.exec_driver_sql(f'DROP INDEX IF EXISTS "{name}"')
        return
    with _taking_its_time(database) as connection:
        connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


def _there(connection: Connection, names: Sequence[str]) -> set[str]:
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'")
        return {*names} & {*found.scalars()}
    found = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_class c WHERE c.relkind = 'i' AND c.relname = ANY(%s) "
        "AND c.relnamespace = current_schema()::regnamespace",
        (list(names),),
    )
    return set(found.scalars())


def built_indexes(connection: Connection, indexes: Sequence[Index]) -> set[str]:
    """Those of these indexes that are there and whole: to ask again, with IF NOT EXISTS, would
    take a lock on a table for nothing."""
    if connection.dialect.name == "sqlite":
        return {i.name for i in indexes if _is_there(connection, i.name)}
    found = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace "
        "AND i.indisvalid",
        ([index.name for index in indexes],),
    )
    return set(found.scalars())


def _is_there(connection: Connection, name: str) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)
    )
    return found.first() is not None


def long_indexes(
    connection: Connection,
    indexes: Sequence[Index],
    is_long: Callable[[Connection, str], bool],
    new_tables: Sequence[str],
) -> list[Index]:
    """Those over many rows. Unique ones wait for the publishing transaction: until then, the
    release that runs knows no such rule."""
    return [
        index
        for index in indexes
        if not index.unique and index.table not in new_tables and is_long(connection, index.table)
    ]
