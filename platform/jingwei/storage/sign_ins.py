"""Sessions and tokens as they begin and end, and sign-ins that failed."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from jingwei.storage.database import Connection
from jingwei.storage.people import secret_hash
from jingwei.storage.tables_people import (
    sys_login_failure,
    sys_person,
    sys_session,
    sys_token,
)


def insert_session(
    connection: Connection,
    secret: str,
    person: int,
    created_at: datetime,
    expires_at: datetime,
    *,
    csrf: str | None = None,
    source: str | None = None,
    agent: str | None = None,
) -> None:
    connection.execute(
        sa.insert(sys_session).values(
            hash=secret_hash(secret),
            person=person,
            created_at=created_at,
            expires_at=expires_at,
            csrf=csrf,
            source=source,
            agent=agent,
        )
    )


def delete_session(connection: Connection, secret: str) -> None:
    connection.execute(sa.delete(sys_session).where(sys_session.c.hash == secret_hash(secret)))


def delete_sessions(connection: Connection, person: int, tokens: str) -> None:
    """Sign a person out everywhere: end the sessions, and the tokens of this name."""
    connection.execute(sa.delete(sys_session).where(sys_session.c.person == person))
    connection.execute(
        sa.delete(sys_token).where(sys_token.c.person == person, sys_token.c.name == tokens)
    )


def insert_token(
    connection: Connection,
    token: int,
    secret: str,
    name: str,
    person: int,
    created_at: datetime,
    expires_at: datetime | None = None,
) -> None:
    connection.execute(
        sa.insert(sys_token).values(
            id=token,
            hash=secret_hash(secret),
            name=name,
            person=person,
            created_at=created_at,
            expires_at=expires_at,
        )
    )


def delete_token(connection: Connection, secret: str) -> None:
    connection.execute(sa.delete(sys_token).where(sys_token.c.hash == secret_hash(secret)))


def is_signed_in_from(connection: Connection, login: str, source: str, now: datetime) -> bool:
    """Whether a person has a session there that has not ended."""
    found = (
        sa.select(sys_session.c.hash)
        .join(sys_person, sys_person.c.id == sys_session.c.person)
        .where(
            sys_person.c.login == login,
            sys_session.c.source == source,
            sys_session.c.expires_at > now,
        )
    )
    return connection.execute(found.limit(1)).first() is not None


def forget_ended(connection: Connection, now: datetime, failures_before: datetime) -> None:
    """Drop sessions and tokens that have ended, and failed sign-ins that are long ago."""
    for table in (sys_session, sys_token):
        connection.execute(sa.delete(table).where(table.c.expires_at <= now))
    failure = sys_login_failure
    connection.execute(sa.delete(failure).where(failure.c.at < failures_before))


def note_failure(connection: Connection, failure: int, subject: str, at: datetime) -> None:
    """One failed sign-in of an account or a source."""
    connection.execute(sa.insert(sys_login_failure).values(id=failure, subject=subject, at=at))


def failures_since(connection: Connection, subject: str, since: datetime) -> int:
    return connection.execute(
        sa.select(sa.func.count()).where(
            sys_login_failure.c.subject == subject, sys_login_failure.c.at >= since
        )
    ).scalar_one()


def forget_failures(connection: Connection, subject: str) -> None:
    connection.execute(sa.delete(sys_login_failure).where(sys_login_failure.c.subject == subject))
