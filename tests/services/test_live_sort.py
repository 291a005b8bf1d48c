"""Lists are ordered by what their columns mean, on either database."""

from __future__ import annotations

import pytest
from services_house import House

from jingwei.refusals import Malformed

FILES = {
    "forms/sheet.yaml": """
kind: form
title: 评分表
fields:
  name: {type: text, title: 名称}
  points: {type: number, title: 得分}
  total: {type: number, title: 总分, compute: points - count(deduction where sheet == this)}
list: {columns: [name, total], sort: [-total]}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
""",
    "forms/deduction.yaml": """
kind: form
title: 扣分
fields:
  sheet: {type: link, to: sheet, title: 评分表}
permissions: {planner: {post: planner, can: [read, create], scope: org}}
""",
    "forms/shift.yaml": """
kind: form
title: 班次
fields:
  name: {type: text, title: 名称}
  begins: {type: time, title: 开始}
  took: {type: duration, title: 用时}
  rest: {type: duration, title: 休息}
  started: {type: datetime, title: 到岗}
  ended: {type: datetime, title: 离岗, compute: started + took}
  long: {type: boolean, title: 超时, compute: took > 8h}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
""",
}


def test_a_computed_total_is_ordered_by_its_size_not_its_digits(house: House) -> None:
    house.publish(FILES)
    for name, points in (("a", "84.6"), ("b", "105.2"), ("c", "9"), ("d", "103.6")):
        house.create("li.na", "sheet", name=name, points=points)

    names = [row["name"] for row in house.list("li.na", "sheet", sort=("-total",)).items]

    assert names == ["b", "d", "a", "c"]


NAMED = {
    "definitions/roles/auditor.yaml": "kind: role\ntitle: 审计\n",
    "forms/plan.yaml": """
kind: form
title: 计划
display: "{org.title} {year} 计划"
fields:
  year: {type: period, grain: year, title: 年度}
  size: {type: integer, title: 规模}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
  auditor: {role: auditor, can: [read], scope: org, hide: [year]}
  ops: {role: group_ops, can: [read], scope: size > 1}
""",
    "forms/task.yaml": """
kind: form
title: 任务
display: "{plan} · {name}"
fields:
  name: {type: text, title: 名称}
  plan: {type: link, to: plan, title: 计划}
permissions:
  planner: {post: planner, can: [read, create, update], scope: all}
  auditor: {role: auditor, can: [read], scope: all}
  ops: {role: group_ops, can: [read], scope: all}
""",
    "forms/note.yaml": """
kind: form
title: 备注
fields: {task: {type: link, to: task, title: 任务}}
list: {columns: [task], sort: [task]}
permissions: {planner: {post: planner, can: [read, create, update], scope: all}}
""",
}


def names_in_order(house: House, login: str, key: str) -> str:
    """The names of all tasks, page by page of one."""
    met, after = "", None
    while True:
        page = house.list(login, "task", sort=(key,), size=1, after=after)
        met += "".join(row["name"] for row in page.items)
        after = page.next_after
        if after is None:
            return met


def test_a_link_sorts_by_what_it_leads_to_is_called_as_far_as_its_reader_sees(
    house: House,
) -> None:
    house.publish(NAMED)
    plans = {
        (login, year): house.create(login, "plan", year=year, size=size)["id"]
        for login, year, size in (
            ("wang.wu", "2026", 2),
            ("li.na", "2026", 1),
            ("li.na", "2025", 2),
        )
    }
    tasks = {
        name: house.create(login, "task", name=name, plan=plan)["id"]
        for login, name, plan in (
            ("wang.wu", "b", plans["wang.wu", "2026"]),
            ("li.na", "c", plans["li.na", "2026"]),
            ("li.na", "d", plans["li.na", "2025"]),
            ("li.na", "e", None),
        )
    }
    # li.na reads the plans of A only, ops those of size 2
    assert names_in_order(house, "li.na", "plan") == "bedc"
    assert names_in_order(house, "li.na", "-plan") == "cdbe"
    assert names_in_order(house, "wang.wu", "plan") == "cdeb"
    assert names_in_order(house, "ops", "plan") == "cedb"
    assert names_in_order(house, "ops", "-plan") == "bdce"

    for task in ("c", "e", "d"):
        house.create("li.na", "note", task=tasks[task])
    found = house.list("li.na", "note", fields=("task", "task.name", "task.plan.year"))
    assert [row["task.name"] for row in found.items] == ["e", "d", "c"]
    assert [row["task.plan.year"] for row in found.items] == [None, "2025", "2026"]


SHIFTS = (
    ("dawn", "06:00", "7h30min", "30min"),
    ("day", "08:30", "8h", "1h"),
    ("late", "14:15:30", "10h", "90min"),
    ("open", None, None, None),
)


@pytest.fixture
def shifts(house: House) -> House:
    house.publish(FILES)
    for name, begins, took, rest in SHIFTS:
        house.create("li.na", "shift", name=name, begins=begins, took=took, rest=rest)
    return house


def test_times_of_day_and_lengths_of_time_have_an_order_in_filters_and_sorts(shifts: House) -> None:
    for filter, names in (
        ('begins < "08:30"', ["dawn"]),
        ('begins >= "08:30"', ["day", "late"]),
        ('begins between "06:00" and "14:15"', ["dawn", "day"]),
        ('begins in ["06:00", "14:15:30"]', ["dawn", "late"]),
        ('begins != "08:30"', ["dawn", "late", "open"]),
        ("took < 8h", ["dawn"]),
        ("took >= 480min", ["day", "late"]),
        ('took == "7h30min"', ["dawn"]),
        ("took between 27000 and 8h", ["dawn", "day"]),
        ("took in [8h, 10h]", ["day", "late"]),
        ("rest < took and rest > 30min", ["day", "late"]),
        ("long", ["late"]),
    ):
        found = shifts.list("li.na", "shift", filter=filter, sort=("id",)).items
        assert [row["name"] for row in found] == names, filter
    for key, names in (
        ("begins", ["open", "dawn", "day", "late"]),
        ("-took", ["late", "day", "dawn", "open"]),
        ("-begins", ["late", "day", "dawn", "open"]),
    ):
        met: list[str] = []
        after = None
        while after is not None or not met:
            page = shifts.list("li.na", "shift", sort=(key,), size=1, after=after)
            met += [row["name"] for row in page.items]
            after = page.next_after
        assert met == names, key


def test_what_is_no_time_and_what_has_no_fixed_length_is_refused_at_the_word(
    shifts: House,
) -> None:
    for filter, code in (
        ('begins < "8:30"', "not-a-time"),
        ("took > 1mo", "no-fixed-length"),
        ("took > 3wd", "no-fixed-length"),
        ('took > "long"', "not-a-duration"),
    ):
        with pytest.raises(Malformed) as refused:
            shifts.list("li.na", "shift", filter=filter)
        assert refused.value.detail["code"] == code, filter


def test_an_instant_moves_by_the_length_of_time_that_a_field_holds(shifts: House) -> None:
    made = shifts.create("li.na", "shift", started="2026-03-02T06:00:00Z", took="90min")
    assert made["ended"].isoformat() == "2026-03-02T07:30:00+00:00"
