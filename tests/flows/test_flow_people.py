"""Who is asked: empty seats, own requests, the same person twice, added signers, handing on."""

from __future__ import annotations

from pathlib import Path

import flows_small
import pytest
from flows_small import house, workflow

from jingwei.refusals import Conflict, NotAllowed, NotFound, Refused
from jingwei.services import flows, tasks
from jingwei.storage.people import update_person

SELF = "- {id: a, approve: {who: {person: ann}}}"


@pytest.mark.parametrize(
    ("rule", "asked"), [("allow", ["ann"]), ("superior", ["boss"]), ("forbid", ["admin"])]
)
def test_an_own_request_is_approved_by(tmp_path: Path, rule: str, asked: list[str]) -> None:
    here = house(tmp_path, workflow(SELF, defaults=f"{{self_approval: {rule}}}"))
    assert here.asked(here.start()) == asked


def test_an_own_request_may_be_skipped_and_is_booked_as_the_system(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(SELF, defaults="{self_approval: skip}"))
    flow = here.start()
    assert flow["status"] == "approved"
    task = here.tasks(flow["id"])[0]
    assert (task.outcome, task.closed_by, task.reason) == ("skipped", None, "self-approval")


EMPTY = "- {id: a, approve: {who: {post: finance, at: org.sector}}}"


@pytest.mark.parametrize(
    ("rule", "status"), [("pass", "approved"), ("reject", "rejected"), ("flow_admin", "running")]
)
def test_an_empty_seat_follows_the_rule(tmp_path: Path, rule: str, status: str) -> None:
    here = house(tmp_path, workflow(EMPTY, defaults=f"{{empty: {rule}}}"))
    flow = here.start()
    assert flow["status"] == status
    if rule == "flow_admin":
        assert here.asked(flow) == ["admin"]


def test_an_empty_seat_may_name_a_person_or_block_the_start(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(EMPTY, defaults="{empty: {person: eve}}"))
    assert here.asked(here.start()) == ["eve"]
    other = house(tmp_path / "b", workflow(EMPTY, defaults="{empty: block_start}"))
    record = other.create()
    with pytest.raises(Refused) as caught:
        other.submit(record)
    assert caught.value.code == "flow-nobody-at-start"


def test_a_countersign_does_not_lose_an_empty_seat(tmp_path: Path) -> None:
    steps = """
    - id: a
      approve: {mode: all, who: [{person: fin}, {post: finance, at: org.sector}]}
    """
    here = house(tmp_path, workflow(steps))
    assert here.asked(here.start()) == ["admin", "fin"]


SAME = """
- {id: a, approve: {who: {person: fin}}}
- {id: b, approve: {who: {person: fin}}}
- {id: c, approve: {who: {person: law}}}
- {id: d, approve: {who: {person: fin}}}
"""


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("none", ["fin", "fin", "law", "fin"]),
        ("consecutive", ["fin", "law", "fin"]),
        ("any_earlier", ["fin", "law"]),
        ("keep_last", ["law", "fin"]),
    ],
)
def test_the_same_person_is_asked(tmp_path: Path, rule: str, asked: list[str]) -> None:
    here = house(tmp_path, workflow(SAME, defaults=f"{{same_person: {rule}}}"))
    flow = here.start()
    found = []
    while flow["status"] == "running":
        (login,) = here.asked(flow)
        found.append(login)
        flow = here.act(login, flow, "approve")
    assert (flow["status"], found) == ("approved", asked)


def test_nobody_is_passed_on_a_vote_of_an_earlier_round(tmp_path: Path) -> None:
    rule = "{same_person: any_earlier, return: {resume: walk}}"
    here = house(tmp_path, workflow(SAME, defaults=rule))
    flow = here.act("fin", here.start(), "approve")
    flow = here.act("law", flow, "return", comment="x", to="a")
    flow = here.act("fin", flow, "approve")
    assert here.asked(flow) == ["law"]


