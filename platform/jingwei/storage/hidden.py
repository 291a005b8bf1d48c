"""What was retired and still has its values: every table and column that nothing running calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jingwei.storage.columns import BESIDE
from jingwei.storage.database import Connection
from jingwei.storage.ledger import read_ledger
from jingwei.storage.names import Hidden, PhysicalTable
from jingwei.storage.plan import paths_of
from jingwei.storage.plan_rows import Counts
from jingwei.storage.releases import active_release, all_releases, read_names

MOST_RELEASES = 200  # that are looked through for the last one that had it


@dataclass(frozen=True, slots=True)
class Held:
    """Something retired: `rows` that it has (of a field: values)."""

    hidden: Hidden
    rows: int


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The last release that had it, and what it was called there."""

    release: int
    form: str
    part: str  # a table of the form; empty: the form itself
    key: str | None  # the field; None: the whole table


def all_hidden(connection: Connection) -> list[Held]:
    """By path, those that are empty too."""
    base = active_release(connection)
    if base is None:
        return []
    paths = paths_of(read_names(connection, base.id))
    ledger = read_ledger(connection)
    found = [Hidden(_path(form, part), t.name) for (form, part), t in ledger.hidden.items()]
    for (table, key), (column, _) in ledger.hidden_columns.items():
        owner = paths.get((table, ""))
        if owner is not None:
            found.append(Hidden(f"{owner}.{key}", table, column))
    counts = Counts(connection, [(one.table, one.column) for one in found])
    held = [Held(one, counts.of(one.table, one.column)) for one in found]
    return sorted(held, key=lambda one: one.hidden.path)


def _path(form: str, part: str) -> str:
    table, beside, for_ = part.partition(BESIDE)
    return f"{form}.{table}".rstrip(".") + f"{beside}{for_}"


def last_seen(connection: Connection, found: Hidden) -> LastSeen | None:
    """Where it was last defined."""
    for release in all_releases(connection)[:MOST_RELEASES]:
        tables: Mapping[tuple[str, str], PhysicalTable] = read_names(connection, release.id).tables
        for (form, part), table in tables.items():
            if table.name != found.table:
                continue
            keys = {column: key for key, column in table.columns.items()}
            if found.column is None or found.column in keys:
                key = keys[found.column] if found.column is not None else None
                return LastSeen(release.id, form, part, key)
    return None


def some_records(
    connection: Connection, found: Hidden, part: str, most: int
) -> list[tuple[int, int]]:
    """Some of the rows that it has: (record, row), the same number twice for a form's own."""
    is_row = bool(part.partition(BESIDE)[0])
    owner = "record_id" if is_row else "id"
    where = f'WHERE "{found.column}" IS NOT NULL ' if found.column is not None else ""
    rows = connection.exec_driver_sql(
        f'SELECT "{owner}", id FROM "{found.table}" {where}ORDER BY id LIMIT {most}'
    )
    return [(row[0], row[1]) for row in rows]
