"""Secrets that are kept under an older key, or still as they were typed, sealed under the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from jingwei.catalogue.catalogue import Catalogue
from jingwei.storage.columns import SECRET
from jingwei.storage.database import Connection, Database
from jingwei.storage.names import PhysicalNames
from jingwei.storage.plan import columns_of
from jingwei.storage.releases import active_release, read_files
from jingwei.storage.sealing import ID_END, PREFIX, Keyring, UnknownKey, key_of
from jingwei.storage.tables_releases import sys_column

BATCH = 1_000
Column = tuple[str, str]  # table, column


@dataclass(slots=True)
class Renewed:
    """How many values were sealed anew; by the id of a key, how many can be opened by none of
    those that are here."""

    sealed: int = 0
    lost: Counter[str] = field(default_factory=Counter)


def columns_of_secrets(
    connection: Connection, catalogue: Catalogue, names: PhysicalNames
) -> list[Column]:
    """Where secrets are kept: those of the release that runs, in whatever way, and whatever was
    ever allotted to one."""
    found = columns_of(catalogue, names, lambda field: field.type == "secret")
    rows = connection.execute(
        select(sys_column.c.table, sys_column.c.column).where(sys_column.c.type == SECRET)
    )
    return sorted(found | {(row.table, row.column) for row in rows})


def mentions_secrets(connection: Connection) -> bool:
    """Whether the release that runs may have secrets at all: most have none, and a start need not
    compile it to know."""
    release = active_release(connection)
    files = read_files(connection, release.id) if release is not None else {}
    return any(SECRET.encode() in content for content in files.values())


def kept_under(connection: Connection, columns: Sequence[Column]) -> Counter[str]:
    """How many secrets are kept under which key, by its id; under none (an empty one), as they
    were typed."""
    found: Counter[str] = Counter()
    for table, column in columns:
        rows = connection.exec_driver_sql(
            f'SELECT substr("{column}", 1, {ID_END}), count(*) FROM "{table}" '
            f'WHERE "{column}" IS NOT NULL GROUP BY substr("{column}", 1, {ID_END})'
        )
        for head, count in rows:
            found[key_of(head) if head.startswith(PREFIX) else ""] += count
    return found


def renew(database: Database, columns: Sequence[Column]) -> Renewed:
    """Seal what is not sealed under the first key, some rows in each transaction. Raises Refused
    where there is something to seal and no key."""
    found = Renewed()
    for table, column in columns:
        last: int | None = -1
        while last is not None:
            last = _some(database, table, column, last, found)
    return found


def _some(database: Database, table: str, column: str, last: int, found: Renewed) -> int | None:
    """The id behind which to go on; None when that was all."""
    mark = "?" if database.is_sqlite else "%s"
    ids = database.keys.ids()
    front = database.keys.front() if ids else ""
    with database.reading() as connection:
        rows = connection.exec_driver_sql(
            f'SELECT id, "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL AND id > {mark} '
            f'AND substr("{column}", 1, {ID_END + 1}) <> {mark} ORDER BY id LIMIT {BATCH}',
            (last, front),
        ).all()
    fresh = list(_renewed(database.keys, rows, found))
    if fresh:
        # what was written meanwhile is newer than what was read, and sealed already
        with database.writing() as connection:
            for identity, old, new in fresh:
                done = connection.exec_driver_sql(
                    f'UPDATE "{table}" SET "{column}" = {mark} '
                    f'WHERE id = {mark} AND "{column}" = {mark}',
                    (new, identity, old),
                )
                found.sealed += done.rowcount
    return rows[-1][0] if len(rows) == BATCH else None


def _renewed(
    keys: Keyring, rows: Sequence[Sequence[object]], found: Renewed
) -> Iterator[tuple[object, str, str]]:
    for identity, value in rows:
        old = str(value)
        try:
            new = keys.renewed(old)
        except UnknownKey:
            found.lost[key_of(old)] += 1
            continue
        if new is not None:
            yield identity, old, str(new)
