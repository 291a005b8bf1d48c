"""What addresses answer that are no records: one line a shape, one word a key.

A key ends in `?` where it may be null, in `~` where it may be missing. `[x]` is a list of x; a word
that is no type is the name of another shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, Any] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "map": {"type": "object"},
    "any": {},
}
_SHAPES: Mapping[str, Mapping[str, str]] = {
    "change": {
        "id": "int", "at": "time", "actor": "text", "on_behalf_of?": "text", "action": "text",
        "origin?": "origin", "revision?": "int", "changes": "map", "retired": "[text]",
        "reasons": "map", "person~?": "text", "until~": "any",  # of a share
    },
    "origin": {"kind": "text", "of": "any"},
    "said": {
        "id": "int", "person": "text", "name": "text", "at": "time", "body": "text",
        "reply_to?": "int", "named~": "[text]",
    },
    "shared": {
        "person": "text", "name": "text", "by": "text", "at": "time", "until?": "day",
        "over": "bool",
    },
    "followers": {"items": "[text]", "following": "bool", "muted": "bool"},
    "view": {
        "id?": "int", "scope": "text", "org?": "text", "title": "text", "wish": "map",
        "locked": "bool", "opens": "bool", "owner?": "text", "mine": "bool", "writable": "bool",
    },
    "views": {"items": "[view]", "total": "int", "default": "any"},
    "cell": {"row": "int", "cell": "text", "path": "text", "code": "text", "message": "text"},
    "import": {
        "good": "int", "bad": "int", "created~": "int", "updated~": "int", "same~": "int",
        "refused~": "[cell]", "notes~": "[text]", "batch~?": "int", "looked_at~": "int",
        "outdated~": "bool",
    },
    "begun": {"batch": "int", "state": "text"},
    "batch": {
        "id": "int", "at": "time", "name": "text", "mode": "text", "do": "text", "key?": "text",
        "state": "text", "good": "int", "bad": "int", "errors?": "text", "refused~": "[cell]",
        "undone~": "undone",
    },
    "undone": {"undone": "int", "restored": "int", "kept": "int", "refused": "[map]"},
    "notice": {
        "id": "int", "at": "time", "kind": "text", "text": "text", "link?": "text",
        "urgent": "bool", "read_at?": "time",
    },
    "notices": {"items": "[notice]", "total": "int", "unread": "int", "size": "int"},
    "task": {
        "id?": "int", "kind": "text", "form": "text", "record": "int", "number?": "text",
        "display": "text", "revision?": "int", "flow?": "int", "step?": "text", "title": "text",
        "row?": "map", "rows": "[map]", "person?": "text", "on_behalf_of?": "text",
        "opened_at?": "time", "due_at?": "time", "overdue": "bool", "state": "text",
        "outcome?": "text", "closed_at?": "time", "closed_by?": "text", "comment?": "text",
        "actions": "[text]", "opinion": "text", "labels": "map", "fields": "map",
        "waiting_for~": "[text]",
    },
    "counts": {"todo": "int", "waiting": "int", "done": "int", "cc": "int", "mine": "int"},
    "flow": {
        "id": "int", "flow": "int", "form": "text", "record": "int", "revision?": "int",
        "workflow": "text", "title": "text", "fingerprint": "text", "status": "text",
        "round": "int", "initiator?": "text", "started_at": "time", "ended_at?": "time",
        "previous?": "int", "parent?": "int", "open": "[task]", "waiting": "any", "path": "[map]",
        "events": "[map]", "prediction": "any", "resumes": "any", "actions": "any",
    },
}  # fmt: skip
# Addresses that answer with a shape of these, and those that answer with a page of it.
ANSWERS: Mapping[str, str] = {
    "lists.list_views": "views", "lists.save_view": "view", "lists.change_view": "view",
    "lists.list_followers": "followers", "around.add_comment": "said",
    "exchange.import_records": "import", "exchange.shown": "batch", "exchange.undo": "undone",
    "notices.inbox": "notices", "tasks.counts": "counts", "tasks.one_task": "task",
    "flows.one_flow": "flow",
}  # fmt: skip
# Addresses that may answer that a worker does it (202), with a shape of these.
LATER: Mapping[str, str] = {
    "exchange.import_records": "about.begun",
    "exchange.undo": "about.begun",
}
PAGES: Mapping[str, str] = {
    "around.history": "change", "around.list_comments": "said", "around.list_shares": "shared",
    "exchange.listed": "batch", "tasks.inbox": "task",
}  # fmt: skip


def schemas() -> dict[str, Any]:
    """Each shape by its name; `x.page` of those that come in pages."""
    found = {name: _shape(keys) for name, keys in _SHAPES.items()}
    page = {"total": "int", "page": "int", "size": "int"}
    for name in sorted(set(PAGES.values())):
        found[page_name(name)] = _shape({"items": f"[{name}]", **page})
    return {f"about.{name}": schema for name, schema in found.items()}


def page_name(name: str) -> str:
    return f"{name}.page"


def answer_of(endpoint: str) -> str | None:
    """The name of the schema of what an address answers; None: it has none of its own."""
    if endpoint in PAGES:
        return f"about.{page_name(PAGES[endpoint])}"
    return f"about.{ANSWERS[endpoint]}" if endpoint in ANSWERS else None


def _shape(keys: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            key.rstrip("?~"): _type(word, nullable=key.endswith("?")) for key, word in keys.items()
        },
        "required": [key.rstrip("?") for key in keys if "~" not in key],
    }


def _type(word: str, *, nullable: bool) -> dict[str, Any]:
    if word.startswith("["):
        return {"type": "array", "items": _type(word[1:-1], nullable=False)}
    if word in _SHAPES:
        return {"$ref": f"#/components/schemas/about.{word}"}
    found = dict(_TYPES[word])
    if nullable and "type" in found:
        found["type"] = [found["type"], "null"]
    return found
