"""The description of the API: every route is in it, nothing hidden is, and it is well formed."""

from __future__ import annotations

import re
from typing import Any

from api_house import ApiHouse
from jsonschema import Draft202012Validator, FormatChecker

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
    known = {f"#/components/{k}/{name}" for k, of in found["components"].items() for name in of}
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


def checked(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def test_a_record_that_needs_a_link_is_shown_with_one_that_its_reader_may_list(
    api: ApiHouse,
) -> None:
    made = api.make("li.na", "contract", name="大桥", amount=1)["id"]

    def example(login: str) -> Any:
        create = described(api, login)["paths"]["/api/v1/forms/receipt/records"]["post"]
        return create["requestBody"]["content"]["application/json"].get("example")

    assert example("li.na")["contract"] == made
    assert api.post("li.na", "forms/receipt/records", example("li.na")).status_code == 201
    assert example("wang.wu") is None


def test_every_example_is_what_its_own_schema_says(api: ApiHouse) -> None:
    found = described(api)
    met = 0
    for node in nodes(found):
        for content in (node.get("content") or {}).values():
            if "example" in content:
                checked(found, content["schema"], content["example"])
                met += 1
        if "schema" in node and node.get("in"):
            given = [one["value"] for one in node.get("examples", {}).values()]
            for example in given + ([node["example"]] if "example" in node else []):
                checked(found, node["schema"], example)
                met += 1
        if isinstance(node.get("examples"), list):
            for example in node["examples"]:
                checked(found, {k: v for k, v in node.items() if k != "examples"}, example)
                met += 1
    assert met > 60


def nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(one for v in node.values() for one in nodes(v))]
    return [one for v in node for one in nodes(v)] if isinstance(node, list) else []


def test_every_example_of_a_form_is_taken_by_the_server(api_on_both: ApiHouse) -> None:
    api = api_on_both
    contract = described(api)["paths"]["/api/v1/forms/contract/records"]
    body = contract["post"]["requestBody"]["content"]["application/json"]["example"]
    made = api.post("li.na", "forms/contract/records", body)
    assert made.status_code == 201, made.get_data(as_text=True)
    assert body.keys() >= {"name", "amount", "signed_on"}
    fields = described(api)["components"]["schemas"]["contract.write"]["properties"]
    revision = 1
    for name, schema in fields.items():
        for example in schema.get("examples", ()):
            path = f"forms/contract/records/{made.get_json()['id']}"
            told = api.patch("li.na", path, {name: example}, match=revision)
            assert told.status_code == 200, (name, told.get_data(as_text=True))
            revision = told.get_json()["revision"]
    asked = 0
    for parameter in contract["get"]["parameters"]:
        for example in parameter.get("examples", {}).values():
            query = {parameter["name"]: example["value"]}
            told = api.get("li.na", "forms/contract/records", query_string=query)
            assert told.status_code == 200, (query, told.get_data(as_text=True))
            asked += 1
    assert asked == 4


def test_what_a_new_record_needs_and_may_hold_is_said(api: ApiHouse) -> None:
    schemas = described(api)["components"]["schemas"]
    assert (
        "required" not in schemas["contract.create"]
    )  # it may be unfinished until it is submitted
    assert schemas["receipt.create"]["required"] == ["contract"]
    written, read = (schemas[f"contract{n}"]["properties"] for n in (".write", ""))
    assert written["name"]["maxLength"] == 40
    assert (written["amount"]["minimum"], read["amount"]) == (
        0,
        {"title": "金额", "type": ["number", "null"]},
    )
    assert read["tax"]["readOnly"] and read["total"]["readOnly"]
    kind = schemas["receipt.write"]["properties"]["kind"]["oneOf"]
    assert kind == [
        {"const": "cash", "title": "现金"},
        {"const": "bank", "title": "转账"},
        {"type": "null"},
    ]


def test_the_bodies_of_definitions_are_said_key_by_key(api: ApiHouse) -> None:
    paths = described(api)["paths"]
    save = paths["/api/v1/definitions/files/{path}"]["put"]["requestBody"]
    schema = save["content"]["application/json"]["schema"]
    assert sorted(schema["properties"]) == ["base", "revision", "text"]
    bare = {"$ref": "#/components/schemas/object"}
    left = [
        operation["operationId"]
        for path in paths.values()
        for operation in path.values()
        if (body := operation.get("requestBody"))
        and body["content"].get("application/json", {}).get("schema") == bare
    ]
    # what these take is what the form, the button or the report says
    assert left == [
        "forms_compute_post",
        "records_create_post",
        "records_update_patch",
        "around_act_post",
        "around_act_on_row_post",
    ]


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


def test_what_one_may_not_do_is_not_offered(api: ApiHouse) -> None:
    def offered(login: str) -> set[str]:
        paths = described(api, login)["paths"]
        of_form = (paths[p] for p in paths if p.startswith("/api/v1/forms/contract/records"))
        return {method for methods in of_form for method in methods}

    assert offered("li.na") == {"get", "post", "patch", "delete"}
    assert offered("chen.jie") == {"get"}


def test_a_masked_value_fits_the_schema_of_whoever_reads_it(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="桥", amount=1, secret="x")
    masked = api.get("ops", f"forms/contract/records/{made['id']}").get_json()
    assert masked["secret"] == "•••"
    found = described(api, "ops")
    checked(found, found["components"]["schemas"]["contract"], masked)
    secret = found["components"]["schemas"]["contract"]["properties"]["secret"]
    assert secret["anyOf"][0] == {"const": "•••"}
