"""What is computed from a field that is hidden in another form is hidden too, in every channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import MORE_FILES, ApiHouse, open_api

VENDOR = """
kind: form
title: 供应商
display: "{name}·{rebate}"
fields:
  name: {type: text, title: 名称}
  rebate: {type: integer, title: 返点}
  doubled: {type: integer, title: 两倍, compute: rebate * 2}
permissions:
  planner: {post: planner, can: [read, create, update, share], scope: all}
  ops: {role: group_ops, can: [read], scope: all, hide: [rebate]}
  heads: {post: general_manager, can: [read], scope: all, mask: [rebate]}
"""

# each field after the first two tells the rebate, by another way
PURCHASE = """
kind: form
title: 采购
display: "{name} {copied}"
submit: {cancel: true}
fields:
  name: {type: text, title: 名称}
  supplier: {type: link, to: vendor, title: 供应商}
  copied: {type: integer, title: 抄, compute: supplier.rebate}
  called: {type: text, title: 称, compute: supplier.display}
  chained: {type: integer, title: 链, compute: copied + 1}
  through: {type: integer, title: 经, compute: supplier.doubled}
  summed: {type: integer, title: 总, compute: 'sum(vendor.rebate where name == this.name)'}
  noted: {type: integer, title: 存, compute: supplier.rebate, mode: default}
  told: {type: integer, title: 公开, compute: supplier.rebate, public: true}
  lines:
    type: table
    title: 明细
    fields:
      supplier: {type: link, to: vendor, title: 供应商}
      each: {type: integer, title: 单, compute: supplier.rebate}
permissions:
  planner: {post: planner, can: [read, create, update, submit, export], scope: all}
  ops: {role: group_ops, can: [read, export], scope: all}
  heads: {post: general_manager, can: [read, export], scope: all}
  finance: {post: finance_manager, can: [read, export], scope: all}
"""
CLOSED = ("copied", "called", "chained", "through", "summed", "noted")
CANARY = "73731"


@pytest.fixture
def made(tmp_path: Path, database_url: str) -> Iterator[tuple[ApiHouse, str]]:
    house = open_api(
        tmp_path,
        database_url,
        {**MORE_FILES, "forms/vendor.yaml": VENDOR, "forms/purchase.yaml": PURCHASE},
    )
    vendor = house.make("li.na", "vendor", name="甲", rebate=int(CANARY))["id"]
    one = house.make("li.na", "purchase", name="甲", supplier=vendor, lines=[{"supplier": vendor}])
    path = f"forms/purchase/records/{one['id']}"
    house.patch("li.na", path, {"name": "乙"}, match=one["revision"])
    house.patch("li.na", path, {"name": "甲"}, match=one["revision"] + 1)
    yield house, path
    house.close()


def test_a_compute_of_a_hidden_field_of_a_linked_form_is_hidden(
    made: tuple[ApiHouse, str],
) -> None:
    house, path = made
    whole = house.get("li.na", path).get_json()
    assert [whole[name] for name in CLOSED] == [73731, "甲·73731", 73732, 147462, 73731, 73731]
    assert whole["lines"][0]["each"] == 73731

    for login in ("ops", "boss.a", "chen.jie"):  # hidden, masked, of no grant there
        _sees_nothing(house, path, login)


def _sees_nothing(house: ApiHouse, path: str, login: str) -> None:
    seen = house.get(login, f"{path}?titles=1").get_json()
    assert seen.pop("told") == 73731  # the author said so
    assert not set(seen) & set(CLOSED)
    assert "each" not in seen["lines"][0]

    listed = house.get(login, "forms/purchase/records?titles=1").get_json()
    (item,) = listed["items"]
    assert not set(item) & set(CLOSED)
    history = house.get(login, f"{path}/history").get_json()["items"]
    assert not any(set(entry["changes"]) & set(CLOSED) for entry in history)
    exported = house.get(login, "forms/purchase/export.csv").get_data(as_text=True)
    assert exported.count(CANARY) == 1  # told
    searched = house.get(login, f"search?q={CANARY}").get_data(as_text=True)
    assert "采购" not in searched or "甲" not in searched
    described = house.get(login, "forms/purchase").get_data(as_text=True)
    schemas = house.get(login, "openapi.json").get_data(as_text=True)
    for name in CLOSED:
        assert f'"{name}"' not in described, name
        assert f'"{name}"' not in schemas, name
        for asked in (
            f"records?filter={name} is not empty",
            f"records?fields={name}",
            f"records?sort={name}",
            f"groups?by={name}",
            f"groups?by=name&values=max({name})",
            f"export.csv?fields={name}",
        ):
            answer = house.get(login, f"forms/purchase/{asked}")
            assert answer.status_code in (400, 422), asked
