"""Who sees how far others are with what they owe."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.language.periods import Period
from jingwei.services import collections

FORM = """
kind: form
title: 月报
collect:
  every: month
  orgs: org.type == "subsidiary"
  who: {{post: planner, at: org}}
  due: {{lag: 1mo, day: 12}}
fields:
  org: {{type: org, title: 单位, required: true}}
  period: {{type: period, grain: month, title: 期间, required: true}}
  amount: {{type: money, unit: CNY, title: 金额}}
permissions:
  planner: {{post: planner, can: [read, create, update], {rows}}}
"""


@pytest.mark.parametrize(
    ("rows", "orgs"),
    [
        ("scope: org", ["A"]),
        ("scope: all", ["A", "B"]),
        ("scope: 'amount > 100'", []),
        ("scope: all, where: amount > 100", []),
    ],
)
def test_a_grant_of_some_rows_does_not_tell_of_orgs_as_a_whole(
    house: House, rows: str, orgs: list[str]
) -> None:
    house.publish({"forms/monthly.yaml": FORM.format(rows=rows)})
    with house.read("li.na") as view:
        found = collections.matrix(view, "monthly", [Period.parse("2026-02")])

    assert [line["org"] for line in found["items"]] == orgs
