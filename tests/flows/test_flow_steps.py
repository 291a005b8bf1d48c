"""What a request goes through: steps, modes, blocks, the record's status."""

from __future__ import annotations

from pathlib import Path

import pytest
from flows_small import FORM, house, workflow

from jingwei.refusals import Conflict, Invalid, Malformed, NotAllowed

TWO = workflow(
    """
    - id: draft
      fill: {who: initiator, fields: {write: [title, amount]}}
    - id: finance
      approve:
        mode: all
        who: [{post: finance, at: org}, {post: budget, at: group}]
        on_reject: {return_to: draft}
        fields: {write: [opinion]}
    - id: sector
      approve: {mode: one, who: {head_of: org.sector}}
    - id: tell
      cc: {who: [initiator, {person: eve}]}
    """,
    end="{approved: [{enter: done}]}",
)
STATES = FORM + "states:\n  open: {title: 开, initial: true}\n  done: {title: 完}\n"


def test_a_request_goes_through_all_its_steps(tmp_path: Path) -> None:
    here = house(tmp_path, TWO, STATES)
    flow = here.start()
    assert here.asked(flow) == ["fin", "fin2"]
    assert here.record(flow)["status"] == "in_approval"
    assert here.record(flow)["number"] == "R-0001"
    assert here.record(flow)["flow"] == flow["id"]

    here.act("fin", flow, "approve", comment="ok")
    flow = here.act("fin2", flow, "approve")
    assert here.asked(flow) == ["head"]

    flow = here.act("head", flow, "approve")
    assert flow["status"] == "approved"
    assert here.record(flow)["status"] == "approved"
    assert [i["person"] for i in here.box("eve", "cc")["items"]] == ["eve"]
    assert here.effects == [("enter", flow["record"])]


def test_a_step_lets_its_people_write_its_fields_and_no_other(tmp_path: Path) -> None:
    here = house(tmp_path, TWO, STATES)
    flow = here.start()
    with pytest.raises(Malformed):
        here.act("fin", flow, "approve", fields={"amount": 9})
    with pytest.raises(Malformed):
        here.act("fin", flow, "approve", fields={"no_such": 9})
    assert "fin" in here.asked(flow)

    here.act("fin", flow, "approve", fields={"opinion": "fine"})
    assert here.record(flow)["opinion"] == "fine"


def test_one_rejection_closes_a_countersign_and_cancels_the_others(tmp_path: Path) -> None:
    here = house(tmp_path, TWO, STATES)
    flow = here.start()
    flow = here.act("fin", flow, "reject", comment="no")

    outcomes = {t.person: t.outcome for t in here.tasks(flow["id"]) if t.kind == "approval"}
    assert outcomes == {"fin": "rejected", "fin2": "cancelled"}
    assert here.asked(flow) == ["ann"]
    assert here.record(flow)["status"] == "returned"
    assert flow["status"] == "running"


def test_a_rejection_needs_a_reason(tmp_path: Path) -> None:
    here = house(tmp_path, TWO, STATES)
    flow = here.start()
    with pytest.raises(Invalid):
        here.act("fin", flow, "reject")


def test_submitting_checks_what_the_record_owes(tmp_path: Path) -> None:
    here = house(tmp_path, TWO, STATES)
    record = here.create(title=None)
    with pytest.raises(Invalid) as caught:
        here.submit(record)
    assert [f.path for f in caught.value.fields] == ["title"]


def test_only_who_may_submit_starts_a_flow(tmp_path: Path) -> None:
    start = workflow(
        "- {id: a, approve: {who: {person: fin}}}", start="{who: {post: planner, at: org}}"
    )
    here = house(tmp_path, start)
    record = here.create("bob")
    with pytest.raises(NotAllowed):
        here.submit(record, "bob")
    assert here.start("ann")["status"] == "running"


