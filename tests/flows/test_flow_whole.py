"""A request as a whole: recalling, administrators, time, races, versions of the workflow."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flows_small import FORM, House, house, publish, workflow, write

from jingwei.refusals import Conflict, Invalid, NotAllowed, Refused
from jingwei.services import flows, records, tasks, versions
from jingwei.services.flows import timers
from jingwei.services.flows.state import replayed

TWO = """
- {id: a, approve: {mode: all, who: [{person: fin}, {person: law}]}}
- {id: b, approve: {who: {person: chief}}}
"""


def test_the_initiator_recalls_until_the_first_decision(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.on_flow("ann", here.start(), "recall")
    assert flow["status"] == "recalled"
    assert here.record(flow)["status"] == "recalled"
    asked = here.tasks(flow["id"])[-1]
    with pytest.raises(Conflict) as caught:
        here.act(asked.acting, flow, "approve", task=asked.id)
    assert caught.value.code == "task-closed"
    assert "ann" in caught.value.message("zh") and "已撤销" in caught.value.message("zh")
    assert here.asked(flow) == []
    assert here.submit(flow["record"])["status"] == "running"

    flow = here.act("fin", here.start(), "approve")
    with pytest.raises(Conflict) as caught:
        here.on_flow("ann", flow, "recall")
    assert caught.value.code == "flow-recall-too-late"
    with pytest.raises(NotAllowed):
        here.on_flow("fin", flow, "recall")


def test_a_final_approval_is_not_recalled_but_reopened(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO, start="{recall: until_end}"))
    flow = here.start()
    for login in ("fin", "law", "chief"):
        flow = here.act(login, flow, "approve")
    with pytest.raises(Conflict):
        here.on_flow("ann", flow, "recall")
    with pytest.raises(NotAllowed):
        here.on_flow("ann", flow, "reopen", reason="x")
    again = here.on_flow("admin", flow, "reopen", reason="a mistake")
    assert again["previous"] == flow["id"]
    assert again["initiator"] == "ann"
    assert here.record(again)["status"] == "in_approval"
    assert here.view(flow)["status"] == "approved"


def test_no_flow_is_reopened_on_an_amendment_that_its_initiator_has_not_finished(
    tmp_path: Path,
) -> None:
    form = FORM.replace("update, submit]", "update, submit, amend]") + "versions: on_approval\n"
    here = house(tmp_path, workflow("- {id: a, approve: {who: {person: fin}}}"), form)
    flow = here.act("fin", here.start(), "approve")
    assert "reopen" in here.view(flow)["actions"]

    def amend(work: Any) -> Any:
        return versions.amend(work, "request", flow["record"])

    here.platform.commands.run(amend, here.person("ann"))
    before = here.dump(flow)
    with pytest.raises(Conflict) as caught:
        here.on_flow("admin", flow, "reopen", reason="x")
    assert caught.value.code == "flow-reopen-another"
    assert "reopen" not in here.view(flow)["actions"]
    assert here.dump(flow) == before


def test_administrators_need_a_reason_and_others_are_refused(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    for action in ("jump", "terminate", "suspend"):
        where = {"step": "b"} if action == "jump" else {}
        with pytest.raises(NotAllowed):
            here.on_flow("fin", flow, action, reason="x", **where)
        with pytest.raises(Invalid):
            here.on_flow("admin", flow, action, **where)
    flow = here.on_flow("admin", flow, "jump", step="b", reason="urgent")
    assert here.asked(flow) == ["chief"]
    flow = here.on_flow("admin", flow, "terminate", reason="no longer needed")
    assert here.record(flow)["status"] == "terminated"


def test_a_suspended_request_waits(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO, defaults="{remind: {first: 1d, max: 1}}"))
    flow = here.on_flow("admin", here.start(), "suspend", reason="x")
    with pytest.raises(Conflict) as caught:
        here.act("fin", flow, "approve")
    assert caught.value.code == "flow-suspended"
    assert here.later(days=3) == 0
    flow = here.on_flow("admin", flow, "resume", reason="y")
    assert here.act("fin", flow, "approve")["status"] == "running"


def test_a_jump_goes_into_blocks(tmp_path: Path) -> None:
    steps = """
    - {id: first, approve: {who: {person: fin}}}
    - id: par
      parallel:
        one: {steps: [{id: p1, approve: {who: {person: law}}}]}
        two: {steps: [{id: p2, approve: {who: {person: eve}}}]}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.on_flow("admin", here.start(), "jump", step="p2", reason="x")
    assert here.asked(flow) == ["eve", "law"]
    here.act("eve", flow, "approve")
    assert here.act("law", flow, "approve")["status"] == "approved"


def test_a_refused_command_changes_nothing(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.act("fin", here.start(), "approve")
    before = here.dump(flow)
    task = here.task_of("law", flow["id"])
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("law", "reject", {}),
        ("law", "return", {"comment": "x", "to": "b"}),
        ("law", "approve", {"fields": {"title": "x"}}),
        ("law", "transfer", {"to": "fin2x"}),
        ("law", "submit", {}),
        ("law", "no_such", {}),
        ("ann", "approve", {}),
    ]
    for login, action, body in refused:
        with pytest.raises((Refused,)):
            here.act(login, flow, action, task=task, **body)
        assert here.dump(flow) == before, action


