"""What one permission masks and another does not: shown where the other one covers the record, and
in lists, whose rows nobody looked at yet, only where it covers them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from backends import on_sqlite
from services_house import FILES, House, open_house

from jingwei.refusals import Malformed
from jingwei.services.presenting import MASK

PEOPLE = (
    {"login": "maker", "name": "李娜", "org": "A"},
    {"login": "other", "name": "路人", "org": "A"},
    {"login": "payer", "name": "出纳", "org": "A", "roles": "group_ops@A"},
)
FORM = """
kind: form
title: 工资
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  pay: {type: text, title: 工资, search: true}
permissions:
  making: {who: {person: maker}, can: [create], scope: all}
  all: {who: everyone, can: [read], scope: all, mask: [pay]}
  OTHER
"""
SHOWING = {
    "mine": "mine: {who: initiator, can: [read], scope: all}",
    "own": "mine: {who: everyone, can: [read], scope: own}",
    "here": "mine: {role: group_ops, can: [read], scope: org}",
    "whole": "mine: {role: group_ops, can: [read], scope: all}",
    "hides": "mine: {who: everyone, can: [read], scope: all, hide: [pay]}",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    forms = {f"forms/{name}.yaml": FORM.replace("OTHER", one) for name, one in SHOWING.items()}
    return open_house(tmp_path, database_url, {**FILES, **forms}, PEOPLE)


def pays(house: House, login: str, form: str) -> list[str]:
    return [item["pay"] for item in house.list(login, form).items]


@on_sqlite
@pytest.mark.parametrize(
    ("form", "login", "on_its_page", "in_lists"),
    [
        ("mine", "maker", "900", MASK),
        ("mine", "other", MASK, MASK),
        ("own", "maker", "900", MASK),
        ("own", "other", MASK, MASK),
        ("here", "payer", "900", MASK),
        ("whole", "payer", "900", "900"),
        ("whole", "other", MASK, MASK),
        ("hides", "other", MASK, MASK),
    ],
)
def test_what_is_masked(
    house: House, form: str, login: str, on_its_page: str, in_lists: str
) -> None:
    id = house.create("maker", form, pay="900")["id"]
    assert house.show(login, form, id)["pay"] == on_its_page
    assert pays(house, login, form) == [in_lists]
    if in_lists == MASK:
        for wish in ({"filter": 'pay == "900"'}, {"sort": ("pay",)}):
            with pytest.raises(Malformed):
                house.list(login, form, **wish)
        assert house.list(login, form, q="900").items == []
