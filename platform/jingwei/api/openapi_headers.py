"""The headers of calls: what they take, what they answer."""

from __future__ import annotations

from typing import Any

from jingwei.texts import text
from jingwei.web import locale

Schema = dict[str, Any]
REQUEST = "5f2a8c1e9b304d76"  # an id of a call, as an example


def headers() -> Schema:
    """Headers of answers."""
    words = locale()
    return {
        "ETag": {
            "description": text("openapi.header_etag", words),
            "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
            "example": '"3"',
        },
        "Location": {
            "description": text("openapi.header_location", words),
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "RequestId": {
            "description": text("openapi.header_request_id", words),
            "schema": {"type": "string"},
            "example": REQUEST,
        },
    }


def parameters() -> Schema:
    """Headers of requests."""
    words = locale()
    return {
        "IfMatch": {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": text("openapi.header_if_match", words),
            "schema": {"type": "string", "pattern": '^(W/)?"[0-9]{1,15}"$'},
            "example": '"3"',
        },
        "IfMatchIfGiven": {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": text("openapi.header_if_match_given", words),
            "schema": {"type": "string", "pattern": '^(W/)?"[0-9]{1,15}"$'},
            "example": '"3"',
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": text("openapi.header_idempotency_key", words),
            "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
            "example": "5d1f6f0c-order-4711",
        },
        "FormFingerprint": {
            "name": "Form-Fingerprint",
            "in": "header",
            "required": False,
            "description": text("openapi.header_fingerprint", words),
            "schema": {"type": "string"},
        },
    }
