"""Lists are ordered by computed numbers as numbers, on either database."""

from __future__ import annotations

from services_house import House

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
}


def test_a_computed_total_is_ordered_by_its_size_not_its_digits(house: House) -> None:
    house.publish(FILES)
    for name, points in (("a", "84.6"), ("b", "105.2"), ("c", "9"), ("d", "103.6")):
        house.create("li.na", "sheet", name=name, points=points)

    names = [row["name"] for row in house.list("li.na", "sheet", sort=("-total",)).items]

    assert names == ["b", "d", "a", "c"]
