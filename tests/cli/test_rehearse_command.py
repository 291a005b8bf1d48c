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
        "every rule that needs no record finds somebody at every org that may start it.",
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


def test_a_rule_that_finds_nobody_is_named_once_with_its_orgs_and_what_then_happens(
    office: Shell,
) -> None:
    people = "definitions/demo/people.csv"
    office.change(people, "west.manager,赵经理,WEST,manager@WEST", "west.manager,赵经理,WEST,")
    office.change(people, "east.manager,李经理,EAST,manager@EAST", "east.manager,李经理,EAST,")
    office.json("demo")
    told = office.json("rehearse", FLOW, "--org", "EAST")
    assert told["steps"][1]["people"] == ["hq.manager"], "who administers flows"
    assert told["steps"][1]["lacks"] == [
        {"rules": [{"head_of": "org"}], "then": "flow_admin", "provided": False, "why": "nobody"}
    ]
    assert told["nobody"] == [
        {
            "step": "manager",
            "title": "Manager",
            "rules": [{"head_of": "org"}],
            "then": "flow_admin",
            "provided": False,
            "orgs": ["EAST", "WEST"],
        }
    ]
    assert office.say("rehearse") == (
        1,
        "purchase_approval: rules that find nobody:\n"
        "  step manager (Manager): {head_of: org} → the administrators of flows are asked\n"
        "    organisations (2): EAST, WEST",
    )
    assert office.json("rehearse")["items"][0]["nobody"] == told["nobody"]


def test_a_step_that_says_what_happens_where_nobody_is_found_is_no_failure(office: Shell) -> None:
    people = "definitions/demo/people.csv"
    office.change(people, "west.manager,赵经理,WEST,manager@WEST", "west.manager,赵经理,WEST,")
    office.change(people, "operations@HQ;flow_admin@HQ", "operations@HQ")
    flow = "workflows/purchase_approval.yaml"
    office.change(flow, "  - id: manager\n", "  - id: manager\n    empty: reject\n")
    office.json("demo")
    assert office.say("rehearse", FLOW) == (
        0,
        "purchase_approval: rules that find nobody:\n"
        "  step manager (Manager): {head_of: org} → the request is rejected (as the step says)\n"
        "    organisations (1): WEST",
    )
    office.change(flow, "empty: reject", "empty: flow_admin")
    told = office.json("rehearse", FLOW)["nobody"][0]
    assert (told["then"], told["provided"]) == ("stuck", False), "there is no administrator either"


def test_whom_only_the_record_can_name_is_open_and_not_nobody(office: Shell) -> None:
    form = "forms/purchase_request.yaml"
    office.change(form, "\nfields:\n", "\nfields:\n  keeper: {type: person, title: 保管人}\n")
    flow = "workflows/purchase_approval.yaml"
    office.change(flow, "who: {head_of: org}", "who: {field: keeper}")
    office.json("demo")
    assert office.say("rehearse", FLOW, "--org", "EAST", lang="zh") == (
        0,
        "purchase_approval 在 EAST，发起人 east.staff：\n"
        "  1. request（申请）：east.staff\n"
        "  2. manager（经理审批）：未定\n"
        "     {field: keeper}：由记录决定\n"
        "凡可发起的单位，不取决于记录的规则都能找到人。",
    )
    record = office.write("record.yaml", "subject: 桌子\nkeeper: west.manager\n")
    told = office.json("rehearse", FLOW, "--org", "EAST", "--record", str(record))
    assert (told["steps"][1]["people"], told["steps"][1]["lacks"]) == (["west.manager"], [])


def test_a_change_of_the_flow_is_rehearsed_before_it_is_published(office: Shell) -> None:
    office.json("demo")
    office.change("workflows/purchase_approval.yaml", "who: {head_of: org}", "who: superior")
    told = office.json("rehearse", FLOW, "--org", "HQ", "--as", "hq.manager")
    assert told["steps"][1]["people"] == []


