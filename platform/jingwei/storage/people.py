"""People, what they hold, sessions and tokens: rows in, plain data out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from jingwei.storage.books import PersonBook
from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct
from jingwei.storage.initials import initials
from jingwei.storage.tables_flows import sys_proxy
from jingwei.storage.tables_people import (
    sys_person,
    sys_post_cover,
    sys_post_holder,
    sys_role_holder,
    sys_session,
    sys_token,
)
from jingwei.storage.tables_releases import sys_name
from jingwei.storage.types import Instant

_MOST_LISTED = 500  # in one IN list
_ORG = sys_name.alias("org_name")
_PERSON_COLUMNS = (
    sys_person.c.id,
    sys_person.c.login,
    sys_person.c.name,
    sys_person.c.title,
    sys_person.c.email,
    sys_person.c.phone,
    _ORG.c.name.label("org"),
    sys_person.c.locale,
    sys_person.c.active,
    sys_person.c.valid_from,
    sys_person.c.valid_to,
    sys_person.c.rights_epoch,
)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as stored; `org` is a code."""

    id: int
    login: str
    name: str
    title: str | None
    email: str | None
    phone: str | None
    org: str
    locale: str | None
    active: bool
    valid_from: date | None
    valid_to: date | None
    rights_epoch: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A known session or token, with its person."""

    person: PersonRow
    expires_at: datetime | None
    csrf: str | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A post or role held at an org. `until` is exclusive; None: still. `covers`: the orgs that a
    covering post looks after."""

    id: int
    name: str
    org: str
    person: str
    since: date | None = None
    until: date | None = None
    covers: frozenset[str] = frozenset()


def secret_hash(secret: str) -> str:
    """How a session or token secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- who is this: one statement, prepared once -------------------------------------------------

_BY_SESSION = Direct(
    sa.select(sys_session.c.expires_at, sys_session.c.csrf, *_PERSON_COLUMNS)
    .join(sys_person, sys_person.c.id == sys_session.c.person)
    .join(_ORG, _ORG.c.key == sys_person.c.org)
    .where(sys_session.c.hash == sa.bindparam("hash")),
    "hash",
)
_BY_TOKEN = Direct(
    sa.select(sys_token.c.expires_at, sa.null().label("csrf"), *_PERSON_COLUMNS)
    .join(sys_person, sys_person.c.id == sys_token.c.person)
    .join(_ORG, _ORG.c.key == sys_person.c.org)
    .where(sys_token.c.hash == sa.bindparam("hash")),
    "hash",
)


def by_session(connection: Connection, secret: str) -> SessionRow | None:
    """Session, person and rights epoch in one statement; whether it holds is the caller's word."""
    return _known(connection, _BY_SESSION, secret)


def by_token(connection: Connection, secret: str) -> SessionRow | None:
    """Token, person and rights epoch in one statement; whether it holds is the caller's word."""
    return _known(connection, _BY_TOKEN, secret)


def _known(connection: Connection, statement: Direct, secret: str) -> SessionRow | None:
    for expires_at, csrf, *person in statement.read(connection, hash=secret_hash(secret)):
        return SessionRow(PersonRow(*person), expires_at, csrf)
    return None


# --- people ------------------------------------------------------------------------------------

_PEOPLE = sa.select(*_PERSON_COLUMNS).join(_ORG, _ORG.c.key == sys_person.c.org)
# PostgreSQL: one text, however many. Through a subquery, so that how many there are makes no other
# plan: a list by itself was planned anew each time, which took five times as long as to run it.
_LOGINS = sa.func.any(
    sa.func.array(
        sa.select(
            sa.func.unnest(sa.bindparam("logins", type_=postgresql.ARRAY(sa.Text)))
        ).scalar_subquery()
    )
)
_AMONG = Direct(_PEOPLE.where(sys_person.c.login == _LOGINS), "logins")

