"""Indicators that are out of use: not chosen anew, and not taken from where they stand."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.refusals import Invalid

INDICATOR = """
kind: indicator
title: {zh: 营业利润率, en: Operating margin}
type: input
unit: percent
time: {kind: rate, grain: month}
org_agg: none
"""
TARGETS = """
kind: form
title: 目标
fields:
  note: {type: text, title: 备注}
  rows:
    type: table
    title: 目标
    fields:
      indicator: {type: indicator, title: 指标}
      amount: {type: number, title: 目标值}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
"""
FILES = {"definitions/indicators/margin.yaml": INDICATOR, "forms/targets.yaml": TARGETS}


def retire(house: House) -> None:
    house.publish({"definitions/indicators/margin.yaml": INDICATOR + "retired: 2026-01-01\n"})


def test_a_target_of_a_retired_indicator_is_refused_by_its_title(house: House) -> None:
    house.publish(FILES)
    retire(house)

    with pytest.raises(Invalid) as refused:
        house.create("li.na", "targets", rows=[{"indicator": "margin", "amount": 1}])

    one = refused.value.fields[0]
    assert one.path == "rows.0.indicator"
    assert one.message("zh") == "指标“营业利润率”已停用，请选择现行指标。"
    assert one.message("en") == (
        "The indicator “Operating margin” is out of use; choose one in force."
    )


def test_a_row_that_had_it_before_may_be_saved_again(house: House) -> None:
    house.publish(FILES)
    made = house.create("li.na", "targets", rows=[{"indicator": "margin", "amount": 1}])
    retire(house)

    row = {"id": made["rows"][0]["id"], "indicator": "margin", "amount": 2}
    house.update("li.na", "targets", made["id"], rows=[row])

    assert house.show("li.na", "targets", made["id"])["rows"][0]["amount"] == 2