def test_rules_name_people_by_org_post_field_and_line(tmp_path: Path) -> None:
    rules = {
        "head_of: org": ["boss"],
        "head_of: group": ["chief"],
        "superior_of: initiator": ["boss"],
        "superior_of: initiator, levels: 2": ["head"],
        "chain_of: initiator, up_to: sector": ["boss", "head"],
        "field: chief": ["dan"],
        "role: flow_admin, at: group": ["admin"],
        "any_of: [{person: fin}, {person: law}], except: {person: law}": ["fin"],
        "members_of: org.sector": ["head"],
    }
    for number, (rule, people) in enumerate(rules.items()):
        text = workflow(f"- {{id: a, approve: {{mode: all, who: {{{rule}}}}}}}")
        here = house(tmp_path / str(number), text)
        assert here.asked(here.start(chief="dan")) == people, rule


def test_levels_of_superiors_go_up_the_orgs_wherever_the_heads_are_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head of the company is somebody of the group's own: the second superior of its people is
    the head of the sector all the same."""
    seats = [("general_manager", "A")], [("member", "A")]
    monkeypatch.setattr(flows_small, "PEOPLE", {**flows_small.PEOPLE, "boss": ("G", *seats)})
    steps = "\n".join(
        f"- {{id: s{n}, approve: {{who: {{superior_of: initiator, levels: {n}}}}}}}"
        for n in (1, 2, 3)
    )
    here = house(tmp_path, workflow(steps))
    asked = []
    flow = here.start("ann")
    while flow["status"] == "running":
        (login,) = here.asked(flow)
        asked.append(login)
        flow = here.act(login, flow, "approve")
    assert asked == ["boss", "head", "chief"]


def test_disabled_people_are_not_asked(tmp_path: Path) -> None:
    steps = "- {id: a, approve: {mode: all, who: {any_of: [{person: fin}, {person: law}]}}}"
    here = house(tmp_path, workflow(steps))
    with here.platform.database.writing() as connection:
        update_person(connection, here.person("fin").id, {"active": False})
    assert here.asked(here.start()) == ["law"]


ONE = "- {id: a, approve: {who: {person: fin}}}"


def test_a_transferred_task_leaves_for_good(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.start()
    mine = here.task_of("fin", flow["id"])
    flow = here.act("fin", flow, "transfer", to="law", comment="yours")
    assert here.asked(flow) == ["law"]
    with pytest.raises(Conflict) as caught:
        here.act("fin", flow, "approve", task=mine)
    assert caught.value.code == "task-closed"
    with pytest.raises(Refused):
        here.act("law", flow, "transfer", to="nobody-known")
    with pytest.raises(Refused):
        here.act("law", flow, "transfer", to="ann")
    assert here.act("law", flow, "approve")["status"] == "approved"


def test_a_delegate_answers_and_the_owner_decides(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.start()
    mine = here.task_of("fin", flow["id"])
    flow = here.act("fin", flow, "delegate", to="law")
    assert here.asked(flow) == ["law"]
    with pytest.raises(Conflict):
        here.act("fin", flow, "approve", task=mine)
    with pytest.raises(Refused):
        here.act("law", flow, "approve")
    flow = here.act("law", flow, "submit", comment="I would")
    assert here.asked(flow) == ["fin"]
    assert here.act("fin", flow, "approve")["status"] == "approved"


@pytest.mark.parametrize("position", ["before", "with", "after"])
def test_signers_are_added(tmp_path: Path, position: str) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.start()
    flow = here.act("fin", flow, "add_sign", position=position, people=["law", "eve"])
    expected = ["eve", "fin", "law"] if position == "with" else ["eve", "law"]
    assert here.asked(flow) == expected
    here.act("law", flow, "approve")
    flow = here.act("eve", flow, "approve")
    if position != "after":
        assert here.asked(flow) == ["fin"]
        flow = here.act("fin", flow, "approve")
    assert flow["status"] == "approved"


def test_who_was_asked_already_is_not_added_and_only_the_added_are_dropped(
    tmp_path: Path,
) -> None:
    steps = "- {id: a, approve: {mode: all, who: [{person: fin}, {person: fin2}]}}"
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    with pytest.raises(Refused):
        here.act("fin", flow, "add_sign", people=["fin2"])
    here.act("fin", flow, "add_sign", position="with", people=["law"])
    with pytest.raises(Refused):
        here.act("fin", flow, "drop_sign", people=["fin2"])
    flow = here.act("fin", flow, "drop_sign", people=["law"])
    assert here.asked(flow) == ["fin", "fin2"]
    with pytest.raises(Refused):
        here.act("fin", flow, "add_sign", people=["law"])


def test_the_last_of_the_signers_before_wakes_who_added_them(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.act("fin", here.start(), "add_sign", position="before", people=["law", "eve"])
    flow = here.act("law", flow, "approve")
    assert here.asked(flow) == ["eve"]
    assert here.asked(here.act("eve", flow, "approve")) == ["fin"]


def test_a_rejection_of_an_added_signer_counts(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.act("fin", here.start(), "add_sign", position="with", people=["law"])
    assert here.act("law", flow, "reject", comment="no")["status"] == "rejected"


def test_a_claimed_task_is_asked_of_nobody_else(tmp_path: Path) -> None:
    steps = "- {id: a, approve: {mode: all, holders: claim, who: {post: lawyer, at: group}}}"
    here = house(tmp_path, workflow(steps))
    flow = here.act("law", here.start(), "claim")
    assert here.asked(flow) == ["law"]


def test_only_who_is_asked_may_answer_and_strangers_see_nothing(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.start()
    task = here.task_of("fin", flow["id"])
    with pytest.raises(NotFound):
        here.act("eve", flow, "approve", task=task)
    with pytest.raises(NotAllowed):
        here.act("ann", flow, "approve", task=task)
    with pytest.raises(NotFound):
        here.view(flow, "eve")
    assert here.view(flow, "fin")["id"] == flow["id"]


def test_a_task_opens_the_record_to_who_is_asked(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.start()
    record = here.record(flow)
    for login, allowed in (("fin", True), ("eve", False)):
        with here.reading(login) as reading:
            decision = reading.rights.may_read(reading, "request", record)
            assert decision.allowed is allowed


def test_a_record_is_open_to_who_was_told_of_it_and_to_nobody_who_might_have_been(
    tmp_path: Path,
) -> None:
    steps = """
    - id: a
      approve: {mode: sequential, who: [{person: fin}, {person: law}, {person: eve}]}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.start()
    record = here.record(flow)

    def opened() -> list[str]:
        found = []
        for login in ("ann", "fin", "law", "law2", "eve"):
            with here.reading(login) as reading:
                if reading.rights.may_read(reading, "request", record).allowed:
                    found.append(login)
        return found

    assert opened() == ["ann", "fin"]
    here.act("fin", flow, "approve")
    assert opened() == ["ann", "fin", "law"]
    task = here.task_of("law", flow["id"])
    here.system(lambda work: flows.hand_over(work, "law", "law2"))  # given away by others
    assert task != here.task_of("law2", flow["id"])
    assert opened() == ["ann", "fin", "law2"]
    here.act("law2", flow, "reject", comment="no")
    assert opened() == ["ann", "fin", "law2"]  # the turn of the last never came


def test_a_leavers_tasks_go_to_the_superior(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    flow = here.start()
    assert here.system(lambda work: flows.hand_over(work, "fin")) == 1
    assert here.asked(flow) == ["boss"]
    here.check(flow["id"])
    assert here.system(lambda work: flows.hand_over(work, "boss", "eve")) == 1
    assert here.asked(flow) == ["eve"]


def test_what_a_leaver_has_to_do_beside_requests_goes_the_same_way(tmp_path: Path) -> None:
    here = house(tmp_path, workflow(ONE))
    record = here.create()
    todo = here.system(lambda work: tasks.open_todo(work, "fin", "request", record, "核对"))
    assert here.system(lambda work: flows.hand_over(work, "fin")) == 1
    with here.reading("boss") as reading:
        assert tasks.one(reading, todo)["person"] == "boss"
    assert here.box("fin", "todo")["total"] == 0


def test_people_named_by_the_initiator_are_asked(tmp_path: Path) -> None:
    steps = """
    - id: a
      approve: {who: {chosen_by: initiator, from: {any_of: [{person: fin}, {person: law}]}}}
    """
    here = house(tmp_path, workflow(steps))
    flow = here.submit(here.create(), chosen={"a": ["law"]})
    assert here.asked(flow) == ["law"]
