"""A request and the clock: due dates, reminders, what late tasks come to, the longest wait."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flows_small import house, workflow

from jingwei.services.flows import timers

LATE = """
- id: a
  approve: {who: {person: fin}}
  due: 1d
  overdue: OVERDUE
- {id: b, approve: {who: {person: chief}}}
"""


def test_a_due_date_is_shown_and_late_tasks_come_first(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(LATE.replace("OVERDUE", "[{after: 0d, notify: superior}]")))
    here.start()
    item = here.box("fin", "todo")["items"][0]
    assert item["due_at"] == "2026-03-03T15:59:59.000Z"
    assert item["overdue"] is False
    assert here.later(days=2) == 1
    assert here.box("fin", "todo")["items"][0]["overdue"] is True
    assert here.later(days=2) == 0


def test_a_late_task_is_transferred_to_the_superior(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(LATE.replace("OVERDUE", "[{after: 1d, transfer: superior}]")))
    flow = here.start()
    assert here.later(days=2) == 0
    assert here.later(days=1) == 1
    assert here.asked(flow) == ["boss"]
    here.check(flow["id"])
    task = next(t for t in here.tasks(flow["id"]) if t.person == "fin")
    assert (task.outcome, task.closed_by, task.reason) == ("transferred", None, "overdue")


@pytest.mark.parametrize(("word", "asked"), [("approve", ["chief"]), ("reject", [])])
def test_the_clock_decides_where_the_workflow_says_so(
    tmp_path: Path, word: str, asked: list[str]
) -> None:
    here = house(tmp_path, workflow(LATE.replace("OVERDUE", f"[{{after: 0d, decide: {word}}}]")))
    flow = here.start()
    assert here.later(days=3) == 1
    assert here.asked(flow) == asked
    here.check(flow["id"])


def test_reminders_are_not_made_up_for(tmp_path: Path) -> None:
    rule = "{remind: {first: 1d, every: 1d, max: 3}}"
    here = house(tmp_path, workflow("- {id: a, approve: {who: {person: fin}}}", defaults=rule))
    flow = here.start()
    assert here.later(days=1) == 1
    assert here.later(days=5) == 1
    assert here.later(days=5) == 0
    reminded = [e for e in here.view(flow)["events"] if e["type"] == "reminded"]
    assert [e["data"].get("late") for e in reminded] == [None, True]


def test_a_timer_fires_once_whoever_sweeps(tmp_path: Path) -> None:
    rule = "{remind: {first: 1d, max: 1}}"
    here = house(tmp_path, workflow("- {id: a, approve: {who: {person: fin}}}", defaults=rule))
    flow = here.start()
    here.clock.at = datetime(2026, 3, 5, tzinfo=UTC)
    threads = [threading.Thread(target=timers.fire_due, args=(here.platform,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([e for e in here.view(flow)["events"] if e["type"] == "reminded"]) == 1


def test_a_timer_that_breaks_holds_up_no_other(tmp_path: Path) -> None:
    steps = """
    - id: kind
      branch:
        - {when: amount > 5, steps: [{id: w, wait: {until: "add_days(today, amount) < today"}}]}
        - else: [{id: a, approve: {who: {person: fin}}, remind: {first: 1d, max: 1}}]
    """
    here = house(tmp_path, workflow(steps))
    here.start(amount=(date.max - here.clock.today()).days)  # tomorrow is beyond the calendar
    other = here.start()

    assert here.later(days=2) == 1

    assert [e["type"] for e in here.view(other)["events"]][-1] == "reminded"
    assert here.later(days=2) == 0  # it is looked at again, and again holds up nobody


def test_the_longest_wait_goes_on_elsewhere(tmp_path: Path) -> None:
    steps = """
    - {id: w, wait: {until: "opinion == 'go'", at_most: 2d, then: b}}
    - {id: a, approve: {who: {person: fin}}}
    - {id: b, approve: {who: {person: chief}}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    assert here.later(days=3) >= 1
    assert here.asked(flow) == ["chief"]
    here.check(flow["id"])
