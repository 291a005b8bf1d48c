"""What a request asks for beside its body: parameters of the address, and headers of writes."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from flask import Response, request

from jingwei.api.auth import bearer, person, reading
from jingwei.api.json import answer, dumps
from jingwei.api.shapes import SensitiveRecord, record_json
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import form_fingerprint
from jingwei.catalogue.layered import every_catalogue
from jingwei.language.expressions.tokens import MOST_CONDITION
from jingwei.refusals import Conflict, Malformed, NotFound
from jingwei.services import record_views
from jingwei.services.commands import Work
from jingwei.web import current, request_id

EVERYWHERE = frozenset({"lang"})
MOST_PARAMETER = MOST_CONDITION  # characters: a condition is the longest
FIRST_YEAR, LAST_YEAR = 1000, 9998
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,15})"\Z')
_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")

Answer = tuple[int, Any]  # status, body
Handler = Callable[[Work], Answer]


# --- parameters ----------------------------------------------------------------------------------


def parameters(*known: str) -> dict[str, str]:
    """The parameters of the address. Raises Malformed for one that is not known or said twice."""
    found: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in known and name not in EVERYWHERE:
            raise Malformed("unknown-parameter", name=name[:60], known=", ".join(known) or "–")
        if len(values) > 1 or len(values[0]) > MOST_PARAMETER:
            raise Malformed("parameter-once", name=name)
        found[name] = values[0]
    return found


def number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number. Raises Malformed."""
    raw = given.get(name)
    if raw is None:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 18 or not least <= int(raw) <= most:
        raise Malformed("parameter-number", name=name, least=least, most=most)
    return int(raw)


def flag(given: Mapping[str, str], name: str) -> bool:
    """`1` or `0`. Raises Malformed."""
    return choice(given, name, ("0", "1", "true", "false")) in ("1", "true")


def choice(given: Mapping[str, str], name: str, known: Collection[str]) -> str | None:
    """One of some words. Raises Malformed."""
    raw = given.get(name)
    if raw is not None and raw not in known:
        raise Malformed("parameter-choice", name=name, known=", ".join(known))
    return raw


def day(given: Mapping[str, str], name: str) -> date | None:
    """An ISO date, not so far away that the day beside it is none. Raises Malformed."""
    raw = given.get(name)
    if raw is None:
        return None
    try:
        found = date.fromisoformat(raw)
    except ValueError:
        raise Malformed("parameter-date", name=name) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Malformed("parameter-date", name=name)
    return found


def words(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Words with commas between them."""
    return tuple(w.strip() for w in given.get(name, "").split(",") if w.strip())


# --- writes --------------------------------------------------------------------------------------


def wanted_revision() -> int | None:
    """The revision in If-Match; None when there is no such header. Raises Malformed."""
    given = request.headers.get("If-Match")
    if given is None:
        return None
    found = _ETAG.match(given.strip())
    if found is None:
        raise Malformed("if-match-broken")
    return int(found[1])


def require_same_form(catalogue: Catalogue, form: str) -> None:
    """What is sent was filled in on the form as it is now; `Form-Fingerprint` says on which. Raises
    Conflict `form-changed` before anything is looked at: the sender keeps what was typed."""
    given = request.headers.get("Form-Fingerprint")
    if given is None or form not in catalogue.forms:
        return
    known = {form_fingerprint(own, form) for own in every_catalogue(catalogue, form)}
    if given.strip('" ') not in known:
        raise Conflict("form-changed", title=catalogue.forms[form].title)


def etag(body: Any) -> dict[str, str]:
    """The header that says of which revision an answer is."""
    if isinstance(body, dict) and isinstance(body.get("revision"), int):
        return {"ETag": f'"{body["revision"]}"'}
    return {}


def write(handler: Handler, content: bytes | None = None) -> Response:
    """Run a write as the person who asks; the same request again under its key is answered alike.

    The answer is kept as text, so that a repetition gets the very same bytes; of a record with
    sensitive fields only which it was, and it is read again. `content`: what was sent, where it is
    not the body as it came.
    """

    def answered(work: Work) -> dict[str, Any]:
        status, body = handler(work)
        found = {
            "status": status,
            "headers": etag(body),
            "text": None if body is None else dumps(body).decode(),
        }
        if isinstance(body, SensitiveRecord):
            found["record"] = [body.form, body["id"]]
        return found

    key = idempotency_key()
    found = current().commands.run(
        answered,
        person(),
        key=key,
        request_hash=_request_hash(content) if key else "",
        request_id=request_id(),
        origin="screen" if bearer() is None else "api",
        keep=_without_record,
    )
    if "record" in found and "text" not in found:
        return _read_again(found["status"], *found["record"])
    if found["text"] is None:
        return Response(status=found["status"])
    response = Response(found["text"], found["status"], mimetype="application/json")
    response.headers.update(found["headers"])
    return response


def _without_record(found: dict[str, Any]) -> dict[str, Any]:
    if "record" not in found:
        return found
    return {"status": found["status"], "record": found["record"]}


def _read_again(status: int, form: str, id: int) -> Response:
    """The record as its writer may see it now; what is out of his sight is only its id."""
    with reading() as view:
        try:
            body = record_json(view, record_views.record(view, form, id))
        except NotFound:
            body = {"id": id}
        return show(body, status)


def idempotency_key() -> str | None:
    """The key of this write, if it has one. Raises Malformed."""
    given = request.headers.get("Idempotency-Key")
    if given is not None and not _KEY.match(given):
        raise Malformed("idempotency-key-broken")
    return given


def _request_hash(content: bytes | None) -> str:
    # with a key, so that nobody tries which secret it was who reads the database
    kept = hmac.new(current().settings.secret_key.encode(), digestmod="sha256")
    given = request.headers.get("If-Match", "")
    for part in (request.method, request.full_path, given):
        kept.update(part.encode() + b"\0")
    kept.update(request.get_data() if content is None else content)
    return kept.hexdigest()


def show(body: Any, status: int = 200) -> Response:
    """A read's answer, with its ETag when it is one record."""
    return answer(body, status, etag(body))
