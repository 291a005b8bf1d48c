"""Values destroyed for good: emptied batch by batch, because somebody named them and said why.

Columns and tables stay, empty: a process that still runs the release before finds them, and an
earlier release can be published again over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
Batch = Callable[[Connection], bool]  # whether anything is left perhaps
Note = Callable[[Connection, Hidden, int], None]  # what goes, and its number of rows or values


def purge(database: Database, wanted: Sequence[Hidden], note: Note) -> None:
    """Empty these. `note` writes down what goes, in the transaction in which the first of it goes.
    Killed in between, it is gone on with when the same is asked for again."""
    failpoint("purge.begin")
    # rows of sub-tables before their records
    for found in sorted(wanted, key=lambda f: (f.column is None, -f.path.count("."), f.path)):
        with database.reading() as connection:
            batches = list(_batches(connection, found))
        first: Note | None = note
        for batch in batches:
            is_left = True
            while is_left:
                is_left = insistent(partial(_run, database, found, batch, first))
                first = None
                failpoint("purge.batch")
        with database.writing() as connection:
            mark_purged(connection, found)
    failpoint("purge.done")


def empty_at_once(connection: Connection, found: Hidden) -> None:
    """Empty a column in this transaction: what is sealed now stands nowhere as it was written."""
    while _empty(connection, found.table, found.column or ""):
        pass
    mark_purged(connection, found)


def _run(database: Database, found: Hidden, batch: Batch, note: Note | None) -> bool:
    with database.writing() as connection:
        if note is not None:
            note(connection, found, _rows(connection, found))
        return batch(connection)


def _rows(connection: Connection, found: Hidden) -> int:
    what = f'"{found.column}"' if found.column is not None else "*"
    statement = f'SELECT count({what}) FROM "{found.table}"'
    rows: int = connection.exec_driver_sql(statement).scalar_one()
    return rows


def _batches(connection: Connection, found: Hidden) -> Iterator[Batch]:
    """What is done in turn, each until nothing is left."""
    if found.column is not None:
        yield partial(_empty, table=found.table, column=found.column)
        return
    # what was hidden before may still point to the rows that go
    for owner, column in _links_to(connection, found.table):
        yield partial(_empty, table=owner, column=column)
    yield partial(_delete, table=found.table)


def _delete(connection: Connection, table: str) -> bool:
    ids = connection.exec_driver_sql(f'SELECT id FROM "{table}" LIMIT {BATCH}')
    gone = [row[0] for row in ids]
    if not gone:
        return False
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.execute(delete(sys_words).where(sys_words.c.record.in_(gone)))
    connection.exec_driver_sql(f'DELETE FROM "{table}" WHERE id = {mark}', [(i,) for i in gone])
    return True


def _empty(connection: Connection, table: str, column: str) -> bool:
    done = connection.exec_driver_sql(
        f'UPDATE "{table}" SET "{column}" = NULL WHERE id IN '
        f'(SELECT id FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT {BATCH})'
    )
    return done.rowcount > 0


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
