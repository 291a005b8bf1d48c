"""Fields that definitions had once: which release took them out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from jingwei.storage.database import Connection
from jingwei.storage.names import PhysicalNames
from jingwei.storage.releases import Release, active_release, find_release, read_names
from jingwei.storage.tables_releases import sys_release

MOST_RELEASES = 200  # that are looked back through


def removals(connection: Connection, names: Collection[str]) -> dict[tuple[str, str], Release]:
    """(form, path of the field) → the last release that removed it, for fields of these names."""
    found: dict[tuple[str, str], Release] = {}
    later: tuple[Release, set[tuple[str, str]]] | None = None
    for release in _back_from(active_release(connection), connection):
        there = set(_fields(read_names(connection, release.id), names))
        if later is not None:
            for gone in there - later[1]:
                found.setdefault(gone, later[0])
        later = (release, there)
    active = active_release(connection)
    if active is None:
        return {}
    still = set(_fields(read_names(connection, active.id), names))
    return {path: release for path, release in found.items() if path not in still}


def _back_from(release: Release | None, connection: Connection) -> Iterator[Release]:
    for _ in range(MOST_RELEASES):
        if release is None:
            return
        yield release
        release = find_release(connection, release.parent) if release.parent is not None else None


def _fields(held: PhysicalNames, names: Collection[str]) -> Iterator[tuple[str, str]]:
    for (form, part), table in held.tables.items():
        outer = part.partition("@")[0]
        if outer in names:
            yield form, outer
        for key in table.columns:
            name = key.partition(".")[0]
            if name in names:
                yield form, f"{outer}.{name}" if outer else name


def names_unlike(
    connection: Connection, releases: Collection[int], now: PhysicalNames
) -> dict[int, PhysicalNames]:
    """The names that these releases ran with, by release; those that ran with today's are left
    out, and names that several share are read once."""
    rows = connection.execute(
        select(sys_release.c.id, sys_release.c.names).where(sys_release.c.id.in_(releases))
    )
    kept = {row.id: row.names for row in rows}
    once = {text: release for release, text in kept.items()}
    read = {text: read_names(connection, release) for text, release in once.items()}
    return {release: held for release, text in kept.items() if (held := read[text]) != now}


def last_release_with(connection: Connection, table: str, column: str) -> int | None:
    """The last release that had a column (none: a table); None when that is too long ago."""
    for release in _back_from(active_release(connection), connection):
        for held in read_names(connection, release.id).tables.values():
            if held.name == table and (not column or column in held.columns.values()):
                return release.id
    return None
