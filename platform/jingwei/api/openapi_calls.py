"""What each call of the API takes and gives, beside what its address and its form say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.api.exchange import EXPORT_PARAMETERS
from jingwei.api.records import LIST_PARAMETERS
from jingwei.api.tasks import INBOX_PARAMETERS
from jingwei.gateways.workbook import CSV_MIMETYPE, MIMETYPE
from jingwei.services.bulk import ACTIONS as MANY

PLAIN = ("/healthz", "/readyz", "/metrics")
OWN = ("openapi.docs",)  # a page, not a part of the interface
UNSAFE = ("post", "put", "patch", "delete")
METHODS = ("get", *UNSAFE)
WITHOUT_LOGIN = ("session.login", "health.alive", "health.ready", "health.metrics")
MATCHED = ("records.update", "records.delete", "lists.restore_version")
# actions: the revision is compared where it is sent
MATCHED_IF_GIVEN = ("tasks.act", "flows.act", "flows.submit", "records.restore")
CREATED = (
    "records.create", "around.add_comment", "files.upload", "tasks.make_proxy", "lists.save_view",
)  # fmt: skip
EMPTY = (
    "records.delete", "session.logout", "tasks.end_proxy", "lists.remove_view", "unsaved.forget",
    "definitions.discard_draft",
)  # fmt: skip
UPLOADS = ("files.upload", "exchange.import_records")
DOWNLOADS: Mapping[str, str] = {
    "files.download": "*/*",  # whatever was attached
    "exchange.template": MIMETYPE,
    "exchange.errors": MIMETYPE,
    "exchange.export_xlsx": MIMETYPE,
    "exchange.export_csv": CSV_MIMETYPE,
}
PAGED = (
    "records.list_records", "around.list_related", "tasks.inbox", "tasks.list_proxies",
    "flows.list_flows",
)  # fmt: skip
COMMENTS_BODY = {"body": {"type": "string"}, "reply_to": {"type": ["integer", "null"]}}
_WORD = {"type": ["string", "null"]}
_WORDS = {"type": "array", "items": {"type": "string"}}
_ONE_OR_MORE = {"oneOf": [{"type": "string"}, _WORDS]}
TASK_BODY = {
    "comment": _WORD,
    "to": _WORD,
    "people": _WORDS,
    "reason": _WORD,
    "position": {"type": ["string", "null"], "enum": ["before", "after", "with", None]},
    "fields": {"type": "object"},
    "chosen": {"type": "object"},
}
NAME = {"type": ["string", "null"]}
VIEW_BODY: Mapping[str, Any] = {
    "title": {"type": "string"},
    "org": NAME,
    "locked": {"type": "boolean"},
    "wish": {
        "type": "object",
        "properties": {
            "filter": {"type": "string"},
            "sort": {"type": "array", "items": {"type": "string"}},
            "fields": {"type": "array", "items": {"type": "string"}},
            "q": {"type": "string"},
            "view": {"type": "string"},
            "group": {"type": "array", "items": {"type": "string"}},
            "values": {"type": "array", "items": {"type": "string"}},
        },
    },
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "session.login": {"username": {"type": "string"}, "password": {"type": "string"}},
    "around.add_comment": COMMENTS_BODY,
    "around.share": {
        "person": {"type": "string"},
        "until": {"type": ["string", "null"], "format": "date"},
        "remove": {"type": "boolean"},
    },
    "lists.change_many": {
        # or a button of the form that has `bulk`
        "action": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "examples": list(MANY)},
        "records": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "revision": {"type": "integer"}},
                "required": ["id"],
            },
        },
        "matching": {
            "type": "object",
            "properties": {
                "filter": {"type": "string"},
                "q": {"type": "string"},
                "total": {"type": "integer"},
            },
            "required": ["total"],
        },
        "values": {"type": "object"},
    },
    "lists.save_view": VIEW_BODY,
    "lists.change_view": VIEW_BODY,
    "lists.open_with_view": {"view": {"type": ["integer", "string", "null"]}},
    "lists.follow": {"muted": {"type": "boolean"}},
    "tasks.act": TASK_BODY,
    "flows.submit": {"comment": _WORD, "fields": {"type": "object"}, "chosen": {"type": "object"}},
    "flows.act": {
        "reason": _WORD,
        "comment": _WORD,
        "step": _WORD,
        "to": _WORD,
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "dry_run": {"type": "boolean"},
    },
    "tasks.make_proxy": {
        "person": _WORD,
        "to": _WORD,
        "from": _WORD,
        "until": _WORD,
        "forms": _WORDS,
        "include_open": {"type": "boolean"},
    },
    "tasks.hand_over": {"to": _WORD, "reason": _WORD},
    "personal.keep_phrases": {"items": _WORDS},
    "unsaved.keep": {"values": {"type": "object"}, "revision": {"type": ["integer", "null"]}},
    "personal.keep_pins": {"items": _WORDS},
    "personal.sign_with": {"file": {"type": ["integer", "null"]}},
    "collect.urge": {"period": _WORD, "orgs": _WORDS},
    "notices.read": {"ids": {"type": "array", "items": {"type": "integer"}}},
    "indicators.query": {
        "indicators": _ONE_OR_MORE,
        "orgs": _ONE_OR_MORE,
        "periods": _ONE_OR_MORE,
        "views": _WORDS,
        "compare": _WORDS,
        "mode": {"type": "string", "enum": ["period", "ytd"]},
        "base": {"type": "string", "enum": ["restated", "as_reported"]},
        "drill": {"type": "string", "enum": ["orgs", "parts", "facts"]},
        "shape": {"type": "string", "enum": ["cells", "columns"]},
        "titles": {"type": "boolean"},
    },
    "indicators.put_facts": {
        "facts": {"type": "array", "items": {"type": "object"}},
        "adjustments": {"type": "array", "items": {"type": "object"}},
        "source": {"type": "string"},
    },
}
QUERIES: Mapping[str, tuple[str, ...]] = {
    "records.list_records": LIST_PARAMETERS,
    "around.list_related": LIST_PARAMETERS,
    "records.one_record": ("titles", "deleted"),
    "forms.compute": ("submitting",),
    "around.history": ("size",),
    "lists.explain_access": ("person", "action"),
    "lists.groups": ("by", "values", "filter", "q", "subtotals"),
    "organisation.orgs": ("at",),
    "notices.inbox": ("size", "before"),
    "unsaved.offered": ("id",),
    "unsaved.keep": ("id",),
    "unsaved.forget": ("id",),
    "audit.entries": ("actor", "kind", "org", "since", "until", "before", "size"),
    "tasks.inbox": INBOX_PARAMETERS,
    "tasks.list_proxies": ("person",),
    "flows.list_flows": ("workflow", "state", "org", "q", "page", "size", "after"),
    "flows.statistics": ("workflow",),
    "files.download": ("info", "view"),
    "alerts.list_fired": ("alert", "org", "state", "page", "size"),
    "alerts.list_looks": ("alert",),
    "collect.matrix": ("period", "org"),
    "scores.score": ("org", "period"),
    "exchange.import_records": ("do", "key", "mode", "preview", "background"),
    "exchange.undo": ("background",),
    "exchange.export_xlsx": (*EXPORT_PARAMETERS, "values", "tables"),
    "exchange.export_csv": (*EXPORT_PARAMETERS, "values"),
}
INTEGERS = ("page", "size", "before", "id", "below")
FLAGS = (
    "titles", "deleted", "submitting", "info", "view", "overdue", "subtotals", "preview",
    "background", "tables",
)  # fmt: skip
DAYS = ("at", "since", "until")
# The addresses that are written out for each form.
OF_FORM = ("records.list_records", "records.create", "records.one_record", "records.update",
           "records.delete", "forms.compute")  # fmt: skip
ACTIONS = {"records.create": "create", "records.update": "update", "records.delete": "delete"}
