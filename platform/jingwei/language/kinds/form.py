"""Kind `form`: schema and builder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.language.build_who import OTHER_RULES, RULES, rule, split_who
from jingwei.language.fields import FIELDS
from jingwei.language.form import (
    Action,
    Collect,
    FactRule,
    Form,
    ListView,
    Permission,
    Receipt,
    Related,
    Restriction,
    Rule,
    State,
)
from jingwei.language.kinds.common import common, own
from jingwei.language.misplaced import too_deep
from jingwei.language.sections import SECTION, build_section
from jingwei.language.shapes import (
    BOOLEAN,
    COLOR,
    CONDITION,
    DUE,
    EFFECTS,
    FORMULA,
    LADDER,
    NAME,
    TEMPLATE,
    TEXT,
    WHO,
    WORD,
    Schema,
    as_written,
    by_shape,
    else_,
    enum,
    keys,
    kind,
    list_of,
    map_of,
    ref,
)
from jingwei.language.text import Text
from jingwei.language.values import Formula
from jingwei.language.walker import BAD, Walker, reads, wrong_shape
from jingwei.problems import Phrase
from jingwei.reading.yaml_file import Data, Path

CAN = (
    "read",
    "create",
    "update",
    "delete",
    "submit",
    "cancel",
    "amend",
    "export",
    "import",
    "print",
    "comment",
    "share",
)
SCOPES = ("own", "org", "org_and_below", "covered", "all")
GRAINS = ("month", "quarter", "half", "year")
VIEWS = ("actual", "target", "budget", "forecast")

_NUMBER = by_shape(
    scalar=TEMPLATE,
    keyed=keys("number", {"format": TEMPLATE, "assign": WORD}, ("format",)),
)
_VERSIONS = by_shape(
    scalar=enum("none", "on_approval"),
    keyed=keys(
        "versions",
        {"cut": enum("approval", "publish"), "label": TEMPLATE, "effective": NAME, "reason": NAME},
    ),
)
_STATE = keys(
    "state",
    {
        "title": TEXT,
        "initial": BOOLEAN,
        "locked": BOOLEAN,
        "final": BOOLEAN,
        "color": COLOR,
        "enter_when": CONDITION,
    },
)
RULE = keys(
    "rule",
    {
        "check": CONDITION,
        "unique": list_of(NAME),
        "at": WORD,
        "each": NAME,
        "when": CONDITION,
        "on": else_(WORD, "submit"),
        "level": else_(enum("error", "warn"), "error"),
        "message": TEMPLATE,
    },
)
_ACTION = keys(
    "action",
    {
        "title": TEXT,
        "who": WHO,
        "from": list_of(NAME, one=True),
        "to": NAME,
        "when": CONDITION,
        "check": CONDITION,
        "message": TEMPLATE,
        "confirm": TEMPLATE,
        "ask": FIELDS,
        "do": EFFECTS,
        "place": else_(WORD, "record"),
        "bulk": BOOLEAN,
        "phone": enum("first", "hide"),
    },
    ("title",),
)
_RELATED = keys(
    "related",
    {
        "form": ref("form"),
        "by": NAME,
        "title": TEXT,
        "columns": list_of(WORD),
        "sort": list_of(WORD, one=True),
        "where": CONDITION,
        "actions": list_of(NAME),
    },
    ("form", "by"),
)
_RECEIPT = keys(
    "receipt",
    {
        "of": WHO,
        "when": CONDITION,
        "title": TEXT,
        "done_by": else_(enum("open", "confirm", "sign"), "confirm"),
        "again_on": else_(enum("version", "never"), "never"),
        "due": DUE,
        "urge": LADDER,
        "then": EFFECTS,
    },
    ("of", "when"),
)
_EACH = keys("collect_each", {"form": ref("form"), "where": CONDITION}, ("form",))
_COLLECT_KEYS: Mapping[str, Schema] = {
    "every": enum(*GRAINS),
    "each": as_written(_EACH),
    "orgs": FORMULA,
    "who": WHO,
    "opens": DUE,
    "due": DUE,
    "create": else_(enum("at_open", "on_demand"), "on_demand"),
    "urge": LADDER,
}
_COLLECT = keys("collect", _COLLECT_KEYS, ("orgs", "who", "due"))
# what a profile says of a collection in its place: any part of it
COLLECT = keys("collect", _COLLECT_KEYS)
_FACT = keys(
    "fact",
    {
        "indicator": FORMULA,
        "value": FORMULA,
        "org": FORMULA,
        "period": FORMULA,
        "view": else_(enum(*VIEWS), "actual"),
        "data_version": WORD,
        "each": NAME,
        "when": CONDITION,
        "valid_from": FORMULA,
    },
    ("indicator", "value", "when"),
)
GRANT: Mapping[str, Schema] = {
    "can": list_of(WORD),
    "scope": FORMULA,
    "where": CONDITION,
    "hide": list_of(WORD),
    "readonly": list_of(WORD),
    "mask": list_of(WORD),
}
PERMISSION = keys("permission", GRANT, ("can",))
_RESTRICT = keys(
    "restriction", {"when": CONDITION, "to": WHO, "fields": list_of(WORD)}, ("when", "to")
)
_VIEW = keys(
    "list_view",
    {
        "type": enum("table", "card", "kanban", "calendar", "gantt", "tree", "pivot"),
        "title": TEXT,
        "by": WORD,
        "start": WORD,
        "end": WORD,
        "value": WORD,
        "columns": list_of(WORD),
        "filter": CONDITION,
        "sort": list_of(WORD, one=True),
    },
    ("type",),
)
_LIST = keys(
    "list",
    {
        "columns": list_of(WORD),
        "filters": list_of(WORD),
        "sort": list_of(WORD, one=True),
        "group": list_of(WORD, one=True),
        "default_filter": CONDITION,
        "views": map_of(as_written(_VIEW), thing="view"),
        "opens_with": map_of(WHO),
    },
)

SCHEMA = kind(
    "form",
    {
        "fields": FIELDS,
        "number": _NUMBER,
        "display": TEMPLATE,
        "workflow": ref("workflow"),
        "workflows": map_of(ref("workflow")),
        "submit": keys("submit", {"cancel": BOOLEAN, "amend": BOOLEAN}),
        "versions": _VERSIONS,
        "states": map_of(_STATE, thing="state"),
        "rules": map_of(RULE, thing="rule"),
        "actions": map_of(_ACTION, thing="action"),
        "events": map_of(EFFECTS, names="any", thing="event"),
        "related": map_of(_RELATED, thing="related"),
        "receipts": map_of(_RECEIPT, thing="receipt"),
        "collect": _COLLECT,
        "facts": map_of(_FACT, thing="fact"),
        "permissions": {"jingwei": "permissions", "type": "object"},
        "restrict": map_of(_RESTRICT, thing="restriction"),
        "layout": list_of(SECTION),
        "list": _LIST,
        "tree": NAME,
        "single": enum("org", "all"),
    },
    ("fields",),
)


@reads("permissions")
def read_permissions(walker: Walker, schema: Schema, data: Data, path: Path) -> Any:
    """Grants by name: the keys of a who beside the keys of the grant."""
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    found = {name: _permission(walker, name, part, (*path, name)) for name, part in data.items()}
    return BAD if any(grant is BAD for grant in found.values()) else found


def _permission(walker: Walker, name: str, data: Data, path: Path) -> Any:
    if not isinstance(data, dict):
        return wrong_shape(walker, "things.map", data, path)
    who_part, grant_part = split_who(data)
    strange = not who_part and GRANT.keys().isdisjoint(grant_part)
    if strange and too_deep(walker, data, path):
        return BAD
    for key in grant_part:
        if not who_part and key in OTHER_RULES:
            at = walker.key_at((*path, key))
            return walker.fail("unknown-who", at, suggestion=OTHER_RULES[key], value=key)
    values = walker.read(PERMISSION, grant_part, path)
    who: Any
    if "who" in who_part:
        who = walker.read(WHO, who_part["who"], (*path, "who"))
    elif not who_part:
        thing = Phrase("things.permission")
        known = ", ".join(("who", *RULES))
        who = walker.fail("permission-without-who", walker.key_at(path), thing=thing, known=known)
    else:
        found = rule(walker, who_part, path)
        who = BAD if found is BAD else (found,)
    if values is BAD or who is BAD:
        return BAD
    scope = values.get("scope", "org")
    if isinstance(scope, Formula) and scope.source in SCOPES:
        scope = scope.source
    return Permission(
        name=name,
        who=who,
        scope=scope,
        at=walker.key_at(path),
        **own(values, "can", "where", "hide", "readonly", "mask"),
    )


def build(walker: Walker, name: str, values: dict[str, Any]) -> Form:
    """The form. Its parts keep the author's order."""
    number = values.get("number")
    # what is never submitted would never be numbered
    assign = "submit" if any(map(values.get, ("workflow", "workflows", "submit"))) else "create"
    if isinstance(number, dict):
        assign = number.get("assign", assign)
        number = number["format"]
    return Form(
        **common(walker, name, values),
        **own(values, "fields", "display", "workflow", "workflows", "submit", "versions"),
        **own(values, "events", "permissions", "tree", "single"),
        number=number,
        number_assign=assign,
        states={n: State(name=n, **_titled(n, v)) for n, v in values.get("states", {}).items()},
        rules={n: build_rule(walker, n, v) for n, v in values.get("rules", {}).items()},
        actions={n: _action(walker, n, v) for n, v in values.get("actions", {}).items()},
        related={n: Related(name=n, **_titled(n, v)) for n, v in values.get("related", {}).items()},
        receipts={
            n: Receipt(name=n, **_titled(n, v)) for n, v in values.get("receipts", {}).items()
        },
        collect=_collect(values.get("collect")),
        facts={
            n: FactRule(name=n, at=walker.key_at(("facts", n)), **v)
            for n, v in values.get("facts", {}).items()
        },
        restrict={n: Restriction(name=n, **v) for n, v in values.get("restrict", {}).items()},
        layout=tuple(build_section(v) for v in values.get("layout", ())),
        list=ListView(**values.get("list", {})),
    )


def _titled(name: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"title": Text.plain(name), **values}


def build_rule(walker: Walker, name: str, values: dict[str, Any]) -> Rule:
    values = {("field_at" if key == "at" else key): value for key, value in values.items()}
    return Rule(name=name, at=walker.key_at(("rules", name)), **values)


def _action(walker: Walker, name: str, values: dict[str, Any]) -> Action:
    values = {("from_" if key == "from" else key): value for key, value in values.items()}
    return Action(name=name, at=walker.key_at(("actions", name)), **values)


def _collect(values: dict[str, Any] | None) -> Collect | None:
    if values is None:
        return None
    every = values.get("every") or values.get("each") or "month"
    rest = {key: value for key, value in values.items() if key not in ("every", "each")}
    return Collect(every=every, **rest)
