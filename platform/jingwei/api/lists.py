"""What makes lists work: many records at once, saved views, who follows, why one may not."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, flag, parameters, wanted_revision, words, write
from jingwei.api.auth import reading
from jingwei.api.errors import payload
from jingwei.api.json import answer
from jingwei.api.shapes import written_json
from jingwei.refusals import FieldRefusal, Malformed, Refused
from jingwei.services import access, bulk, followers, grouping, saved_views, snapshots, titles
from jingwei.services.attempts import is_kept
from jingwei.services.bulk import One
from jingwei.services.commands import Work
from jingwei.services.grouping import GroupWish
from jingwei.web import locale, note_refused

blueprint = Blueprint("lists", __name__, url_prefix="/api/v1/forms/<form>")


# --- many at once --------------------------------------------------------------------------------


@blueprint.post("/records/bulk")
def change_many(form: str) -> Response:
    """`{action, records: [{id, revision}], values}`; each record is done wholly or refused.
    `matching: {filter, q, total}` instead of `records`: every record of that list."""
    parameters()
    body = known_body("action", "records", "matching", "values")
    action = str(body.get("action", ""))[:40]
    wanted = bulk.parsed(body.get("records"))
    if "matching" in body and "records" in body:
        raise Malformed("unknown-fields", fields=[FieldRefusal("matching", "bulk-both")])
    values = body.get("values", {})
    if not isinstance(values, dict):
        raise Malformed("unknown-fields", fields=[FieldRefusal("values", "not-an-object")])

    denied: list[Refused] = []

    def handler(work: Work) -> Answer:
        meant = wanted
        if "matching" in body:
            meant = bulk.matching(work, form, body["matching"], deleted=action == "restore")
        found = bulk.bulk(work, form, action, meant, values)
        refused = sum(one.refused is not None for one in found)
        denied[:] = [one.refused for one in found if one.refused and is_kept(one.refused)]
        called = titles.displays_of(work, form, [one.id for one in found], locale())
        results = [{**_result(one), "display": called.get(one.id, "")} for one in found]
        return 200, {"done": len(found) - refused, "refused": refused, "results": results}

    done = write(handler)
    if denied:
        note_refused(denied[0], records=len(denied))
    return done


def _result(one: One) -> dict[str, Any]:
    if one.refused is not None:
        return {"id": one.id, "done": False, **payload(one.refused)}
    return {"id": one.id, "done": True, "revision": one.revision}


# --- in groups -----------------------------------------------------------------------------------


@blueprint.get("/groups")
def groups(form: str) -> Response:
    """`?by=org,signed_on:month&values=sum(amount)&filter&q&subtotals=0`."""
    given = parameters("by", "values", "filter", "q", "subtotals")
    wish = GroupWish(
        words(given, "by"),
        words(given, "values"),
        given.get("filter"),
        given.get("q"),
        "subtotals" not in given or flag(given, "subtotals"),
    )
    with reading() as view:
        return answer(grouping.grouped(view, form, wish))


# --- saved views ---------------------------------------------------------------------------------


@blueprint.get("/views")
def list_views(form: str) -> Response:
    """`default`: what one's list opens with: a view by its id, one of the form's by its name."""
    parameters()
    with reading() as view:
        items = saved_views.views(view, form)
        default = saved_views.default(view, form)
    return answer({"items": items, "total": len(items), "default": default})


@blueprint.post("/views")
def save_view(form: str) -> Response:
    parameters()
    body = known_body("title", "org", "locked", "opens", "wish")

    def handler(work: Work) -> Answer:
        return 201, saved_views.save(work, form, body)

    return write(handler)


@blueprint.put("/views/default")
def open_with_view(form: str) -> Response:
    """`{view}`: the view that one's list opens with, one of the form's by its name, others by
    their id; null: with the plain list. Until one chooses, it opens with what one's team or role
    has."""
    parameters()
    body = known_body("view")

    def handler(work: Work) -> Answer:
        saved_views.open_with(work, form, body.get("view"))
        return 200, {"view": body.get("view")}

    return write(handler)


@blueprint.patch("/views/<int:id>")
def change_view(form: str, id: int) -> Response:
    parameters()
    body = known_body("title", "org", "locked", "opens", "wish")

    def handler(work: Work) -> Answer:
        return 200, saved_views.change(work, form, id, body)

    return write(handler)


@blueprint.delete("/views/<int:id>")
def remove_view(form: str, id: int) -> Response:
    parameters()

    def handler(work: Work) -> Answer:
        saved_views.remove(work, form, id)
        return 204, None

    return write(handler)


# --- of one record -------------------------------------------------------------------------------


@blueprint.get("/records/<int:id>/access")
def explain_access(form: str, id: int) -> Response:
    """Why the asker, or `person`, may or may not do `action` (read)."""
    given = parameters("person", "action")
    action = given.get("action", "read")
    with reading() as view:
        found = access.explain(view, form, id, locale(), login=given.get("person"), action=action)
    return answer(found)


@blueprint.get("/records/<int:id>/followers")
def list_followers(form: str, id: int) -> Response:
    parameters()
    with reading() as view:
        return answer(followers.followers(view, form, id))


@blueprint.post("/records/<int:id>/follow")
def follow(form: str, id: int) -> Response:
    """Hear of this record; with `muted` no longer."""
    parameters()
    body = known_body("muted")

    def handler(work: Work) -> Answer:
        followers.follow(work, form, id, muted=body.get("muted") is True)
        return 200, followers.followers(work, form, id)

    return write(handler)


@blueprint.post("/records/<int:id>/versions/<int:number>/restore")
def restore_version(form: str, id: int, number: int) -> Response:
    """Write the values of an earlier version again."""
    parameters()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        written = snapshots.restore(work, form, id, number, expected_revision=revision)
        return 200, written_json(work, form, written)

    return write(handler)
