"""`/studio/preview/PERSON/ORG/…`: the page at `/…` as the reader's drafts would make it.

The page is shown in a frame of the studio. It carries no token, and whatever it would write is
refused where transactions begin.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, g, request
from werkzeug.exceptions import HTTPException

from jingwei.refusals import Invalid, NotFound
from jingwei.screens.session import check_csrf, reading
from jingwei.services.studio import preview
from jingwei.services.studio.preview import Wish
from jingwei.services.studio.reach import require
from jingwei.texts import text
from jingwei.web import checking, current, locale

OWN_ORG = "-"
PAGES = frozenset(
    f"screens.{name}"
    for name in (
        *("list", "new", "live_new", "dashboard", "report", "reports", "module", "home"),
        *("indicator", "indicators", "drill"),
    )
)
# what a page asks while somebody types: answered, and nothing kept
ASKED = frozenset(("screens.options", "forms.compute"))


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule(
        "/studio/preview/<login>/<org>/<path:inner>",
        "studio_preview",
        show,
        methods=["GET", "POST"],
    )
    blueprint.add_url_rule("/studio/preview/<login>/<org>/", "studio_preview_home", show)


def show(login: str, org: str, inner: str = "") -> Any:
    if request.method == "POST":
        check_csrf()
    endpoint, arguments = _page(f"/{inner}")
    wish = Wish(login, None if org == OWN_ORG else org, locale())
    with reading() as author:
        require(author)
        found = checking().check(author, {})
        if found.catalogue is None:
            raise Invalid("studio-problems", count=len(found.errors))
        if request.method == "GET" and endpoint in PAGES:
            preview.tell(current(), author, wish, f"/{inner}")
        with preview.opened(current(), author, found.catalogue, wish) as view:
            kind = "notice" if preview.shows_data(author) else "empty"
            g.person, g.csrf = view.actor, ""
            g.preview = view
            g.preview_notice = text(f"studio.preview_{kind}", locale(), person=view.actor.name)
            try:
                made: Any = current_app.view_functions[endpoint](**arguments)
                return current_app.make_response(made)
            finally:
                g.preview = None
                g.person = replace(author.actor)


def _page(path: str) -> tuple[str, dict[str, Any]]:
    """The endpoint behind an address. Raises NotFound for what is not shown here."""
    adapter = current_app.url_map.bind_to_environ(request.environ)
    try:
        endpoint, arguments = adapter.match(path, method=request.method)
    except HTTPException:
        raise NotFound("studio-preview-page") from None
    allowed = ASKED if request.method == "POST" else PAGES
    if endpoint not in allowed:
        raise NotFound("studio-preview-page")
    return endpoint, dict(arguments)
