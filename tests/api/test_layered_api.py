"""What the API says of a form is as the org of the reader, or of the record, has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, fields, open_api

LAYER = """
kind: layer
for: A
patches: form/contract
set:
  fields.name.title: {override: 合同名}
  permissions.planner.can: {override: [read, create, update, submit, export, import]}
add:
  fields:
    x_a_fee: {type: money, unit: CNY, title: 港杂费, after: name}
  rules:
    x_a_free: {check: x_a_fee is empty or x_a_fee < 100, at: x_a_fee, on: save, message: 太贵}
"""
CONTRACT = MORE_FILES["forms/contract.yaml"].replace(
    "submit, cancel, export]", "submit, cancel, export, import]"
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: Any) -> Iterator[ApiHouse]:
    folder = tmp_path_factory.mktemp("layered_api")
    files = {
        **MORE_FILES,
        "forms/contract.yaml": CONTRACT,
        "definitions/layers/A/contract.yaml": LAYER,
    }
    opened = open_api(folder, f"sqlite:///{folder / 'api.db'}", files)
    yield opened
    opened.close()


def test_a_form_is_described_as_the_readers_org_has_it(api: ApiHouse) -> None:
    own = {f["name"]: f for f in api.get("li.na", "forms/contract").get_json()["fields"]}
    assert own["name"]["title"] == "合同名"
    assert "x_a_fee" in own
    others = {f["name"]: f for f in api.get("wang.wu", "forms/contract").get_json()["fields"]}
    assert others["name"]["title"] == "名称"
    assert "x_a_fee" not in others
    assert "x_a_fee" in api.get("li.na", "openapi.json").get_data(as_text=True)
    assert "x_a_fee" not in api.get("wang.wu", "openapi.json").get_data(as_text=True)


def test_records_are_written_read_and_computed_with_the_fields_of_their_org(api: ApiHouse) -> None:
    made = api.make("li.na", "contract", name="甲", amount=1, x_a_fee=5)
    assert api.get("li.na", f"forms/contract/records/{made['id']}").get_json()["x_a_fee"] == 5
    assert api.get("ops", f"forms/contract/records/{made['id']}").get_json()["x_a_fee"] == 5
    refused = api.post(
        "li.na", "forms/contract/records", {"name": "乙", "amount": 1, "x_a_fee": 200}
    )
    assert fields(refused) == [("x_a_fee", "x_a_free")]
    computed = api.post(
        "li.na", "forms/contract/compute", {"name": "丙", "x_a_fee": 200}
    ).get_json()
    assert computed["values"]["x_a_fee"] == 200
    refused = api.post(
        "wang.wu", "forms/contract/records", {"name": "丁", "amount": 1, "x_a_fee": 2}
    )
    assert fields(refused) == [("x_a_fee", "unknown-field")]


def test_an_action_that_an_org_takes_away_is_away_for_its_records_alone(api: ApiHouse) -> None:
    mine = api.make("li.na", "contract", name="甲删", amount=1)
    theirs = api.make("wang.wu", "contract", name="乙删", amount=1)

    refused = api.delete("li.na", f"forms/contract/records/{mine['id']}", match=mine["revision"])
    assert code(refused) == (403, "not-allowed")
    done = api.delete("wang.wu", f"forms/contract/records/{theirs['id']}", match=theirs["revision"])
    assert done.status_code in (200, 204)


def test_an_export_has_the_columns_of_those_whose_rows_they_are(api: ApiHouse) -> None:
    api.make("li.na", "contract", name="甲出", amount=1, x_a_fee=6)

    own = api.get("li.na", "forms/contract/export.csv").get_data(as_text=True)
    assert "港杂费" in own or "x_a_fee" in own
    others = api.get("ops", "forms/contract/export.csv").get_data(as_text=True)
    assert "港杂费" not in others
