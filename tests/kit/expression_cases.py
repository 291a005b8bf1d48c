"""One record with a table, and expressions about it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from problem_cases import BASE

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_texts
from jingwei.catalogue.scopes import record_scope
from jingwei.language.expressions.checker import check
from jingwei.language.expressions.closures import closure
from jingwei.language.expressions.environment import Environment
from jingwei.language.expressions.scope import Scope

ORDER = """\
kind: form
title: 订单
fields:
  amount: {type: number}
  money: {type: money, unit: CNY}
  share: {type: percent}
  nothing: {type: number}
  unset: {type: boolean}
  rows: {type: table, unique: [s], fields: {x: {type: number}, s: {type: text}}}
  none: {type: table, fields: {x: {type: number}}}
  task: {type: link, to: task}
permissions:
  ops: {role: group_ops, can: [read, create]}
"""
RECORD: dict[str, Any] = {
    "amount": Decimal(10),
    "money": Decimal("100.00"),
    "share": Decimal("0.25"),
    "rows": [
        {"id": 1, "x": Decimal(3), "s": "c"},
        {"id": 2, "x": Decimal(1), "s": "a"},
        {"id": 3, "x": Decimal(2), "s": "b"},
    ],
    "none": [],
}


@cache
def catalogue_of(order: str) -> Catalogue:
    """The base application with this form `order`."""
    texts = {**BASE, "forms/order.yaml": order}
    return compile_texts({path: text.encode() for path, text in texts.items()})


@cache
def scope() -> Scope:
    """What the conditions of the order may name."""
    catalogue = catalogue_of(ORDER)
    return record_scope(catalogue, catalogue.forms["order"])


def value(source: str) -> Any:
    """What the expression yields on the record."""
    variables = {"today": date(2026, 3, 15), "now": datetime(2026, 3, 15, 8, tzinfo=UTC)}
    return closure(check(source, scope()))(Environment(RECORD, variables=variables))
