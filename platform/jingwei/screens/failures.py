"""Pages for what cannot be shown: not signed in, not allowed, not there, our own bug."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, make_response, redirect, render_template, request
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from jingwei.refusals import Refused
from jingwei.screens import session
from jingwei.texts import has_text, text
from jingwei.web import locale, note_refused, request_id

log = structlog.get_logger(__name__)
_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")


def register(blueprint: Blueprint) -> None:
    blueprint.register_error_handler(Refused, _on_refused)
    blueprint.register_error_handler(HTTPException, _on_http)
    blueprint.register_error_handler(Exception, _on_crash)
    blueprint.record_once(lambda state: _answer_unknown_addresses(state.app))


def _answer_unknown_addresses(app: App) -> None:
    """An address of no blueprint is answered by the API's handler, or by a page."""
    handlers: Any = app.error_handler_spec[None][None]
    others = handlers.get(HTTPException)

    def answered(error: HTTPException) -> ResponseReturnValue:
        if request.path.startswith(_PROGRAMS) and others is not None:
            answer: ResponseReturnValue = others(error)
            return answer
        return _on_http(error)

    app.register_error_handler(HTTPException, answered)


def _on_refused(refused: Refused) -> ResponseReturnValue:
    if refused.status == 401:
        return _to_sign_in()
    note_refused(refused)
    response = failure(refused.status, refused.message(locale()))
    if refused.again_after is not None:
        response.headers["Retry-After"] = str(refused.again_after)
    return response


def _to_sign_in() -> Response:
    address = f"/sign-in?next={iri_to_uri(request.full_path.rstrip('?'))}"
    if request.headers.get("HX-Request"):
        response = make_response("", 204)
        response.headers["HX-Redirect"] = address
        return response
    if request.method != "GET":
        address = "/sign-in"
    return redirect(address.replace("&", "%26").replace("+", "%2B"))


def _on_http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    return failure(status)


def _on_crash(error: Exception) -> ResponseReturnValue:
    log.error("page_crashed", request=request_id(), path=request.path, exc_info=error)
    return failure(500)


def failure(status: int, message: str | None = None) -> Response:
    """The page for this status, in our own words."""
    words = locale()
    kind = str(status) if has_text(f"screens.failures.{status}.title") else "other"
    if request.headers.get("HX-Request"):
        body = message or text(f"screens.failures.{kind}.body", words)
        answer = make_response(body, status)
        answer.headers["HX-Reswap"] = "none"
        return answer
    return make_response(
        render_template(
            "failure.html",
            status=status,
            title=text(f"screens.failures.{kind}.title", words),
            body=message or text(f"screens.failures.{kind}.body", words),
            known=_who_quietly(),
            request_id=request_id(),
        ),
        status,
    )


def _who_quietly() -> bool:
    try:
        return session.who() is not None
    except Exception:  # noqa: BLE001 - the page about a failure must not fail
        return False
