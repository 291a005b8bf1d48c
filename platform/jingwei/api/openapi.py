"""OpenAPI 3.1 of this application, as the person who asks may see it, and a page to read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, redirect
from markupsafe import Markup, escape
from werkzeug.routing import Rule
from werkzeug.wrappers import Response as AnyResponse

from jingwei.api import openapi_calls as calls
from jingwei.api.asking import parameters
from jingwei.api.auth import NotSignedIn, reading
from jingwei.api.json import answer
from jingwei.api.session import may
from jingwei.language.field_types.table import json_schema
from jingwei.language.form import SHOWN_SYSTEM, STATUSES, Field, Form
from jingwei.services.commands import Reading
from jingwei.services.listing import may_open
from jingwei.services.overrides import MOST_REASON
from jingwei.services.rights import FieldRights
from jingwei.services.wanted import REASONS
from jingwei.texts import has_text, text
from jingwei.web import locale

blueprint = Blueprint("openapi", __name__)

_HOLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_REASON = {"type": "string", "minLength": 1, "maxLength": MOST_REASON}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
SYSTEM: Mapping[str, dict[str, Any]] = {
    "id": {"type": "integer"},
    "revision": {"type": "integer"},
    "number": calls.NAME,
    "org": calls.NAME,
    "owner": calls.NAME,
    "status": {"type": ["string", "null"], "enum": [*STATUSES, None]},
    "state": calls.NAME,
    "created_at": _INSTANT,
    "created_by": calls.NAME,
    "updated_at": _INSTANT,
    "updated_by": calls.NAME,
}


@blueprint.get("/api/v1/openapi.json")
def document() -> Response:
    parameters()
    with reading() as view:
        return answer(describe(view))


# --- the document --------------------------------------------------------------------------------


def describe(view: Reading) -> dict[str, Any]:
    """The whole document; forms with which the reader has nothing to do are not in it."""
    words = locale()
    forms = [f for f in view.catalogue.forms.values() if may_open(view, f.name)]
    rules = list(_rules())
    paths: dict[str, Any] = {}
    for rule in rules:
        paths.setdefault(_path(rule.rule), {}).update(_operations(rule, None))
    for form in forms:
        for rule in rules:
            if rule.endpoint in calls.OF_FORM:
                path = _path(rule.rule.replace("<form>", form.name))
                paths.setdefault(path, {}).update(_operations(rule, form))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": view.catalogue.manifest.title(words),
            "version": str(view.installation.release.id),
            "description": text("openapi.description", words),
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": []}],
        "tags": [{"name": f.name, "description": f.title(words)} for f in forms],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "jingwei_session"},
            },
            "schemas": _schemas(view, forms),
        },
    }


def _rules() -> Iterator[Rule]:
    for rule in current_app.url_map.iter_rules():
        shown = rule.rule.startswith("/api/") or rule.rule in calls.PLAIN
        if shown and rule.endpoint not in calls.OWN:
            yield rule


def _path(rule: str) -> str:
    return _HOLE.sub(lambda hole: "{" + hole[2] + "}", rule)


def _operations(rule: Rule, form: Form | None) -> dict[str, Any]:
    methods = sorted(m.lower() for m in rule.methods or ())
    return {m: _operation(rule, m, form) for m in methods if m in calls.METHODS}


def _operation(rule: Rule, method: str, form: Form | None) -> dict[str, Any]:
    endpoint = rule.endpoint
    words = locale()
    key = f"openapi.{endpoint.replace('.', '_')}"
    said = text(key, words) if has_text(key, words) else endpoint.replace("_", " ")
    identity = f"{endpoint}.{method}" + (f".{form.name}" if form else "")
    found: dict[str, Any] = {
        "operationId": identity.replace(".", "_"),
        "summary": f"{form.title(words)}: {said}" if form else said,
        "tags": [form.name if form else endpoint.partition(".")[0]],
        "parameters": _parameters(rule, method, form),
        "responses": _responses(endpoint, form),
    }
    if method in ("post", "put", "patch"):
        found["requestBody"] = _body(endpoint, form)
    if endpoint in calls.WITHOUT_LOGIN:
        found["security"] = []
    return found


def _parameters(rule: Rule, method: str, form: Form | None) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if converter == "int" else "string"},
        }
        for converter, name in _HOLE.findall(rule.rule)
        if form is None or name != "form"
    ]
    found += [
        {"name": name, "in": "query", "required": False, "schema": _query_schema(name)}
        for name in calls.QUERIES.get(rule.endpoint, ())
    ]
    if method in calls.UNSAFE and rule.endpoint not in calls.WITHOUT_LOGIN:
        found.append(_header("Idempotency-Key", required=False))
    if rule.endpoint in calls.MATCHED:
        found.append(_header("If-Match", required=True))
    return found


def _header(name: str, *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string"}}


def _query_schema(name: str) -> dict[str, Any]:
    if name in calls.INTEGERS:
        return {"type": "integer", "minimum": 1}
    if name in calls.FLAGS:
        return {"type": "string", "enum": ["0", "1"]}
    if name in calls.DAYS:
        return {"type": "string", "format": "date"}
    if name == "count":
        return {"type": "string", "enum": ["exact", "capped", "none"]}
    return {"type": "string"}


def _responses(endpoint: str, form: Form | None) -> dict[str, Any]:
    error = {"description": text("openapi.refused", locale()), "content": _content("error")}
    good: dict[str, Any] = {"description": text("openapi.done", locale())}
    if endpoint in calls.EMPTY:
        return {"204": good, "default": error}
    if endpoint in calls.PAGED:
        good["content"] = _content(f"{form.name}.page" if form else "page")
    elif endpoint in calls.DOWNLOADS:
        good["content"] = {calls.DOWNLOADS[endpoint]: {}}
    elif form is not None and endpoint != "forms.compute":
        good["content"] = _content(form.name)
    else:
        good["content"] = _content("object")
    return {"201" if endpoint in calls.CREATED else "200": good, "default": error}


def _body(endpoint: str, form: Form | None) -> dict[str, Any]:
    if endpoint in calls.UPLOADS:
        part = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        return {"required": True, "content": {"multipart/form-data": {"schema": part}}}
    if form is not None:
        return {"required": True, "content": _content(f"{form.name}.write")}
    if endpoint in calls.BODIES:
        schema = {
            "type": "object",
            "properties": calls.BODIES[endpoint],
            "additionalProperties": False,
        }
        return {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"required": False, "content": _content("object")}


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


# --- schemas -------------------------------------------------------------------------------------


def _schemas(view: Reading, forms: list[Form]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "object": {"type": "object"},
        "error": _error_schema(),
        "page": _page_schema({"type": "object"}),
    }
    for form in forms:
        reads = view.rights.fields(view, form.name)
        makes = view.rights.create_fields(view, form.name)
        rights = FieldRights(reads.visible | makes.visible, reads.writable | makes.writable)
        record, write = _record_schemas(form, rights, may(view, form.name))
        found[form.name] = record
        found[f"{form.name}.write"] = write
        found[f"{form.name}.page"] = _page_schema({"$ref": f"#/components/schemas/{form.name}"})
    return found


def _record_schemas(
    form: Form, rights: FieldRights, can: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record as it is read, and what of it may be written."""
    shown: dict[str, Any] = {
        name: {**SYSTEM[name], "readOnly": name != "org"} for name in SHOWN_SYSTEM
    }
    written: dict[str, Any] = {"org": SYSTEM["org"]} if "org" in rights.writable else {}
    for name, field in form.fields.items():
        if name not in rights.visible or field.type in ("heading", "note"):
            continue
        schema = _field_schema(field, rights)
        writable = name in rights.writable and _may_be_sent(field)
        shown[name] = schema if writable else {**schema, "readOnly": True}
        if writable:
            written[name] = schema
    owing = [f.name for f in form.fields.values() if f.mode == "override_with_reason"]
    if reasons := {name: _REASON for name in owing if name in written}:
        said = text("openapi.reasons", locale())
        written[REASONS] = {"type": "object", "properties": reasons, "description": said}
    title = form.title(locale())
    read = {"type": "object", "title": title, "properties": shown, "required": ["id", "revision"]}
    write = {"type": "object", "title": title, "properties": written, "additionalProperties": False}
    return read, {**write, "x-can": can}


