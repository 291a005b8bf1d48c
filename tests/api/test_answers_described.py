"""What is no record is described key by key: answers hold what they are said to hold, no more and
no less."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from api_house import MORE_FILES, REQUEST_APPROVAL, ApiHouse, open_api
from jsonschema import Draft202012Validator, FormatChecker

FILES = {
    **MORE_FILES,
    **REQUEST_APPROVAL,
    "forms/request.yaml": """
kind: form
title: 申请
workflow: request_approval
fields:
  name: {type: text, title: 名称, required: true}
  amount: {type: money, unit: CNY, title: 金额}
  about: {type: link, to: any, title: 关于}
  proof: {type: file, title: 附件}
permissions:
  planner:
    post: planner
    can: [read, create, update, delete, submit, import, comment, share]
    scope: org
""",
}
RECORD = "forms/request/records"


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder = tmp_path_factory.mktemp("answers")
    opened = open_api(folder, f"sqlite:///{folder / 'answers.db'}", FILES)
    yield opened
    opened.close()


def closed(node: Any) -> Any:
    """The schema, with nothing beside what it names."""
    if isinstance(node, dict):
        found = {key: closed(value) for key, value in node.items()}
        return {**found, "additionalProperties": False} if "properties" in node else found
    return [closed(one) for one in node] if isinstance(node, list) else node


def test_answers_beside_records_are_described_key_by_key(api: ApiHouse) -> None:
    made = api.make("li.na", "request", name="桥", amount=1)["id"]
    path = f"{RECORD}/{made}"
    assert api.patch("li.na", path, {"amount": 2}, match=1).status_code == 200
    api.post("li.na", f"{path}/comments", {"body": "@boss.a 请看"})
    api.post("li.na", f"{path}/share", {"person": "ops", "until": "2026-03-09"})
    api.post("li.na", "forms/request/views", {"title": "大", "wish": {"sort": ["name"]}})
    flow = api.post("li.na", f"{path}/submit", {}).get_json()
    task = api.get("ops", "tasks").get_json()["items"][0]["id"]
    sheet = {"file": (io.BytesIO("name,amount\n甲,1\n乙,x\n".encode()), "a.csv")}
    imported = api.ask("POST", "li.na", "forms/request/import?mode=rows", data=sheet).get_json()
    batch = imported["batch"]
    undone = api.post("li.na", f"forms/request/imports/{batch}/undo").get_json()
    schemas = api.get("li.na", "openapi.json").get_json()
    paths, components = schemas["paths"], closed(schemas["components"])

    asked = {
        "/api/v1/forms/{form}/records/{id}/history": ("li.na", f"{path}/history"),
        "/api/v1/forms/{form}/records/{id}/comments": ("li.na", f"{path}/comments"),
        "/api/v1/forms/{form}/records/{id}/share": ("li.na", f"{path}/share"),
        "/api/v1/forms/{form}/records/{id}/followers": ("li.na", f"{path}/followers"),
        "/api/v1/forms/{form}/views": ("li.na", "forms/request/views"),
        "/api/v1/forms/{form}/imports": ("li.na", "forms/request/imports"),
        "/api/v1/forms/{form}/imports/{batch}": ("li.na", f"forms/request/imports/{batch}"),
        "/api/v1/tasks": ("ops", "tasks"),
        "/api/v1/tasks/counts": ("ops", "tasks/counts"),
        "/api/v1/tasks/{id}": ("ops", f"tasks/{task}"),
        "/api/v1/flows/{id}": ("li.na", f"flows/{flow['id']}"),
        "/api/v1/notifications": ("ops", "notifications"),
    }
    answers = {("get", way): api.get(*who).get_json() for way, who in asked.items()}
    answers["post", "/api/v1/forms/{form}/import"] = imported
    answers["post", "/api/v1/forms/{form}/imports/{batch}/undo"] = undone
    sheet = {"file": (io.BytesIO("name,amount\n丙,1\n".encode()), "b.csv")}
    later = api.ask("POST", "li.na", "forms/request/import?background=1", data=sheet)
    answers["post", "/api/v1/forms/{form}/import", "202"] = later.get_json()
    for (method, way, *status), answer in answers.items():
        responses = paths[way][method]["responses"]
        schema = responses[(*status, "200")[0]]["content"]["application/json"]["schema"]
        whole = {**schema, "components": components}
        checker = Draft202012Validator(whole, format_checker=FormatChecker())
        assert [e.message for e in checker.iter_errors(answer)] == [], (way, answer)
        assert answer.get("items", [1]), way  # there is something to look at


def test_a_file_is_described_as_whatever_was_attached(api: ApiHouse) -> None:
    part = {"file": (io.BytesIO(b"%PDF-1.4\n%%EOF"), "a.pdf")}
    file = api.ask("POST", "li.na", "files", data=part).get_json()["id"]
    assert api.get("li.na", f"files/{file}").mimetype == "application/pdf"
    paths = api.get("li.na", "openapi.json").get_json()["paths"]
    assert list(paths["/api/v1/files/{file}"]["get"]["responses"]["200"]["content"]) == ["*/*"]


@pytest.mark.parametrize("form", ["nosuch", "", "request"])
def test_what_links_to_no_record_is_told_before_it_is_saved(api: ApiHouse, form: str) -> None:
    values = {"name": "桥", "about": {"form": form, "id": 1}}
    answer = api.post("li.na", "forms/request/compute", values)
    told = [(one["path"], one["code"]) for one in answer.get_json()["problems"]]
    assert (answer.status_code, told) == (200, [("about", "unknown-record")])
