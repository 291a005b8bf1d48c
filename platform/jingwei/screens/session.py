"""Who looks at a page: the session cookie, shared with the API. Signing in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from jingwei.refusals import NotAllowed, Refused
from jingwei.services.commands import Reading
from jingwei.services.people import Person
from jingwei.services.sessions import SESSION_HOURS, SignedIn
from jingwei.storage.database import Connection
from jingwei.texts import LOCALES
from jingwei.web import current, locale, sessions

COOKIE = "jingwei_session"
LANGUAGE = "lang"
THEME = "theme"
THEMES = ("light", "dark")
_A_YEAR = 365 * 86_400


class NotSignedIn(Refused):
    """Nobody is known to look; pages lead to the sign-in."""

    status = 401


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    blueprint.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    blueprint.add_url_rule("/language/<lang>", "language", language)
    blueprint.add_url_rule("/theme/<name>", "theme", set_theme)


@contextmanager
def reading() -> Iterator[Reading]:
    """A read as the person who looks; of a draft's page, as that page is previewed.

    Raises NotSignedIn.
    """
    previewed: Reading | None = g.get("preview")
    if previewed is not None:
        yield previewed
        return
    platform = current()
    installation = platform.active.current
    with platform.database.reading() as connection:
        person = g.get("person") or _known(connection)
        if person is None:
            raise NotSignedIn("not-signed-in")
        # words that services choose for the reader are in the language of the page
        speaker = replace(person, locale=locale())
        view = platform.commands.reading(connection, installation, speaker)
        yield view.of(speaker.org)  # what is of no record is as the reader's own org has it


def who() -> Person | None:
    """Who looks, if anybody is signed in."""
    known: Person | None = g.get("person")
    if known is None:
        with current().database.reading() as connection:
            known = _known(connection)
    return known


def _known(connection: Connection) -> Person | None:
    secret = request.cookies.get(COOKIE)
    found = sessions().by_session(connection, secret) if secret else None
    if found is None:
        return None
    g.person, g.csrf = found
    return found[0]


def csrf_token() -> str:
    """What a form of this session must send back."""
    token: str = g.get("csrf") or ""
    return token


def check_csrf() -> None:
    """Raises NotAllowed for a form that this session's pages did not make."""
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if who() is None or not compare_digest(given.encode(), csrf_token().encode()):
        raise NotAllowed("csrf")


# --- signing in ----------------------------------------------------------------------------------


def sign_in() -> Response:
    target = _inside(request.values.get("next"))
    if request.method == "GET":
        if who() is not None:
            return redirect(target)
        return _form(target)
    if not _same_origin():
        raise NotAllowed("csrf")
    login = request.form.get("login", "")
    try:
        signed = sessions().sign_in(
            login,
            request.form.get("password", ""),
            source=request.remote_addr or "",
            agent=request.headers.get("User-Agent", ""),
        )
    except Refused as refused:
        return _form(target, refused=refused, login=login)
    if former := request.cookies.get(COOKIE):
        sessions().sign_out(former)  # whoever was signed in here before, or planted it
    response = redirect(target)
    _set_cookie(response, signed)
    return response


def _form(target: str, *, refused: Refused | None = None, login: str = "") -> Response:
    manifest = current().active.current.catalogue.manifest
    words: dict[str, Any] = {"next": target, "refused": refused, "login": login}
    words["product"] = manifest.title(locale())
    status = refused.status if refused else 200
    return make_response(render_template("sign_in.html", **words), status)


def _set_cookie(response: Response, signed: SignedIn) -> None:
    response.set_cookie(
        COOKIE,
        signed.secret,
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
    )


def sign_out() -> Response:
    check_csrf()
    secret = request.cookies.get(COOKIE)
    if secret:
        sessions().sign_out(secret)
    response = redirect("/sign-in")
    response.delete_cookie(COOKIE)
    return response


def language(lang: str) -> Response:
    """Keeps the language for this browser and leads back to the page."""
    response = redirect(_inside(request.args.get("next")))
    if lang in LOCALES:
        response.set_cookie(LANGUAGE, lang, max_age=_A_YEAR, samesite="Lax")
    return response


def set_theme(name: str) -> Response:
    """Keeps light or dark for this browser and leads back to the page."""
    response = redirect(_inside(request.args.get("next")))
    if name in THEMES:
        response.set_cookie(THEME, name, max_age=_A_YEAR, samesite="Lax")
    return response


def theme() -> str:
    """How this browser wants its pages: light or dark."""
    kept = request.cookies.get(THEME, "")
    return kept if kept in THEMES else THEMES[0]


def _inside(address: str | None) -> str:
    """An address of this site: what a link from elsewhere says is not followed outside."""
    parts = urlsplit((address or "").replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return "/"
    if parts.path.startswith(("//", "/sign-in", "/sign-out", "/language", "/theme")):
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _same_origin() -> bool:
    """Whether a form was sent from this site; browsers always say where one comes from. Another
    site can have them say `null` and no referrer, which is not this site."""
    fetched = request.headers.get("Sec-Fetch-Site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin in (None, "null"):
        origin = request.headers.get("Referer", origin)
    return origin is None or urlsplit(origin).netloc == request.host
