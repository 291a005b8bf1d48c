"""An alert on figures looks at the newest figure of each org, and waits as long as it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts_small import NAME, check, fired, looks, told
from backends import on_sqlite
from services_house import FILES, PEOPLE, House, open_house

from jingwei.services import alerts
from jingwei.services.events import Listeners
from jingwei.services.facts import import_facts
from jingwei.services.people import SYSTEM

INDICATOR = """
kind: indicator
title: 利润
type: input
unit: 万元
time: {kind: flow, grain: month, default_view: period}
org_agg: sum
levels: [subsidiary]
thresholds:
  red: value < 0
  yellow: value < 10
"""
ALERT = """
kind: alert
title: {zh: 利润预警, en: Profit}
watch: {indicator: profit, level: [red, yellow]}
to: {post: planner, at: org}
message: {zh: "{org.title} {period} {value} {level}", en: "{org.title} {period} {value} {level}"}
"""


def opened(root: Path, url: str, more: str = "") -> House:
    files = {
        **FILES,
        "definitions/indicators/profit.yaml": INDICATOR,
        f"definitions/alerts/{NAME}.yaml": ALERT + more,
    }
    return open_house(root, url, files, PEOPLE, Listeners(changed=(alerts.on_changed,)))


def put(house: House, org: str, **values: float) -> None:
    rows: list[dict[str, Any]] = [
        {"indicator": "profit", "org": org, "period": f"2025-{month[1:]}", "value": value}
        for month, value in values.items()
    ]
    house.commands.run(lambda work: import_facts(work, rows, "test"), SYSTEM)


def facts_changed(house: House) -> None:
    house.clock.move(timedelta(minutes=5))
    house.commands.run(lambda work: alerts.on_facts(work, {"indicators": ["profit"]}), SYSTEM)


def test_figures_that_change_are_looked_at_and_each_level_is_told_once(
    tmp_path: Path, database_url: str
) -> None:
    house = opened(tmp_path, database_url)
    put(house, "A", m11=50, m12=5)
    put(house, "B", m12=20)
    facts_changed(house)
    facts_changed(house)
    assert told(house, "li.na") == ["甲公司 2025-12 5 黄灯"]
    assert told(house, "wang.wu") == []
    assert looks(house) == {"A/profit": "already-open", "B/profit": "not-at-level"}

    put(house, "A", m12=-5)  # from bad to worse: that is news
    facts_changed(house)
    assert told(house, "li.na")[1:] == ["甲公司 2025-12 -5 红灯"]
    assert [why for _, _, why in fired(house)] == ["level-changed", None]
    put(house, "A", m12=5)  # a little better is none
    facts_changed(house)
    assert len(told(house, "li.na")) == 2
    put(house, "A", m12=30)
    facts_changed(house)
    assert looks(house)["A/profit"] == "ended"


@on_sqlite
def test_it_waits_for_periods_in_a_row(tmp_path: Path, database_url: str) -> None:
    house = opened(tmp_path, database_url, "for_at_least: 2 periods\ncheck: daily 08:00\n")
    put(house, "A", m10=50, m11=50, m12=-1)
    put(house, "B", m10=-1, m11=-1, m12=-1)
    check(house)
    assert looks(house) == {"A/profit": "too-short", "B/profit": "fired"}
    put(house, "A", m11=-3)
    check(house)
    assert looks(house)["A/profit"] == "fired"
    assert told(house, "li.na") == ["甲公司 2025-12 -1 红灯"]


@on_sqlite
def test_a_condition_beside_the_level_is_asked_too(tmp_path: Path, database_url: str) -> None:
    house = opened(tmp_path, database_url, 'when: value < last_year and org == "A"\n')
    rows = [
        {"indicator": "profit", "org": org, "period": "2024-12", "value": 9} for org in ("A", "B")
    ]
    house.commands.run(lambda work: import_facts(work, rows, "test"), SYSTEM)
    put(house, "A", m12=5)
    put(house, "B", m12=5)
    facts_changed(house)
    assert looks(house) == {"A/profit": "fired", "B/profit": "not-at-level"}