def test_the_log_by_itself_gives_the_same_state(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.act("fin", here.start(), "approve")
    flow = here.act("law", flow, "return", comment="x")
    flow = here.act("ann", flow, "submit")
    state, events, _, _ = here.dump(flow)
    assert replayed(events) == state
    assert [e.seq for e in events] == list(range(1, len(events) + 1))


# --- races ---------------------------------------------------------------------------------------


def at_once(here: House, deeds: list[Any]) -> list[Any]:
    """Run commands in threads that start together; what each gave or raised."""
    gate = threading.Barrier(len(deeds))
    results: list[Any] = [None] * len(deeds)

    def run(number: int, login: str, handler: Any) -> None:
        person = here.person(login)
        gate.wait()
        try:
            results[number] = here.platform.commands.run(handler, person)
        except Refused as refused:
            results[number] = refused

    threads = [
        threading.Thread(target=run, args=(n, login, handler))
        for n, (login, handler) in enumerate(deeds)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_who_waited_for_another_decision_sees_it(tmp_path: Path, postgres_url: str) -> None:
    steps = "- {id: a, approve: {mode: all, who: [{person: fin}, {person: law}]}}"
    here = house(tmp_path, workflow(steps), url=postgres_url)
    flow = here.start()
    mine = {login: here.task_of(login, flow["id"]) for login in ("fin", "law")}
    later = threading.Thread(target=here.act, args=("law", flow, "approve", mine["law"]))

    def decide(work: Any) -> None:
        flows.act(work, mine["fin"], "approve", {})
        later.start()  # and waits for what this transaction has locked
        waiting = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        while later.is_alive() and not work.connection.exec_driver_sql(waiting).first():
            later.join(0.01)

    here.platform.commands.run(decide, here.person("fin"))
    later.join()
    assert here.view(flow)["status"] == "approved"
    assert here.asked(flow) == []
    here.check(flow["id"])


@pytest.mark.parametrize("round_", range(3))
def test_votes_at_the_same_moment_queue(tmp_path: Path, round_: int) -> None:
    people = ["fin", "fin2", "law", "eve", "dan"]
    who = ", ".join(f"{{person: {p}}}" for p in people)
    steps = f"- {{id: a, approve: {{mode: all, who: [{who}]}}}}"
    here = house(tmp_path, workflow(steps))
    flow = here.start()

    def vote(task: int) -> Any:
        return lambda work: flows.act(work, task, "approve", {})["status"]

    found = at_once(here, [(p, vote(here.task_of(p, flow["id"]))) for p in people])
    assert sorted(found) == ["approved", "running", "running", "running", "running"]
    here.check(flow["id"])


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_share_a_task_one_decides_and_the_other_is_told(
    tmp_path: Path, round_: int
) -> None:
    steps = "- {id: a, approve: {mode: any, who: [{person: fin}, {person: law}]}}"
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    deeds = []
    for login, action in (("fin", "approve"), ("law", "reject")):
        task = here.task_of(login, flow["id"])
        deeds.append(
            (
                login,
                lambda work, t=task, a=action: flows.act(work, t, a, {"comment": "c"})["status"],
            )
        )
    found = at_once(here, deeds)
    refused = [one for one in found if isinstance(one, Refused)]
    assert len(refused) == 1
    assert refused[0].code == "task-closed"
    assert refused[0].status == 409
    here.check(flow["id"])


def test_a_double_click_submits_once(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    record = here.create()

    def submit(work: Any) -> int:
        return int(flows.submit(work, "request", record)["id"])

    found = at_once(here, [("ann", submit)] * 4)
    assert sorted(isinstance(one, Conflict) for one in found) == [False, True, True, True]


# --- time ----------------------------------------------------------------------------------------

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


# --- versions ------------------------------------------------------------------------------------

OTHER = """
- {id: a, approve: {mode: all, who: [{person: fin}, {person: law}]}}
- {id: between, approve: {who: {person: eve}}}
- {id: c, approve: {who: {person: chief}}}
"""


def republish(here: House, root: Path, text: str, form: str = FORM) -> None:
    write(root / "app", text, form)
    publish(root / "app", here.platform.database)
    here.platform.active.poll()


def test_a_running_request_goes_on_under_its_own_workflow(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    republish(here, tmp_path, workflow(OTHER))
    here.act("fin", flow, "approve")
    flow = here.act("law", flow, "approve")
    assert here.asked(flow) == ["chief"]
    assert here.act("chief", flow, "approve")["status"] == "approved"

    fresh = here.start()
    here.act("fin", fresh, "approve")
    assert here.asked(here.act("law", fresh, "approve")) == ["eve"]


def test_a_migration_maps_steps_and_is_rehearsed(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    with pytest.raises(Refused) as caught:
        here.on_flow("admin", flow, "migrate", reason="x")
    assert caught.value.code == "flow-migrate-nothing"
    republish(here, tmp_path, workflow(OTHER))
    before = here.dump(flow)
    plan = here.on_flow("admin", flow, "migrate", reason="x", dry_run=True)
    assert [item["flow"] for item in plan["items"]] == [flow["id"]]
    assert here.dump(flow) == before

    flow = here.on_flow("admin", flow, "migrate", reason="x")
    here.act("fin", flow, "approve")
    flow = here.act("law", flow, "approve")
    assert here.asked(flow) == ["eve"]


def test_a_migration_that_would_strand_a_request_is_refused(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    republish(here, tmp_path, workflow("- {id: z, approve: {who: {person: eve}}}"))
    with pytest.raises(Refused) as caught:
        here.on_flow("admin", flow, "migrate", reason="x")
    assert caught.value.code == "flow-migrate-strands"
    flow = here.on_flow("admin", flow, "migrate", reason="x", map={"a": "z"})
    assert here.asked(flow) == ["eve"]


# --- the inbox -----------------------------------------------------------------------------------


def test_the_inbox_has_what_waits_what_was_done_and_what_was_begun(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    item = here.box("fin", "todo")["items"][0]
    assert item["flow"] == flow["id"]
    assert item["step"] == "a"
    assert item["number"] == "R-0001"
    assert {"approve", "reject", "return", "transfer"} <= set(item["actions"])
    assert here.box("ann", "mine")["items"][0]["flow"] == flow["id"]

    here.act("fin", flow, "approve")
    assert here.box("fin", "todo")["total"] == 0
    assert here.box("fin", "done")["items"][0]["outcome"] == "approved"
    with here.reading("fin") as reading:
        assert tasks.counts(reading) == {"todo": 0, "waiting": 0, "done": 1, "cc": 0, "mine": 0}


def test_a_page_of_the_inbox_is_read_in_the_order_of_its_index(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    here.start()
    engine = here.platform.database.engine
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    sa.event.listen(engine, "before_cursor_execute", hear)
    here.box("fin", "todo")
    sa.event.remove(engine, "before_cursor_execute", hear)

    ((statement, values),) = [one for one in asked if "ORDER BY sys_task.due_at" in one[0]]
    with here.platform.database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        words = [row[3] for row in plan]
    assert words == ["SEARCH sys_task USING INDEX ix_sys_task_todo (acting=?)"]


def test_todos_beside_flows_are_opened_once_and_closed(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    record = here.create()

    def open_(work: Any) -> int:
        return tasks.open_todo(work, "eve", "request", record, "看看", key="one")

    assert here.system(open_) == here.system(open_)
    assert [i["title"] for i in here.box("eve", "todo")["items"]] == ["看看"]
    assert here.system(lambda work: tasks.close_todos(work, "request", record, "submitted")) == 1
    assert here.box("eve", "todo")["total"] == 0


def test_urging_and_commenting_change_no_decision(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()
    task = here.task_of("fin", flow["id"])
    here.act("ann", flow, "urge", task=task)
    here.act("ann", flow, "comment", task=task, comment="please")
    assert here.asked(flow) == ["fin", "law"]
    assert [e["type"] for e in here.view(flow)["events"]][-2:] == ["urged", "commented"]


def test_the_record_is_locked_while_it_is_in_approval(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(TWO))
    flow = here.start()

    def change(work: Any) -> Any:
        return records.update(work, "request", flow["record"], {"title": "x"}, expected_revision=1)

    with pytest.raises((Conflict, Refused)):
        here.platform.commands.run(change, here.person("ann"))


def test_messages_carry_the_outcome_that_was_committed(tmp_path: Path) -> None:
    here = house(tmp_path, workflow("- {id: a, approve: {who: {person: fin}}}"))
    flow = here.act("fin", here.start(), "approve")
    with here.platform.database.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT topic, payload FROM sys_outbox WHERE topic LIKE 'flow.%' OR topic LIKE 'task.%'"
        ).all()
    topics = [topic for topic, _ in found]
    assert topics.count("flow.started") == topics.count("flow.ended") == 1
    assert topics.count("task.opened") == topics.count("task.closed") == 1
    ended = next(payload for topic, payload in found if topic == "flow.ended")
    assert '"status":"approved"' in ended
    assert flow["status"] == "approved"


def test_a_workflow_that_no_longer_fits_the_form_blocks_until_it_is_migrated(
    tmp_path: Path,
) -> None:
    here = house(tmp_path, workflow("- {id: a, approve: {who: {field: chief}}}"))
    flow = here.start(chief="fin")
    form = FORM.replace("  chief: {type: person, title: 负责人}\n", "")
    republish(here, tmp_path, workflow("- {id: a, approve: {who: {person: fin}}}"), form)
    with pytest.raises(Refused) as caught:
        here.act("fin", flow, "approve")
    assert caught.value.code == "flow-needs-migration"
    assert here.box("fin", "todo")["items"][0]["actions"] == []
    here.on_flow("admin", flow, "migrate", reason="the field is gone")
    assert here.act("fin", flow, "approve")["status"] == "approved"
