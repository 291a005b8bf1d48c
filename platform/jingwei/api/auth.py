"""Who asks: a bearer token, or the session cookie with the CSRF header for anything that writes."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, request

from jingwei.refusals import NotAllowed, Refused
from jingwei.services.commands import Reading
from jingwei.services.people import Person
from jingwei.storage.database import Connection
from jingwei.web import current, sessions

COOKIE = "jingwei_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Refused):
    """Nobody is known to ask."""

    status = 401


class NotReady(Refused):
    """Nothing has been published yet."""

    status = 503


def person() -> Person:
    """Who asks. Raises NotSignedIn, or NotAllowed for a session without its CSRF header."""
    known: Person | None = g.get("person")
    if known is None:
        with current().database.reading() as connection:
            known = _known(connection)
    return known


def require_person() -> None:
    """Ask who it is before anything that was sent is looked at. Raises like `person`."""
    person()


@contextmanager
def reading() -> Iterator[Reading]:
    """A read as the person who asks, on the connection that found out who it is."""
    previewed: Reading | None = g.get("preview")  # a page of a draft asks as its draft
    if previewed is not None:
        yield previewed
        return
    platform = current()
    try:
        installation = platform.active.current
    except LookupError:
        raise NotReady("nothing-published") from None
    with platform.database.reading() as connection:
        actor = g.get("person") or _known(connection)
        view = platform.commands.reading(connection, installation, actor)
        yield view.of(actor.org)  # what is of no record is as the reader's own org has it


def bearer() -> str | None:
    """The token of the Authorization header, if it carries one."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def _known(connection: Connection) -> Person:
    given = "Authorization" in request.headers
    found = _by_token(connection) if given else _by_cookie(connection)
    if found is None:
        raise NotSignedIn("not-signed-in")
    g.person = found
    return found


def _by_token(connection: Connection) -> Person | None:
    secret = bearer()
    return sessions().by_token(connection, secret) if secret else None


def _by_cookie(connection: Connection) -> Person | None:
    secret = request.cookies.get(COOKIE)
    found = sessions().by_session(connection, secret) if secret else None
    if found is None:
        return None
    known, csrf = found
    if request.method not in _SAFE:
        given = request.headers.get(CSRF_HEADER, "")
        if not csrf or not hmac.compare_digest(given.encode(), csrf.encode()):
            raise NotAllowed("csrf")
    return known
