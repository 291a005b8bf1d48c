"""OpenAPI 3.1 of this application, as the person who asks may see it, and a page to read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, redirect
from markupsafe import Markup, escape
from werkzeug.routing import Rule
from werkzeug.wrappers import Response as AnyResponse

from jingwei.api import openapi_answers as answers
from jingwei.api import openapi_calls as calls
from jingwei.api import openapi_examples as examples
from jingwei.api import openapi_fields as fields
from jingwei.api import openapi_headers as of_headers
from jingwei.api import openapi_refusals as refusals
from jingwei.api import openapi_sent as sending
from jingwei.api import openapi_shapes as shapes
from jingwei.api.asking import MOST_PARAMETER, parameters
from jingwei.api.auth import NotSignedIn, reading
from jingwei.api.json import answer, dumps
from jingwei.api.records import LAST_PAGE
from jingwei.api.session import may
from jingwei.language.form import SHOWN_SYSTEM, STATUSES, Form
from jingwei.services.commands import Reading
from jingwei.services.listing import MOST_A_PAGE, may_open
from jingwei.services.overrides import MOST_REASON
from jingwei.services.rights import FieldRights
from jingwei.services.wanted import REASONS
from jingwei.texts import has_text, text
from jingwei.web import locale

blueprint = Blueprint("openapi", __name__)

BODIES: Mapping[str, Mapping[str, Any]] = {**calls.BODIES, **shapes.DEFINITION_BODIES}
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
        paths.setdefault(_path(rule.rule), {}).update(_operations(view, rule, None))
    for form in forms:
        for rule in rules:
            if rule.endpoint in calls.OF_FORM and _is_offered(view, form, rule.endpoint):
                path = _path(rule.rule.replace("<form>", form.name))
                paths.setdefault(path, {}).update(_operations(view, rule, form))
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
            "responses": refusals.responses(),
            "headers": of_headers.headers(),
        },
    }


def _is_offered(view: Reading, form: Form, endpoint: str) -> bool:
    """Whether the reader may do it with some record. A task of a flow opens a record to changes
    that no grant allows."""
    action = calls.ACTIONS.get(endpoint)
    by_task = action == "update" and bool(form.workflow or form.workflows)
    return action is None or by_task or action in may(view, form.name)


def _rules() -> Iterator[Rule]:
    for rule in current_app.url_map.iter_rules():
        shown = rule.rule.startswith("/api/") or rule.rule in calls.PLAIN
        if shown and rule.endpoint not in calls.OWN:
            yield rule


def _path(rule: str) -> str:
    return _HOLE.sub(lambda hole: "{" + hole[2] + "}", rule)


def _operations(view: Reading, rule: Rule, form: Form | None) -> dict[str, Any]:
    methods = sorted(m.lower() for m in rule.methods or ())
    return {m: _operation(view, rule, m, form) for m in methods if m in calls.METHODS}


def _operation(view: Reading, rule: Rule, method: str, form: Form | None) -> dict[str, Any]:
    endpoint = rule.endpoint
    words = locale()
    key = f"openapi.{endpoint.replace('.', '_')}"
    said = text(key, words) if has_text(key, words) else endpoint.replace("_", " ")
    identity = f"{endpoint}.{method}" + (f".{form.name}" if form else "")
    found: dict[str, Any] = {
        "operationId": identity.replace(".", "_"),
        "summary": f"{form.title(words)}: {said}" if form else said,
        "tags": [form.name if form else endpoint.partition(".")[0]],
        "parameters": _parameters(view, rule, method, form),
        "responses": _responses(endpoint, method, form),
    }
    has_body = method in ("post", "put", "patch") or endpoint in BODIES
    if has_body and endpoint not in shapes.BODILESS:
        found["requestBody"] = _body(view, endpoint, form)
    if endpoint in calls.WITHOUT_LOGIN:
        found["security"] = []
    return found


def _parameters(view: Reading, rule: Rule, method: str, form: Form | None) -> list[dict[str, Any]]:
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
        _query(view, rule.endpoint, name, form) for name in calls.QUERIES.get(rule.endpoint, ())
    ]
    headers = of_headers.parameters()
    if method in calls.UNSAFE and rule.endpoint not in calls.WITHOUT_LOGIN:
        found.append(headers["IdempotencyKey"])
    if rule.endpoint in calls.MATCHED:
        found.append(headers["IfMatch"])
    if rule.endpoint in calls.MATCHED_IF_GIVEN:
        found.append(headers["IfMatchIfGiven"])
    if rule.endpoint in shapes.OF_ONE_FORM:
        found.append(headers["FormFingerprint"])
    return found


def _query(view: Reading, endpoint: str, name: str, form: Form | None) -> dict[str, Any]:
    words = locale()
    found = {
        "name": name,
        "in": "query",
        "required": False,
        "schema": _query_schema(endpoint, name),
    }
    key = f"openapi.query_{name}"
    if endpoint in shapes.LISTS and has_text(key, words):
        found["description"] = text(key, words)
        if form is not None and (examples := _query_examples(view, form, name)):
            found["examples"] = {str(n): {"value": one} for n, one in enumerate(examples, 1)}
    return found


def _query_examples(view: Reading, form: Form, name: str) -> list[str]:
    """Of a list of this form, with fields that its reader may name."""
    rights = view.rights.fields(view, form.name)
    known = rights.visible - rights.masked
    numbers = [
        f.name
        for f in form.fields.values()
        if f.type in ("money", "number", "integer") and f.name in known and not f.many
    ]
    if name == "filter":
        found = ["created_by == me and updated_at >= 2026-01-01"]
        return [*(f"{n} > 100 and {n} < 1_000" for n in numbers[:1]), f"id in [{1}, {2}]", *found][
            :2
        ]
    if name == "sort":
        return [f"-{numbers[0]},id" if numbers else "-updated_at,id"]
    if name == "fields":
        return [",".join(["id", *numbers[:2]])]
    return []


def _query_schema(endpoint: str, name: str) -> dict[str, Any]:
    if name == "page" and endpoint in shapes.LISTS:
        return {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}
    if name == "size" and endpoint in shapes.LISTS:
        return {"type": "integer", "minimum": 1, "maximum": MOST_A_PAGE, "default": 20}
    if name in calls.INTEGERS:
        return {"type": "integer", "minimum": 1}
    if name in calls.FLAGS:
        return {"type": "string", "enum": ["0", "1"]}
    if name in calls.DAYS:
        return {"type": "string", "format": "date"}
    if name in shapes.WORDS:
        return {"type": "string", "enum": list(shapes.WORDS[name])}
    return {"type": "string", "maxLength": MOST_PARAMETER}


def _responses(endpoint: str, method: str, form: Form | None) -> dict[str, Any]:
    error = {"description": text("openapi.refused", locale()), "content": _content("error")}
    statuses = ["400"]
    if endpoint not in calls.WITHOUT_LOGIN:
        statuses += ["401", "403", "404"]
    if method in calls.UNSAFE:
        statuses += ["409", "413", "422"]
    if endpoint in calls.MATCHED:
        statuses += ["412", "428"]
    if endpoint in calls.MATCHED_IF_GIVEN:
        statuses += ["412"]
    if endpoint == "session.login":
        statuses += ["401", "429"]
    refused = {**refusals.refusals(*sorted(statuses)), "default": error}
    good: dict[str, Any] = {"description": text("openapi.done", locale())}
    if endpoint in calls.EMPTY:
        return {"204": good, **refused}
    if (own := answers.answer_of(endpoint)) is not None:
        good["content"] = _content(own)
    elif endpoint in calls.PAGED:
        good["content"] = _content(f"{form.name}.page" if form else "page")
    elif endpoint in calls.DOWNLOADS:
        good["content"] = {calls.DOWNLOADS[endpoint]: {}}
    elif form is not None and endpoint != "forms.compute":
        good["content"] = _content(form.name)
    else:
        good["content"] = _content(shapes.ANSWERS.get(endpoint, "object"))
    if endpoint in shapes.TAGGED:
        good["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    if endpoint == "records.create":
        good["headers"]["Location"] = {"$ref": "#/components/headers/Location"}
    done = {"201" if endpoint in calls.CREATED else "200": good}
    if endpoint in answers.LATER:
        begun = {"description": text("openapi.begun", locale())}
        done["202"] = {**begun, "content": _content(answers.LATER[endpoint])}
    return {**done, **refused}


def _body(view: Reading, endpoint: str, form: Form | None) -> dict[str, Any]:
    if endpoint in calls.UPLOADS:
        part = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        return {"required": True, "content": {"multipart/form-data": {"schema": part}}}
    if form is not None:
        made = endpoint == "records.create"
        content = _content(f"{form.name}.create" if made else f"{form.name}.write")
        rights = view.rights.create_fields(view, form.name)
        example = examples.example_body(view, form, rights) if made else None
        if example is not None:
            content["application/json"]["example"] = example
        return {"required": True, "content": content}
    if endpoint in BODIES:
        schema = {
            "type": "object",
            "properties": BODIES[endpoint],
            "additionalProperties": False,
        }
        if endpoint in shapes.REQUIRED:
            schema["required"] = list(shapes.REQUIRED[endpoint])
        content = {"application/json": {"schema": schema}}
        if endpoint in shapes.EXAMPLES:
            content["application/json"]["example"] = shapes.EXAMPLES[endpoint]
        return {"required": endpoint in shapes.REQUIRED, "content": content}
    return {"required": False, "content": _content("object")}


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


# --- schemas -------------------------------------------------------------------------------------


def _schemas(view: Reading, forms: list[Form]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "object": {"type": "object"},
        "error": _error_schema(),
        **shapes.SCHEMAS,
        **answers.schemas(),
        "page": _page_schema({"type": "object"}),
    }
    for form in forms:
        reads = view.rights.fields(view, form.name)
        makes = view.rights.create_fields(view, form.name)
        rights = FieldRights(
            reads.visible | makes.visible, reads.writable | makes.writable, reads.masked
        )
        name, can = form.name, may(view, form.name)
        found[name] = _read_schema(view, form, rights)
        found[f"{name}.write"] = {**_write_schema(view, form, rights, whole=False), "x-can": can}
        found[f"{name}.create"] = _write_schema(
            view, form, FieldRights(makes.visible, makes.writable), whole=True
        )
        found[f"{name}.page"] = _page_schema({"$ref": f"#/components/schemas/{name}"})
    return found


def _read_schema(view: Reading, form: Form, rights: FieldRights) -> dict[str, Any]:
    """A record as it is read."""
    shown: dict[str, Any] = {
        name: {**SYSTEM[name], "readOnly": name != "org"} for name in SHOWN_SYSTEM
    }
    for name, field in form.fields.items():
        if name in rights.visible and field.type not in fields.NOT_VALUES:
            shown[name] = fields.read_schema(view, field, rights)
    return {
        "type": "object",
        "title": form.title(locale()),
        "properties": shown,
        "required": ["id", "revision"],
    }


def _write_schema(view: Reading, form: Form, rights: FieldRights, *, whole: bool) -> dict[str, Any]:
    """What of a record may be written. `whole`: what a new one must have is owed."""
    written: dict[str, Any] = {"org": SYSTEM["org"]} if "org" in rights.writable else {}
    for name, field in form.fields.items():
        sent = name in rights.visible and name in rights.writable and sending.may_be_sent(field)
        if sent and field.type not in fields.NOT_VALUES:
            written[name] = fields.written_schema(view, form, field, rights, whole=whole)
    owing = [f.name for f in form.fields.values() if f.mode == "override_with_reason"]
    if reasons := {name: _REASON for name in owing if name in written}:
        said = text("openapi.reasons", locale())
        written[REASONS] = {"type": "object", "properties": reasons, "description": said}
    found: dict[str, Any] = {
        "type": "object",
        "title": form.title(locale()),
        "properties": written,
        "additionalProperties": False,
    }
    if whole and (needed := sending.owed(form, written)):
        found["required"] = needed
    return found


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
    rows = [
        Markup("<dt><code>{}</code> ({})</dt><dd>{}</dd>").format(
            p["name"], p["in"], p.get("description", "")
        )
        for p in operation["parameters"]
    ]
    heading = Markup("<h3>{}</h3><p>{}</p>").format(method.upper(), operation["summary"])
    listed = Markup("<dl>{}</dl>").format(Markup("").join(rows)) if rows else Markup("")
    return heading + listed + _shown_example(operation)


def _shown_example(operation: Mapping[str, Any]) -> Markup:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" not in content:
        return Markup("")
    return Markup("<pre><code>{}</code></pre>").format(dumps(content["example"]).decode())


def _shown_schema(name: str, schema: Mapping[str, Any]) -> Markup:
    rows = [
        Markup("<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
            field, _type_words(of), of.get("title", ""), _offered(of)
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


def _offered(schema: Mapping[str, Any]) -> str:
    """The codes of a choice with their titles, or the limits of a number or text."""
    if "oneOf" in schema:
        codes = [f"{one['const']} {one['title']}" for one in schema["oneOf"] if "const" in one]
        return ", ".join(codes)
    said = [
        f"{name} {schema[name]}" for name in ("minimum", "maximum", "maxLength") if name in schema
    ]
    return ", ".join(said)


def _type_words(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", schema.get("$ref", ""))
    return " | ".join(kind) if isinstance(kind, list) else str(kind)
