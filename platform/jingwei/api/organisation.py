"""The organisation as of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response

from jingwei.api.asking import day, parameters
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.services.commands import Reading
from jingwei.web import locale

blueprint = Blueprint("organisation", __name__, url_prefix="/api/v1")


@blueprint.get("/orgs")
def orgs() -> Response:
    """Every org that exists on the day, parents before children; each with its children."""
    given = parameters("at")
    with reading() as view:
        at = day(given, "at") or view.today
        tree = view.catalogue.tree
        items: list[dict[str, Any]] = []
        for code in tree.codes:
            above = tree.parent(code, at)
            if tree.exists(code, at) and (above is None or not tree.exists(above, at)):
                _walk(view, code, at, items)
    return answer(
        {
            "items": items,
            "total": len(items),
            "page": 1,
            "size": len(items),
            "at": at.isoformat(),
        }
    )


def _walk(view: Reading, code: str, at: date, items: list[dict[str, Any]]) -> None:
    tree = view.catalogue.tree
    children = tree.children(code, at)
    items.append(
        {
            "code": code,
            "title": view.catalogue.orgs[code].title(locale()),
            "type": tree.type_of(code),
            "parent": tree.parent(code, at),
            "children": list(children),
            "profile": tree.profile(code, at),
        }
    )
    for child in children:
        _walk(view, child, at, items)
