"""Dashboards: which there are, one with its data, a single tile again."""

from __future__ import annotations

from flask import Blueprint, Response, request

from jingwei.api.asking import parameters
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.services import dashboards
from jingwei.web import current, locale

blueprint = Blueprint("dashboards", __name__, url_prefix="/api/v1/dashboards")


@blueprint.get("")
def listed() -> Response:
    """Those made for this person."""
    parameters()
    with reading() as view:
        return answer({"items": dashboards.dashboards(view, locale())})


@blueprint.get("/<name>")
def one(name: str) -> Response:
    """`?org&period…`: whatever its controls are. The shape stands in `services/dashboards.py`."""
    given = _controls(name)
    with reading() as view:
        return answer(dashboards.dashboard(view, name, given, locale()))


@blueprint.get("/<name>/tiles/<tile>")
def tile(name: str, tile: str) -> Response:
    """One tile with the same controls."""
    given = _controls(name)
    with reading() as view:
        return answer(dashboards.one_tile(view, name, tile, given, locale()))


def _controls(name: str) -> dict[str, str]:
    """Controls in the address; those of a dashboard that is not there are answered later."""
    found = current().active.current.catalogue.dashboards.get(name)
    known = tuple(found.controls) if found is not None else tuple(request.args)
    given = parameters(*known)
    given.pop("lang", None)
    return given
