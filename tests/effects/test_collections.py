"""A collection knows who owes what, when it is late, and reminds those who owe it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from services_house import FILES, PEOPLE, House, open_house

from jingwei.language.periods import Period
from jingwei.refusals import Malformed, NotAllowed, NotFound
from jingwei.services import collections, effects, flows, records, tasks
from jingwei.services.events import Listeners
from jingwei.services.notices import inbox
from jingwei.services.people import SYSTEM
from jingwei.services.rights import Rights

REPORT = """
kind: form
title: {zh: 月报, en: Monthly report}
submit: {cancel: true}
collect:
  every: month
  orgs: org.type == "subsidiary"
  who: {post: planner, at: org}
  opens: {lag: 1mo, day: 1}
  due: {lag: 1mo, day: 7, shift: next_workday}
  create: CREATE
  urge: [-3d, 0d, {after: 3d, to: superior}]
fields:
  org: {type: org, title: 单位, required: true}
  period: {type: period, grain: month, title: 期间, required: true}
  amount: {type: number, title: 数值, required: true}
permissions:
  planner: {post: planner, can: [read, create, update, submit], scope: org}
  heads: {post: finance_manager, can: [read], scope: org_and_below}
  ops: {role: group_ops, can: [read, export], scope: all}
"""


def opened(root: Path, url: str, create: str, at: datetime) -> House:
    files = {**FILES, "forms/report.yaml": REPORT.replace("CREATE", create)}
    heard = Listeners(changed=(collections.on_changed,), extra={"effects": effects.run})
    return open_house(root, url, files, PEOPLE, heard, Rights([flows.opens]), at)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    """The second of March: February may be filled in, and is due on the ninth (the 7th and 8th
    are a weekend)."""
    found = opened(tmp_path, database_url, "on_demand", datetime(2026, 3, 2, 9))
    yield found
    found.database.close()


def states(house: House, login: str = "ops", period: str | None = None) -> dict[str, str]:
    with house.read(login) as view:
        wanted = [] if period is None else [Period.parse(period)]
        found = collections.matrix(view, "report", wanted)
    return {item["org"]: item["state"] for item in found["items"]}


def report(house: House, login: str = "li.na", org: str = "A", submit: bool = True) -> int:
    made = house.create(login, "report", org=org, period="2026-02", amount=1)
    if submit:
        house.do(login, lambda work: records.submit_without_flow(work, "report", made["id"]))
    return int(made["id"])


def told(house: House, login: str) -> list[str]:
    with house.read(login) as view:
        return [item["text"] for item in reversed(inbox(view, limit=200)["items"])]


def tick(house: House) -> None:
    house.commands.run(lambda work: collections.on_tick(work, {"form": "report"}), SYSTEM)


def test_the_matrix_says_how_far_everybody_is(house: House) -> None:
    assert states(house) == {"A": "missing", "B": "missing"}
    assert states(house, period="2026-03") == {"A": "not_due", "B": "not_due"}
    report(house, submit=False)
    assert states(house) == {"A": "draft", "B": "missing"}
    report(house, "wang.wu", "B")
    assert states(house) == {"A": "draft", "B": "done"}

    house.clock.move(timedelta(days=7))  # the ninth: the last day
    assert states(house) == {"A": "draft", "B": "done"}
    house.clock.move(timedelta(days=1))
    assert states(house) == {"A": "late", "B": "done"}
    with house.read("ops") as view:
        found = collections.matrix(view, "report")
    assert found["counts"] == {
        "not_due": 0,
        "missing": 0,
        "draft": 0,
        "in_approval": 0,
        "returned": 0,
        "done": 1,
        "late": 1,
    }
    assert (found["periods"], found["due"], found["done"], found["in_time"]) == (
        ["2026-02"],
        2,
        1,
        1,
    )
    [line, _] = found["items"]
    assert (line["state"], line["stage"], line["due"], line["people"]) == (
        "late",
        "draft",
        "2026-03-09",
        ["li.na"],
    )


@on_sqlite
def test_what_came_late_is_done_but_not_in_time(house: House) -> None:
    house.clock.move(timedelta(days=9))
    report(house)
    with house.read("ops") as view:
        found = collections.matrix(view, "report")
    assert (found["done"], found["in_time"]) == (1, 0)
    assert states(house) == {"A": "done", "B": "late"}


@on_sqlite
def test_each_sees_the_orgs_whose_records_he_may_read(house: House) -> None:
    assert list(states(house, "li.na")) == ["A"]
    assert list(states(house, "chen.jie")) == ["A", "B"]
    with house.read("nobody") as view, pytest.raises(NotFound):
        collections.matrix(view, "report")
    with house.read("ops") as view, pytest.raises(NotFound) as refused:
        collections.matrix(view, "contract")
    assert refused.value.message("en") == "This form is not collected by period."
    with house.read("ops") as view, pytest.raises(Malformed) as wrong:
        collections.period_of(view, "report", "2026")
    assert wrong.value.message("en") == (
        "period must be a period of the form's own grain, such as 2026-03."
    )


@on_sqlite
def test_the_ladder_reaches_those_who_owe_each_rung_once(house: House) -> None:
    report(house, "wang.wu", "B")
    heard = []
    for _ in range(12):
        tick(house)
        tick(house)
        heard.append((len(told(house, "li.na")), len(told(house, "boss.a"))))
        house.clock.move(timedelta(days=1))
    # due on the 9th: three days before on the 6th, on the day, three days after the superior
    # …and January, whose time is over, once at the first look
    assert [one for one, _ in heard] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert [one for _, one in heard] == [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2]
    assert told(house, "li.na") == ["请报送甲公司 2026-02 月报，截止 2026-03-09"] * 2
    assert told(house, "boss.a")[-1] == "甲公司尚未报送 2026-02 月报，截止 2026-03-09"
    assert told(house, "wang.wu") == []


@on_sqlite
def test_somebody_above_may_urge_at_once(house: House) -> None:
    report(house, "wang.wu", "B")
    assert house.do("ops", lambda work: collections.urge(work, "report", None, None)) == 1
    again = house.do("ops", lambda work: collections.urge(work, "report", None, None))
    assert again == 0  # nobody is told twice a day, however often the button is pressed
    assert told(house, "li.na") == ["请报送甲公司 2026-02 月报，截止 2026-03-09"]
    with pytest.raises(NotAllowed):
        house.do("li.na", lambda work: collections.urge(work, "report", None, None))


def test_a_form_that_is_opened_for_people_is_a_task_until_it_is_handed_in(
    tmp_path: Path, database_url: str
) -> None:
    house = opened(tmp_path, database_url, "at_open", datetime(2026, 2, 27, 9))

    def todo(login: str) -> list[dict[str, Any]]:
        with house.read(login) as view:
            return [t for t in tasks.inbox(view, "todo")["items"] if t["kind"] == "collect"]

    tick(house)  # January is the newest that is open
    house.clock.move(timedelta(days=3))
    tick(house)
    tick(house)
    found = todo("li.na")
    assert [(t["title"], t["due_at"]) for t in found] == [
        ("填报月报（2026-01）", "2026-02-09T15:59:59.000Z"),
        ("填报月报（2026-02）", "2026-03-09T15:59:59.000Z"),
    ]
    assert states(house) == {"A": "draft", "B": "draft"}
    id_ = found[1]["record"]
    assert house.show("li.na", "report", id_)["owner"] == "li.na"
    house.update("li.na", "report", id_, amount=5)
    house.do("li.na", lambda work: records.submit_without_flow(work, "report", id_))
    assert [t["title"] for t in todo("li.na")] == ["填报月报（2026-01）"]
    assert states(house) == {"A": "done", "B": "draft"}
