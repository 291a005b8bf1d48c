"""`/people/options`: whom a picker of people offers; and the signatures beside opinions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request, send_file
from werkzeug.wrappers import Response

from jingwei.refusals import NotFound
from jingwei.screens.approval import flow_of, signature_files
from jingwei.screens.cells import Cells
from jingwei.screens.session import reading
from jingwei.screens.widgets import Option, told_apart
from jingwei.services import personal
from jingwei.services.commands import Reading
from jingwei.services.files import path_of
from jingwei.services.record_views import readable
from jingwei.storage.files import find_files
from jingwei.storage.people import colleagues
from jingwei.web import current

MOST = 20


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/people/options", "people_options", options)
    blueprint.add_url_rule("/f/<form>/<int:id>/signatures/<int:file>", "signature", signature)
    blueprint.add_url_rule("/settings/signature", "own_signature", own_signature)


def options() -> Response:
    """`q`, `but` (logins not offered) → `[{value, text, hint}]`, at most 20: people who may
    sign in, found by name, login or initials of the name; those of the reader's org first."""
    wanted = request.args.get("q", "").strip()[:60]
    but = set(request.args.getlist("but"))
    among = set(request.args.getlist("among"))
    with reading() as view:
        cells = Cells(view)
        found = colleagues(
            view.connection,
            wanted,
            org=view.actor.org,
            on=view.today,
            limit=MOST,
            among=among,
            but={*but, view.actor.login},
        )
        offered = [Option(p.login, p.name, hint=cells.title("org", p.org)) for p in found]
        return jsonify(
            [{"value": p.value, "text": p.text, "hint": p.hint} for p in told_apart(offered)]
        )


# --- signatures ----------------------------------------------------------------------------------


def signature(form: str, id: int, file: int) -> Response:
    """A signature beside an opinion, for those who may see the opinion. Raises NotFound."""
    with reading() as view:
        readable(view, form, id)
        flow = flow_of(view, form, id)
        if flow is None or file not in signature_files(view, flow.json).values():
            raise NotFound("no-such-content")
        return _picture(view, file)


def own_signature() -> Response:
    with reading() as view:
        file = personal.signature(view)
        if file is None:
            raise NotFound("no-such-content")
        return _picture(view, file)


def _picture(view: Reading, file: int) -> Response:
    row = find_files(view.connection, [file]).get(file)
    if row is None or row.type not in personal.DRAWN:
        raise NotFound("no-such-content")
    path = path_of(current().settings.data_dir, row.sha256)
    response: Any = send_file(path.resolve(), mimetype=row.type, etag=row.sha256, max_age=0)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    found: Response = response
    return found
