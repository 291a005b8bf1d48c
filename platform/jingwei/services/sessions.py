"""Signing in and out: passwords, sessions that can be revoked, tokens for programs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from jingwei.refusals import NotAllowed, Refused
from jingwei.services.attempts import Attempts
from jingwei.services.clock import Clock
from jingwei.services.people import People, Person, may_sign_in
from jingwei.storage import people as rows
from jingwei.storage import sign_ins
from jingwei.storage.changes import ChangeRow, write_changes
from jingwei.storage.database import Connection, Database
from jingwei.storage.people import PersonRow
from jingwei.storage.runtime import ActiveInstallation

SESSION_HOURS = 12
MOST_FAILURES = 10  # of an account from one source, and of a source
MOST_FAILURES_ANYWHERE = 300  # of an account in the longer while: more than one source can make
MOST_LOGIN = 64  # letters of a login; of more only these are looked at
LOGIN = "login"  # the name of tokens that a login gave, and no administrator
FAILURE_WINDOW = timedelta(minutes=1)
LONGER_WHILE = timedelta(minutes=10)
FAILURES_KEPT = timedelta(days=1)


class TooManyAttempts(Refused):
    """Wait a minute."""

    status = 429
    again_after = 60


class SignInRefused(NotAllowed):
    """Unknown, wrong or shut: the three are told apart nowhere."""

    status = 401


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session or token just made; `secret` is shown once."""

    person: Person
    secret: str
    csrf: str
    expires_at: datetime | None


class Passwords:
    """argon2id; `cheap` is for tests and must never be used outside them."""

    def __init__(self, *, cheap: bool = False) -> None:
        self._hasher = (
            PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if cheap else PasswordHasher()
        )
        # Unknown people take as long as known ones with a wrong password.
        self._nobody = self._hasher.hash(secrets.token_hex(8))

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        try:
            right = self._hasher.verify(kept or self._nobody, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        return right and kept is not None


class Sessions:
    """Who is this? Asked by every request, in one statement."""

    def __init__(
        self,
        active: ActiveInstallation,
        clock: Clock,
        people: People,
        passwords: Passwords | None = None,
    ) -> None:
        self.active = active
        self.clock = clock
        self.people = people
        self.passwords = passwords or Passwords()
        self.attempts = Attempts(active, clock)

    @property
    def database(self) -> Database:
        return self.active.database

    # --- signing in -----------------------------------------------------------------------------

    def sign_in(
        self, login: str, password: str, *, source: str = "", agent: str = "", token: bool = False
    ) -> SignedIn:
        """A new session (or a token for a script). The same answer for every kind of failure."""
        login = login.strip()[:MOST_LOGIN].replace("\0", "")
        now, today = self.clock.now(), self.clock.today()
        try:
            self._throttle(login, source, now)
        except TooManyAttempts as refused:
            self.attempts.note("sign_in_refused", refused, source=source, login=login)
            raise
        with self.database.reading() as connection:
            row = rows.find_person(connection, login)
            kept = rows.password_hash(connection, login) if row else None
        right = self.passwords.matches(kept, password)
        if row is None or not right or not may_sign_in(row, today):
            self._note_failure(login, source, now)
            refusal = SignInRefused("sign-in-refused")
            self.attempts.note("sign_in_refused", refusal, source=source, login=login)
            raise refusal
        secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        expires = now + timedelta(hours=SESSION_HOURS)
        with self.database.writing() as connection:
            sign_ins.forget_failures(connection, _here(login, source)[0])
            if token:
                self._new_token(connection, LOGIN, secret, row, now, expires)
            else:
                sign_ins.insert_session(
                    connection,
                    secret,
                    row.id,
                    now,
                    expires,
                    csrf=csrf,
                    source=source or None,
                    agent=agent[:200] or None,
                )
            self._audit(connection, row, "signed_in", now)
            person = self.people.person(connection, row, today)
        return SignedIn(person, secret, csrf, expires)

    def _throttle(self, login: str, source: str, now: datetime) -> None:
        """A source is shut out by what failed from there, of any account. An account is slowed down
        for strangers only: many sources have to fail first, and where its person is signed in he
        may sign in again, so that nobody shuts out another."""
        with self.database.reading() as connection:
            for subject in _here(login, source):
                failed = sign_ins.failures_since(connection, subject, now - FAILURE_WINDOW)
                if failed >= MOST_FAILURES:
                    raise TooManyAttempts("too-many-sign-ins")
            failed = sign_ins.failures_since(connection, _account(login), now - LONGER_WHILE)
            if failed < MOST_FAILURES_ANYWHERE:
                return
            if not (source and sign_ins.is_signed_in_from(connection, login, source, now)):
                raise TooManyAttempts("too-many-sign-ins")

    def _note_failure(self, login: str, source: str, now: datetime) -> None:
        with self.database.writing() as connection:
            for subject in (_account(login), *_here(login, source)):
                identity = self.database.ids.take(connection, 1)[0]
                sign_ins.note_failure(connection, identity, subject, now)

    def _new_token(
        self,
        connection: Connection,
        name: str,
        secret: str,
        row: PersonRow,
        now: datetime,
        expires: datetime | None,
    ) -> None:
        identity = self.database.ids.take(connection, 1)[0]
        sign_ins.insert_token(connection, identity, secret, name, row.id, now, expires)

    def _audit(self, connection: Connection, row: PersonRow, action: str, now: datetime) -> None:
        installation = self.active.current
        change = ChangeRow(
            at=now, actor=row.login, action=action, kind="person", object=row.id, org=row.org
        )
        write_changes(connection, installation.book, self.database.people, [change])

    # --- knowing --------------------------------------------------------------------------------

    def by_session(self, connection: Connection, secret: str) -> tuple[Person, str] | None:
        """The person of a session that holds, and its CSRF token."""
        found = rows.by_session(connection, secret)
        if found is None or not self._holds(found):
            return None
        person = self.people.person(connection, found.person, self.clock.today())
        return person, found.csrf or ""

    def by_token(self, connection: Connection, secret: str) -> Person | None:
        """The person of a token that holds."""
        found = rows.by_token(connection, secret)
        if found is None or not self._holds(found):
            return None
        return self.people.person(connection, found.person, self.clock.today())

    def _holds(self, found: rows.SessionRow) -> bool:
        if found.expires_at is not None and found.expires_at <= self.clock.now():
            return False
        return may_sign_in(found.person, self.clock.today())

    # --- ending and making ----------------------------------------------------------------------

    def sign_out(self, secret: str) -> None:
        with self.database.writing() as connection:
            sign_ins.delete_session(connection, secret)

    def revoke_token(self, secret: str) -> None:
        with self.database.writing() as connection:
            sign_ins.delete_token(connection, secret)

    def create_token(self, name: str, login: str) -> str:
        """A token without end for a program. Raises KeyError for an unknown person."""
        secret = secrets.token_urlsafe(32)
        with self.database.writing() as connection:
            row = rows.find_person(connection, login)
            if row is None:
                raise KeyError(login)
            self._new_token(connection, name, secret, row, self.clock.now(), None)
            self._audit(connection, row, "token_created", self.clock.now())
        return secret


def _account(login: str) -> str:
    return f"account:{login.lower()}"


def _here(login: str, source: str) -> tuple[str, ...]:
    """An account at a source, and the source."""
    account = f"{_account(login)}@{source}"
    return (account, f"source:{source}") if source else (account,)