def test_what_cannot_be_rehearsed_is_refused(office: Shell) -> None:
    office.json("demo")
    text = "subjct: 桌\ncategory: equipmet\nlines: [{quantity: two, pric: 2}]\nzzzzzz: 1\n"
    wrong = office.write("wrong.yaml", text)
    record = office.say("rehearse", FLOW, "--org", "EAST", "--record", str(wrong))
    assert record == (
        1,
        f"{wrong} does not fit the form; nobody was asked. Correct it, then try again."
        " [record-file-wrong]\n"
        "  subjct: There is no field “subjct”. Did you mean “subject”? [unknown-field-meant]\n"
        "  zzzzzz: There is no field “zzzzzz”. [unknown-field]\n"
        "  lines.0.pric: There is no field “pric”. Did you mean “price”? [unknown-field-meant]\n"
        "  lines.0.quantity: A number is needed, such as 1234.50. [not-a-number]\n"
        "  category: There is no choice 'equipmet'; there are: office, equipment, service."
        " [not-a-choice]",
    )
    assert office.json("rehearse", FLOW, "--org", "NORTH")["error"]["code"] == "unknown-org"
    assert office.json("rehearse", "x", "--org", "EAST")["error"]["code"] == "no-such-workflow"
    assert office.say("rehearse", "--org", "EAST")[1].startswith("FLOW is missing.")
    assert office.say("rehearse", FLOW, "--as", "east.staff")[1].startswith("--org is missing.")


def test_whose_chain_is_asked_is_the_first_of_the_org_who_may_begin_it(office: Shell) -> None:
    office.json("demo")
    flow = "workflows/purchase_approval.yaml"
    office.change(flow, "start: {who: {post: staff, at: org}, recall: until_first_decision}\n", "")
    office.change(flow, "who: {head_of: org}", "who: {chain_of: initiator}")
    told = office.json("rehearse", FLOW, "--org", "EAST")
    assert told["initiator"] == "east.staff"
    assert told["steps"][1]["people"] == ["east.manager", "hq.manager"]
    assert told["nobody"] == []


def test_the_people_told_are_those_who_will_be_asked(office: Shell) -> None:
    """One's own request goes to the superior, and who agreed just before is not asked again."""
    flow = "workflows/purchase_approval.yaml"
    again = "  - {id: again, approve: {who: {person: hq.manager}}}\n"
    office.change(flow, "start: {who: {post: staff, at: org}, recall: until_first_decision}\n", "")
    office.change(flow, "  - id: manager\n", "  - {id: pause, wait: {for: 1d}}\n  - id: manager\n")
    office.change(flow, "  - id: size\n", again + "  - id: size\n")
    office.json("demo")
    words = office.say("rehearse", FLOW, "--org", "EAST", "--as", "east.manager")[1].split("\n")
    assert words[2:5] == [
        "  2. pause (pause): nobody, it waits",
        "  3. manager (Manager): hq.manager",
        "  4. again (again): nobody, it would pass by itself "
        "(This person approved in this round already)",
    ]


def test_steps_of_rows_and_of_other_requests_say_what_decides_about_them(office: Shell) -> None:
    flow = "workflows/purchase_approval.yaml"
    line = "{id: line, approve: {who: {head_of: org}}}"
    lines = f"  - {{id: lines, each: {{of: lines, steps: [{line}]}}}}\n"
    made = "{workflow: errand, create: {form: errand, set: {what: 取货}}}"
    below = f"  - {{id: below, subflow: {made}}}\n"
    office.change(flow, "  - id: manager\n", lines + below + "  - id: manager\n")
    office.write(
        "forms/errand.yaml",
        "kind: form\ntitle: 跑腿\nworkflow: errand\nfields: {what: {type: text, title: 事}}\n"
        "permissions: {all: {post: staff, can: [read, create, submit], scope: org}}\n",
    )
    office.write(
        "workflows/errand.yaml",
        "kind: workflow\ntitle: 跑腿\nform: errand\n"
        "steps: [{id: go, approve: {who: {person: west.staff}}}]\n",
    )
    office.json("demo")
    told = office.say("rehearse", FLOW, "--org", "EAST")[1].split("\n")
    assert told[2:5] == [
        "  2. lines (lines): the rows decide, and this record has none",
        "  3. below (below): requests of errand; whom they ask their own records decide "
        "(rehearse errand)",
        "  4. manager (Manager): east.manager",
    ]
    assert told[-1] == "  not looked at: whom errand asks, which step below begins"
    record = office.write("record.yaml", "subject: 桌子\nlines: [{thing: 桌}, {thing: 椅}]\n")
    steps = office.json("rehearse", FLOW, "--org", "EAST", "--record", str(record))["steps"]
    assert [(one["step"], one["people"]) for one in steps] == [
        ("request", ["east.staff"]),
        ("line", ["east.manager"]),
        ("line", ["east.manager"]),
        ("below", []),
        ("manager", []),
    ], "who agreed to each row is not asked again"
