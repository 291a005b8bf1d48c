"""Records that others link to stay; what is never submitted is numbered at once; versions are
called as their form says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, open_api

GRANT = """permissions:
  all: {post: planner, can: [read, create, update, delete, submit, amend], scope: org}
"""
FILES = {
    **MORE_FILES,
    "forms/thing.yaml": f"""
kind: form
title: {{zh: 物品, en: Thing}}
number: "T-{{seq:3}}"
tree: above
fields:
  name: {{type: text, title: 名称}}
  above: {{type: link, to: thing, title: 上级}}
{GRANT}""",
    "forms/use.yaml": f"""
kind: form
title: {{zh: 领用, en: Use}}
submit: {{amend: true}}
versions: {{cut: publish, label: "第{{version.number}}版 {{name}}"}}
fields:
  name: {{type: text, title: 名称}}
  thing: {{type: link, to: thing, title: 物品}}
  many: {{type: link, to: thing, many: true, title: 其他}}
  any: {{type: link, to: [thing, contract], title: 依据}}
  lines: {{type: table, title: 行, fields: {{what: {{type: link, to: thing, title: 行物品}}}}}}
actions:
  issue: {{title: 发布, who: {{post: planner}}, do: [{{publish: true}}]}}
{GRANT}""",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiHouse]:
    from own_postgres import own_postgres

    folder = tmp_path_factory.mktemp("linked")
    if request.param == "sqlite":
        opened = open_api(folder, f"sqlite:///{folder / 'linked.db'}", FILES)
        yield opened
        opened.close()
        return
    with own_postgres() as url:
        opened = open_api(folder, url, FILES)
        yield opened
        opened.close()


def _delete(house: ApiHouse, form: str, made: Any) -> Any:
    address = f"forms/{form}/records/{made['id']}"
    revision = house.get("li.na", address).get_json()["revision"]
    return house.delete("li.na", address, match=revision)


@pytest.mark.parametrize("how", ["thing", "many", "any", "lines", "above"])
def test_what_living_records_link_to_is_not_deleted(house: ApiHouse, how: str) -> None:
    thing = house.make("li.na", "thing", name="锤")
    value: Any = {
        "thing": thing["id"],
        "many": [thing["id"]],
        "any": {"form": "thing", "id": thing["id"]},
        "lines": [{"what": thing["id"]}],
        "above": thing["id"],
    }[how]
    form = "thing" if how == "above" else "use"
    use = house.make("li.na", form, name="用", **{how: value})
    refused = _delete(house, "thing", thing)
    assert code(refused) == (409, "record-linked")
    said = refused.get_json()["error"]["message"]
    assert "1 条" in said
    assert ("物品（上级）" if how == "above" else "领用（") in said
    assert _delete(house, form, use).status_code in (200, 204)
    assert _delete(house, "thing", thing).status_code in (200, 204)


def test_a_form_without_submission_numbers_its_records_at_once(house: ApiHouse) -> None:
    one, other = (house.make("li.na", "thing", name=n)["number"] for n in "ab")
    assert int(other[2:]) == int(one[2:]) + 1


def test_a_version_is_called_as_its_form_says_with_its_own_number(house: ApiHouse) -> None:
    use = house.make("li.na", "use", name="年初")
    address = f"forms/use/records/{use['id']}"
    house.post("li.na", f"{address}/submit", {}, match=1)
    for _ in range(2):
        revision = house.get("li.na", address).get_json()["revision"]
        done = house.post("li.na", f"{address}/actions/issue", {}, match=revision)
        assert done.status_code == 200, done.get_data(as_text=True)
    found = house.get("li.na", f"{address}/versions").get_json()["items"]
    assert sorted(v["label"] for v in found) == ["第1版 年初", "第2版 年初"]
