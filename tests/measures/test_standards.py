"""Benchmarks and classifications as definitions: tiers beside figures, lights on records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from measures_house import cell, put
from services_house import House

BOOK = """
kind: benchmark
title: 标准值
tiers: [{excellent: {zh: 优秀, en: Excellent}}, good, average, low, poor]
source: book.csv
keys: [year, industry, indicator]
"""
SHEET = """year,industry,indicator,unit,excellent,good,average,low,poor
2022,building,leverage,%,40,50,60,70,80
2024,building,leverage,%,41.4,54.7,75,83,94.8
2024,trade,leverage,%,30,40,50,60,70
2030,building,leverage,%,1,2,3,4,5
"""
LEVERAGE = """
kind: indicator
title: {zh: 负债率, en: Leverage}
type: simple
unit: percent
direction: lower_better
precision: 3
time: {kind: balance, grain: month}
org_agg: none
benchmark: {set: book, industry: '"building" if org.code == "A" else "trade"'}
thresholds:
  red: value > benchmark(low)
  yellow: value > benchmark("average")
"""
LIGHTS = """
kind: classification
title: 亮灯
inputs: {due: date, progress: percent, done: boolean}
levels:
  red: {title: 逾期, color: red, when: due < today and not done}
  yellow: {title: 滞后, color: yellow, when: "progress < time_progress(this_year()) and not done"}
  blue: {title: 临期, color: blue, when: "days_between(today, due) <= 3 and not done"}
  green: {title: 正常, color: green}
"""
OTHER_LIGHTS = """
kind: classification
title: 亮灯
inputs: {due: date, progress: percent, done: boolean}
levels:
  orange: {title: 逾期, color: orange, when: due < today}
  grey: {title: 其他, color: grey}
"""
TASK = """
kind: form
title: 事项
display: "{name}"
states: {open: {title: 办理中, initial: true}, closed: {title: 已办结}}
fields:
  name: {type: text, title: 名称}
  deadline: {type: date, title: 期限}
  progress: {type: percent, title: 进度}
  light:
    type: classification
    title: 灯
    of: lights
    with: {due: deadline, done: state == "closed"}
