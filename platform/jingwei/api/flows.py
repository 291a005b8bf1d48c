"""Requests on their way: submitting a record, looking at a flow, and what is done with a whole."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.asking import Answer, number, parameters, show, wanted_revision, write
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_object
from jingwei.api.shapes import raw_json
from jingwei.services import flows
from jingwei.services.commands import Work
from jingwei.services.flows import overview

blueprint = Blueprint("flows", __name__, url_prefix="/api/v1")

LIST_PARAMETERS = ("workflow", "state", "org", "q", "page", "size", "after")
LAST_PAGE = 10_000_000
LAST_ID = 2**53


@blueprint.post("/forms/<form>/records/<int:id>/submit")
def submit(form: str, id: int) -> Response:
    """The flow that began or went on; the record, where the form has no flow."""
    parameters()
    body = body_object()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        found = flows.submit(work, form, id, body=body, revision=revision)
        return 200, found if "workflow" in found else raw_json(work, form, found)

    return write(handler)


@blueprint.get("/flows")
def list_flows() -> Response:
    """For administrators: requests that run, `state`: all, overdue, suspended or stuck; `q`: by
    title, number, form, flow or person; `org`: with those below. `after`: without end, those that
    began later than this one; 0 begins."""
    given = parameters(*LIST_PARAMETERS)
    page = number(given, "page", 1, 1, LAST_PAGE)
    size = number(given, "size", 20, 1, 200)
    with reading() as view:
        wish = overview.Wish(
            given.get("workflow"),
            given.get("state", "all"),
            given.get("org"),
            given.get("q", "")[:100],
        )
        if "after" in given:
            after = number(given, "after", 0, 0, LAST_ID)
            return answer(overview.stretch(view, wish, after, size))
        return answer(overview.running(view, wish, page, size))


@blueprint.get("/flows/statistics")
def statistics() -> Response:
    """For administrators, per step: how long it takes, how often it is returned."""
    given = parameters("workflow")
    with reading() as view:
        return answer({"items": overview.statistics(view, given.get("workflow"))})


@blueprint.get("/flows/<int:id>")
def one_flow(id: int) -> Response:
    parameters()
    with reading() as view:
        return show(flows.flow_view(view, id))


@blueprint.post("/flows/<int:id>/<action>")
def act(id: int, action: str) -> Response:
    """The flow afterwards; of a rehearsed migration, what would happen."""
    parameters()
    body = body_object()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        return 200, flows.act_on_flow(work, id, action, body, revision)

    return write(handler)
