"""Comments on records: whoever may read a record may read them."""

from __future__ import annotations

from typing import Any

from jingwei.language.field_types.base import is_blank
from jingwei.refusals import FieldRefusal, Invalid, NotAllowed
from jingwei.services import followers, presenting, record_views, records
from jingwei.services.commands import Reading, Work
from jingwei.storage import comments as rows
from jingwei.storage.comments import CommentRow

MOST_TEXT = 5_000


def comments(view: Reading, form: str, record: int) -> list[dict[str, Any]]:
    """Oldest first. Raises NotFound where the record would."""
    record_views.readable(view, form, record)
    return [comment_json(row) for row in rows.comments_of(view.connection, record)]


def comment_json(row: CommentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "person": row.person,
        "name": row.name,
        "at": presenting.instant(row.at),
        "body": row.body,
        "reply_to": row.reply_to,
    }


def comment(work: Work, form: str, record: int, body: Any, reply_to: Any = None) -> dict[str, Any]:
    """Add one. Raises NotFound, NotAllowed, Invalid."""
    found = records.readable(work, form, record)
    if not work.rights.decide(work, form, "comment", found).allowed:
        raise NotAllowed("not-allowed", action="comment")
    text = _text(body)
    if reply_to is not None:
        known = {row.id for row in rows.comments_of(work.connection, record)}
        if type(reply_to) is not int or reply_to not in known:
            raise Invalid("invalid", fields=[FieldRefusal("reply_to", "no-such-comment")])
    identity = work.store.next_ids(work.connection, 1)[0]
    key = work.installation.book.key("form", form)
    rows.insert_comment(
        work.connection, identity, key, record, work.actor.id, work.now, text, reply_to
    )
    work.outbox.add("record.commented", {"form": form, "id": record, "comment": identity})
    named = followers.tell_of_comment(work, work.catalogue.forms[form], found, identity, text)
    actor = work.actor
    row = CommentRow(identity, actor.login, actor.name, work.now, text, reply_to)
    return {**comment_json(row), "named": named}


def _text(body: Any) -> str:
    if body is not None and not isinstance(body, str):
        raise Invalid("invalid", fields=[FieldRefusal("body", "not-text")])
    text = (body or "").strip()
    if is_blank(text):
        raise Invalid("invalid", fields=[FieldRefusal("body", "required")])
    if len(text) > MOST_TEXT:
        holes: dict[str, object] = {"most": MOST_TEXT}
        raise Invalid("invalid", fields=[FieldRefusal("body", "comment-too-long", holes)])
    if any((c < " " and c not in "\n\r\t") or "\ud800" <= c <= "\udfff" for c in text):
        raise Invalid("invalid", fields=[FieldRefusal("body", "text-control-character")])
    return text
