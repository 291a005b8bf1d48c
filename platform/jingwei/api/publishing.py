"""Planning and publishing drafts, releases, and what lies between two of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import flag, parameters
from jingwei.api.auth import person, reading, require_person
from jingwei.api.definitions import encodable
from jingwei.api.json import answer
from jingwei.documents.check import check_templates
from jingwei.problems import DefinitionErrors
from jingwei.refusals import FieldRefusal, Invalid, Malformed
from jingwei.services.studio import losing, publishing
from jingwei.services.studio.progress import progress
from jingwei.services.studio.publishing import FileDiff, Published
from jingwei.storage.plan import Wish
from jingwei.storage.releases import Release
from jingwei.web import current, locale, request_id

blueprint = Blueprint("publishing", __name__, url_prefix="/api/v1/definitions")
blueprint.before_request(require_person)


@blueprint.post("/plan")
def plan() -> Response:
    """`{destroy, restore}`: what publishing the asker's drafts would change; nothing is changed.
    Both list paths: what may be lost, and what takes up the values it had before."""
    parameters()
    wish = _wish(known_body("destroy", "restore"))
    current().active.poll()
    with reading() as view:
        try:
            prepared = publishing.prepare(current(), view, check_templates, wish)
        except DefinitionErrors as errors:
            raise _with_problems(errors) from None
    return answer(prepared.plan.to_json(locale()))


@blueprint.post("/apply")
def apply() -> Response:
    """`{base, fingerprint, comment, accepted, destroy, restore, reason}`: publish what was planned,
    in one step or not."""
    parameters()
    body = known_body("base", "fingerprint", "comment", "accepted", "destroy", "restore", "reason")
    fingerprint = body.get("fingerprint")
    if not isinstance(fingerprint, str):
        raise Malformed("unknown-fields", fields=[FieldRefusal("fingerprint", "not-text")])
    try:
        done = publishing.publish(
            current(),
            person(),
            check_templates,
            base=_number(body, "base"),
            fingerprint=fingerprint,
            comment=_comment(body),
            accepted=body.get("accepted") is True,
            wish=_wish(body),
            request_id=request_id(),
            locale=locale(),
        )
    except DefinitionErrors as errors:
        raise _with_problems(errors) from None
    return answer(_published(done), 201)


@blueprint.get("/progress")
def show_progress() -> Response:
    """How far the publication that is under way has come: values filled in, by path."""
    parameters()
    with reading() as view:
        found = progress(view)
    return answer({"progress": found.to_json() if found is not None else None})


@blueprint.post("/rollback/plan")
def plan_rollback() -> Response:
    """`{release}`: what publishing an earlier release again would do; nothing is changed."""
    parameters()
    number = _number(known_body("release"), "release")
    current().active.poll()
    with reading() as view:
        try:
            found = publishing.prepare_rollback(current(), view, number, check_templates)
        except DefinitionErrors as errors:
            raise _with_problems(errors) from None
    return answer(found.plan.to_json(locale()))


@blueprint.post("/rollback")
def rollback() -> Response:
    """`{release, base, hash, comment, accepted}`: publish an earlier release again; data stay as
    they are. `hash`: of the plan that was looked at."""
    parameters()
    body = known_body("release", "base", "hash", "comment", "accepted")
    plan_hash = body.get("hash")
    if plan_hash is not None and not isinstance(plan_hash, str):
        raise Malformed("unknown-fields", fields=[FieldRefusal("hash", "not-text")])
    try:
        done = publishing.rollback(
            current(),
            person(),
            _number(body, "release"),
            check_templates,
            base=_number(body, "base"),
            comment=_comment(body),
            accepted=body.get("accepted") is True,
            plan_hash=plan_hash,
            request_id=request_id(),
            locale=locale(),
        )
    except DefinitionErrors as errors:
        raise _with_problems(errors) from None
    return answer(_published(done), 201)


@blueprint.get("/retired")
def list_retired() -> Response:
    """What is hidden and kept, by path, with the number of rows (of a field: values)."""
    parameters()
    with reading() as view:
        found = losing.retired(view)
    items = [{"path": one.hidden.path, "rows": one.rows} for one in found]
    return answer({"items": items, "total": len(items)})


@blueprint.get("/retired/<path:path>")
def show_loss(path: str) -> Response:
    """What goes for good when it is destroyed: the first of its rows, and the plan's hash."""
    parameters()
    current().active.poll()
    with reading() as view:
        found = losing.loss(current(), view, path)
    return answer(found.to_json(locale()))


