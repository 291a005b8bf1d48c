"""How calls are refused: the answers that all of them have in common."""

from __future__ import annotations

from collections.abc import Mapping

from jingwei.api.openapi_headers import REQUEST, Schema
from jingwei.texts import has_text, text
from jingwei.web import locale

# status → (name of the response, a code that is answered so)
REFUSALS: Mapping[str, tuple[str, str]] = {
    "400": ("Malformed", "unknown-fields"),
    "401": ("NotSignedIn", "not-signed-in"),
    "403": ("NotAllowed", "not-allowed"),
    "404": ("NotFound", "no-such-record"),
    "409": ("Conflict", "busy"),
    "412": ("Stale", "stale"),
    "413": ("TooLarge", "too-large"),
    "422": ("Invalid", "invalid"),
    "428": ("PreconditionRequired", "if-match-missing"),
    "429": ("TooManyRequests", "too-many-sign-ins"),
}
_FIELDS: Mapping[str, tuple[str, str]] = {"400": ("", "unknown-field"), "422": ("name", "required")}


def responses() -> Schema:
    """Every way of being refused, by name, with an example in the language of the document."""
    return {name: _response(status, code) for status, (name, code) in REFUSALS.items()}


def refusals(*statuses: str) -> Schema:
    """Of one call."""
    return {
        status: {"$ref": f"#/components/responses/{REFUSALS[status][0]}"} for status in statuses
    }


def _response(status: str, code: str) -> Schema:
    words = locale()
    fields = []
    if status in _FIELDS:
        path, wrong = _FIELDS[status]
        holes = {"name": "color"}
        said = text(f"refusals.{wrong}", words, **holes)
        fields.append({"path": path or "color", "code": wrong, "message": said})
    error = {
        "code": code,
        "message": text(f"refusals.{code}", words),
        "fields": fields,
        "request_id": REQUEST,
    }
    key = f"openapi.status_{status}"
    found: Schema = {
        "description": text(key, words) if has_text(key, words) else code,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/error"},
                "example": {"error": error},
            }
        },
    }
    if status == "401":
        challenge = {"schema": {"type": "string"}, "example": 'Bearer realm="jingwei"'}
        found["headers"]["WWW-Authenticate"] = challenge
    return found
