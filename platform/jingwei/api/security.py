"""Headers of every answer, and how much a request may carry."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from flask.sessions import SessionInterface
from werkzeug.routing import IntegerConverter

from jingwei.web import request_id

BODY_BYTES = 20 * 1024 * 1024
UPLOAD_BYTES = 50 * 1024 * 1024
FORM_PARTS = 5_000

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# Scripts and styles are shown in no window of their own: of a page that loads thirty of them, words
# about windows would be a tenth.
OF_PARTS = frozenset(("text/javascript", "text/css"))
HEADERS_OF_PARTS = tuple(
    one for one in HEADERS if one[0] in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")
)
_A_YEAR = "max-age=31536000; includeSubDomains"


class IdConverter(IntegerConverter):
    """`<int:id>`: what no id can be is no address."""

    regex = r"\d{1,18}"


class NoSessions(SessionInterface):
    """Whoever signs in has a session in the database: Flask's own, in a signed cookie, is used by
    nothing, and to open one costs as much as a statement."""

    def open_session(self, app: Flask, request: Any) -> None:
        return None

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        raise AssertionError("nothing keeps anything in a cookie of Flask's")


def secure(app: Flask) -> None:
    app.session_interface = NoSessions()
    app.url_map.converters["int"] = IdConverter
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES, MAX_FORM_PARTS=FORM_PARTS)
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    known = {name.lower() for name, _ in headers}
    for name, value in HEADERS_OF_PARTS if response.mimetype in OF_PARTS else HEADERS:
        if name.lower() not in known:
            headers.add(name, value)
    headers["X-Request-Id"] = request_id()
    if "cache-control" not in known and request.path.startswith("/api/"):
        headers.add("Cache-Control", "no-store")
    if request.is_secure:
        headers["Strict-Transport-Security"] = _A_YEAR
    return response
