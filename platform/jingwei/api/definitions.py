"""Definitions as they are written in the studio: files, drafts, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, parameters, write
from jingwei.api.auth import reading, require_person
from jingwei.api.json import answer
from jingwei.refusals import FieldRefusal, Malformed
from jingwei.services.commands import Work
from jingwei.services.studio import asking, drafts
from jingwei.services.studio.asking import Place
from jingwei.services.studio.reach import PUBLISHER, reach
from jingwei.services.studio.tree import tree
from jingwei.storage.studio_drafts import DraftRow
from jingwei.web import checking, locale

blueprint = Blueprint("definitions", __name__, url_prefix="/api/v1/definitions")
blueprint.before_request(require_person)


# --- files and drafts ----------------------------------------------------------------------------


@blueprint.get("")
def list_files() -> Response:
    """Every file by kind, with the asker's drafts; how far the asker may go."""
    parameters()
    with reading() as view:
        found = checking().check(view, {})
        items = [file.to_json() for file in tree(view, found.checked, locale())]
        publishes = reach(view, PUBLISHER)
        release = view.installation.release
    return answer(
        {
            "items": items,
            "total": len(items),
            "release": release.id,
            "may_publish": publishes is not None,
            "may_roll_back": publishes is not None and publishes.is_whole,
        }
    )


@blueprint.get("/files/<path:path>")
def show_file(path: str) -> Response:
    """One file as the asker writes it, `base` being the published text it is based on."""
    parameters()
    with reading() as view:
        text, base, draft = drafts.read(view, path)
        body = {"path": path, "text": text, "base": base, **_draft(draft)}
        body["conflict"] = draft is not None and drafts.in_conflict(view, draft)
    return answer(body)


@blueprint.put("/files/<path:path>")
def save_file(path: str) -> Response:
    """`{text, base, revision}`: keep a draft; `revision` as it was read, 0 where there was none.
    409 when another window of the author saved meanwhile."""
    parameters()
    body = known_body("text", "base", "revision")
    text = _text(body, "text", optional=True)
    base = _text(body, "base", optional=True)
    seen = body.get("revision", 0)
    if isinstance(seen, bool) or not isinstance(seen, int) or not 0 <= seen < 2**31:
        raise Malformed("unknown-fields", fields=[FieldRefusal("revision", "not-an-integer")])

    def handler(work: Work) -> Answer:
        return 200, _draft(drafts.save(work, path, text, base=base, seen=seen))

    return write(handler)


@blueprint.delete("/files/<path:path>")
def discard_draft(path: str) -> Response:
    """Forget the asker's draft of a file."""
    parameters()

    def handler(work: Work) -> Answer:
        drafts.discard(work, path)
        return 204, None

    return write(handler)


@blueprint.get("/conflicts")
def list_conflicts() -> Response:
    """Drafts whose file somebody else published: base, theirs, mine, and both merged."""
    parameters()
    with reading() as view:
        items = [one.to_json() for one in drafts.conflicts(view)]
    return answer({"items": items, "total": len(items)})


@blueprint.post("/conflicts/<path:path>")
def resolve(path: str) -> Response:
    """`{how: mine|theirs|merge, theirs_hash, text}`: settle one file after looking at both."""
    parameters()
    body = known_body("how", "theirs_hash", "text")

    def handler(work: Work) -> Answer:
        how = body.get("how")
        if how not in ("mine", "theirs", "merge"):
            raise Malformed("parameter-choice", name="how", known="mine, theirs, merge")
        seen = _text(body, "theirs_hash", optional=True)
        text = _text(body, "text", optional=how != "merge")
        return 200, _draft(drafts.resolve(work, path, how, theirs_hash=seen, text=text))

    return write(handler)


def _draft(draft: DraftRow | None) -> dict[str, Any]:
    if draft is None:
        return {"revision": 0, "draft": None}
    return {"revision": draft.revision, "draft": {"at": draft.at, "release": draft.release}}


# --- what an author asks ------------------------------------------------------------------------


@blueprint.post("/check")
def check() -> Response:
    """`{path, text}`: every problem of the asker's drafts with this text in them."""
    parameters()
    body = known_body("path", "text")
    edits: dict[str, str | None] = {}
    if "path" in body:
        edits[_text(body, "path") or ""] = _text(body, "text", optional=True)
    with reading() as view:
        found = checking().check(view, edits)
    items = [problem.to_json(locale()) for problem in found.problems]
    return answer({"items": items, "total": len(items), "errors": len(found.errors)})


@blueprint.post("/complete")
def complete() -> Response:
    """`{path, text, offset}`: what may stand there. Offsets count characters from 0."""
    parameters()
    with reading() as view:
        found = asking.complete(checking(), view, _place(), locale())
    return answer({"start": found.start, "items": [offer.to_json() for offer in found.offers]})


@blueprint.post("/hover")
def hover() -> Response:
    """`{path, text, offset}`: what the word there means."""
    parameters()
    with reading() as view:
        found = asking.hover(checking(), view, _place(), locale())
    return answer({"meaning": found.to_json() if found is not None else None})


@blueprint.post("/scaffold")
def scaffold() -> Response:
    """`{kind, name, title, org}`: the text of a new definition, by path; nothing is kept. `org`: of
    a layer, whose `name` is that of the form it is put over."""
    parameters()
    body = known_body("kind", "name", "title", "org")
    kind, name, title = (_text(body, key) or "" for key in ("kind", "name", "title"))
    org = _text(body, "org", optional=True)
    with reading() as view:
        if kind == "layer" and org:
            found = asking.layered(checking(), view, name, org, title)
        else:
            found = asking.scaffolded(checking(), view, kind, name, title)
    return answer({"items": [{"path": path, "text": text} for path, text in found.items()]})


@blueprint.get("/lineage")
def show_lineage() -> Response:
    """`name` (`form.field`, or an indicator): who reads it, and what it is made of."""
    given = parameters("name")
    with reading() as view:
        found = asking.lineage_of(checking(), view, given.get("name", ""))
    return answer(
        {
            "name": found.name,
            "read_by": [use.to_json() for use in found.read_by],
            "reads": [use.to_json() for use in found.reads],
        }
    )


@blueprint.get("/explain")
def explain() -> Response:
    """`path` (`form/NAME.fields.x.required`): the value, its file and line; with `org` by layer."""
    given = parameters("path", "org")
    with reading() as view:
        found = asking.explain(checking(), view, given.get("path", ""), given.get("org"), locale())
    return answer({"items": [value.to_json() for value in found], "total": len(found)})


def _place() -> Place:
    body = known_body("path", "text", "offset")
    offset = body.get("offset")
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise Malformed("unknown-fields", fields=[FieldRefusal("offset", "not-an-integer")])
    path, text = _text(body, "path") or "", _text(body, "text") or ""
    drafts.check_path(path)
    return Place(path, text, offset)


def _text(body: Mapping[str, Any], name: str, *, optional: bool = False) -> str | None:
    value = body.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, str):
        raise Malformed("unknown-fields", fields=[FieldRefusal(name, "not-text")])
    return encodable(value)


def encodable(value: str) -> str:
    """Half a character, which JSON can write and no file can hold, is refused."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Malformed("json-not-utf8") from None
    return value
