"""Every refusal as the one error payload."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from jingwei.api.json import answer
from jingwei.refusals import Refused
from jingwei.texts import text
from jingwei.web import locale, note_refused, request_id

log = structlog.get_logger(__name__)

KEPT_HEADERS: tuple[str, ...] = ("Allow", "Retry-After")
HTTP_CODES = {
    400: "bad-request",
    401: "not-signed-in",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "not-json",
    429: "too-many-requests",
}


# nobody mends more at once, and what was sent is not sent back by the megabyte
MOST_FIELDS = 1_000
MOST_PATH = 200
MOST_WORDS = 1_000


def payload(refused: Refused) -> dict[str, Any]:
    """The error payload in the language of the request."""
    words = locale()
    error: dict[str, Any] = {
        "code": refused.code,
        "message": refused.message(words),
        "fields": [
            {
                "path": f.path[:MOST_PATH],
                "code": f.code,
                "message": f.message(words)[:MOST_WORDS],
            }
            for f in refused.fields[:MOST_FIELDS]
        ],
        "request_id": request_id(),
    }
    if refused.detail is not None:
        error["detail"] = refused.detail
    return {"error": error}


def refused_answer(refused: Refused) -> Response:
    response = answer(payload(refused), refused.status)
    if refused.again_after is not None:
        response.headers["Retry-After"] = str(refused.again_after)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="jingwei"'
    return response


def http_answer(error: HTTPException) -> Response:
    """What Flask itself refuses: unknown address, wrong method, too large a body."""
    status = error.code or 500
    code = HTTP_CODES.get(status, "bad-request" if status < 500 else "internal")
    return _plain_answer(code, status, dict(error.get_headers()))


def crash_answer() -> Response:
    """Our own bug: nothing of it leaves the house but the id to find it by."""
    return _plain_answer("internal", 500, {})


def _plain_answer(code: str, status: int, headers: dict[str, str]) -> Response:
    error = {
        "code": code,
        "message": text(f"refusals.{code}", locale()),
        "fields": [],
        "request_id": request_id(),
    }
    kept: dict[str, str] = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    return answer({"error": error}, status, kept)


def register_errors(app: Flask) -> None:
    """Refusals, HTTP errors and crashes of the API; pages answer for themselves."""
    app.register_error_handler(Refused, _on_refused)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_crash)


def _on_refused(refused: Refused) -> Response:
    note_refused(refused)
    return refused_answer(refused)


def _on_http(error: HTTPException) -> Response:
    return http_answer(error)


def _on_crash(error: Exception) -> Response:
    log.error("request_crashed", request=request_id(), exc_info=error)
    return crash_answer()
