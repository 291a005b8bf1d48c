"""The inbox, what a person does with a task, absences, and the tasks of somebody who leaves."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, flag, number, parameters, wanted_revision, write
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_object
from jingwei.refusals import Malformed
from jingwei.services import flows, tasks
from jingwei.services.commands import Work
from jingwei.services.flows import proxies

blueprint = Blueprint("tasks", __name__, url_prefix="/api/v1")

INBOX_PARAMETERS = ("box", "page", "size", "kind", "form", "overdue")
LAST_PAGE = 10_000_000


@blueprint.get("/tasks")
def inbox() -> Response:
    """A page of a box: `todo` (what is due first comes first), `waiting` (for whom the reader
    asked first), `done`, `mine`, `cc`."""
    given = parameters(*INBOX_PARAMETERS)
    page = number(given, "page", 1, 1, LAST_PAGE)
    size = number(given, "size", 20, 1, tasks.MOST_A_PAGE)
    wish = tasks.InboxWish(given.get("kind"), given.get("form"), flag(given, "overdue"))
    with reading() as view:
        return answer(tasks.inbox(view, given.get("box", "todo"), page, size, wish))


@blueprint.get("/tasks/counts")
def counts() -> Response:
    """How much is in each box."""
    parameters()
    with reading() as view:
        return answer(tasks.counts(view))


@blueprint.get("/tasks/<int:id>")
def one_task(id: int) -> Response:
    parameters()
    with reading() as view:
        found = tasks.one(view, id)
        headers = {"ETag": f'"{found["revision"]}"'} if found["revision"] is not None else None
        return answer(found, headers=headers)


@blueprint.post("/tasks/<int:id>/<action>")
def act(id: int, action: str) -> Response:
    """The flow afterwards. If-Match, where given, is the record's revision as the person saw it."""
    parameters()
    body = body_object()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        return 200, flows.act(work, id, action, body, revision)

    return write(handler)


# --- absences ------------------------------------------------------------------------------------


@blueprint.get("/proxies")
def list_proxies() -> Response:
    """Who stands in for the reader, and for whom the reader does."""
    given = parameters("person")
    with reading() as view:
        items = proxies.listed(view, given.get("person"))
        return answer({"items": items, "total": len(items), "page": 1, "size": len(items)})


@blueprint.post("/proxies")
def make_proxy() -> Response:
    parameters()
    body = known_body(*proxies.KEYS)

    def handler(work: Work) -> Answer:
        return 201, proxies.make(work, body)

    return write(handler)


@blueprint.delete("/proxies/<int:id>")
def end_proxy(id: int) -> Response:
    parameters()

    def handler(work: Work) -> Answer:
        proxies.end(work, id)
        return 204, None

    return write(handler)


@blueprint.post("/people/<login>/hand-over")
def hand_over(login: str) -> Response:
    """Give all open tasks of a person to `to`, else to the superior, else to the administrator; the
    answer says of each who got it, and why not `to`."""
    parameters()
    body = known_body("to", "reason")
    if not all(isinstance(body.get(name), str | None) for name in ("to", "reason")):
        raise Malformed("not-writable-fields")

    def handler(work: Work) -> Answer:
        given = flows.hand_over_by(work, login, body.get("to"), body.get("reason"))
        went = sum(1 for one in given if one["to"] != login)
        return 200, {"person": login, "tasks": went, "items": given}

    return write(handler)
