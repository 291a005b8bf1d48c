"""Releases: what runs, content-addressed and immutable."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, select

from jingwei.storage.database import Connection, Database
from jingwei.storage.names import PhysicalNames
from jingwei.storage.tables_releases import (
    sys_active_release,
    sys_release,
    sys_release_file,
    sys_text,
)


@dataclass(frozen=True, slots=True)
class Release:
    """One published state of the definitions."""

    id: int
    parent: int | None
    fingerprint: str
    engine: str
    language: int
    author: str
    comment: str | None
    at: datetime
    source: Literal["folder", "studio", "rollback"] = "folder"
    rollback_of: int | None = None


_RELEASE = select(
    sys_release.c.id,
    sys_release.c.parent,
    sys_release.c.fingerprint,
    sys_release.c.engine,
    sys_release.c.language,
    sys_release.c.author,
    sys_release.c.comment,
    sys_release.c.at,
    sys_release.c.source,
    sys_release.c.rollback_of,
)


def active_release(connection: Connection) -> Release | None:
    """What runs, or None before the first publication."""
    statement = _RELEASE.join(sys_active_release, sys_active_release.c.release == sys_release.c.id)
    row = connection.execute(statement).first()
    return Release(*tuple(row)) if row else None


def find_release(connection: Connection, release: int) -> Release | None:
    row = connection.execute(_RELEASE.where(sys_release.c.id == release)).first()
    return Release(*tuple(row)) if row else None


def all_releases(connection: Connection) -> list[Release]:
    """Newest first."""
    rows = connection.execute(_RELEASE.order_by(sys_release.c.id.desc()))
    return [Release(*tuple(row)) for row in rows]


def read_files(connection: Connection, release: int) -> dict[str, bytes]:
    """Every file of the application as published, by path."""
    rows = connection.execute(
        select(sys_release_file.c.path, sys_text.c.content)
        .join(sys_text, sys_text.c.hash == sys_release_file.c.hash)
        .where(sys_release_file.c.release == release)
        .order_by(sys_release_file.c.path)
    )
    return {row.path: bytes(row.content) for row in rows}


def read_names(connection: Connection, release: int) -> PhysicalNames:
    """The map of physical names that the release runs with."""
    content = connection.execute(
        select(sys_text.c.content)
        .join(sys_release, sys_release.c.names == sys_text.c.hash)
        .where(sys_release.c.id == release)
    ).scalar_one()
    return PhysicalNames.from_json(bytes(content))


def store_texts(connection: Connection, contents: Collection[bytes]) -> dict[bytes, str]:
    """Keep texts; those that are kept already are not written again. Hash by content."""
    hashes = {content: hashlib.sha256(content).hexdigest() for content in contents}
    wanted = set(hashes.values())
    known = set(
        connection.execute(select(sys_text.c.hash).where(sys_text.c.hash.in_(wanted))).scalars()
    )
    fresh = {
        hash_: {"hash": hash_, "content": content}
        for content, hash_ in hashes.items()
        if hash_ not in known
    }
    if fresh:
        connection.execute(insert(sys_text), list(fresh.values()))
    return hashes


def store_release(
    connection: Connection,
    release: Release,
    files: Mapping[str, bytes],
    names: PhysicalNames,
    plan: Any,
) -> None:
    """Write a release and make it the active one. The caller holds the publish lock."""
    map_text = names.to_json()
    hashes = store_texts(connection, {*files.values(), map_text})
    connection.execute(
        insert(sys_release).values(
            id=release.id,
            parent=release.parent,
            fingerprint=release.fingerprint,
            engine=release.engine,
            language=release.language,
            author=release.author,
            comment=release.comment,
            at=release.at,
            source=release.source,
            rollback_of=release.rollback_of,
            plan=plan,
            names=hashes[map_text],
        )
    )
    connection.execute(
        insert(sys_release_file),
        [
            {"release": release.id, "path": path, "hash": hashes[content]}
            for path, content in files.items()
        ],
    )
    connection.execute(sys_active_release.delete())
    connection.execute(insert(sys_active_release).values(one=1, release=release.id))


def pull(database: Database) -> dict[str, bytes]:
    """The files of the active release; empty before the first publication."""
    with database.reading() as connection:
        release = active_release(connection)
        return read_files(connection, release.id) if release else {}
