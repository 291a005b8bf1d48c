"""What is done for requests while nobody looks: timers, and the tasks of who is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flows_small import MONDAY, House, house, workflow

from jingwei.refusals import Conflict, Refused
from jingwei.services.flows import proxies
from jingwei.storage import flow_timers
from jingwei.storage.tables_outbox import sys_notice

REMINDED = workflow(
    "- {id: a, approve: {who: {person: fin}}}", defaults="{remind: {first: 1d, max: 1}}"
)


@pytest.fixture
def here(tmp_path: Path) -> House:
    return house(tmp_path, REMINDED)


def refuse_next(here: House, *refusals: Refused) -> None:
    """The next commands are refused like this, one after the other."""
    left = list(refusals)

    def stumble(_: Any) -> None:
        if left:
            raise left.pop(0)

    commands = here.platform.commands
    commands.listeners = replace(commands.listeners, before_commit=(stumble,))


def reminders(here: House, flow: Any) -> int:
    return sum(event["type"] == "reminded" for event in here.view(flow)["events"])


def test_a_timer_that_met_others_at_work_is_tried_again_in_seconds(here: House) -> None:
    flow = here.start()
    refuse_next(here, Conflict("busy"))
    assert here.later(days=1) == 0
    assert here.later(seconds=1) == 0
    assert here.later(seconds=1) == 1
    assert reminders(here, flow) == 1
    assert here.later(seconds=60) == 0


def test_a_timer_nobody_could_put_off_holds_up_no_other_and_is_still_due(here: House) -> None:
    flow, other = here.start(), here.start()
    refuse_next(here, Conflict("busy"), Conflict("busy"))
    assert here.later(days=1) == 1
    assert here.later() == 1
    assert reminders(here, flow) == reminders(here, other) == 1


def test_a_request_suspended_just_before_its_timer_is_reminded_of_when_it_goes_on(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = here.start()
    due_timers = flow_timers.due_timers

    def due_and_then_suspended(*given: Any) -> Any:
        found = due_timers(*given)
        here.on_flow("admin", flow, "suspend", reason="x")
        return found

    with monkeypatch.context() as race:
        race.setattr(flow_timers, "due_timers", due_and_then_suspended)
        assert here.later(days=1) == 0
    here.on_flow("admin", flow, "resume", reason="y")
    assert here.later(seconds=1) == 1
    assert reminders(here, flow) == 1


def test_an_absence_whose_tasks_cannot_be_moved_is_told_once_and_tried_no_more(
    here: House,
) -> None:
    flow = here.start()
    until = (MONDAY + timedelta(days=9)).isoformat()
    here.platform.commands.run(
        lambda work: proxies.make(
            work,
            {
                "to": "law",
                "from": (MONDAY + timedelta(hours=1)).isoformat(),
                "until": until,
                "include_open": True,
            },
        ),
        here.person("fin"),
    )
    here.clock.move(timedelta(hours=2))
    refuse_next(here, Conflict("busy"), Refused("flow-nobody-at-start", step="a"))
    assert [proxies.move_due(here.platform) for _ in range(3)] == [1, 1, 0]

    assert here.asked(flow) == ["fin"]
    told = sa.select(sys_notice.c.person, sys_notice.c.text).where(sys_notice.c.link == "/flows")
    with here.platform.database.reading() as connection:
        ((person, words),) = connection.execute(told)
    assert person == here.person("admin").id
    assert "fin" in words and "待办未能转给代理人" in words
