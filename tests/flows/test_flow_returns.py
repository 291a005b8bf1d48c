"""The field's first defect: returning, combined with countersign, parallel and rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from flows_small import House, house, workflow

from jingwei.refusals import Conflict, Invalid, Refused

COUNTER = """
- id: draft
  fill: {who: initiator, fields: {write: [title, amount]}}
- id: finance
  approve: {mode: all, who: [{person: fin}, {person: fin2}], on_reject: {return_to: draft}}
- id: head
  approve: {who: {person: head}}
- id: last
  approve: {who: {person: chief}}
"""
RULE = "{return: {to: any_earlier, resume: returner, walk_again_if_changed: [amount]}}"


def counter(tmp_path: Path) -> House:
    return house(tmp_path, workflow(COUNTER, defaults=RULE))


def at_last(here: House) -> object:
    flow = here.start()
    for login in ("fin", "fin2", "head"):
        flow = here.act(login, flow, "approve")
    assert here.asked(flow) == ["chief"]
    return flow


def test_a_rejected_countersign_comes_back_and_asks_everybody_afresh(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.start()
    here.act("fin2", flow, "approve")
    flow = here.act("fin", flow, "reject", comment="no")
    assert here.asked(flow) == ["ann"]
    assert flow["round"] == 2

    flow = here.act("ann", flow, "submit", fields={"title": "better"})
    assert here.record(flow)["title"] == "better"
    assert here.record(flow)["status"] == "in_approval"
    assert here.asked(flow) == ["fin", "fin2"]


def test_a_returned_request_is_submitted_at_the_record_too(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.act("fin", here.start(), "return", comment="look")
    assert here.record(flow)["status"] == "returned"
    flow = here.submit(flow["record"])
    assert here.asked(flow) == ["fin", "fin2"]


def test_after_a_correction_it_goes_on_where_it_came_from(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.act("chief", at_last(here), "return", comment="title")
    assert here.asked(flow) == ["ann"]
    told = here.view(flow, "ann")
    assert [one["step"] for one in told["prediction"]] == ["last"]
    goes = {"step": "last", "title": "last", "unless_changed": ["amount"]}
    assert told["resumes"] == {"draft": goes}
    flow = here.act("ann", flow, "submit", fields={"title": "x"})
    assert here.asked(flow) == ["chief"]
    assert "resumed" in [e["type"] for e in flow["events"]]


def test_a_changed_routing_field_walks_again_and_says_why(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.act("chief", at_last(here), "return", comment="amount")
    flow = here.act("ann", flow, "submit", fields={"amount": 99})
    assert here.asked(flow) == ["fin", "fin2"]
    walks = [e for e in flow["events"] if e["type"] == "walks_again"]
    assert walks[0]["data"]["changed"] == ["amount"]


def test_a_chosen_step_is_returned_to_and_resumes(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.act("chief", at_last(here), "return", comment="again", to="finance")
    assert here.asked(flow) == ["fin", "fin2"]
    assert here.record(flow)["status"] == "in_approval"
    here.act("fin", flow, "approve")
    assert here.asked(here.act("fin2", flow, "approve")) == ["chief"]


def test_a_return_within_a_return_comes_back_in_turns(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.act("chief", at_last(here), "return", comment="again", to="head")
    flow = here.act("head", flow, "return", comment="you", to="draft")
    assert [one["step"] for one in here.view(flow, "ann")["prediction"]] == ["head", "last"]
    flow = here.act("ann", flow, "submit")
    assert here.asked(flow) == ["head"]
    assert here.asked(here.act("head", flow, "approve")) == ["chief"]


def test_a_step_that_was_not_passed_cannot_be_returned_to(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.start()
    for to in ("last", "head", "nowhere"):
        with pytest.raises(Refused) as caught:
            here.act("fin", flow, "return", comment="x", to=to)
        assert caught.value.code == "flow-return-where"
    with pytest.raises(Invalid):
        here.act("fin", flow, "return")


def test_a_request_without_a_fill_comes_back_to_its_initiator(tmp_path: Path) -> None:
    steps = "- {id: a, approve: {who: {person: fin}, on_reject: {return_to: initiator}}}"
    here = house(tmp_path, workflow(steps))
    flow = here.act("fin", here.start(), "reject", comment="no")
    assert here.asked(flow) == ["ann"]
    assert here.record(flow)["status"] == "returned"
    flow = here.act("ann", flow, "submit", fields={"title": "new"})
    assert here.asked(flow) == ["fin"]


PARALLEL = """
- id: draft
  fill: {who: initiator, fields: {write: [title]}}
- id: par
  parallel:
    money:
      steps:
        - {id: m1, approve: {who: {person: fin}}}
        - {id: m2, approve: {who: {person: fin2}}}
    law:
      steps: [{id: l1, approve: {who: {person: law}}}]
- id: last
  approve: {who: {person: chief}}
