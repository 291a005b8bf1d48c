"""A bare org type in a rule about people: the nearest ancestor-or-self of that type."""

from __future__ import annotations

from services_house import FILES

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.language.expressions.tree import Member, Name, Node

DASHBOARD = """
kind: dashboard
title: {zh: 看板, en: Board}
for: [{role: group_ops}, {post: general_manager, at: group}]
tiles:
  hello: {type: text, text: {zh: 你好, en: Hello}}
"""
MODULE = """
kind: module
title: {zh: 合同, en: Contracts}
for: {post: planner, at: sector}
menu: [form/contract]
"""


def catalogue(path: str, text: str) -> Catalogue:
    texts = {**FILES, path: text}
    return compile_texts({name: words.lstrip("\n").encode() for name, words in texts.items()})


def path_of(node: Node) -> str:
    """`me.org.group`: a chain of members as it would be written."""
    if isinstance(node, Member):
        return f"{path_of(node.of)}.{node.name}"
    assert isinstance(node, Name)
    return node.name


def test_a_dashboard_is_for_a_post_at_the_group_of_the_person_who_looks() -> None:
    found = catalogue("definitions/dashboards/board.yaml", DASHBOARD)
    at = found.dashboards["board"].for_[1].org
    assert at is not None
    assert path_of(found.expression(at).root) == "me.org.group"


def test_a_module_is_for_a_post_at_the_sector_of_the_person_who_looks() -> None:
    found = catalogue("definitions/modules/contracts.yaml", MODULE)
    at = found.modules["contracts"].for_[0].org
    assert at is not None
    assert path_of(found.expression(at).root) == "me.org.sector"
