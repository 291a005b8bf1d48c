"""A request as a whole: recalling, administrators, the log, what it locks and tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flows_small import FORM, TWO, house, workflow

from jingwei.refusals import Conflict, Invalid, NotAllowed, Refused
from jingwei.services import records, versions
from jingwei.services.flows.state import replayed


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
