"""JSON in and out: exact digits both ways, bounded depth."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
from flask import Response, request

from jingwei.language.instants import written_instant
from jingwei.language.periods import Period
from jingwei.refusals import Malformed
from jingwei.storage.types import wide_as_text

DEEPEST = 50
UNNAMED = ("", "application/x-www-form-urlencoded")  # what senders say that say nothing
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # of a pair that makes one character
# a period is a dataclass to orjson, and `2026-03` to everybody else
_OPTIONS = (
    orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; decimals as exact numbers."""
    response = Response(dumps(body), status, mimetype="application/json")
    if headers:
        response.headers.update(headers)
    return response


def dumps(body: Any) -> bytes:
    try:
        return orjson.dumps(body, default=_plain, option=_OPTIONS)
    except TypeError:  # whole numbers of more than 64 bits, as they were sent
        return orjson.dumps(wide_as_text(body), default=_plain, option=_OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    if isinstance(value, Period):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return written_instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def body_needed() -> dict[str, Any]:
    """`body_object`, of a request that means nothing without one."""
    if not request.get_data():
        raise Malformed("json-object-needed")
    return body_object()


def body_object() -> dict[str, Any]:
    """The request's JSON object; none sent is an empty one. Numbers with a point are Decimal.

    Raises Malformed for anything else, and for what says that it is something else.
    """
    text = request.get_data()
    if not text:
        return {}
    if not (request.is_json or request.mimetype in UNNAMED):
        raise Malformed("json-needed", type=request.mimetype[:60])
    body = loads(text)
    if not isinstance(body, dict):
        raise Malformed("json-object-needed")
    return body


def loads(text: bytes) -> Any:
    """Raises Malformed for text that is no JSON, too deep, says a key twice, or half a character,
    which nothing can keep and no answer can repeat."""
    if text.count(b"[") + text.count(b"{") > DEEPEST and _depth(text) > DEEPEST:
        raise Malformed("json-too-deep", most=DEEPEST)
    try:
        found = json.loads(
            text.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError:
        raise Malformed("json-not-utf8") from None
    except json.JSONDecodeError as error:
        raise Malformed("json-broken", line=error.lineno, column=error.colno) from None
    except (ValueError, ArithmeticError):  # an integer of thousands of digits, an absurd exponent
        raise Malformed("json-number") from None
    if _HALF.search(text) and not _is_whole(found):
        raise Malformed("json-not-utf8")
    return found


def _is_whole(found: Any) -> bool:
    """Whether every pair of halves has both."""
    try:
        json.dumps(found, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(word: str) -> Any:
    raise Malformed("json-constant", word=word)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise Malformed("json-key-twice", key=next(k for k in keys if keys.count(k) > 1))
    return found


def _depth(text: bytes) -> int:
    """The deepest nesting of brackets outside strings."""
    deepest = depth = 0
    inside = escaped = False
    for byte in text:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
