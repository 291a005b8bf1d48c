"""Drafts of definitions: rows in, rows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.tables_people import sys_person
from jingwei.storage.tables_releases import sys_release_file, sys_text
from jingwei.storage.tables_studio import sys_studio_draft


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One file of one author. `base`: hash of the published text it was begun from; `text` None:
    the file is taken away."""

    author: int
    path: str
    release: int
    base: str | None
    text: bytes | None
    revision: int
    at: datetime
    login: str = ""


_COLUMNS = ("author", "path", "release", "base", "text", "revision", "at")
_ALL = sa.select(*(sys_studio_draft.c[name] for name in _COLUMNS), sys_person.c.login).join(
    sys_person, sys_person.c.id == sys_studio_draft.c.author
)


def drafts_of(connection: Connection, author: int) -> list[DraftRow]:
    """Everything this author is writing, by path."""
    rows = connection.execute(
        _ALL.where(sys_studio_draft.c.author == author).order_by(sys_studio_draft.c.path)
    )
    return [DraftRow(*tuple(row)) for row in rows]


def find_draft(connection: Connection, author: int, path: str) -> DraftRow | None:
    row = connection.execute(
        _ALL.where(sys_studio_draft.c.author == author, sys_studio_draft.c.path == path)
    ).first()
    return DraftRow(*tuple(row)) if row else None


def others_at(connection: Connection, author: int) -> dict[str, list[str]]:
    """Who else is writing what: path → logins."""
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        sa.select(sys_studio_draft.c.path, sys_person.c.login)
        .join(sys_person, sys_person.c.id == sys_studio_draft.c.author)
        .where(sys_studio_draft.c.author != author)
        .order_by(sys_studio_draft.c.path, sys_person.c.login)
    )
    for path, login in rows:
        found.setdefault(path, []).append(login)
    return found


def write_draft(connection: Connection, row: DraftRow) -> None:
    """Insert, or put in the place of the author's draft of this path."""
    delete_drafts(connection, row.author, [row.path])
    values = {name: getattr(row, name) for name in _COLUMNS}
    connection.execute(sa.insert(sys_studio_draft).values(values))


def delete_drafts(connection: Connection, author: int, paths: list[str]) -> None:
    connection.execute(
        sa.delete(sys_studio_draft).where(
            sys_studio_draft.c.author == author, sys_studio_draft.c.path.in_(paths)
        )
    )


def text_hashes(connection: Connection, release: int) -> Mapping[str, str]:
    """Path → hash of every file of a release."""
    rows = connection.execute(
        sa.select(sys_release_file.c.path, sys_release_file.c.hash).where(
            sys_release_file.c.release == release
        )
    )
    return {row.path: row.hash for row in rows}


def text_of(connection: Connection, hash_: str | None) -> bytes | None:
    """A published text by its hash."""
    if hash_ is None:
        return None
    found = connection.execute(
        sa.select(sys_text.c.content).where(sys_text.c.hash == hash_)
    ).scalar()
    return None if found is None else bytes(found)
