"""Row forms that several tables share, and guides that definitions point to."""

from __future__ import annotations

from problem_cases import BASE

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts

ORDER = """\
kind: form
title: 订单
help: planning#how-to
fields:
  goods: {type: table, of: order_lines, totals: [amount]}
  services: {type: table, of: order_lines}
  total: {type: money, compute: sum(goods.amount) + sum(services.amount)}
permissions:
  ops: {role: group_ops, can: [read, create]}
"""
LINES = """\
kind: rows
title: 明细
fields:
  price: {type: money}
  quantity: {type: number}
  amount: {type: money, compute: price * quantity}
rules:
  positive: {check: quantity > 0, message: 数量应为正}
"""
GUIDE = "# 计划\n\n## How to\n\n```\n# no heading\n```\n\n## 常见 问题\n"


def compiled(lines: str = LINES) -> Catalogue:
    files = {
        **BASE,
        "forms/order.yaml": ORDER,
        "forms/order_lines.yaml": lines,
        "definitions/guides/planning.md": GUIDE,
    }
    return compile_texts({name: text.encode() for name, text in files.items()})


def test_a_table_of_shared_rows_has_their_columns_as_its_own() -> None:
    order = compiled().forms["order"]

    assert list(order.fields["goods"].fields) == ["price", "quantity", "amount"]
    assert order.fields["services"].fields["amount"].path == "services.amount"


def test_shared_rules_hold_for_each_table() -> None:
    rules = compiled().forms["order"].rules

    assert {name: rule.each for name, rule in rules.items()} == {
        "goods_positive": "goods",
        "services_positive": "services",
    }


def test_a_form_is_another_one_when_its_shared_rows_change() -> None:
    before, after = compiled(), compiled(LINES.replace("数量应为正", "数量须为正"))

    assert before.forms["order"].fingerprint != after.forms["order"].fingerprint


def test_headings_of_a_guide_are_its_chapters() -> None:
    guide = compiled().guides["planning"]

    assert guide.title == "计划"
    assert guide.chapters == {"计划": "计划", "how-to": "How to", "常见-问题": "常见 问题"}
