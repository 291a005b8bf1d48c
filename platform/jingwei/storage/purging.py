"""Values destroyed for good: emptied batch by batch, because somebody named them and said why.

Columns and tables stay, empty: a process that still runs the release before finds them, and an
earlier release can be published again over them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import delete, select

from jingwei.storage.database import Connection, Database
from jingwei.storage.failpoints import failpoint
from jingwei.storage.ledger import mark_purged
from jingwei.storage.names import Hidden
from jingwei.storage.preparing import insistent
from jingwei.storage.tables_lists import sys_words
from jingwei.storage.tables_releases import sys_column, sys_table

BATCH = 5_000


def purge(database: Database, wanted: Sequence[Hidden]) -> None:
    """Empty these. Killed in between, it is gone on with when the same is asked for again."""
    failpoint("purge.begin")
    # rows of sub-tables before their records
    for found in sorted(wanted, key=lambda f: (f.column is None, -f.path.count("."), f.path)):
        if found.column is None:
            _empty_links(database, found.table)
        while insistent(partial(_batch, database, found)):
            failpoint("purge.batch")
        with database.writing() as connection:
            mark_purged(connection, found)
    failpoint("purge.done")


def _batch(database: Database, found: Hidden) -> bool:
    with database.writing() as connection:
        if found.column is not None:
            return _empty(connection, found.table, found.column)
        ids = connection.exec_driver_sql(f'SELECT id FROM "{found.table}" LIMIT {BATCH}')
        gone = [row[0] for row in ids]
        if not gone:
            return False
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.execute(delete(sys_words).where(sys_words.c.record.in_(gone)))
        connection.exec_driver_sql(
            f'DELETE FROM "{found.table}" WHERE id = {mark}', [(i,) for i in gone]
        )
        return True


def _empty(connection: Connection, table: str, column: str) -> bool:
    done = connection.exec_driver_sql(
        f'UPDATE "{table}" SET "{column}" = NULL WHERE id IN '
        f'(SELECT id FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT {BATCH})'
    )
    return done.rowcount > 0


def _empty_links(database: Database, table: str) -> None:
    """What was hidden before may still point to the rows that go."""
    with database.reading() as connection:
        links = list(_links_to(connection, table))

    def batch(owner: str, column: str) -> bool:
        with database.writing() as connection:
            return _empty(connection, owner, column)

    for owner, column in links:
        while insistent(partial(batch, owner, column)):
            pass


def _links_to(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    row = connection.execute(
        select(sys_table.c.form, sys_table.c.part).where(sys_table.c.name == table)
    ).one()
    target = f"{row.form}.{row.part}" if row.part else row.form
    found = connection.execute(
        select(sys_column.c.table, sys_column.c.column).where(
            sys_column.c.type == f"link:{target}", sys_column.c.state != "active"
        )
    )
    yield from ((r.table, r.column) for r in found)
