"""The description of the API: every route is in it, nothing hidden is, and it is well formed."""

from __future__ import annotations

import re
from typing import Any

from api_house import ApiHouse
from jsonschema import Draft202012Validator

HOLE = re.compile(r"<(?:\w+:)?(\w+)>")


def described(api: ApiHouse, login: str = "li.na") -> dict[str, Any]:
    answer = api.get(login, "openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(v) for v in node.values()))
    if isinstance(node, list):
        return set().union(*(references(v) for v in node))
    return set()


def test_every_route_and_method_is_named(api: ApiHouse) -> None:
    paths = described(api)["paths"]
    for rule in api.app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/"):
            continue
        path = HOLE.sub(r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert method.lower() in paths[path], (path, method)


def test_the_document_is_well_formed(api: ApiHouse) -> None:
    found = described(api)
    assert found["openapi"].startswith("3.1")
    known = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert references(found) <= known
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    operations = [o for path in found["paths"].values() for o in path.values()]
    identities = [o["operationId"] for o in operations]
    assert len(set(identities)) == len(identities)
    for path, methods in found["paths"].items():
        holes = set(re.findall(r"{(\w+)}", path))
        for operation in methods.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == holes, path
            assert operation["responses"] and operation["summary"]


def test_a_record_fits_its_own_schema(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount="1.50", lines=[{"item": "a"}])
    found = described(api)
    schema = {**found["components"]["schemas"]["contract"], "components": found["components"]}
    Draft202012Validator(schema).validate(made)
    write = found["components"]["schemas"]["contract.write"]
    assert "tax" not in write["properties"]
    assert "amount" in write["properties"]


def test_hidden_fields_and_forms_are_not_in_it(api: ApiHouse) -> None:
    assert "secret" in described(api)["components"]["schemas"]["contract"]["properties"]
    of_finance = described(api, "chen.jie")["components"]["schemas"]
    assert "secret" not in of_finance["contract"]["properties"]
    assert "receipt" not in of_finance
    assert "contract" not in described(api, "nobody")["components"]["schemas"]


def test_the_page_has_no_script_and_no_style_of_its_own(api: ApiHouse) -> None:
    page = api.get("li.na", "/api/docs")
    body = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "/api/v1/forms/contract/records" in body
    assert not re.search(r"<script|<style|style=|https?://|\son\w+=", body)
    stranger = api.get(None, "/api/docs")
    assert (stranger.status_code, stranger.headers["Location"]) == (302, "/sign-in?next=/api/docs")
