"""`test`: definition tests over the real services, in databases of their own."""

from __future__ import annotations

from shell import Shell

CASES = "definitions/tests/claims.yaml"
CLAIMS = """
kind: test
now: 2026-03-02T09:00
people:
  new.one: {name: 新人, org: EAST, posts: staff@EAST}
records:
  paper:
    form: purchase_request
    owner: new.one
    subject: 纸
    category: office
    lines: [{thing: A4, quantity: 1, price: 20}]
  large:
    form: purchase_request
    owner: new.one
    subject: 车
    category: equipment
    reason: 旧
    lines: [{thing: 车, quantity: 1, price: 20万}]
cases:
  the_clock_moves:
    as: new.one
    given: paper
    when: [submit, {clock: 3d}, {as: east.manager, approve: manager, comment: 好}]
    then: {status: approved, waiting_for: [], sent: [new.one], records: {purchase_request: 1}}
  an_alert_tells_operations:
    as: new.one
    given: large
    when: [submit, {as: east.manager, approve: true}, {as: hq.manager, approve: head_office}]
    then: {status: approved, sent: [hq.manager]}
  it_may_be_sent_back:
    as: new.one
    given: paper
    when:
      - submit
      - {as: east.manager, return: manager, to: request, comment: 数量}
      - {change: {subject: 白纸}}
    then: {status: returned, waiting_for: new.one, value: {subject: 白纸}}
  a_person_makes_a_record:
    as: new.one
    when: [{create: {form: purchase_request, subject: 笔, category: office}}]
    then: {status: draft, value: {org: EAST}}
  a_stranger_changes_nothing:
    as: west.staff
    given: paper
    when: [{change: {subject: x}}]
    then: {refused: no-such-record, hidden: [total]}
"""
FALSE_CLAIMS = """
kind: test
records:
  paper:
    form: purchase_request
    owner: east.staff
    subject: 纸
    category: office
    lines: [{thing: A4, quantity: 1, price: 20}]
cases:
  differs: {as: east.staff, given: paper, then: {status: approved, value: {lines: [{amount: 21}]}}}
  not_refused: {as: east.staff, given: paper, when: submit, then: {refused: reason}}
  refused_otherwise: {as: west.staff, given: paper, when: submit, then: {refused: reason}}
  refused: {as: west.staff, given: paper, when: [{submit: true}], then: {status: draft}}
  seen: {as: east.staff, given: paper, then: {hidden: [subject, total]}}
  nobody: {as: no.one, given: paper, then: {status: draft}}
"""


def test_the_tests_of_a_new_application_pass(office: Shell) -> None:
    code, words = office.say("test")
    assert (code, words.split("\n")[-1]) == (0, "5 passed, 0 failed.")


def test_cases_are_played_by_people_with_a_clock_that_moves(office: Shell) -> None:
    path = office.write(CASES, CLAIMS)
    told = office.json("test", str(path))
    assert [(c["case"], c["failures"]) for c in told["cases"] if not c["passed"]] == []
    assert told["passed"] == 5


def test_what_did_not_come_out_as_claimed_is_said_with_its_line(office: Shell) -> None:
    path = office.write(CASES, FALSE_CLAIMS)
    code, words = office.say("test", str(path))
    assert (code, words.split("\n")) == (
        1,
        [
            f"FAILED  claims.differs  ({CASES}:10:3)",
            "        status was to be approved; it is draft",
            "        lines was to be [{amount: 21.00}]; it is [{amount: 20.00}]",
            f"FAILED  claims.not_refused  ({CASES}:11:3)",
            "        was to be refused (reason), and was not",
            f"FAILED  claims.refused_otherwise  ({CASES}:12:3)",
            "        was to be refused for 'reason', but: There is no such record. "
            "[no-such-record]",
            f"FAILED  claims.refused  ({CASES}:13:3)",
            "        'submit' was refused: There is no such record. [no-such-record]",
            f"FAILED  claims.seen  ({CASES}:14:3)",
            "        east.staff can see subject, total",
            f"FAILED  claims.nobody  ({CASES}:15:3)",
            "        could not be prepared: There is no login 'no.one'. [no-such-person]",
            "0 passed, 6 failed.",
        ],
    )


NOTE = """
kind: form
title: {zh: 便条, en: Note}
submit: {cancel: true, amend: true}
fields:
  org: {type: org, required: true, default: =me.org}
  words: {type: text, title: {zh: 内容, en: Words}}
permissions:
  staff: {post: staff, can: [read, create, update, submit, cancel, amend], scope: org}
"""
LIFE = """
kind: test
records:
  one: {form: note, owner: east.staff, words: 好}
cases:
  cancelled: {as: east.staff, given: one, when: [submit, {do: cancel}], then: {status: cancelled}}
  amended:
    as: east.staff
    given: one
    when: [submit, {do: amend}, {change: {words: 更好}}, submit]
    then: {status: submitted, value: {words: 更好}}
  not_yet: {as: east.staff, given: one, when: [{do: cancel}], then: {refused: not-submitted}}
"""


def test_a_form_without_a_flow_is_cancelled_and_amended(office: Shell) -> None:
    office.write("forms/note.yaml", NOTE)
    path = office.write("definitions/tests/notes.yaml", LIFE)
    told = office.json("test", str(path))
    assert [(c["case"], c["failures"]) for c in told["cases"] if not c["passed"]] == []
    assert told["passed"] == 3


def test_a_rule_about_people_may_name_one_organisation_by_its_code(office: Shell) -> None:
    flow = office.root / "workflows/purchase_approval.yaml"
    written = flow.read_text("utf-8")
    assert "{head_of: group}" in written
    flow.write_text(written.replace("{head_of: group}", "{head_of: '\"HQ\"'}"), "utf-8")
    code, words = office.say("test")
    assert (code, words.split("\n")[-1]) == (0, "5 passed, 0 failed.")


def test_tests_leave_the_installation_alone(office: Shell) -> None:
    office.say("test")
    assert not (office.root / "var").exists()


def test_a_test_that_cannot_be_read_is_a_problem_of_check(office: Shell) -> None:
    office.write(
        CASES,
        """
kind: test
now: soon
records:
  paper: {form: purchase_request}
  nothing: {subject: x}
cases:
  one: {as: east.staff, given: papier, when: [sumbit], then: {state: x}}
  two: {as: east.staff, when: [{submit: true, change: {}}], then: {stat: x}}
""",
    )
    assert office.say("check", str(office.root / CASES))[1].split("\n") == [
        f"{CASES}:5:3: a record of a test has no 'form'. Add 'form:'. [missing-key]",
        f"{CASES}:7:47: 'sumbit' is not possible here. Did you mean 'submit'? [unknown-value]",
        f"{CASES}:8:47: exactly one of these keys is needed: submit, change, create, do, "
        "clock, approve, reject, return, transfer, delegate, add_sign, acknowledge, claim, "
        "comment. Write one of them. [one-of-keys]",
        f"{CASES}:8:68: 'stat' is not a key of an expectation. Did you mean 'state'? [unknown-key]",
        "Errors: 4, warnings: 0.",
    ]
    office.write(
        CASES,
        """
kind: test
now: soon
records:
  paper: {form: purchase_request}
cases:
  one: {as: east.staff, given: papier, then: {state: x}}
""",
    )
    assert (
        office.say("check", str(office.root / CASES))[1]
        .split("\n")[0]
        .startswith(f"{CASES}:2:6: 'soon'")
    )
