"""The change log: one insert-only row a change is both history and audit, chained by one sealer.

A body is canonical JSON `{field: [old, new]}` with the row's envelope under `_`, so that the chain
covers who and when as well: `hash = sha256(prev + body bytes as stored)`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, insert, select, update

from jingwei.storage.books import NameBook, PersonBook
from jingwei.storage.codecs import UnknownPerson
from jingwei.storage.database import Connection
from jingwei.storage.direct import FEW, fetch, insert_all
from jingwei.storage.locks import SEAL_LOCK, lock_exclusively
from jingwei.storage.people import refresh_book
from jingwei.storage.tables_records import sys_change, sys_change_private
from jingwei.storage.types import canonical_json, exact_json, instant_text, json_text, truncated

FIRST = ""  # what the first entry of the chain follows
ENVELOPE = "_"
SEAL_AT_ONCE = 5_000


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class ChangeRow(NamedTuple):
    """One change. People by login (None: the system), orgs and forms by name.

    `body`: path → [old, new]. `private`: sensitive values by path, kept beside the chain; give the
    body nothing for them. `written`: what else the body holds, as text already
    (`written_bodies`).
    """

    at: datetime
    actor: str | None
    action: str
    kind: str = "record"
    on_behalf_of: str | None = None
    org: str | None = None
    form: str | None = None
    object: int | None = None
    object_version: int | None = None
    body: Mapping[str, Any] = _NOTHING
    release: int | None = None
    request: str | None = None
    private: Mapping[str, Any] = _NOTHING
    written: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as read back; `body` as JSON values. `hash` is None until sealed."""

    id: int
    change: ChangeRow
    hash: str | None


_COLUMNS = (
    "at", "actor", "on_behalf_of", "org", "action", "kind", "form", "object", "object_version",
    "body", "release", "request",
)  # fmt: skip
_INSERT = f"INSERT INTO sys_change ({', '.join(_COLUMNS)}) VALUES "
_COPY = f"COPY sys_change ({', '.join(_COLUMNS)}) FROM STDIN"
_TEXTS = {
    "sqlite": f"{_INSERT}({', '.join('?' * len(_COLUMNS))})",
    "postgresql": f"{_INSERT}({', '.join(['%s'] * len(_COLUMNS))})",
}


FROM_TEXT = (  # PostgreSQL takes all of them as one JSON text
    f"INSERT INTO sys_change ({', '.join(_COLUMNS)}) "
    f"SELECT {', '.join(_COLUMNS)} FROM json_populate_recordset(NULL::sys_change, %s)"
)


def as_json(
    connection: Connection, book: NameBook, people: PersonBook, rows: Sequence[ChangeRow]
) -> str:
    """What `FROM_TEXT` takes, of a few rows; nothing where they are to be written by themselves."""
    if connection.dialect.name == "sqlite" or not 0 < len(rows) < FEW:
        return ""
    if any(row.private for row in rows):
        return ""
    values = [_values(connection, book, people, row) for row in rows]
    return orjson.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in values]).decode()


def write_changes(
    connection: Connection, book: NameBook, people: PersonBook, rows: Sequence[ChangeRow]
) -> None:
    """Append to the log, in the transaction of the business."""
    text = _TEXTS[connection.dialect.name]
    plain = [row for row in rows if not row.private]
    for row in rows:
        if row.private:
            values = _values(connection, book, people, row)
            change = connection.exec_driver_sql(f"{text} RETURNING id", values).scalar_one()
            _write_private(connection, change, row.private, exact_json(values[9]))
    if len(plain) == 1:
        fetch(connection, text, _values(connection, book, people, plain[0]))
    elif 0 < len(plain) < FEW:
        few = [_values(connection, book, people, row) for row in plain]
        connection.exec_driver_sql(text, few)
    elif plain:
        insert_all(connection, text, _COPY, _by_column(connection, book, people, plain))


