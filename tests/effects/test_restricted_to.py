"""Who still sees a restricted record: every rule about people, in lists and on its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from services_house import FILES, House, open_house

CREATOR, PLANNER = "li.na", "planner.a"
PEOPLE = (
    {"login": CREATOR, "name": "李娜", "org": "A", "posts": "planner@A"},
    {"login": PLANNER, "name": "计划", "org": "A", "posts": "planner@A"},
    {"login": "wang.wu", "name": "王五", "org": "B", "posts": "planner@B"},
    {"login": "boss.a", "name": "甲总", "org": "A", "posts": "planner@A;general_manager@A"},
    {"login": "boss.b", "name": "乙总", "org": "B", "posts": "planner@B;general_manager@B"},
    {"login": "boss.s", "name": "板总", "org": "S1", "posts": "planner@S1;general_manager@S1"},
    {"login": "deputy.a", "name": "分管甲", "org": "G", "posts": "planner@G;deputy@G:A"},
    {"login": "deputy.s", "name": "分管板块", "org": "G", "posts": "planner@G;deputy@G:S1"},
    {"login": "deputy.b", "name": "分管乙", "org": "G", "posts": "planner@G;deputy@G:B"},
    {"login": "ops", "name": "运营", "org": "G", "posts": "planner@G", "roles": "group_ops@G"},
    {"login": "ops.a", "name": "甲运营", "org": "A", "posts": "planner@A", "roles": "group_ops@A"},
)  # fmt: skip
EVERYBODY = {person["login"] for person in PEOPLE}
DEPUTIES = {"deputy.a", "deputy.s", "deputy.b"}
# who is named → who sees the record: li.na made it at A, boss.b keeps it, wang.wu and ops know of
# it, and B is told of it
RULES = {
    "everyone": EVERYBODY,
    "initiator": {CREATOR},
    "[{role: group_ops}, initiator]": {CREATOR, "ops", "ops.a"},
    "{person: wang.wu}": {"wang.wu"},
    "{role: group_ops}": {"ops", "ops.a"},
    "{role: group_ops, at: org}": {"ops.a"},
    "{role: group_ops, at: group}": {"ops"},
    "{role: group_ops, at: org.group}": {"ops"},
    "{role: group_ops, at: '\"G\"'}": {"ops"},
    "{post: general_manager}": {"boss.a", "boss.b", "boss.s"},
    "{post: general_manager, at: org}": {"boss.a"},
    "{post: general_manager, at: sector}": {"boss.s"},
    "{post: general_manager, at: org.parent}": {"boss.s"},
    "{post: general_manager, at: told}": {"boss.b"},
    "{post: general_manager, at: keeper.org}": {"boss.b"},
    "{post: deputy}": DEPUTIES,
    "{post: deputy, at: group, covering: org}": {"deputy.a", "deputy.s"},
    "{post: deputy, at: sector, covering: org}": set(),
    "{post: deputy, covering: told}": {"deputy.s", "deputy.b"},
    "{head_of: org}": {"boss.a"},
    "{head_of: sector}": {"boss.s"},
    "{head_of: told}": {"boss.b"},
    "{members_of: org}": {CREATOR, PLANNER, "boss.a", "ops.a"},
    "{field: owner}": {CREATOR},
    "{field: keeper}": {"boss.b"},
    "{field: created_by}": {CREATOR},
    "{field: knows}": {"wang.wu", "ops"},
    "{field: org}": {"boss.a"},
    "{field: told}": {"boss.b"},
    "{field: nobody}": set(),
    "{any_of: [{role: group_ops}, {head_of: org}], except: {head_of: org}}": {"ops", "ops.a"},
    "{any_of: [everyone], except: [initiator, {post: deputy}]}": EVERYBODY - DEPUTIES - {CREATOR},
    "{any_of: [[{field: knows}, {head_of: org}]], except: {person: ops}}": {"wang.wu", "boss.a"},
}
WORDS = {f"r{place}": rule for place, rule in enumerate(RULES)}
FORM = """
kind: form
title: 密件
fields:
  org: {{type: org, title: 单位, required: true, default: =me.org}}
  words: {{type: text, title: 词}}
  price: {{type: text, title: 价}}
  keeper: {{type: person, title: 保管人}}
  knows: {{type: person, many: true, title: 知悉人}}
  nobody: {{type: person, title: 无人}}
  told: {{type: org, many: true, title: 告知}}
restrict:
{restrictions}
permissions:
  all: {{post: planner, can: [read, create, update], scope: all}}
"""
LINE = "  {name}: {{when: 'words == \"{name}\"', to: {rule}}}"
HOUSE_FILES = {
    **FILES,
    "definitions/posts/deputy.yaml": "kind: post\ntitle: 分管副总\ncovers: true\n",
    "forms/paper.yaml": FORM.format(
        restrictions="\n".join(LINE.format(name=name, rule=rule) for name, rule in WORDS.items())
    ),
}
VALUES = {"keeper": "boss.b", "knows": ["wang.wu", "ops"], "told": ["B"], "price": "x"}


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    return open_house(tmp_path, database_url, HOUSE_FILES, PEOPLE)


def test_a_restricted_record_is_seen_by_those_named_and_by_nobody_else(house: House) -> None:
    words = ("open", *WORDS)
    made = {word: house.create(CREATOR, "paper", words=word, **VALUES)["id"] for word in words}
    listed = {
        login: {item["words"] for item in house.list(login, "paper", size=100).items}
        for login in EVERYBODY
    }
    assert all("open" in seen for seen in listed.values())
    by_rule = {rule: {p for p in EVERYBODY if word in listed[p]} for word, rule in WORDS.items()}
    assert by_rule == RULES
    assert {login: opened(house, login, made) for login in EVERYBODY} == listed


def opened(house: House, login: str, made: dict[str, int]) -> set[str]:
    with house.read(login) as view:
        records = view.store.load(view.connection, "paper", list(made.values()))
        may = {id: view.rights.may_read(view, "paper", one) for id, one in records.items()}
    return {word for word, id in made.items() if may[id].allowed}