def test_a_second_submission_is_refused_and_a_repeated_one_answers_the_same(
    tmp_path: Path,
) -> None:
    here = house(tmp_path, TWO, STATES)
    record = here.create()
    first = here.submit(record, key="k1")
    again = here.submit(record, key="k1")
    assert again["id"] == first["id"]
    with pytest.raises(Conflict) as caught:
        here.submit(record)
    assert caught.value.code == "already-submitted"


def test_any_the_first_answer_decides(tmp_path: Path) -> None:
    steps = "- {id: a, approve: {mode: any, who: [{person: fin}, {person: law}]}}"
    here = house(tmp_path, workflow(steps))
    flow = here.act("law", here.start(), "approve")
    assert flow["status"] == "approved"
    outcomes = {t.person: t.outcome for t in here.tasks(flow["id"])}
    assert outcomes == {"fin": "superseded", "law": "approved"}

    flow = here.act("fin", here.start(), "reject", comment="no")
    assert flow["status"] == "rejected"
    assert here.record(flow)["status"] == "rejected"


def test_any_with_reject_needs_all_waits_for_the_last(tmp_path: Path) -> None:
    steps = """
    - id: a
      approve: {mode: any, reject_needs: all, who: [{person: fin}, {person: law}]}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.act("fin", here.start(), "reject", comment="no")
    assert flow["status"] == "running"
    assert here.act("law", flow, "approve")["status"] == "approved"


def test_sequential_asks_one_after_another(tmp_path: Path) -> None:
    steps = """
    - id: a
      approve: {mode: sequential, who: [{person: fin}, {person: law}, {person: eve}]}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    for login in ("fin", "law", "eve"):
        assert here.asked(flow) == [login]
        flow = here.act(login, flow, "approve")
    assert flow["status"] == "approved"


VOTE = """
- id: a
  approve:
    mode: vote
    pass: PASS
    who: [{person: fin, weight: 30}, {person: law, weight: 30}, {person: eve, weight: 40}]
"""


def test_a_vote_closes_as_soon_as_it_is_certain(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(VOTE.replace("PASS", "60%")))
    flow = here.act("fin", here.start(), "approve")
    assert flow["status"] == "running"
    assert here.act("law", flow, "approve")["status"] == "approved"


def test_a_vote_that_is_exactly_reachable_stays_open(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(VOTE.replace("PASS", "60%")))
    flow = here.act("eve", here.start(), "reject", comment="no")
    assert flow["status"] == "running"
    flow = here.act("fin", flow, "reject", comment="no")
    assert flow["status"] == "rejected"


def test_holders_of_one_post_share_a_seat(tmp_path: Path) -> None:
    here = house(tmp_path, workflow("- {id: a, approve: {mode: all, who: {post: lawyer}}}"))
    flow = here.start()
    # without `at` a post is looked for from the record's org upwards
    assert here.asked(flow) == ["law", "law2"]
    assert here.act("law2", flow, "approve")["status"] == "approved"

    steps = "- {id: a, approve: {mode: all, holders: all, who: {post: lawyer, at: group}}}"
    other = house(tmp_path / "other", workflow(steps))
    flow = other.act("law2", other.start(), "approve")
    assert other.asked(flow) == ["law"]


def test_branches_are_chosen_by_the_record(tmp_path: Path) -> None:
    steps = """
    - id: gate
      branch:
        - when: amount > 100
          steps: [{id: big, approve: {who: {person: chief}}}]
        - else: []
    - {id: last, approve: {who: {person: fin}}}
    """
    here = house(tmp_path, workflow(steps))
    assert here.asked(here.start(amount=1)) == ["fin"]
    flow = here.start(amount=500)
    assert here.asked(flow) == ["chief"]
    assert [p["step"] for p in here.view(flow)["prediction"]] == ["last"]
    assert here.asked(here.act("chief", flow, "approve")) == ["fin"]