def _by_column(
    connection: Connection, book: NameBook, people: PersonBook, rows: Sequence[ChangeRow]
) -> list[list[Any]]:
    """`_values` of many rows, a list a column."""
    moment: Any = instant_text if connection.dialect.name == "sqlite" else truncated
    logins = {row.actor for row in rows} | {row.on_behalf_of for row in rows}
    persons = {login: _person(connection, people, login) for login in logins}
    orgs = {org: None if org is None else book.key("org", org) for org in {r.org for r in rows}}
    forms = {
        form: None if form is None else book.key("form", form) for form in {r.form for r in rows}
    }
    return [
        [moment(row.at) for row in rows],
        [persons[row.actor] for row in rows],
        [persons[row.on_behalf_of] for row in rows],
        [orgs[row.org] for row in rows],
        [row.action for row in rows],
        [row.kind for row in rows],
        [forms[row.form] for row in rows],
        [row.object for row in rows],
        [row.object_version for row in rows],
        [_body(row) for row in rows],
        [row.release for row in rows],
        [row.request for row in rows],
    ]


def _values(
    connection: Connection, book: NameBook, people: PersonBook, row: ChangeRow
) -> tuple[Any, ...]:
    sqlite = connection.dialect.name == "sqlite"
    return (
        instant_text(row.at) if sqlite else truncated(row.at),
        _person(connection, people, row.actor),
        _person(connection, people, row.on_behalf_of),
        None if row.org is None else book.key("org", row.org),
        row.action,
        row.kind,
        None if row.form is None else book.key("form", row.form),
        row.object,
        row.object_version,
        _body(row),
        row.release,
        row.request,
    )


def _person(connection: Connection, people: PersonBook, login: str | None) -> int | None:
    if login is None:
        return None
    if login not in people.ids:
        refresh_book(connection, people)
    if login not in people.ids:
        raise UnknownPerson(login)
    return people.ids[login]


def _body(row: ChangeRow) -> str:
    envelope = [
        instant_text(row.at),
        row.actor,
        row.on_behalf_of,
        row.org,
        row.action,
        row.kind,
        row.form,
        row.object,
        row.object_version,
        row.release,
        row.request,
    ]
    body = {**row.body, ENVELOPE: envelope}
    for path, value in row.private.items():
        salt = secrets.token_hex(16)
        body[path] = {"salt": salt, "sha256": _salted(salt, value)}
    text = json_text(body)
    return f"{text[:-1]}{row.written}}}" if row.written else text


def _salted(salt: str, value: Any) -> str:
    return hashlib.sha256(salt.encode() + canonical_json(value)).hexdigest()


def _write_private(
    connection: Connection, change: int, private: Mapping[str, Any], body: Mapping[str, Any]
) -> None:
    rows = [
        {"change": change, "path": path, "salt": body[path]["salt"], "value": value}
        for path, value in private.items()
    ]
    connection.execute(insert(sys_change_private), rows)


# --- reading ------------------------------------------------------------------------------------


