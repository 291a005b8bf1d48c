"""What surrounds a record: history, versions, comments, files, relations, receipts, buttons.

Every address answers 404 where the record would.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from jingwei.api.asking import Answer, flag, number, parameters, write
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_object
from jingwei.api.records import LIST_PARAMETERS, list_wish, page_json
from jingwei.api.shapes import raw_json
from jingwei.refusals import FieldRefusal, Malformed
from jingwei.services import (
    actions,
    comments,
    files,
    listing,
    receipts,
    record_views,
    related,
    sharing,
    snapshots,
    tasks,
)
from jingwei.services import versions as versions_
from jingwei.services.commands import Work
from jingwei.services.history import history as history_of
from jingwei.storage.tasks import tasks_on

blueprint = Blueprint("around", __name__, url_prefix="/api/v1/forms/<form>/records/<int:id>")

MOST_HISTORY = 1_000
SWITCHES = frozenset({"accepted", "locked", "muted", "opens", "remove"})  # true or false


@blueprint.get("/history")
def history(form: str, id: int) -> Response:
    given = parameters("size")
    size = number(given, "size", 200, 1, MOST_HISTORY)
    with reading() as view:
        return answer(_all(history_of(view, form, id, limit=size)))


@blueprint.get("/versions")
def versions(form: str, id: int) -> Response:
    parameters()
    with reading() as view:
        return answer(_all(snapshots.versions(view, form, id)))


@blueprint.get("/versions/<int:number>")
def one_version(form: str, id: int, number: int) -> Response:
    parameters()
    with reading() as view:
        return answer(snapshots.version(view, form, id, number))


@blueprint.get("/versions/<int:one>/diff/current")
def difference_to_now(form: str, id: int, one: int) -> Response:
    """What became of a version: the record as it is now beside it."""
    parameters()
    with reading() as view:
        return answer(snapshots.diff(view, form, id, one))


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


@blueprint.get("/receipts", endpoint="receipts")
def list_receipts(form: str, id: int) -> Response:
    """Who was asked to acknowledge this record, and who has; `counts` by receipt."""
    parameters()
    with reading() as view:
        record_views.readable(view, form, id)
        asked = tasks_on(view.connection, tasks.books(view), id, kinds=("receipt",))
        items = [
            {
                "task": task.id,
                "receipt": receipts.name_of(view, task),
                "person": task.acting,
                "opened_at": tasks.instant(task.opened_at),
                "due_at": tasks.instant(task.due_at),
                "acknowledged_at": tasks.instant(task.closed_at),
                "outcome": task.outcome,
            }
            for task in asked
        ]
        counts = receipts.counts(view, form, id)
    return answer({**_all(items), "counts": counts})


@blueprint.get("/share")
def list_shares(form: str, id: int) -> Response:
    """To whom this record was opened, for those who may share it."""
    parameters()
    with reading() as view:
        return answer(_all(sharing.shared_with(view, form, id)))


@blueprint.post("/share")
def share(form: str, id: int) -> Response:
    """`{person}` may open this record from now on (to the day `until`); `remove`: no longer."""
    parameters()
    body = known_body("person", "remove", "until")

    def handler(work: Work) -> Answer:
        remove, until = body.get("remove", False), body.get("until")
        sharing.share(work, form, id, body.get("person"), until=until, take_back=remove)
        return 200, {"person": body.get("person"), "shared": not remove}

    return write(handler)


@blueprint.post("/opened")
def opened(form: str, id: int) -> Response:
    """Somebody has it before his eyes: receipts that are done by opening it are done."""
    parameters()

    def handler(work: Work) -> Answer:
        record_views.readable(work, form, id)
        return 200, {"answered": receipts.opened(work, form, id)}

    return write(handler)


@blueprint.post("/actions/<name>")
def act(form: str, id: int, name: str) -> Response:
    """A button declared in the form; the body is what its `ask` asks for."""
    parameters()
    asked = body_object()
    return write(lambda work: (200, _pressed(work, form, id, name, asked)))


@blueprint.post("/rows/<table>/<int:row>/actions/<name>")
def act_on_row(form: str, id: int, table: str, row: int, name: str) -> Response:
    """A button of one row of a table."""
    parameters()
    asked = body_object()
    return write(lambda work: (200, _pressed(work, form, id, name, asked, table, row)))


def _pressed(
    work: Work,
    form: str,
    id: int,
    name: str,
    asked: dict[str, Any],
    table: str | None = None,
    row: int | None = None,
) -> dict[str, Any]:
    """The record after the button; `_open` names the record that the screen should go to."""
    listing.raise_unless_reached(work, listing.form_of(work, form), id)
    done = actions.act(work, form, id, name, asked, table=table, row=row)
    raw = work.store.load(work.connection, form, [id]).get(id)
    gone = raw is None or raw["deleted_at"] is not None
    shown: dict[str, Any] = {"id": id, "deleted": True}
    if raw is not None and not gone:
        shown = raw_json(work, form, raw)
    if done.open is not None:
        shown["_open"] = {"form": done.open[0], "id": done.open[1]}
    return shown


@blueprint.post("/amend")
def amend(form: str, id: int) -> Response:
    """Open a working copy of a record that is in force."""
    parameters()
    return write(lambda work: (200, _moved(work, form, id, versions_.amend)))


@blueprint.post("/discard")
def discard(form: str, id: int) -> Response:
    """Drop the working copy: the version in force stands again."""
    parameters()
    return write(lambda work: (200, _moved(work, form, id, versions_.discard)))


def _moved(work: Work, form: str, id: int, move: Any) -> dict[str, Any]:
    listing.raise_unless_reached(work, listing.form_of(work, form), id)
    return raw_json(work, form, dict(move(work, form, id)))


def known_body(*known: str) -> dict[str, Any]:
    """The request's JSON object with these keys only, and switches that are true or false. Raises
    Malformed."""
    body = body_object()
    refused = [FieldRefusal(n, "unknown-field", {"name": n[:60]}) for n in body if n not in known]
    # taken for false, "yes" would do the opposite of what was meant
    refused += [
        FieldRefusal(n, "not-yes-no")
        for n in known
        if n in SWITCHES and not isinstance(body.get(n, False), bool)
    ]
    if refused:
        raise Malformed("unknown-fields", fields=refused)
    return body


def _all(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list that is not paged, in the shape of those that are."""
    return {"items": items, "total": len(items), "page": 1, "size": len(items)}
