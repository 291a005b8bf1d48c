"""A view that a team shares tells nobody of fields that are hidden from him."""

from __future__ import annotations

from typing import Any

import pytest
from services_house import House

from jingwei.refusals import Malformed, NotFound
from jingwei.services import grouping, listing, saved_views
from jingwei.services.grouping import GroupWish
from jingwei.services.listing import ListWish
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords

FINANCE = {"login": "qian", "name": "钱", "org": "A", "posts": "finance_manager@A"}


def share(house: House, title: str, **wish: Any) -> int:
    given = {"title": title, "org": "A", "opens": True, "wish": wish}
    return int(house.do("li.na", lambda work: saved_views.save(work, "contract", given)["id"]))


def titles(house: House, login: str) -> list[str]:
    with house.read(login) as view:
        return [one["title"] for one in saved_views.views(view, "contract") if one["id"]]


def test_a_team_s_view_of_a_hidden_field_is_not_there(house: House) -> None:
    house.commands.run(lambda work: import_people(work, [FINANCE], Passwords(cheap=True)), SYSTEM)
    share(house, "大额", filter="amount > 5", sort=["-amount"])
    share(house, "排序", sort=["secret"])
    share(house, "列", fields=["name", "secret"])
    share(house, "组", group=["org"], values=["count(secret)"])
    hidden = share(house, "底价", filter='contains(secret, "CANARY")')

    assert titles(house, "li.na") == ["大额", "排序", "列", "组", "底价"]
    assert titles(house, "qian") == ["大额"]
    with house.read("qian") as view:
        assert saved_views.default(view, "contract") is None
    with house.read("li.na") as view:
        assert saved_views.default(view, "contract") == hidden
    for ask in (
        lambda work: saved_views.change(work, "contract", hidden, {"title": "x"}),
        lambda work: saved_views.remove(work, "contract", hidden),
        lambda work: saved_views.open_with(work, "contract", hidden),
    ):
        with pytest.raises(NotFound):
            house.do("qian", ask)


def test_a_masked_field_is_offered_for_no_order_and_no_sum(house: House) -> None:
    with house.read("ops") as view, pytest.raises(Malformed) as refused:
        listing.listing(view, "contract", ListWish(sort=("secret",)))
    said = refused.value.message("zh")
    names = said.partition("可用：")[2].rstrip("。").split(", ")
    assert said.startswith("不能按“secret”排序")
    assert "secret" not in names and "amount" in names
    assert len(names) == len(set(names))

    with house.read("ops") as view, pytest.raises(Malformed) as summed:
        grouping.grouped(view, "contract", GroupWish(("org",), ("max(secret)",)))
    assert summed.value.message("zh").startswith("不能对分组求“max(secret)”")