def _may_be_sent(field: Field) -> bool:
    computed = field.compute is not None and field.mode in ("always", "lock_if_found")
    return not (computed or field.readonly)


def _field_schema(field: Field, rights: FieldRights) -> dict[str, Any]:
    words = locale()
    if field.type == "table":
        columns = {
            name: _field_schema(column, rights)
            for name, column in field.fields.items()
            if column.path in rights.visible and column.type not in ("heading", "note")
        }
        row = {"type": "object", "properties": {"id": {"type": "integer"}, **columns}}
        return {"title": field.title(words), "type": "array", "items": row}
    return {"title": field.title(words), **json_schema(field)}


def _page_schema(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "total": {"type": ["integer", "null"]},
            "page": {"type": "integer"},
            "size": {"type": "integer"},
            "after": {"type": ["string", "null"]},
            "capped": {"type": "boolean"},
        },
        "required": ["items", "total", "page", "size"],
    }


def _error_schema() -> dict[str, Any]:
    words = {"type": "string"}
    one = {"type": "object", "properties": {"path": words, "code": words, "message": words}}
    error = {
        "type": "object",
        "properties": {
            "code": words,
            "message": words,
            "fields": {"type": "array", "items": one},
            "request_id": words,
            "detail": {},
        },
        "required": ["code", "message", "fields", "request_id"],
    }
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


