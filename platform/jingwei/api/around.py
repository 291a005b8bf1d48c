"""What surrounds a record: history, versions, comments, files, relations, receipts, buttons.

Every address answers 404 where the record would.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from flask import Blueprint, Response

from jingwei.api.asking import Answer, flag, number, parameters, write
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_object
from jingwei.api.records import LIST_PARAMETERS, list_wish, page_json
from jingwei.api.shapes import raw_json, record_json, written_json
from jingwei.refusals import FieldRefusal, Malformed, NotFound
from jingwei.services import comments, files, listing, records, related, sharing, snapshots, tasks
from jingwei.services.commands import Work
from jingwei.services.listing import RecordView
from jingwei.services.records import Written
from jingwei.storage.flows import tasks_on

blueprint = Blueprint("around", __name__, url_prefix="/api/v1/forms/<form>/records/<int:id>")

MOST_HISTORY = 1_000


@blueprint.get("/history")
def history(form: str, id: int) -> Response:
    given = parameters("size")
    size = number(given, "size", 200, 1, MOST_HISTORY)
    with reading() as view:
        return answer(_all(listing.history(view, form, id, limit=size)))


@blueprint.get("/versions")
def versions(form: str, id: int) -> Response:
    parameters()
    with reading() as view:
        return answer(_all(snapshots.versions(view, form, id)))


@blueprint.get("/versions/<int:one>/diff/<int:other>")
def difference(form: str, id: int, one: int, other: int) -> Response:
    parameters()
    with reading() as view:
        return answer(snapshots.diff(view, form, id, one, other))


@blueprint.get("/comments")
def list_comments(form: str, id: int) -> Response:
    parameters()
    with reading() as view:
        return answer(_all(comments.comments(view, form, id)))


@blueprint.post("/comments")
def add_comment(form: str, id: int) -> Response:
    parameters()
    body = known_body("body", "reply_to")

    def handler(work: Work) -> Answer:
        made = comments.comment(work, form, id, body.get("body"), body.get("reply_to"))
        return 201, made

    return write(handler)


@blueprint.get("/files")
def list_files(form: str, id: int) -> Response:
    parameters()
    with reading() as view:
        return answer(_all(files.of_record(view, form, id)))


@blueprint.get("/related/<name>")
def list_related(form: str, id: int, name: str) -> Response:
    """A page of the records that link here, as the reader may see their form."""
    given = parameters(*LIST_PARAMETERS)
    wish = list_wish(given)
    with reading() as view:
        other, found = related.related(view, form, id, name, wish)
        return answer(page_json(view, other, found, titles=flag(given, "titles")))


@blueprint.get("/receipts")
def receipts(form: str, id: int) -> Response:
    """Who was asked to acknowledge this record, and who has."""
    parameters()
    with reading() as view:
        listing.record(view, form, id)
        asked = tasks_on(view.connection, tasks.books(view), id, kinds=("receipt",))
        items = [
            {
                "task": task.id,
                "person": task.acting,
                "opened_at": tasks.instant(task.opened_at),
                "due_at": tasks.instant(task.due_at),
                "acknowledged_at": tasks.instant(task.closed_at),
                "outcome": task.outcome,
            }
            for task in asked
        ]
    return answer(_all(items))


@blueprint.post("/share")
def share(form: str, id: int) -> Response:
    """`{person}` may open this record from now on; with `remove` no longer."""
    parameters()
    body = known_body("person", "remove")

    def handler(work: Work) -> Answer:
        sharing.share(work, form, id, body.get("person"), take_back=body.get("remove") is True)
        return 200, {"person": body.get("person"), "shared": body.get("remove") is not True}

    return write(handler)


@blueprint.post("/actions/<name>")
def act(form: str, id: int, name: str) -> Response:
    """A button declared in the form; the body is what its `ask` asks for."""
    parameters()
    asked = body_object()

    def handler(work: Work) -> Answer:
        records.readable(work, form, id)
        actions = _actions()
        if actions is None or name not in work.catalogue.forms[form].actions:
            raise NotFound("no-such-action", name=name[:60])
        return 200, _done(work, form, id, actions.act(work, form, id, name, asked))

    return write(handler)


def _actions() -> Any:
    """The service of actions, where this installation has it."""
    if importlib.util.find_spec("jingwei.services.actions") is None:
        return None
    return importlib.import_module("jingwei.services.actions")


def _done(work: Work, form: str, id: int, found: Any) -> dict[str, Any]:
    """The record after an action, whatever the action gives."""
    if isinstance(found, RecordView):
        return record_json(work, found)
    if isinstance(found, Written):
        return written_json(work, form, found)
    raw = work.store.load(work.connection, form, [id]).get(id)
    if raw is None or raw["deleted_at"] is not None:
        return {"id": id, "deleted": True}
    return raw_json(work, form, raw)


def known_body(*known: str) -> dict[str, Any]:
    """The request's JSON object with these keys only. Raises Malformed."""
    body = body_object()
    refused = [FieldRefusal(n, "unknown-field", {"name": n[:60]}) for n in body if n not in known]
    if refused:
        raise Malformed("unknown-fields", fields=refused)
    return body


def _all(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list that is not paged, in the shape of those that are."""
    return {"items": items, "total": len(items), "page": 1, "size": len(items)}