_NOW = sa.bindparam("now", type_=Instant)
_AMONG_AT = Direct(
    sa.select(
        *_PERSON_COLUMNS,
        sa.exists().where(sys_proxy.c["from"] <= _NOW, sys_proxy.c.until > _NOW).label("absences"),
    )
    .join(_ORG, _ORG.c.key == sys_person.c.org)
    .where(sys_person.c.login == _LOGINS),
    "logins",
    "now",
)


def find_person(connection: Connection, login: str) -> PersonRow | None:
    row = connection.execute(_PEOPLE.where(sys_person.c.login == login)).first()
    return PersonRow(*tuple(row)) if row else None


def find_people(connection: Connection, logins: Collection[str]) -> dict[str, PersonRow]:
    """By login; those who are unknown are missing."""
    rows: Iterable[Sequence[Any]]
    if connection.dialect.name == "sqlite":
        rows = connection.execute(_PEOPLE.where(sys_person.c.login.in_(logins)))
    else:
        rows = _AMONG.read(connection, logins=list(logins))
    found = (PersonRow(*row) for row in rows)
    return {row.login: row for row in found}


def find_people_at(
    connection: Connection, logins: Collection[str], now: datetime
) -> tuple[dict[str, PersonRow], bool]:
    """The same; and whether anybody has somebody standing in for him now (True on SQLite, which is
    not asked: a statement costs little there)."""
    if connection.dialect.name == "sqlite":
        return find_people(connection, logins), True
    rows = _AMONG_AT.read(connection, logins=list(logins), now=now)
    absences = bool(rows[0][-1]) if rows else True
    return {row[1]: PersonRow(*row[:-1]) for row in rows}, absences


