"""What one typed into a form and has not saved."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, number, parameters, write
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.refusals import FieldRefusal, Malformed
from jingwei.services import unsaved
from jingwei.services.commands import Work

blueprint = Blueprint("unsaved", __name__, url_prefix="/api/v1/forms/<form>/unsaved")
MOST_ID = 10**17


@blueprint.get("")
def offered(form: str) -> Response:
    """`{unsaved: {values, revision, at}}`, or null: of the record `id`, or of a new one."""
    record = _record()
    with reading() as view:
        return answer({"unsaved": unsaved.unsaved(view, form, record)})


@blueprint.put("")
def keep(form: str) -> Response:
    """`{values, revision}`, as they were typed."""
    record = _record()
    body = known_body("values", "revision")

    def handler(work: Work) -> Answer:
        values, revision = body.get("values"), body.get("revision")
        if not isinstance(values, dict):
            raise Malformed("unknown-fields", fields=[FieldRefusal("values", "not-an-object")])
        if revision is not None and not (type(revision) is int and 0 <= revision < MOST_ID):
            raise Malformed("unknown-fields", fields=[FieldRefusal("revision", "not-a-number")])
        kept: dict[str, Any] = unsaved.keep(work, form, record, values, revision)
        return 200, {"unsaved": kept}

    return write(handler)


@blueprint.delete("")
def forget(form: str) -> Response:
    record = _record()

    def handler(work: Work) -> Answer:
        unsaved.forget(work, form, record)
        return 204, None

    return write(handler)


def _record() -> int | None:
    given = parameters("id")
    return number(given, "id", 0, 1, MOST_ID) or None