"""


def joined(here: House) -> object:
    flow = here.start()
    for login in ("fin", "fin2", "law"):
        flow = here.act(login, flow, "approve")
    assert here.asked(flow) == ["chief"]
    return flow


def test_returning_from_after_a_join_runs_only_that_branch_again(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(PARALLEL, defaults="{return: {resume: walk}}"))
    flow = here.act("chief", joined(here), "return", comment="x", to="m1")
    assert here.asked(flow) == ["fin"]
    flow = here.act("fin", flow, "approve")
    assert here.asked(flow) == ["fin2"]
    flow = here.act("fin2", flow, "approve")
    assert here.asked(flow) == ["chief"]


def test_returning_into_a_branch_may_resume_at_the_returner(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(PARALLEL))
    flow = here.act("chief", joined(here), "return", comment="x", to="m1")
    flow = here.act("fin", flow, "approve")
    assert here.asked(flow) == ["chief"]
    assert here.act("chief", flow, "approve")["status"] == "approved"


def test_rerun_block_asks_every_branch_again(tmp_path: Path) -> None:
    rule = "{rerun: block, return: {resume: walk}}"
    here = house(tmp_path, workflow(PARALLEL, defaults=rule))
    flow = here.act("chief", joined(here), "return", comment="x", to="m2")
    assert here.asked(flow) == ["fin2", "law"]
    here.act("law", flow, "approve")
    assert here.asked(here.act("fin2", flow, "approve")) == ["chief"]


def test_returning_from_inside_a_branch_cancels_the_siblings_and_asks_all_again(
    tmp_path: Path,
) -> None:
    here = house(tmp_path, workflow(PARALLEL))
    flow = here.act("law", here.start(), "return", comment="x", to="draft")
    assert here.asked(flow) == ["ann"]
    fin = [t for t in here.tasks(flow["id"]) if t.person == "fin"]
    assert [t.outcome for t in fin] == ["cancelled"]
    flow = here.act("ann", flow, "submit")
    assert here.asked(flow) == ["fin", "law"]


def test_a_branch_that_runs_beside_cannot_be_returned_to(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(PARALLEL))
    flow = here.act("fin", here.start(), "approve")
    with pytest.raises(Refused):
        here.act("law", flow, "return", comment="x", to="m1")


def test_within_a_branch_only_that_branch_goes_back(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(PARALLEL))
    flow = here.act("fin", here.start(), "approve")
    flow = here.act("fin2", flow, "return", comment="x", to="m1")
    assert here.asked(flow) == ["fin", "law"]
    flow = here.act("fin", flow, "approve")
    assert here.asked(flow) == ["fin2", "law"]


def test_returning_into_rows_asks_every_row(tmp_path: Path) -> None:
    steps = """
    - id: rows
      each:
        of: lines
        steps: [{id: keep, approve: {who: {field: row.keeper}}}]
    - {id: last, approve: {who: {person: chief}}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start(lines=[{"keeper": "fin"}, {"keeper": "law"}])
    here.act("fin", flow, "approve")
    here.act("law", flow, "approve")
    flow = here.act("chief", flow, "return", comment="x", to="keep")
    assert here.asked(flow) == ["fin", "law"]
    flow = here.act("fin", flow, "approve")
    assert here.asked(flow) == ["law"]
    assert here.asked(here.act("law", flow, "approve")) == ["chief"]


def test_an_own_decision_is_taken_back_while_nobody_after_has_acted(tmp_path: Path) -> None:
    here = counter(tmp_path)
    flow = here.start()
    here.act("fin", flow, "approve")
    mine = [t for t in here.tasks(flow["id"]) if t.person == "fin"][-1].id
    flow = here.act("fin", flow, "take_back", task=mine)
    assert here.asked(flow) == ["fin", "fin2"]

    here.act("fin", flow, "approve")
    flow = here.act("fin2", flow, "approve")
    assert here.asked(flow) == ["head"]
    mine = [t for t in here.tasks(flow["id"]) if t.person == "fin2"][-1].id
    flow = here.act("fin2", flow, "take_back", task=mine)
    assert here.asked(flow) == ["fin2"]

    here.act("fin2", flow, "approve")
    flow = here.act("head", flow, "approve")
    mine = [t for t in here.tasks(flow["id"]) if t.person == "fin2" and t.outcome == "approved"]
    with pytest.raises(Conflict) as caught:
        here.act("fin2", flow, "take_back", task=mine[-1].id)
    assert caught.value.code == "flow-too-late"


def test_taking_back_out_of_a_join_opens_the_block_again(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(PARALLEL))
    flow = joined(here)
    mine = [t for t in here.tasks(flow["id"]) if t.person == "law"][-1].id  # type: ignore[index]
    flow = here.act("law", flow, "take_back", task=mine)
    assert here.asked(flow) == ["law"]
    assert here.asked(here.act("law", flow, "approve")) == ["chief"]
