"""Signing in and out, and who I am."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from jingwei.api.asking import parameters
from jingwei.api.auth import COOKIE, bearer, person, reading
from jingwei.api.json import answer, body_object
from jingwei.language.kinds.form import CAN
from jingwei.refusals import FieldRefusal, Invalid, Malformed
from jingwei.services.commands import Reading
from jingwei.services.listing import may_open
from jingwei.services.people import Person
from jingwei.web import sessions

blueprint = Blueprint("session", __name__, url_prefix="/api/v1")

MOST_LOGIN, MOST_PASSWORD = 64, 1_000
ACTIONS = tuple(CAN)


@blueprint.post("/login")
def login() -> Response:
    """A token for scripts; it holds as long as a session does."""
    body = body_object()
    unknown = [name for name in body if name not in ("username", "password")]
    if unknown:
        refused = [FieldRefusal(name, "unknown-field", {"name": name}) for name in unknown]
        raise Malformed("unknown-fields", fields=refused)
    username = _text(body, "username", MOST_LOGIN)
    password = _text(body, "password", MOST_PASSWORD)
    signed = sessions().sign_in(
        username,
        password,
        source=request.remote_addr or "",
        agent=request.headers.get("User-Agent", ""),
        token=True,
    )
    return answer({"token": signed.secret, "person": person_json(signed.person)})


def _text(body: dict[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if value is None or value == "":
        raise Invalid("invalid", fields=[FieldRefusal(name, "required")])
    if not isinstance(value, str) or "\0" in value:
        raise Invalid("invalid", fields=[FieldRefusal(name, "not-text")])
    if len(value) > most:
        holes = {"most": most, "length": len(value)}
        raise Invalid("invalid", fields=[FieldRefusal(name, "text-too-long", dict(holes))])
    return value


@blueprint.post("/logout")
def logout() -> Response:
    """The token, or the session, that asks holds no longer."""
    person()
    token = bearer()
    if token is not None:
        sessions().revoke_token(token)
    else:
        sessions().sign_out(request.cookies[COOKIE])
    response = Response(status=204)
    response.delete_cookie(COOKIE)
    return response


@blueprint.get("/me")
def me() -> Response:
    """The person who asks, and what may be done with each form."""
    parameters()
    with reading() as view:
        return answer({**person_json(view.actor), "can": _can(view)})


def person_json(known: Person) -> dict[str, Any]:
    """A person with what is held; `{name, org}` of each role and post."""
    return {
        "login": known.login,
        "name": known.name,
        "org": known.org,
        "orgs": list(known.orgs),
        "roles": _held(known.roles),
        "posts": _held(known.posts),
        "locale": known.locale,
    }


def _held(held: frozenset[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "org": org} for name, org in sorted(held)]


def _can(view: Reading) -> dict[str, list[str]]:
    return {form: may(view, form) for form in view.catalogue.forms if may_open(view, form)}


def may(view: Reading, form: str) -> list[str]:
    """What the reader may do with a form, at least with some of its records."""
    return [action for action in ACTIONS if view.rights.decide(view, form, action).allowed]
