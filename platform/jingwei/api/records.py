"""Records: lists, single ones, and every write of a person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from jingwei.api.asking import (
    Answer,
    choice,
    flag,
    number,
    parameters,
    require_same_form,
    show,
    wanted_revision,
    words,
    write,
)
from jingwei.api.auth import reading
from jingwei.api.json import answer, body_needed
from jingwei.api.shapes import raw_json, record_json, written_json
from jingwei.services import listing, record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.services.listing import ListWish, RecordPage
from jingwei.services.titles import Titles
from jingwei.web import locale

blueprint = Blueprint("records", __name__, url_prefix="/api/v1/forms/<form>/records")

LIST_PARAMETERS = (
    "filter", "sort", "page", "size", "after", "q", "fields", "titles", "count", "deleted",
    "below",
)  # fmt: skip
LAST_PAGE = 10_000_000
MOST_ID = 10**15


# --- reading -------------------------------------------------------------------------------------


@blueprint.get("")
def list_records(form: str) -> Response:
    given = parameters(*LIST_PARAMETERS)
    wish = list_wish(given)
    with reading() as view:
        found = listing.listing(view, form, wish)
        return answer(page_json(view, form, found, titles=flag(given, "titles")))


def list_wish(given: dict[str, str]) -> ListWish:
    """What the parameters of a list ask for. Raises Malformed."""
    count = choice(given, "count", ("exact", "capped", "none"))
    return ListWish(
        filter=given.get("filter"),
        sort=words(given, "sort"),
        page=number(given, "page", 1, 1, LAST_PAGE),
        size=number(given, "size", 20, 1, listing.MOST_A_PAGE),
        after=given.get("after"),
        q=given.get("q"),
        fields=words(given, "fields") if "fields" in given else None,
        count=None if count == "none" else "capped" if count == "capped" else "exact",
        deleted=flag(given, "deleted"),
        below=number(given, "below", 0, 1, MOST_ID) or None,
    )


def page_json(view: Reading, form: str, found: RecordPage, *, titles: bool) -> dict[str, Any]:
    """A page of records; `after` is where the next one begins, for paging by position."""
    if titles:
        view = view.rights.home(view, form)
        known = Titles(view, view.catalogue.forms[form], locale())
        for item, said in zip(found.items, known.of(found.items), strict=True):
            item["_titles"] = said
    body: dict[str, Any] = {
        "items": found.items,
        "total": found.total,
        "page": found.page,
        "size": found.size,
        "after": found.next_after,
    }
    if found.capped:
        body["capped"] = True
    return body


@blueprint.get("/<int:id>")
def one_record(form: str, id: int) -> Response:
    given = parameters("titles", "deleted")
    with reading() as view:
        shown = record_views.record(view, form, id, deleted=flag(given, "deleted"))
        return show(record_json(view, shown, titles=flag(given, "titles")))


# --- writing -------------------------------------------------------------------------------------


@blueprint.post("")
def create(form: str) -> Response:
    parameters()
    values = body_needed()

    def handler(work: Work) -> Answer:
        listing.raise_unless_known(work, listing.form_of(work, form))
        require_same_form(work.catalogue, form)
        return 201, written_json(work, form, records.create(work, form, values))

    response = write(handler)
    identity = (response.get_json(silent=True) or {}).get("id")
    response.headers["Location"] = f"/api/v1/forms/{form}/records/{identity}"
    return response


@blueprint.patch("/<int:id>")
def update(form: str, id: int) -> Response:
    parameters()
    values = body_needed()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        require_same_form(work.catalogue, form)
        written = records.update(work, form, id, values, expected_revision=revision)
        return 200, written_json(work, form, written)

    return write(handler)


@blueprint.delete("/<int:id>")
def delete(form: str, id: int) -> Response:
    """Soft: the record leaves every list, and can be restored."""
    parameters()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        records.delete(work, form, id, expected_revision=revision)
        return 204, None

    return write(handler)


@blueprint.post("/<int:id>/restore")
def restore(form: str, id: int) -> Response:
    parameters()
    revision = wanted_revision()

    def handler(work: Work) -> Answer:
        written = records.restore(work, form, id, expected_revision=revision)
        return 200, written_json(work, form, written)

    return write(handler)


@blueprint.post("/<int:id>/cancel")
def cancel(form: str, id: int) -> Response:
    parameters()

    def handler(work: Work) -> Answer:
        return 200, raw_json(work, form, records.cancel(work, form, id))

    return write(handler)
