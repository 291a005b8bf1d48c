"""The ledger of alerts: what fired, and why something did or did not."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.asking import choice, number, parameters
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.services.alerts import ledger

blueprint = Blueprint("alerts", __name__, url_prefix="/api/v1/alerts")

LAST_PAGE = 10_000


@blueprint.get("")
def list_fired() -> Response:
    """What fired, newest first."""
    given = parameters("alert", "org", "state", "page", "size")
    page = number(given, "page", 1, 1, LAST_PAGE)
    size = number(given, "size", 20, 1, ledger.MOST_A_PAGE)
    state = choice(given, "state", ("open", "closed"))
    with reading() as view:
        found = ledger.fired(
            view,
            alert=given.get("alert"),
            org=given.get("org"),
            state=state,
            page=page,
            size=size,
        )
        return answer(found)


@blueprint.get("/looks")
def list_looks() -> Response:
    """How the newest look at each subject ended, and why."""
    given = parameters("alert")
    with reading() as view:
        items = ledger.looked(view, given.get("alert"))
    return answer({"items": items, "total": len(items), "page": 1, "size": len(items)})
