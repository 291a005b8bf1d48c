"""A restriction cuts every grant, through every question one can ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from backends import on_sqlite
from services_house import FILES, PEOPLE, House, open_house

from jingwei.refusals import Malformed, NotFound
from jingwei.services import history

CONTRACT = FILES["forms/contract.yaml"].replace(
    "permissions:\n",
    """restrict:
  confidential: {when: name == "密", to: [{post: finance_manager}, {role: group_ops}]}
  price: {when: amount > 1000, to: {role: group_ops}, fields: [secret]}
permissions:
""",
)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    found = open_house(tmp_path, database_url, {**FILES, "forms/contract.yaml": CONTRACT}, PEOPLE)
    found.create("li.na", "contract", name="明", amount=100, secret="一")
    found.create("li.na", "contract", name="大", amount=5000, secret="二")
    return found


def names(house: House, login: str, **wish: object) -> list[str]:
    return sorted(item["name"] for item in house.list(login, "contract", **wish).items)


def test_a_confidential_record_is_not_there_for_others(house: House) -> None:
    secret = house.create("li.na", "contract", name="密", amount=1)
    assert names(house, "li.na") == ["大", "明"]
    assert house.list("li.na", "contract", filter='name == "密"').total == 0
    assert house.list("li.na", "contract", q="密").total == 0
    with pytest.raises(NotFound):
        house.show("li.na", "contract", secret["id"])
    with pytest.raises(NotFound), house.read("li.na") as view:
        history.history(view, "contract", secret["id"])
    assert names(house, "chen.jie") == ["大", "密", "明"]
    assert names(house, "ops") == ["大", "密", "明"]


@on_sqlite
def test_history_tells_of_no_row_whose_changed_columns_are_hidden(house: House) -> None:
    hiding = CONTRACT.replace("hide: [secret]", "hide: [secret, lines.price]")
    house.publish({"forms/contract.yaml": hiding})
    made = house.create("li.na", "contract", name="行", amount=3, lines=[{"item": "a", "price": 3}])
    [line] = made["lines"]
    row = {"id": line["id"], "item": "a", "price": 4}
    house.update("li.na", "contract", made["id"], amount=4, lines=[row])
    house.update("li.na", "contract", made["id"], lines=[{**row, "item": "b"}])
    told = {}
    for login in ("li.na", "chen.jie"):
        with house.read(login) as view:
            entries = history.history(view, "contract", made["id"])
        told[login] = [e["changes"].get("lines") for e in entries if e["action"] == "updated"]
    id_ = str(line["id"])
    renamed = {id_: {"item": ["a", "b"]}}
    assert sorted(told["li.na"], key=str) == sorted([{id_: {"price": [3, 4]}}, renamed], key=str)
    assert sorted(told["chen.jie"], key=str) == sorted([None, renamed], key=str)


@on_sqlite
def test_a_restricted_field_is_nowhere_for_others(house: House) -> None:
    records = {item["name"]: item["id"] for item in house.list("ops", "contract").items}
    assert house.show("li.na", "contract", records["明"])["secret"] == "一"
    assert "secret" not in house.show("li.na", "contract", records["大"])
    with pytest.raises(Malformed):
        house.list("li.na", "contract", filter='secret == "二"')
    with pytest.raises(Malformed):
        house.list("li.na", "contract", sort=("secret",))
    with house.read("li.na") as view:
        entries = history.history(view, "contract", records["大"])
    assert all("二" not in str(entry) for entry in entries)


@on_sqlite
def test_a_list_is_opened_by_those_too_who_do_not_see_what_it_is_ordered_by(house: House) -> None:
    ordered = FILES["forms/contract.yaml"].replace("sort: [-amount]", "sort: [-secret, amount]")
    maker = "permissions:\n  maker: {who: {person: nobody}, can: [create], scope: all}\n"
    house.publish({"forms/contract.yaml": ordered.replace("permissions:\n", maker)})

    in_order = {"li.na": ["大", "明"], "chen.jie": ["明", "大"], "ops": ["明", "大"], "nobody": []}
    for login, expected in in_order.items():
        assert [item["name"] for item in house.list(login, "contract").items] == expected
    with pytest.raises(Malformed):
        house.list("chen.jie", "contract", sort=("-secret",))
