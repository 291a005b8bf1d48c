"""What API and screens share: where a request finds the platform, its person and its language."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import current_app, g, has_request_context, request

from jingwei.refusals import Refused
from jingwei.services.attempts import is_kept
from jingwei.services.people import Person
from jingwei.services.platform import Platform
from jingwei.services.sessions import Sessions
from jingwei.services.studio.checking import Checking
from jingwei.texts import LOCALES

EXTENSION = "jingwei"
SESSIONS = "jingwei.sessions"
CHECKING = "jingwei.studio"
MOST_PATH = 200  # letters of an address that are kept
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}\Z")


def current() -> Platform:
    """The platform of this application: the one accessor."""
    found: Platform = current_app.extensions[EXTENSION]
    return found


def sessions() -> Sessions:
    """The sessions of this application, made once."""
    found: Sessions | None = current_app.extensions.get(SESSIONS)
    if found is None:
        platform = current()
        found = Sessions(platform.active, platform.clock, platform.commands.people)
        current_app.extensions[SESSIONS] = found
    return found


def checking() -> Checking:
    """What this process has read of drafts of definitions, made once."""
    found: Checking | None = current_app.extensions.get(CHECKING)
    if found is None:
        found = current_app.extensions[CHECKING] = Checking()
    return found


def request_id() -> str:
    """The id of this request, the caller's own when it is a plain word."""
    found: str | None = g.get("request_id")
    if found is None:
        given = request.headers.get("X-Request-Id", "")
        found = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        g.request_id = found
    return found


def note_refused(refused: Refused, **about: Any) -> None:
    """Keep in the audit log what somebody tried and may not do."""
    person = known_person()
    if person is None or not is_kept(refused):
        return
    sessions().attempts.note(
        "refused",
        refused,
        source=request.remote_addr or "",
        person=person,
        method=request.method,
        path=request.path[:MOST_PATH],
        **about,
    )


def known_person() -> Person | None:
    """Who signed in, once `api.auth` or the screens found out."""
    found: Person | None = g.get("person")
    return found


def locale() -> str:
    """The language of the answer: asked for, the person's own, the browser's, the default."""
    found: str | None = g.get("locale")
    if found is None:
        found = g.locale = _locale()
    return found


def _locale() -> str:
    asked = request.args.get("lang") or request.cookies.get("lang")
    if asked in LOCALES:
        return asked
    person = known_person()
    if person is not None and person.locale in LOCALES:
        return person.locale
    best = request.accept_languages.best_match(["zh", "zh-CN", "en", "en-US", "en-GB"])
    if best is not None:
        return best.partition("-")[0]
    return current().settings.default_locale


def extra(event: dict[str, Any]) -> dict[str, Any]:
    """What every log line of a request carries."""
    if has_request_context():
        event.setdefault("request", g.get("request_id"))
    return event
