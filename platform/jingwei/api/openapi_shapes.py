"""Shapes of bodies and answers that are the same for everybody: of definitions and publications, of
sessions, of many records at once; with what must be in them, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.services.tasks import BOXES

_WORD = {"type": ["string", "null"]}
_WORDS = {"type": "array", "items": {"type": "string"}}
# What reads no body.
BODILESS = (
    "session.logout", "records.restore", "records.cancel", "around.opened", "around.amend",
    "around.discard", "lists.restore_version", "exchange.undo",
)  # fmt: skip
# Whose answer says in ETag of which revision it is.
TAGGED = ("records.one_record", "records.create", "records.update", "lists.restore_version")
LISTS = ("records.list_records", "around.list_related")
OF_ONE_FORM = ("records.create", "records.update")  # filled in on the form as it is now
WORDS: Mapping[str, tuple[str, ...]] = {
    "count": ("exact", "capped", "none"),
    "mode": ("atomic", "rows"),
    "do": ("create", "update", "upsert"),
    "box": BOXES,
}
_PLACE: Mapping[str, Any] = {
    "path": {"type": "string"},
    "text": {"type": "string"},
    "offset": {"type": "integer", "minimum": 0},
}
DEFINITION_BODIES: Mapping[str, Mapping[str, Any]] = {
    "reports.narrative": {"text": _WORD},
    "definitions.save_file": {
        "text": _WORD,  # null: the file is to go
        "base": _WORD,  # null: there was none
        "revision": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    },
    "definitions.resolve": {
        "how": {"type": "string", "enum": ["mine", "theirs", "merge"]},
        "theirs_hash": _WORD,
        "text": _WORD,
    },
    "definitions.check": {"path": {"type": "string"}, "text": _WORD},
    "definitions.complete": _PLACE,
    "definitions.hover": _PLACE,
    "definitions.scaffold": {
        "kind": {"type": "string"},
        "name": {"type": "string"},
        "title": {"type": "string"},
        "org": _WORD,
    },
    "publishing.plan": {"destroy": _WORDS, "restore": _WORDS},
    "publishing.apply": {
        "base": {"type": "integer", "minimum": 1},
        "fingerprint": {"type": "string"},
        "comment": _WORD,
        "accepted": {"type": "boolean"},
        "destroy": _WORDS,
        "restore": _WORDS,
        "reason": _WORD,
    },
    "publishing.plan_rollback": {"release": {"type": "integer", "minimum": 1}},
    "publishing.rollback": {
        "release": {"type": "integer", "minimum": 1},
        "base": {"type": "integer", "minimum": 1},
        "hash": _WORD,
        "comment": _WORD,
        "accepted": {"type": "boolean"},
    },
    "publishing.destroy": {
        "typed": {"type": "string"},
        "reason": {"type": "string"},
        "hash": {"type": "string"},
    },
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "session.login": ("username", "password"),
    "around.add_comment": ("body",),
    "around.share": ("person",),
    "lists.change_many": ("action",),
    "lists.save_view": ("title", "wish"),
    "definitions.save_file": ("text", "base"),
    "definitions.resolve": ("how",),
    "definitions.complete": ("path", "text", "offset"),
    "definitions.hover": ("path", "text", "offset"),
    "definitions.scaffold": ("kind", "name", "title"),
    "publishing.apply": ("base", "fingerprint"),
    "publishing.plan_rollback": ("release",),
    "publishing.rollback": ("release", "base"),
    "publishing.destroy": ("typed", "reason", "hash"),
}
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "session.login": {"username": "li.na", "password": "…"},
    "around.add_comment": {"body": "@wang.wu 2026-03"},
    "around.share": {"person": "wang.wu", "until": "2026-12-31"},
    "lists.change_many": {
        "action": "delete",
        "records": [{"id": 1042, "revision": 3}, {"id": 1043, "revision": 1}],
    },
    "lists.save_view": {
        "title": "2026",
        "wish": {"filter": "created_by == me", "sort": ["-updated_at"]},
    },
    "lists.follow": {"muted": False},
    "tasks.act": {"comment": "OK"},
    "flows.submit": {"comment": "2026-03"},
    "tasks.make_proxy": {"to": "wang.wu", "from": "2026-05-01", "until": "2026-05-05"},
    "indicators.query": {"indicators": "my_indicator", "orgs": ["A"], "periods": ["2026-03"]},
    "definitions.check": {"path": "forms/contract.yaml", "text": "kind: form\n"},
    "definitions.complete": {"path": "forms/contract.yaml", "text": "kind: ", "offset": 6},
    "definitions.save_file": {
        "text": "kind: form\n", "base": "kind: form\n", "revision": 0,
    },
}  # fmt: skip
# Answers that have a shape of their own; the others are objects.
ANSWERS: Mapping[str, str] = {
    "session.login": "signed_in",
    "session.me": "person",
    "lists.change_many": "many",
    "files.upload": "file",
}
_HELD = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "org": {"type": "string"}},
        "required": ["name", "org"],
    },
}
_PERSON = {
    "login": {"type": "string"},
    "name": {"type": "string"},
    "org": {"type": ["string", "null"]},
    "orgs": _WORDS,
    "roles": _HELD,
    "posts": _HELD,
    "locale": {"type": ["string", "null"]},
}
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "person": {
        "type": "object",
        "properties": {
            **_PERSON, "can": {"type": "object", "additionalProperties": _WORDS},
        },
        "required": ["login", "name"],
    },
    "signed_in": {
        "type": "object",
        "properties": {
            "token": {"type": "string"}, "person": {"$ref": "#/components/schemas/person"},
        },
        "required": ["token", "person"],
    },
    "many": {
        "type": "object",
        "properties": {
            "done": {"type": "integer"},
            "refused": {"type": "integer"},
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "integer"},
                        "done": {"type": "boolean"},
                        "revision": {"type": ["integer", "null"]},
                        "error": {"type": "object"},
                    },
                    "required": ["id", "done"],
                },
            },
        },
        "required": ["done", "refused", "results"],
    },
    "file": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "name": {"type": "string"},
            "type": {"type": "string"},
            "size": {"type": "integer"},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "created_at": {"type": "string", "format": "date-time"},
            "field": {"type": ["string", "null"]},
        },
        "required": ["id", "name", "type", "size", "sha256"],
    },
}  # fmt: skip