def people_named(connection: Connection, names: Sequence[str]) -> dict[str, list[str]]:
    """Logins of those who are active, by their name; names that nobody has are missing."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(names), 500):
        rows = connection.execute(
            sa.select(sys_person.c.name, sys_person.c.login)
            .where(sys_person.c.name.in_(names[start : start + 500]), sys_person.c.active)
            .order_by(sys_person.c.login)
        )
        for row in rows:
            found.setdefault(row.name, []).append(row.login)
    return found


def logins_of(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """By id; those who are unknown are missing."""
    if not ids:
        return {}
    rows = connection.execute(
        sa.select(sys_person.c.id, sys_person.c.login).where(sys_person.c.id.in_(ids))
    )
    return {row.id: row.login for row in rows}


def all_people(connection: Connection) -> list[PersonRow]:
    """Everybody, by login."""
    rows = connection.execute(_PEOPLE.order_by(sys_person.c.login))
    return [PersonRow(*tuple(row)) for row in rows]


def search_people(
    connection: Connection, wanted: str, *, limit: int, after: str = ""
) -> list[PersonRow]:
    """Active people whose login, name or initials hold these words, by login, behind `after`."""
    statement = _PEOPLE.where(sys_person.c.active, sys_person.c.login > after, *_found_by(wanted))
    rows = connection.execute(statement.order_by(sys_person.c.login).limit(limit))
    return [PersonRow(*tuple(row)) for row in rows]


def colleagues(
    connection: Connection,
    wanted: str,
    *,
    org: str | None,
    on: date,
    limit: int,
    among: Collection[str] = (),
    but: Collection[str] = (),
) -> list[PersonRow]:
    """The same of those who may sign in on a day, those of `org` first, then by name."""
    person = sys_person.c
    statement = _PEOPLE.where(
        person.active,
        sa.or_(person.valid_from.is_(None), person.valid_from <= on),
        sa.or_(person.valid_to.is_(None), person.valid_to >= on),
        person.login.not_in(but),
        *_found_by(wanted),
    )
    if among:
        statement = statement.where(person.login.in_(among))
    ordered = statement.order_by(sa.case((_ORG.c.name == org, 0), else_=1), person.name)
    return [PersonRow(*tuple(row)) for row in connection.execute(ordered.limit(limit))]


def people_called(connection: Connection, wanted: str, *, limit: int) -> list[str]:
    """Logins of whoever is or was called so: part of the name, or how the login or the initials
    begin. One letter is the beginning of too many."""
    word = escaped(wanted.strip().lower())
    begins = (sys_person.c.login, sys_person.c.initials) if len(wanted.strip()) > 1 else ()
    ways = [sa.func.lower(c).like(f"{word}%", escape="\\") for c in begins]
    if begins:
        ways.append(sys_person.c.initials.like(f"% {word}%", escape="\\"))
    ways.append(sa.func.lower(sys_person.c.name).like(f"%{word}%", escape="\\"))
    found = sa.select(sys_person.c.login).where(sa.or_(*ways)).order_by(sys_person.c.login)
    return list(connection.execute(found.limit(limit)).scalars())


def _found_by(wanted: str) -> list[sa.ColumnElement[bool]]:
    word = wanted.strip().lower()
    if not word:
        return []
    within = f"%{escaped(word)}%"
    said = (sa.func.lower(sys_person.c.login), sa.func.lower(sys_person.c.name))
    return [sa.or_(*(c.like(within, escape="\\") for c in (*said, sys_person.c.initials)))]


def escaped(words: str) -> str:
    """Words as they stand, in a pattern of `LIKE`."""
    for char in ("\\", "%", "_"):
        words = words.replace(char, f"\\{char}")
    return words


def password_hash(connection: Connection, login: str) -> str | None:
    return connection.execute(
        sa.select(sys_person.c.password).where(sys_person.c.login == login)
    ).scalar()


def insert_people(
    connection: Connection, book: PersonBook, people: Sequence[Mapping[str, Any]]
) -> None:
    """New people: `id login name org created_at` and what else is known; `org` is a code."""
    keys = name_keys(connection, "org", {str(person["org"]) for person in people})
    rows = [
        {
            "active": True,
            "rights_epoch": 0,
            **person,
            "org": keys[person["org"]],
            "initials": initials(str(person["name"])),
        }
        for person in people
    ]
    known = {column.name for column in sys_person.c}
    complete = [{name: row.get(name) for name in known} for row in rows]
    connection.execute(sa.insert(sys_person), complete)
    book.add((row["id"], row["login"]) for row in rows)


def update_person(connection: Connection, person: int, values: Mapping[str, Any]) -> None:
    """Change columns of one person, `org` by code; his rights are looked up anew."""
    changed = dict(values)
    if "org" in changed:
        changed["org"] = name_keys(connection, "org", [changed["org"]])[changed["org"]]
    if "name" in changed:
        changed["initials"] = initials(changed["name"])
    connection.execute(
        sa.update(sys_person)
        .where(sys_person.c.id == person)
        .values(**changed, rights_epoch=sys_person.c.rights_epoch + 1)
    )


def bump_rights(connection: Connection, people: Collection[int]) -> None:
    """What these people may do has changed: whatever was worked out for them is void."""
    connection.execute(
        sa.update(sys_person)
        .where(sys_person.c.id.in_(people))
        .values(rights_epoch=sys_person.c.rights_epoch + 1)
    )


def refresh_book(connection: Connection, book: PersonBook) -> None:
    """Read who came since the book was read."""
    rows = connection.execute(sa.select(sys_person.c.id, sys_person.c.login))
    book.add((row.id, row.login) for row in rows)


# --- posts and roles ---------------------------------------------------------------------------

Held = Literal["post", "role"]
_HOLDERS = {"post": sys_post_holder, "role": sys_role_holder}


def _holdings(kind: Held) -> sa.Select[Any]:
    held, what = _HOLDERS[kind], sys_name.alias("what")
    return (
        sa.select(
            held.c.id, what.c.name, _ORG.c.name, sys_person.c.login, held.c["from"], held.c.to
        )
        .join(what, what.c.key == held.c[kind])
        .join(_ORG, _ORG.c.key == held.c.org)
        .join(sys_person, sys_person.c.id == held.c.person)
        .order_by(held.c.id)
    )


_HELD: Mapping[Held, sa.Select[Any]] = {"post": _holdings("post"), "role": _holdings("role")}


def held_by(connection: Connection, kind: Held, person: int, on: date) -> list[Holding]:
    """What one person holds on a day."""
    held = _HOLDERS[kind]
    found = _read(connection, _HELD[kind].where(held.c.person == person, _holds(held, on)))
    return _with_covers(connection, found) if kind == "post" else found


def all_held(connection: Connection, kind: Held, on: date | None = None) -> list[Holding]:
    """Every holding; on a day, or ever."""
    statement = _HELD[kind] if on is None else _HELD[kind].where(_holds(_HOLDERS[kind], on))
    found = _read(connection, statement)
    return _with_covers(connection, found) if kind == "post" else found


def holders(
    connection: Connection, kind: Held, name: str, org: str | None, on: date
) -> list[Holding]:
    """Who holds a post or role on a day, at one org or anywhere. Active people only."""
    held = _HOLDERS[kind]
    keys = sa.select(sys_name.c.key).where(sys_name.c.kind == kind, sys_name.c.name == name)
    statement = _HELD[kind].where(
        held.c[kind] == keys.scalar_subquery(), _holds(held, on), sys_person.c.active
    )
    if org is not None:
        statement = statement.where(_ORG.c.name == org)
    found = _read(connection, statement)
    return _with_covers(connection, found) if kind == "post" else found


def _with_covers(connection: Connection, found: list[Holding]) -> list[Holding]:
    """The same holdings with the orgs they cover; most installations have none."""
    if not found:
        return found
    statement = sa.select(sys_post_cover.c.holding, _ORG.c.name).join(
        _ORG, _ORG.c.key == sys_post_cover.c.org
    )
    if len(found) <= _MOST_LISTED:
        statement = statement.where(sys_post_cover.c.holding.in_([one.id for one in found]))
    covers: dict[int, set[str]] = {}
    for holding, org in connection.execute(statement):
        covers.setdefault(holding, set()).add(org)
    if not covers:
        return found
    return [replace(one, covers=frozenset(covers.get(one.id, ()))) for one in found]


def _holds(held: sa.Table, on: date) -> sa.ColumnElement[bool]:
    since, until = held.c["from"], held.c.to
    return sa.and_(sa.or_(since.is_(None), since <= on), sa.or_(until.is_(None), until > on))


def _read(connection: Connection, statement: sa.Select[Any]) -> list[Holding]:
    return [Holding(*row) for row in connection.execute(statement)]


def insert_holdings(connection: Connection, kind: Held, rows: Sequence[Holding]) -> None:
    """New holdings; the rights of each person are looked up anew."""
    if not rows:
        return
    whats = name_keys(connection, kind, {row.name for row in rows})
    orgs = name_keys(connection, "org", {org for row in rows for org in (row.org, *row.covers)})
    people = {p.login: p.id for p in find_people(connection, {r.person for r in rows}).values()}
    connection.execute(
        sa.insert(_HOLDERS[kind]),
        [
            {
                "id": row.id,
                kind: whats[row.name],
                "org": orgs[row.org],
                "person": people[row.person],
                "from": row.since,
                "to": row.until,
            }
            for row in rows
        ],
    )
    covers = [{"holding": row.id, "org": orgs[org]} for row in rows for org in sorted(row.covers)]
    if covers:
        connection.execute(sa.insert(sys_post_cover), covers)
    bump_rights(connection, set(people.values()))


def end_holdings(connection: Connection, kind: Held, ids: Collection[int], until: date) -> None:
    """These holdings end on that day (exclusive)."""
    held = _HOLDERS[kind]
    people = connection.execute(sa.select(held.c.person).where(held.c.id.in_(ids))).scalars().all()
    connection.execute(sa.update(held).where(held.c.id.in_(ids)).values(to=until))
    bump_rights(connection, set(people))


def name_keys(connection: Connection, kind: str, names: Iterable[str]) -> dict[str, int]:
    """Keys by name. Raises KeyError for a name that no release has."""
    wanted = set(names)
    rows = connection.execute(
        sa.select(sys_name.c.name, sys_name.c.key).where(
            sys_name.c.kind == kind, sys_name.c.name.in_(wanted)
        )
    )
    found = {row.name: row.key for row in rows}
    if missing := wanted - set(found):
        raise KeyError(f"{kind} {sorted(missing)}")
    return found
