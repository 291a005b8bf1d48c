"""Notices to the person who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, number, parameters, write
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.refusals import FieldRefusal, Invalid
from jingwei.services import notices
from jingwei.services.commands import Work

blueprint = Blueprint("notices", __name__, url_prefix="/api/v1/notifications")

LARGEST = 2**63 - 1


@blueprint.get("")
def inbox() -> Response:
    """Newest first; `before`: older than that notice."""
    given = parameters("size", "before")
    size = number(given, "size", 20, 1, notices.MOST_A_PAGE)
    before = number(given, "before", 0, 1, LARGEST) if "before" in given else None
    with reading() as view:
        return answer(notices.inbox(view, limit=size, before=before))


@blueprint.post("/read")
def read() -> Response:
    """`{ids}` have been read, or all when none are named; how many were unread."""
    parameters()
    body = known_body("ids")
    ids = body.get("ids")
    whole = isinstance(ids, list) and all(type(i) is int and 0 < i <= LARGEST for i in ids)
    if ids is not None and not whole:
        raise Invalid("invalid", fields=[FieldRefusal("ids", "not-a-list")])

    def handler(work: Work) -> Answer:
        return 200, {"read": notices.mark_read(work, ids)}

    return write(handler)