@blueprint.delete("/retired/<path:path>")
def destroy(path: str) -> Response:
    """`{typed, reason, hash}`: destroy its values for good. `typed`: the path once more."""
    parameters()
    body = known_body("typed", "reason", "hash")
    rows = losing.destroy(
        current(),
        person(),
        path,
        typed=_words(body, "typed"),
        reason=_words(body, "reason"),
        plan_hash=_words(body, "hash"),
        request_id=request_id(),
    )
    return answer({"path": path, "rows": rows})


@blueprint.get("/releases")
def list_releases() -> Response:
    """Newest first."""
    parameters()
    with reading() as view:
        items = [release_json(release) for release in publishing.releases(view)]
    return answer({"items": items, "total": len(items)})


@blueprint.get("/releases/<int:old>/diff")
def show_diff(old: int) -> Response:
    """What changed since `old`: up to release `to`, or with `drafts=1` in the asker's drafts."""
    given = parameters("to", "drafts")
    to = given.get("to", "")
    if not flag(given, "drafts") and not (to.isascii() and to.isdigit() and len(to) < 10):
        raise Malformed("parameter-number", name="to", least=1, most=10**9)
    with reading() as view:
        found = publishing.diff(view, old, None if flag(given, "drafts") else int(to))
    items = [diff_json(one) for one in found]
    return answer({"items": items, "total": len(items)})


def release_json(release: Release) -> dict[str, Any]:
    return {
        "release": release.id,
        "parent": release.parent,
        "at": release.at,
        "author": release.author,
        "source": release.source,
        "comment": release.comment,
        "rollback_of": release.rollback_of,
        "fingerprint": release.fingerprint,
    }


def diff_json(one: FileDiff) -> dict[str, Any]:
    return {"path": one.path, "change": one.change, "lines": [list(line) for line in one.lines]}


def _published(done: Published) -> dict[str, Any]:
    return {
        **release_json(done.release),
        "written": list(done.written),
        "left": list(done.left),
    }


def _with_problems(errors: DefinitionErrors) -> Invalid:
    """Problems of definitions as a refusal, each with its place."""
    found = [problem.to_json(locale()) for problem in errors.problems]
    wrong = [one for one in found if one["severity"] == "error"]
    return Invalid("studio-problems", count=len(wrong), detail={"problems": found})


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise Malformed("unknown-fields", fields=[FieldRefusal(name, "not-an-integer")])
    return value


def _wish(body: dict[str, Any]) -> Wish:
    reason = body.get("reason")
    if reason is not None:
        reason = _words(body, "reason")
    return Wish(_paths(body, "destroy"), _paths(body, "restore"), reason)


def _paths(body: dict[str, Any], name: str) -> frozenset[str]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Malformed("unknown-fields", fields=[FieldRefusal(name, "not-a-list")])
    return frozenset(encodable(one) for one in found)


def _words(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Malformed("unknown-fields", fields=[FieldRefusal(name, "not-text")])
    return encodable(value)


def _comment(body: dict[str, Any]) -> str | None:
    comment = body.get("comment")
    if comment is not None and not isinstance(comment, str):
        raise Malformed("unknown-fields", fields=[FieldRefusal("comment", "not-text")])
    return None if comment is None else encodable(comment)
