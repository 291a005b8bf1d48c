"""An alert on records fires once while its condition holds, and again after it has not held."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alerts_small import check, fired, looks, new_task, open_tasks, todo, told
from backends import on_sqlite

from jingwei.services import actions, records
from jingwei.storage.tables_outbox import sys_outbox

SLOW = """
watch: {form: task}
when: state == "open" and progress < 50%
to: [{field: keeper}, {role: group_ops}]
message: {zh: "{display} 进度 {progress:percent}", en: "{display}: {progress:percent}"}
"""


def checks_waiting(house: object) -> list[dict[str, object]]:
    with house.database.reading() as connection:  # type: ignore[attr-defined]
        found = connection.execute(
            sa.select(sys_outbox.c.payload).where(sys_outbox.c.topic == "alert.check")
        )
        return [row.payload for row in found]


@on_sqlite
def test_a_record_that_changes_is_looked_at_after_the_commit(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, SLOW)
    task = new_task(house, progress=0.2)
    assert checks_waiting(house) == [{"alert": "watch", "record": task}]
    check(house, record=task)
    assert told(house, "li.na") == ["报表 进度 20.00%"]
    assert told(house, "ops") == ["报表 进度 20.00%"]


def test_it_fires_once_while_it_holds_and_again_after_it_did_not(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, SLOW)
    task = new_task(house, progress=0.2)
    check(house, record=task)
    house.update("ops", "task", task, progress=0.3)
    check(house, record=task)
    assert len(told(house, "li.na")) == 1
    assert looks(house) == {f"task/{task}": "already-open"}

    house.update("ops", "task", task, progress=0.6)
    check(house, record=task)
    assert fired(house) == [(0, False, "ended")]
    house.clock.move(timedelta(hours=1))
    house.update("ops", "task", task, progress=0.4)
    check(house, record=task)
    assert told(house, "li.na") == ["报表 进度 20.00%", "报表 进度 40.00%"]
    assert fired(house) == [(0, False, "ended"), (0, False, None)]


def test_by_the_clock_every_record_is_looked_at_and_a_check_that_was_missed_is_late(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, SLOW + "check: daily 08:00\n")
    first, second = new_task(house, progress=0.2), new_task(house, name="二", progress=0.9)
    assert checks_waiting(house) == []
    due = house.clock.now().isoformat()
    check(house, due=due, late=True)
    check(house, due=due, late=True)
    assert told(house, "li.na") == ["报表 进度 20.00%"]
    assert fired(house) == [(0, True, None)]
    assert looks(house) == {f"task/{first}": "already-open"}

    house.update("ops", "task", first, progress=0.7)
    house.update("ops", "task", second, progress=0.1)
    house.clock.move(timedelta(days=1))
    check(house, due=house.clock.now().isoformat())
    assert looks(house) == {f"task/{first}": "ended", f"task/{second}": "fired"}


@on_sqlite
def test_a_record_that_is_deleted_ends_its_alert(tmp_path: Path, database_url: str) -> None:
    house = open_tasks(tmp_path, database_url, SLOW)
    task = new_task(house, progress=0.2)
    check(house, record=task)
    house.do("ops", lambda work: records.delete(work, "task", task, expected_revision=1))
    check(house, record=task)
    assert fired(house) == [(0, False, "ended")]


@on_sqlite
def test_what_holds_must_hold_for_a_while(tmp_path: Path, database_url: str) -> None:
    house = open_tasks(tmp_path, database_url, SLOW + "for_at_least: 3d\n")
    task = new_task(house, progress=0.2)
    check(house, record=task)
    assert looks(house) == {f"task/{task}": "too-short-since"}
    house.clock.move(timedelta(days=2))
    check(house, record=task)
    assert told(house, "li.na") == []
    house.clock.move(timedelta(days=1))
    check(house, record=task)
    assert len(told(house, "li.na")) == 1


@on_sqlite
def test_nobody_reads_in_a_message_what_the_record_hides(tmp_path: Path, database_url: str) -> None:
    text = SLOW.replace("{display} 进度 {progress:percent}", "{name}：{secret}")
    text = text.replace("{role: group_ops}", "{post: general_manager, at: org}")
    house = open_tasks(tmp_path, database_url, text)
    check(house, record=new_task(house, progress=0.1, secret="缺钱"))
    assert told(house, "li.na") == ["报表：缺钱"]
    assert told(house, "boss.a") == ["报表：—"]


@on_sqlite
def test_an_alert_that_names_nobody_says_so(tmp_path: Path, database_url: str) -> None:
    text = SLOW.replace("[{field: keeper}, {role: group_ops}]", "{post: finance_manager, at: org}")
    house = open_tasks(tmp_path, database_url, text)
    task = new_task(house, progress=0.1)
    check(house, record=task)
    assert looks(house) == {f"task/{task}": "nobody"}


ASKS = (
    SLOW
    + """
todo:
  form: case
  one_open_per: [task]
  set: {task: =this, what: =name}
  closes_by: itself
