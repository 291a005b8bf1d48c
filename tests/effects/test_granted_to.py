"""Whose a permission is where it takes a record to tell: in lists, on pages and for writing."""

from __future__ import annotations

from pathlib import Path

import pytest
from backends import on_sqlite
from services_house import FILES, House, open_house

from jingwei.refusals import NotFound, Refused

PEOPLE = (
    {"login": "maker", "name": "李娜", "org": "A"},
    {"login": "other", "name": "路人", "org": "A", "roles": "group_ops@B"},
    {"login": "boss.a", "name": "甲总", "org": "A", "posts": "general_manager@A"},
    {"login": "boss.s", "name": "板总", "org": "S1", "posts": "general_manager@S1"},
    {"login": "boss.b", "name": "乙总", "org": "B", "posts": "general_manager@B"},
    {
        "login": "boss.g",
        "name": "总经理",
        "org": "G",
        "posts": "general_manager@G",
        "roles": "group_ops@B",
    },
    {"login": "two", "name": "兼任", "org": "A", "roles": "group_ops@A;group_ops@G"},
    {"login": "deputy.a", "name": "分管甲", "org": "G", "posts": "deputy@G:A"},
    {"login": "deputy.b", "name": "分管乙", "org": "G", "posts": "deputy@G:B"},
)
# who is named → who reads the record: maker made it at A, and B is told of it
RULES = {
    "who: initiator, scope: all": {"maker"},
    "who: {any_of: [everyone], except: initiator}, scope: all": {
        one["login"] for one in PEOPLE if one["login"] != "maker"
    },
    "post: general_manager, at: org, scope: all": {"boss.a"},
    "post: general_manager, at: org, scope: 'words is not empty'": {"boss.a"},
    "post: general_manager, at: org, scope: org": {"boss.a"},
    "post: general_manager, at: org, scope: org_and_below": {"boss.a", "boss.s", "boss.g"},
    "post: general_manager, at: told, scope: all": {"boss.b"},
    "post: general_manager, at: org.parent, scope: all": {"boss.s"},
    "post: general_manager, at: sector, scope: all": {"boss.s"},
    "post: general_manager, at: org.sector, scope: all": {"boss.s"},
    "post: general_manager, at: '\"B\"', scope: all": {"boss.b"},
    "role: group_ops, at: '\"G\"', scope: org": set(),
    "role: group_ops, at: '\"A\"', scope: org": {"two"},
    "post: deputy, covering: org, scope: all": {"deputy.a"},
    "post: deputy, covering: told, scope: all": {"deputy.b"},
    "who: [{post: deputy, covering: org}, {post: general_manager, at: told}], scope: all": {
        "deputy.a",
        "boss.b",
    },
    "who: {any_of: [initiator, {role: group_ops}]}, scope: org": {"maker", "two"},
    "who: {any_of: [{any_of: [{post: general_manager}], except: {person: boss.g}}, {role: "
    "group_ops}]}, scope: org_and_below": {"boss.a", "boss.s", "two"},
    "who: {any_of: [{post: deputy}, {role: group_ops}]}, scope: covered": {"deputy.a"},
    "who: everyone, scope: org in me.orgs and has_role(\"group_ops\")": {"other", "two"},
    "who: everyone, scope: org in below(me.org)": {
        "maker", "other", "boss.a", "boss.s", "boss.g", "two", "deputy.a", "deputy.b",
    },
}  # fmt: skip
WORDS = {f"r{place}": rule for place, rule in enumerate(RULES)}
FORM = """
kind: form
title: 资料
fields:
  org: {{type: org, title: 单位, required: true, default: =me.org}}
  words: {{type: text, title: 词}}
  told: {{type: org, title: 告知}}
permissions:
  make: {{who: {{person: maker}}, can: [create], scope: all}}
  reading: {{{rule}, can: [read]}}
"""
HOUSE_FILES = {
    **FILES,
    "definitions/posts/deputy.yaml": "kind: post\ntitle: 分管副总\ncovers: true\n",
    **{f"forms/{name}.yaml": FORM.format(rule=rule) for name, rule in WORDS.items()},
    "forms/note.yaml": """
kind: form
title: 便条
fields: {text: {type: text}}
permissions:
  all: {who: everyone, can: [read, create], scope: all}
  own: {who: initiator, can: [update], scope: all}
  head: {post: general_manager, at: org, can: [create, update], scope: all}
""",
}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    return open_house(tmp_path, database_url, HOUSE_FILES, PEOPLE)


@on_sqlite
def test_a_permission_is_of_those_whom_the_record_names(house: House) -> None:
    read: dict[str, set[str]] = {}
    for name, rule in WORDS.items():
        id = house.create("maker", name, words="x", told="B")["id"]
        listing = {p for p in (one["login"] for one in PEOPLE) if lists(house, p, name)}
        opening = {p for p in (one["login"] for one in PEOPLE) if opens(house, p, name, id)}
        assert opening == listing, rule
        read[rule] = listing
    assert read == RULES


def lists(house: House, login: str, form: str) -> bool:
    with house.read(login) as view:
        readable = bool(view.rights.row_scope(view, form).terms)
    return readable and bool(house.list(login, form).items)


def opens(house: House, login: str, form: str, id: int) -> bool:
    try:
        return bool(house.show(login, form, id))
    except NotFound:
        return False


@on_sqlite
def test_who_created_a_record_or_heads_its_org_may_change_it_and_nobody_else(house: House) -> None:
    id = house.create("maker", "note", text="一")["id"]
    for login in ("other", "boss.b", "boss.s"):
        with pytest.raises(Refused):
            house.update(login, "note", id, text="三")
    house.update("maker", "note", id, text="二")
    house.update("boss.a", "note", id, text="三")
    assert house.show("other", "note", id)["text"] == "三"
