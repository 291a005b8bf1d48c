"""Conditions on values of which nothing can be asked but whether they are there, and lengths of
time: an answer or a refusal in words, on both databases."""

from __future__ import annotations

import re

import pytest
from services_house import House

from jingwei.refusals import Malformed

FORM = """
kind: form
title: 资料
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  paper: {type: file, title: 文件}
  papers: {type: file, title: 附件, many: true}
  place: {type: geolocation, title: 位置}
  data: {type: json, title: 数据}
  took: {type: duration, title: 时长}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""


@pytest.fixture
def papers(house: House) -> House:
    house.publish({"forms/papers.yaml": FORM})
    house.create("li.na", "papers", took="90min", data={"a": 1})
    return house


REFUSED = (
    'paper == "x"',
    "paper < today",
    "paper == [1]",
    "paper in [1]",
    'contains(paper, "x")',
    "1 in papers",
    "place == 1",
    "data == 1",
    "data between 1 and 2",
)
ANSWERED = {
    "paper is empty and data is not empty": 1,
    "papers is not empty": 0,
    "place == null": 1,
    "data != null": 1,
    "took == 90min": 1,
    "took in [2h, 90min]": 1,
    "took != 90min": 0,
}


def test_what_no_condition_compares_is_refused_with_what_may_be_asked(papers: House) -> None:
    for condition in REFUSED:
        with pytest.raises(Malformed) as refused:
            papers.list("li.na", "papers", filter=condition)
        name = re.search("papers|paper|place|data", condition)
        assert name is not None
        assert refused.value.message("en") == (
            f"In the filter, at “{name[0]}”: no condition compares what this field holds. "
            f"Write `{name[0]} is empty` or `{name[0]} is not empty`."
        )


def test_whether_it_is_there_and_how_long_it_took_is_answered(papers: House) -> None:
    totals = {one: papers.list("li.na", "papers", filter=one).total for one in ANSWERED}
    assert totals == ANSWERED
