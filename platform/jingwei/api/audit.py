"""The audit log."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.asking import day, number, parameters
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.services.audit import AuditWish, log

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1/audit")

LARGEST = 2**63 - 1
MOST = 1_000


@blueprint.get("")
def entries() -> Response:
    """Newest first; `before`: older than that entry. For auditors only."""
    given = parameters("actor", "kind", "org", "since", "until", "before", "size")
    wish = AuditWish(
        actor=given.get("actor"),
        kind=given.get("kind"),
        org=given.get("org"),
        since=day(given, "since"),
        until=day(given, "until"),
        before=number(given, "before", 0, 1, LARGEST) if "before" in given else None,
        size=number(given, "size", 100, 1, MOST),
    )
    with reading() as view:
        found = log(view, wish)
    after = found[-1]["id"] if len(found) == wish.size else None
    return answer({"items": found, "size": wish.size, "before": after})