"""
)


def test_the_record_it_opens_closes_itself(tmp_path: Path, database_url: str) -> None:
    house = open_tasks(tmp_path, database_url, ASKS)
    task = new_task(house, progress=0.2)
    check(house, record=task)
    assert todo(house, "li.na") == ["报表 进度 20.00%"]
    assert told(house, "ops") == ["报表 进度 20.00%"]
    [case] = house.list("ops", "case").items
    assert (case["task"], case["org"], case["state"]) == (task, "A", "open")

    house.update("ops", "task", task, progress=0.8)
    check(house, record=task)
    assert todo(house, "li.na") == []
    assert [case["state"] for case in house.list("ops", "case").items] == ["closed"]


@on_sqlite
def test_an_open_record_is_not_opened_twice_even_if_somebody_entered_it(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, ASKS)
    task = new_task(house, progress=0.2)
    by_hand = house.create("ops", "case", task=task, what="手工", org="A")
    check(house, record=task)
    assert [case["id"] for case in house.list("ops", "case").items] == [by_hand["id"]]
    assert todo(house, "li.na") == []
    assert told(house, "li.na") == ["报表 进度 20.00%"]


@on_sqlite
def test_a_record_that_cannot_be_opened_is_told_and_why(tmp_path: Path, database_url: str) -> None:
    house = open_tasks(tmp_path, database_url, ASKS.replace("what: =name", "what: =secret"))
    task = new_task(house, progress=0.2)
    check(house, record=task)
    assert house.list("ops", "case").items == []
    assert told(house, "li.na") == ["报表 进度 20.00%"]
    assert looks(house) == {f"task/{task}": "record-refused"}


@on_sqlite
def test_rows_of_a_table_are_looked_at_one_by_one(tmp_path: Path, database_url: str) -> None:
    text = """
watch: {form: task, each: steps}
when: not row.done
to: {field: keeper}
message: "{name}：{row.what}"
"""
    house = open_tasks(tmp_path, database_url, text)
    steps = [{"what": "甲", "done": False}, {"what": "乙", "done": True}, {"what": "丙"}]
    task = new_task(house, steps=steps)
    check(house, record=task)
    check(house, record=task)
    assert told(house, "li.na") == ["报表：甲", "报表：丙"]


LADDER = """
watch: {form: task}
when: state == "open"
date: due
urge: [-3d, 0d, +1d, {after: 3d, to: superior}]
to: {field: keeper}
message: "{name} {due} 到期"
"""


def test_a_ladder_is_climbed_rung_by_rung_and_ends_with_the_superior(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, LADDER)
    new_task(house, due="2026-03-10")
    counts = []
    for _ in range(14):
        check(house)
        check(house)
        counts.append((len(told(house, "li.na")), len(told(house, "boss.a"))))
        house.clock.move(timedelta(days=1))
    # from 2 March: three days before on the 7th, the day itself, the day after, three days after
    assert [one for one, _ in counts] == [0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 3]
    assert [one for _, one in counts] == [0] * 11 + [1, 1, 1]
    assert fired(house) == [(1, False, None), (2, False, None), (3, False, None), (4, False, None)]


@on_sqlite
def test_after_downtime_people_hear_of_it_once_and_it_is_marked_late(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, LADDER)
    new_task(house, due="2026-03-10")
    house.clock.move(timedelta(days=10))  # the 12th: three rungs were missed
    check(house)
    assert told(house, "li.na") == ["报表 2026-03-10 到期"]
    assert fired(house) == [(1, True, "overtaken"), (2, True, "overtaken"), (3, True, None)]
    house.clock.move(timedelta(days=10))  # now the superior's rung was missed as well
    check(house)
    check(house)
    assert told(house, "boss.a") == ["报表 2026-03-10 到期"]
    assert told(house, "li.na") == ["报表 2026-03-10 到期"]


@on_sqlite
def test_a_ladder_stops_when_its_condition_does_and_starts_again_at_a_new_date(
    tmp_path: Path, database_url: str
) -> None:
    house = open_tasks(tmp_path, database_url, LADDER)
    task = new_task(house, due="2026-03-03")
    house.clock.move(timedelta(days=1))
    check(house)
    assert len(told(house, "li.na")) == 1
    house.update("ops", "task", task, due="2026-03-20")
    house.clock.move(timedelta(days=14))
    check(house)
    assert told(house, "li.na")[-1] == "报表 2026-03-20 到期"
    house.do("ops", lambda work: actions.act(work, "task", task, "finish", {}))
    house.clock.move(timedelta(days=30))
    check(house)
    assert len(told(house, "li.na")) == 2


@on_sqlite
def test_a_ladder_without_a_date_waits(tmp_path: Path, database_url: str) -> None:
    house = open_tasks(tmp_path, database_url, LADDER)
    task = new_task(house)
    check(house)
    assert looks(house) == {f"task/{task}": "no-date"}
    assert fired(house) == []