# --- the page ------------------------------------------------------------------------------------


@blueprint.get("/api/docs")
def docs() -> AnyResponse:
    """The document as a plain page: no script, no style of its own, nothing from elsewhere."""
    try:
        with reading() as view:
            described = describe(view)
    except NotSignedIn:
        return redirect("/sign-in?next=/api/docs")
    return Response(_page(described), mimetype="text/html")


def _page(described: Mapping[str, Any]) -> str:
    title = escape(described["info"]["title"])
    parts = [
        Markup('<!doctype html><html lang="{}"><head><meta charset="utf-8">').format(locale()),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup("<title>{0} API</title></head><body><h1>{0} API</h1>").format(title),
        Markup("<p>{}</p>").format(described["info"]["description"]),
        Markup('<p><a href="/api/v1/openapi.json">openapi.json</a></p>'),
    ]
    for path, operations in described["paths"].items():
        parts.append(Markup("<section><h2><code>{}</code></h2>").format(path))
        parts += [_shown(method, operation) for method, operation in operations.items()]
        parts.append(Markup("</section>"))
    for name, schema in described["components"]["schemas"].items():
        parts.append(_shown_schema(name, schema))
    parts.append(Markup("</body></html>"))
    return str(Markup("").join(parts))


def _shown(method: str, operation: Mapping[str, Any]) -> Markup:
    names = [f"{p['name']} ({p['in']})" for p in operation["parameters"]]
    listed = Markup("<p>{}</p>").format(", ".join(names)) if names else Markup("")
    heading = Markup("<h3>{}</h3><p>{}</p>").format(method.upper(), operation["summary"])
    return heading + listed


def _shown_schema(name: str, schema: Mapping[str, Any]) -> Markup:
    rows = [
        Markup("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>").format(
            field, _type_words(of), of.get("title", "")
        )
        for field, of in schema.get("properties", {}).items()
    ]
    if not rows:
        return Markup("")
    return (
        Markup("<section><h2><code>{}</code></h2><table>").format(name)
        + Markup("").join(rows)
        + Markup("</table></section>")
    )


def _type_words(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", schema.get("$ref", ""))
    return " | ".join(kind) if isinstance(kind, list) else str(kind)