permissions: {planner: {post: planner, can: [read, create, update], scope: org}}
list: {columns: [name, light]}
"""


# --- benchmarks ----------------------------------------------------------------------------------


def with_book(house: House) -> House:
    house.publish(
        {
            "definitions/benchmarks/book.yaml": BOOK,
            "definitions/benchmarks/book.csv": SHEET,
            "definitions/indicators/leverage.yaml": LEVERAGE,
        }
    )
    return house


def test_a_figure_stands_in_a_tier_of_its_industry_in_the_newest_book(house: House) -> None:
    put(with_book(house), ("leverage", "A", "2026-02", "0.70"), ("leverage", "B", "2026-02", 0.7))

    found = {
        org: cell(house, "leverage", org, "2026-02", compare=["tier"]).compare["tier"]
        for org in ("A", "B")
    }

    assert (found["A"].tier, found["A"].base, found["A"].value) == (
        "average", Decimal("0.547"), Decimal("0.15300"),
    )  # fmt: skip
    assert found["B"].tier == "poor"


def test_a_figure_worse_than_every_tier_and_one_without_a_book_say_so(house: House) -> None:
    put(with_book(house), ("leverage", "A", "2026-02", "0.99"), ("leverage", "A", "2021-02", 0.5))

    below = cell(house, "leverage", "A", "2026-02", compare=["tier"]).compare["tier"]
    before = cell(house, "leverage", "A", "2021-02", compare=["tier"]).compare["tier"]

    assert (below.tier, below.reason) == (None, "below-all-tiers")
    assert (before.tier, before.reason) == (None, "no-standards")


@pytest.mark.parametrize(
    ("value", "light"), [("0.74", "green"), ("0.76", "yellow"), ("0.9", "red")]
)
def test_a_threshold_may_be_a_tier(house: House, value: str, light: str) -> None:
    put(with_book(house), ("leverage", "A", "2026-02", value))

    assert cell(house, "leverage", "A", "2026-02").light == light


def test_a_book_without_its_sheet_or_a_column_is_refused(application: Any) -> None:
    application.write("definitions/benchmarks/book.yaml", BOOK)
    assert application.problems() == [
        "definitions/benchmarks/book.yaml:4:9: there is no file 'definitions/benchmarks/book.csv'. "
        "Put the sheet there, or correct source:. [benchmark-source]"
    ]

    application.write("definitions/benchmarks/book.csv", "year,industry,indicator,good\n")
    assert [line.partition(" [")[0] for line in application.problems()][:1] == [
        "definitions/benchmarks/book.csv:1:1: file 'definitions/benchmarks/book.csv' has no column "
        "'excellent'. Add the column 'excellent' to the head of the sheet."
    ]


# --- classifications -----------------------------------------------------------------------------


def with_lights(house: House, lights: str = LIGHTS) -> House:
    house.publish({"definitions/classifications/lights.yaml": lights, "forms/task.yaml": TASK})
    return house


def task(house: House, name: str, deadline: str, progress: str = "1") -> Mapping[str, Any]:
    return house.create("li.na", "task", name=name, deadline=deadline, progress=progress)


def lights(house: House, **wish: Any) -> dict[str, str]:
    page = house.list("li.na", "task", fields=("name", "light"), **wish)
    return {item["name"]: item["light"] for item in page.items}


def test_the_first_level_that_holds_is_the_light_of_a_record(house_on_both: House) -> None:
    house = with_lights(house_on_both)
    for name, deadline, progress in (
        ("late", "2026-03-01", "0.5"),
        ("behind", "2026-12-31", "0.1"),
        ("soon", "2026-03-05", "0.5"),
        ("fine", "2026-12-31", "0.5"),
    ):
        made = task(house, name, deadline, progress)
        assert house.show("li.na", "task", made["id"])["light"] is not None

    # the 2nd of March: 60 of 365 days are over
    assert lights(house) == {
        "late": "red", "behind": "yellow", "soon": "blue", "fine": "green",
    }  # fmt: skip
    assert lights(house, filter='light == "red"') == {"late": "red"}


def test_a_light_changes_with_the_day_though_nobody_saves(house: House) -> None:
    task(with_lights(house), "soon", "2026-03-05")
    assert lights(house) == {"soon": "blue"}

    house.clock.move(timedelta(days=4))

    assert lights(house) == {"soon": "red"}


def test_a_light_is_called_by_its_title(house: House) -> None:
    from jingwei.services.titles import Titles

    task(with_lights(house), "late", "2026-03-01")
    with house.read("li.na") as view:
        titles = Titles(view, view.catalogue.forms["task"], "zh").of([{"light": "red"}])

    assert titles == [{"light": "逾期"}]


def test_another_colour_scheme_is_another_file(house: House) -> None:
    task(with_lights(house, OTHER_LIGHTS), "late", "2026-03-01")

    assert lights(house) == {"late": "orange"}


def test_an_input_that_comes_from_nowhere_is_refused(application: Any) -> None:
    application.write("definitions/classifications/lights.yaml", LIGHTS)
    application.write("definitions/posts/planner.yaml", "kind: post\ntitle: 计划\n")
    form = TASK.replace("with: {due: deadline, done: state", "with: {done: state")
    application.write("forms/task.yaml", form)

    assert application.problems() == [
        "forms/task.yaml:12:5: input 'due' of classification 'lights' comes from nowhere. "
        "Say what 'due' is under with:, or add a field of that name. [classification-input]"
    ]


def test_a_level_without_a_condition_is_the_last(application: Any) -> None:
    text = LIGHTS.replace(
        '{title: 滞后, color: yellow, when: "progress < time_progress(this_year()) and not done"}',
        "{title: 滞后}",
    )
    application.write("definitions/classifications/lights.yaml", text)

    assert application.problems() == [
        "definitions/classifications/lights.yaml:6:3: level 'yellow' has no condition and is not "
        "the last. Give it a condition (when:), or move it to the end. [level-hides-others]"
    ]
