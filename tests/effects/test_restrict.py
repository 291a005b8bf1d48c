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
