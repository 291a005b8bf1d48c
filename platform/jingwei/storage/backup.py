"""Every row there is, at one moment, for a backup: the engine's tables and the application's.

What can be made again is left out: indexes, the full-text table of SQLite, and names that were
purged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select, text

from jingwei.refusals import Conflict
from jingwei.storage.database import Connection, Database
from jingwei.storage.metadata import metadata
from jingwei.storage.portable import kind_of_type, kind_of_word, line, plain_table
from jingwei.storage.releases import active_release
from jingwei.storage.tables_releases import sys_column, sys_table
from jingwei.storage.upgrade import known_revisions, schema_revision

AT_ONCE = 2_000
OWN_BOOKKEEPING = frozenset({"sys_ids"})  # of SQLite; see `next_id`


@dataclass(frozen=True, slots=True)
class TableHead:
    """One table: `columns` are (name, kind); `is_engine` tells the engine's own."""

    name: str
    columns: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    is_engine: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database at one moment."""

    connection: Connection
    revision: str
    release: int | None
    next_id: int
    tables: Sequence[TableHead]

    def lines(self, head: TableHead) -> Iterator[tuple[int, bytes]]:
        """The rows of a table by their key: how many, and a line of JSON each."""
        table = plain_table(head.name, head.columns)
        statement = select(table).order_by(*(table.c[name] for name in head.order))
        found = self.connection.execution_options(yield_per=AT_ONCE).execute(statement)
        for rows in found.partitions():
            yield len(rows), b"".join(map(line, rows))


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """The database as it is now, whatever is written meanwhile.

    Raises Conflict `schema-newer`, `schema-older`: only the engine whose tables they are knows
    them all.
    """
    with _one_moment(database) as connection:
        revision = schema_revision(connection)
        known = known_revisions()
        if revision not in known:
            raise Conflict("schema-newer", found=revision, ours=known[-1])
        if revision != known[-1]:
            raise Conflict("schema-older", found=revision, ours=known[-1])
        release = active_release(connection)
        yield Snapshot(
            connection,
            revision,
            release.id if release is not None else None,
            _next_id(connection),
            [*_engine_tables(), *_application_tables(connection)],
        )


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    if database.is_sqlite:
        with database.reading() as connection:
            yield connection
        return
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with database.engine.connect().execution_options(**options) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection


def _engine_tables() -> Iterator[TableHead]:
    for table in metadata.sorted_tables:
        if table.name not in OWN_BOOKKEEPING:
            columns = tuple((c.name, kind_of_type(c.type)) for c in table.columns)
            order = tuple(c.name for c in table.primary_key.columns)
            yield TableHead(table.name, columns, order, True)


def _application_tables(connection: Connection) -> Iterator[TableHead]:
    """Those of the ledger, retired ones among them."""
    columns: dict[str, list[tuple[str, str]]] = {}
    rows = connection.execute(
        select(sys_column).where(sys_column.c.state != "purged").order_by(*sys_column.primary_key)
    )
    for row in rows.mappings():
        columns.setdefault(row["table"], []).append((row["column"], kind_of_word(row["type"])))
    names = select(sys_table.c.name).where(sys_table.c.state != "purged").order_by(sys_table.c.name)
    for name in connection.execute(names).scalars():
        yield TableHead(name, tuple(columns.get(name, ())), ("id",), False)


def _next_id(connection: Connection) -> int:
    """Where the next block of ids begins."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT next FROM sys_ids WHERE name = 'records'"))
        return int(found.scalar_one())
    last, is_called, step = connection.execute(
        text(
            "SELECT s.last_value, s.is_called, p.increment_by FROM sys_id_blocks s, pg_sequences p "
            "WHERE p.schemaname = current_schema() AND p.sequencename = 'sys_id_blocks'"
        )
    ).one()
    return int(last + step if is_called else last)
