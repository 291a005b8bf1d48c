"""`rehearse`: who would be asked, and where a rule finds nobody; nothing is written."""

from __future__ import annotations

from shell import Shell

FLOW = "purchase_approval"


def test_the_steps_are_told_with_the_people_they_would_ask(office: Shell) -> None:
    office.json("demo")
    assert office.say("rehearse", FLOW, "--org", "EAST") == (
        0,
        "purchase_approval at EAST, begun by east.staff:\n"
        "  1. request (Request): east.staff\n"
        "  2. manager (Manager): east.manager\n"
        "Every rule finds somebody at every org that may start it.",
    )


def test_a_record_decides_which_way_a_branch_goes(office: Shell) -> None:
    office.json("demo")
    record = office.write(
        "record.yaml",
        """
subject: 桌子
category: equipment
lines:
  - {thing: 桌, quantity: 2, price: 2万}
""",
    )
    told = office.json("rehearse", FLOW, "--org", "EAST", "--record", str(record))
    assert [(one["step"], one["people"], one["certain"]) for one in told["steps"]] == [
        ("request", ["east.staff"], True),
        ("manager", ["east.manager"], True),
        ("head_office", ["hq.manager"], False),
    ]
    nothing = office.json("export", "purchase_request", "--out", str(office.root / "all.csv"))
    assert nothing["rows"] == 0


def test_an_org_where_a_rule_finds_nobody_is_named_with_what_then_happens(office: Shell) -> None:
    people = "definitions/demo/people.csv"
    office.change(people, "west.manager,赵经理,WEST,manager@WEST", "west.manager,赵经理,WEST,")
    office.json("demo")
    told = office.json("rehearse", FLOW, "--org", "EAST")
    assert told["nobody"] == [
        {"org": "WEST", "step": "manager", "rule": {"head_of": "org"}, "then": "flow_admin"}
    ]
    assert office.say("rehearse", FLOW, "--org", "WEST")[0] == 1


def test_a_change_of_the_flow_is_rehearsed_before_it_is_published(office: Shell) -> None:
    office.json("demo")
    office.change("workflows/purchase_approval.yaml", "who: {head_of: org}", "who: superior")
    told = office.json("rehearse", FLOW, "--org", "HQ", "--as", "hq.manager")
    assert told["steps"][1]["people"] == []


def test_what_cannot_be_rehearsed_is_refused(office: Shell) -> None:
    office.json("demo")
    wrong = office.write("wrong.yaml", "lines: [{quantity: two}]\n")
    record = office.say("rehearse", FLOW, "--org", "EAST", "--record", str(wrong))
    assert record == (
        1,
        "Some entries need correcting; nothing was saved. [invalid]\n"
        "  lines.0.quantity: A number is needed, such as 1234.50. [not-a-number]",
    )
    assert office.json("rehearse", FLOW, "--org", "NORTH")["error"]["code"] == "unknown-org"
    assert office.json("rehearse", "x", "--org", "EAST")["error"]["code"] == "no-such-workflow"


def test_whose_chain_is_asked_is_the_first_of_the_org_who_may_begin_it(office: Shell) -> None:
    office.json("demo")
    flow = "workflows/purchase_approval.yaml"
    office.change(flow, "start: {who: {post: staff, at: org}, recall: until_first_decision}\n", "")
    office.change(flow, "who: {head_of: org}", "who: {chain_of: initiator}")
    told = office.json("rehearse", FLOW, "--org", "EAST")
    assert told["initiator"] == "east.staff"
    assert told["steps"][1]["people"] == ["east.manager", "hq.manager"]
    assert told["nobody"] == []