def history(
    connection: Connection,
    book: NameBook,
    people: PersonBook,
    object_: int,
    *,
    kind: str = "record",
    limit: int = 200,
    before: int | None = None,
) -> list[Entry]:
    """What happened to one object, newest first; `before`: older than that entry."""
    statement = (
        select(sys_change)
        .where(sys_change.c.object == object_, sys_change.c.kind == kind)
        .order_by(sys_change.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(sys_change.c.id < before)
    return _entries(connection, book, people, statement)


def read_log(
    connection: Connection,
    book: NameBook,
    people: PersonBook,
    *,
    limit: int = 200,
    before: int | None = None,
    actor: str | None = None,
    kind: str | None = None,
    org: str | None = None,
    among: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Entry]:
    """The whole log, newest first, for auditors. `among`: of these orgs only."""
    wanted: list[Any] = []
    if before is not None:
        wanted.append(sys_change.c.id < before)
    if actor is not None:
        wanted.append(sys_change.c.actor == _person(connection, people, actor))
    if kind is not None:
        wanted.append(sys_change.c.kind == kind)
    if org is not None:
        wanted.append(sys_change.c.org == book.key("org", org))
    if among is not None:
        wanted.append(sys_change.c.org.in_([book.key("org", code) for code in sorted(among)]))
    if since is not None:
        wanted.append(sys_change.c.at >= since)
    if until is not None:
        wanted.append(sys_change.c.at < until)
    statement = select(sys_change).where(*wanted).order_by(sys_change.c.id.desc()).limit(limit)
    return _entries(connection, book, people, statement)


def _entries(
    connection: Connection, book: NameBook, people: PersonBook, statement: Any
) -> list[Entry]:
    rows = connection.execute(statement).all()
    if any(row.actor not in people.logins for row in rows if row.actor is not None):
        refresh_book(connection, people)
    return [_entry(book, people, row) for row in rows]


def _entry(book: NameBook, people: PersonBook, row: Any) -> Entry:
    body = exact_json(row.body)
    body.pop(ENVELOPE, None)
    change = ChangeRow(
        at=row.at.astimezone(UTC),
        actor=people.logins.get(row.actor),
        on_behalf_of=people.logins.get(row.on_behalf_of),
        org=book.names.get(row.org),
        action=row.action,
        kind=row.kind,
        form=book.names.get(row.form),
        object=row.object,
        object_version=row.object_version,
        body=body,
        release=row.release,
        request=row.request,
    )
    return Entry(row.id, change, row.hash)


def private_values(connection: Connection, changes: Sequence[int]) -> dict[tuple[int, str], Any]:
    """Sensitive values that were not erased, by change and path."""
    rows = connection.execute(
        select(sys_change_private).where(sys_change_private.c.change.in_(changes))
    )
    return {(row.change, row.path): row.value for row in rows}


# --- the chain ----------------------------------------------------------------------------------

_SEAL = (
    update(sys_change)
    .where(sys_change.c.id == bindparam("id_"))
    .values(seq=bindparam("seq_"), prev=bindparam("prev_"), hash=bindparam("hash_"))
)


def seal(connection: Connection, limit: int = SEAL_AT_ONCE) -> int:
    """Chain what is new, oldest first; how many entries were sealed. One sealer at a time."""
    lock_exclusively(connection, SEAL_LOCK)
    last = connection.execute(
        select(sys_change.c.seq, sys_change.c.hash)
        .where(sys_change.c.seq.is_not(None))
        .order_by(sys_change.c.seq.desc())
        .limit(1)
    ).first()
    seq, prev = (last.seq, last.hash) if last else (0, FIRST)
    fresh = connection.execute(
        select(sys_change.c.id, sys_change.c.body)
        .where(sys_change.c.seq.is_(None))
        .order_by(sys_change.c.id)
        .limit(limit)
    ).all()
    sealed = []
    for row in fresh:
        seq += 1
        hash_ = chained(prev, row.body)
        sealed.append({"id_": row.id, "seq_": seq, "prev_": prev, "hash_": hash_})
        prev = hash_
    if sealed:
        connection.execute(_SEAL, sealed)
    return len(sealed)


def chained(prev: str, body: str) -> str:
    """The link of one entry to the one before."""
    return hashlib.sha256(prev.encode() + body.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain holds; `bad` is the seq of the first entry that does not fit."""

    entries: int
    head: str
    bad: int | None = None


def verify(connection: Connection) -> Verified:
    """Walk the chain from its beginning."""
    prev, count = FIRST, 0
    for seq, was, hash_, body in _chain(connection):
        if seq != count + 1 or was != prev or hash_ != chained(prev, body):
            return Verified(count, prev, count + 1)
        prev, count = hash_, seq
    return Verified(count, prev)


def _chain(connection: Connection) -> Iterator[tuple[int, str, str, str]]:
    columns = (sys_change.c.seq, sys_change.c.prev, sys_change.c.hash, sys_change.c.body)
    last = 0
    while True:
        rows = connection.execute(
            select(*columns).where(sys_change.c.seq > last).order_by(sys_change.c.seq).limit(10_000)
        ).all()
        if not rows:
            return
        for row in rows:
            yield row[0], row[1], row[2], row[3]
        last = rows[-1][0]