def test_parallel_branches_join_and_inclusive_ones_open_what_holds(tmp_path: Path) -> None:
    steps = """
    - id: par
      parallel:
        money: {steps: [{id: m, approve: {who: {person: fin}}}]}
        law: {steps: [{id: l, approve: {who: {person: law}}}, {id: l2, approve: {who: {person: law2}}}]}
    - id: inc
      inclusive:
        - {when: amount > 0, steps: [{id: i1, approve: {who: {person: eve}}}]}
        - {when: amount > 10, steps: [{id: i2, approve: {who: {person: dan}}}]}
        - else: [{id: i3, approve: {who: {person: chief}}}]
    """  # noqa: E501
    here = house(tmp_path, workflow(steps))
    flow = here.start(amount=50)
    assert here.asked(flow) == ["fin", "law"]
    here.act("law", flow, "approve")
    here.act("fin", flow, "approve")
    assert here.asked(flow) == ["law2"]
    here.act("law2", flow, "approve")
    assert here.asked(flow) == ["dan", "eve"]
    here.act("dan", flow, "approve")
    assert here.act("eve", flow, "approve")["status"] == "approved"


def test_each_asks_for_every_row(tmp_path: Path) -> None:
    steps = """
    - id: rows
      each:
        of: lines
        steps: [{id: keep, approve: {who: {field: row.keeper}}}]
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start(lines=[{"keeper": "fin"}, {"keeper": "law"}])
    assert here.asked(flow) == ["fin", "law"]
    here.act("fin", flow, "approve")
    assert here.act("law", flow, "approve")["status"] == "approved"
    assert here.start(lines=[])["status"] == "approved"


def test_each_one_by_one_takes_turns(tmp_path: Path) -> None:
    steps = """
    - id: rows
      each:
        of: lines
        order: one_by_one
        steps: [{id: keep, approve: {who: {field: row.keeper}}}]
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start(lines=[{"keeper": "fin"}, {"keeper": "law"}])
    assert here.asked(flow) == ["fin"]
    assert here.asked(here.act("fin", flow, "approve")) == ["law"]


def test_receipts_do_not_hold_up_the_flow_unless_they_are_waited_for(tmp_path: Path) -> None:
    steps = """
    - {id: read, acknowledge: {who: {person: eve}}}
    - {id: seen, acknowledge: {who: {person: dan}, wait: true}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    assert [i["kind"] for i in here.box("eve", "todo")["items"]] == ["receipt"]
    flow = here.act("dan", flow, "acknowledge")
    assert flow["status"] == "approved"
    receipt = here.box("eve", "todo")["items"][0]
    here.act("eve", flow, "acknowledge", task=receipt["id"])
    assert here.box("eve", "todo")["total"] == 0


def test_do_wait_and_end(tmp_path: Path) -> None:
    steps = """
    - {id: note, do: [{notify: {who: initiator, message: x}}]}
    - {id: pause, wait: {for: 2d}}
    - {id: stop, when: amount > 10, end: rejected}
    - {id: a, approve: {who: {person: fin}}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start(amount=50)
    assert here.effects == [("notify", flow["record"])]
    assert here.later(days=1) == 0
    assert here.later(days=2) == 1
    assert here.view(flow)["status"] == "rejected"


def test_a_wait_ends_when_the_record_is_as_it_should_be(tmp_path: Path) -> None:
    steps = """
    - id: par
      parallel:
        one: {steps: [{id: w, wait: {until: "opinion == 'go'"}}]}
        two:
          steps:
            - {id: a, approve: {who: {person: fin}, fields: {write: [opinion]}}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    flow = here.act("fin", flow, "approve", fields={"opinion": "go"})
    assert flow["status"] == "approved"


def test_a_workflow_that_runs_in_circles_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    steps = """
    - {id: first, do: [{notify: {who: initiator, message: x}}]}
    - {id: a, approve: {who: {person: fin}}}
    - {id: gate, branch: [{when: amount > 0, steps: []}, {else: []}]}
    - {id: back, return: {to: a, max: 2}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    flow = here.act("fin", flow, "approve")
    assert here.asked(flow) == ["fin"]
    flow = here.act("fin", flow, "approve")
    flow = here.act("fin", flow, "approve")
    assert flow["status"] == "approved"
