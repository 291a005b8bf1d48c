"""Approvals over HTTP: the journey of a request, and everything that must be refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import code, fields
from approvals_house import Approvals, open_approvals
from module_houses import approvals_of

from jingwei.refusals import Refused

FLOWS = {
    "plan": """
        defaults: {return: {to: any_earlier, resume: returner}}
        steps:
          - {id: draft, fill: {who: initiator, fields: {write: [amount, opinion]}}}
          - id: finance
            approve:
              mode: all
              who: [{person: u1}, {person: u2}, {person: u3}]
              fields: {write: [opinion]}
          - {id: sector, approve: {who: {head_of: org.sector}}}
          - id: size
            branch:
              - when: amount > 1000
                steps: [{id: leader, approve: {who: {head_of: group}}}]
              - else: []
          - {id: tell, cc: {who: {person: u9}}}
        """,
    "overtaken": """
        steps:
          - id: a
            approve: {mode: any, who: [{person: u1}, {person: u2}], fields: {hide: [opinion]}}
          - id: par
            parallel:
              x: {steps: [{id: b, approve: {mode: sequential, who: [{person: u3}, {person: u4}]}}]}
              y: {steps: [{id: c, approve: {who: {post: lawyer, at: group}}}]}
        """,
    "simple": "steps: [{id: a, approve: {who: {person: u1}}}]",
    "picky": """
        steps:
          - id: a
            approve: {who: {person: u1}, opinion: required, fields: {require: [opinion],
                      write: [opinion, lines.score], hide: [amount]}}
        """,
}


house = approvals_of(FLOWS)


@pytest.fixture
def fresh_house(tmp_path: Path) -> Iterator[Approvals]:
    opened = open_approvals(tmp_path, f"sqlite:///{tmp_path / 'a.db'}", FLOWS)
    yield opened
    opened.api.close()


@pytest.fixture
def house_on_both(tmp_path: Path, database_url: str) -> Iterator[Approvals]:
    opened = open_approvals(tmp_path, database_url, FLOWS)
    yield opened
    opened.api.close()


def test_a_plan_is_submitted_countersigned_and_decided(house_on_both: Approvals) -> None:
    house = house_on_both
    flow = house.start("plan", amount=5000)
    assert (flow["status"], flow["initiator"], flow["round"]) == ("running", "I", 1)
    assert house.asked(flow) == ["finance:u1", "finance:u2", "finance:u3"]
    assert [one["step"] for one in flow["prediction"]] == ["sector", "leader", "tell"]
    assert [one["certain"] for one in flow["prediction"]] == [True, False, True]
    record = house.record(flow)
    assert (record["status"], record["flow"], record["number"]) == (
        "in_approval",
        flow["id"],
        "PLAN-0001",
    )

    (task,) = house.todo("u1", flow["id"])
    assert task["kind"] == "approval"
    assert {"approve", "reject", "return", "transfer", "delegate", "add_sign"} <= set(
        task["actions"]
    )
    assert task["fields"] == {"write": ["opinion"], "require": [], "hide": []}
    assert (task["display"], task["number"], task["overdue"]) == ("t", "PLAN-0001", False)

    for person in ("u1", "u2", "u3"):
        flow = house.decide(person, flow["id"])
    assert house.asked(flow) == ["sector:head"]
    flow = house.decide("head", flow["id"])
    assert house.asked(flow) == ["leader:chief"]
    flow = house.decide("chief", flow["id"], comment="好")
    assert (flow["status"], flow["open"]) == ("approved", [])
    assert house.record(flow)["status"] == "approved"
    copies = house.api.get("u9", "tasks?box=cc").get_json()
    assert [one["flow"] for one in copies["items"]] == [flow["id"]]
    done = house.api.get("chief", "tasks?box=done").get_json()["items"]
    assert [(one["outcome"], one["comment"]) for one in done] == [("approved", "好")]
    assert house.api.get("I", "tasks?box=mine").get_json()["items"][0]["status"] == "approved"
    assert house.api.get("I", "tasks/counts").get_json()["mine"] == 1


def test_what_is_returned_is_corrected_and_goes_on_where_it_was(house: Approvals) -> None:
    flow = house.start("plan")
    for person in ("u1", "u2", "u3"):
        flow = house.decide(person, flow["id"])
    flow = house.decide("head", flow["id"], "return", comment="改", to="initiator")
    assert (house.asked(flow), flow["round"]) == (["draft:I"], 2)
    assert house.record(flow)["status"] == "returned"
    flow = house.decide("I", flow["id"], "submit", fields={"amount": 2})
    assert house.asked(flow) == ["sector:head"]
    assert house.record(flow)["amount"] == 2


def test_a_returned_request_is_also_answered_by_submitting_its_record(house: Approvals) -> None:
    flow = house.start("plan")
    flow = house.decide("u1", flow["id"], "return", comment="x", to="initiator")
    answer = house.submit("plan", flow["record"])
    assert (answer.status_code, answer.get_json()["status"]) == (200, "running")
    house.check(flow["id"])


def test_nobody_decides_for_another(house: Approvals) -> None:
    flow = house.start("plan")
    (task,) = house.todo("u1", flow["id"])
    before = house.stored(flow["id"])
    for person in ("u2", "I"):
        answer = house.act(person, task["id"], "approve")
        assert code(answer) == (403, "flow-not-your-task"), person
    assert code(house.act("out", task["id"], "approve")) == (404, "no-such-task")
    assert code(house.api.get("out", f"tasks/{task['id']}")) == (404, "no-such-task")
    assert code(house.api.get("out", f"flows/{flow['id']}")) == (404, "no-such-flow")
    assert code(house.on_flow("u1", flow["id"], "recall")) == (403, "flow-initiator-only")
    for action in ("terminate", "jump", "suspend", "reopen", "migrate"):
        answer = house.on_flow("I", flow["id"], action, {"reason": "x", "step": "sector"})
        assert code(answer) == (403, "flow-administrators-only"), action
    assert house.api.post(None, f"tasks/{task['id']}/approve", {}).status_code == 401
    assert house.stored(flow["id"]) == before


def test_a_closed_task_says_who_closed_it(house: Approvals) -> None:
    flow = house.start("simple")
    (task,) = house.todo("u1", flow["id"])
    assert house.act("u1", task["id"], "approve").status_code == 200
    before = house.stored(flow["id"])
    answer = house.act("u1", task["id"], "approve")
    assert code(answer) == (409, "task-closed")
    assert "u1" in answer.get_json()["error"]["message"]
    assert code(house.on_flow("I", flow["id"], "recall")) == (409, "flow-ended")
    assert code(house.submit("simple", flow["record"])) == (409, "already-submitted")
    assert house.stored(flow["id"]) == before


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        ("approve", {"nonsense": 1}, (400, "not-writable-fields")),
        ("approve", {"comment": 5}, (400, "not-writable-fields")),
        ("approve", {"comment": "x\u0000"}, (400, "not-writable-fields")),
        ("approve", {"fields": {"amount": 5}}, (400, "not-writable-fields")),
        ("approve", {"fields": {"status": "approved"}}, (400, "not-writable-fields")),
        ("approve", {"fields": [1]}, (400, "not-writable-fields")),
        ("approve", {"chosen": [1]}, (400, "not-writable-fields")),
        ("approve", {"chosen": {"sector": [5]}}, (400, "not-writable-fields")),
        ("approve", {"people": "u9"}, (400, "not-writable-fields")),
        ("reject", {}, (422, "invalid")),
        ("return", {}, (422, "invalid")),
        ("return", {"comment": "x", "to": "sector"}, (422, "flow-return-where")),
        ("return", {"comment": "x", "to": "nowhere"}, (422, "flow-return-where")),
        ("transfer", {}, (422, "invalid")),
        ("transfer", {"to": "nobody"}, (422, "flow-unknown-person")),
        ("transfer", {"to": "u1"}, (422, "flow-to-oneself")),
        ("transfer", {"to": "u2"}, (422, "flow-already-asked")),
        ("delegate", {"to": "nobody"}, (422, "flow-unknown-person")),
        ("add_sign", {"people": []}, (422, "invalid")),
        ("add_sign", {"people": ["u9"], "position": "beneath"}, (422, "flow-add-sign-position")),
        ("add_sign", {"people": ["u2"], "position": "with"}, (422, "flow-already-asked")),
        ("add_sign", {"people": ["nobody"]}, (422, "flow-unknown-person")),
        ("drop_sign", {"people": ["u2"]}, (422, "flow-not-added")),
        ("submit", {}, (422, "flow-not-offered")),
        ("acknowledge", {}, (422, "flow-not-offered")),
        ("dance", {}, (422, "flow-no-such-action")),
        ("take_back", {}, (409, "flow-nothing-to-take-back")),
    ],
)
def test_a_refusal_is_clear_and_changes_nothing(
    house: Approvals, action: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    flow = house.start("plan")
    (task,) = house.todo("u1", flow["id"])
    before = house.stored(flow["id"])
    answer = house.act("u1", task["id"], action, body)
    assert code(answer) == expected
    assert house.stored(flow["id"]) == before


def test_a_refusal_names_who_suspended_or_ended_the_request_and_what_was_meant(
    house: Approvals,
) -> None:
    flow = house.start("plan")
    (task,) = house.todo("u1", flow["id"])

    def told(action: str) -> str:
        return str(house.act("u1", task["id"], action).get_json()["error"]["message"])

    assert told("aprove") == "没有动作“aprove”。是不是“approve”？"
    house.on_flow("admin", flow["id"], "suspend", {"reason": "等待核查"})
    assert re.fullmatch(
        r"流程已挂起（.+ \(admin\) 于 \d{4}-\d\d-\d\d \d\d:\d\d 挂起，原因：等待核查）。",
        told("approve"),
    )
    suspended = told("approve")
    for number in range(101):
        house.act("u1", task["id"], "comment", {"comment": f"{number}"})
    assert told("approve") == suspended, "however much was said since"
    house.on_flow("admin", flow["id"], "terminate", {"reason": "不再需要"})
    assert re.fullmatch(r"这项任务已由 .+ \(admin\) 处理（已终止）。", told("approve"))


def test_a_decision_on_a_record_that_changed_since_is_stale(house: Approvals) -> None:
    flow = house.start("plan")
    (task,) = house.todo("u1", flow["id"])
    seen = house.api.get("u1", f"tasks/{task['id']}").headers["ETag"].strip('"')
    house.decide("u2", flow["id"], fields={"opinion": "看过"})
    answer = house.act("u1", task["id"], "approve", match=seen)
    assert code(answer) == (412, "stale")
    assert code(house.on_flow("I", flow["id"], "urge", match=seen)) == (412, "stale")
    now = house.api.get("u1", f"flows/{flow['id']}").headers["ETag"].strip('"')
    assert house.act("u1", task["id"], "approve", match=now).status_code == 200


def test_nobody_urges_himself_and_is_told_so(house: Approvals) -> None:
    flow = house.start("plan")
    house.decide("u2", flow["id"], fields={"opinion": "看过"})
    (task,) = house.todo("u1", flow["id"])
    told = house.act("u1", task["id"], "urge").get_json()["error"]
    assert told["message"] == "现在没有可催办的人：除您自己外没有人有待办。"
    english = Refused("flow-nobody-to-urge").message("en")
    assert english == "There is nobody to urge: no task is open but your own."
    held = Refused("flow-parent-suspended")
    assert held.message("zh") == "本流程随上级流程一同挂起；请激活上级流程。"
    assert held.message("en") == "It was suspended with the request above it; resume that one."


def test_what_a_step_owes_is_named(house: Approvals) -> None:
    flow = house.start("picky", lines=[{"score": 1, "keeper": "u1"}])
    (task,) = house.todo("u1", flow["id"])
    assert fields(house.act("u1", task["id"], "approve")) == [("opinion", "required")]
    answer = house.act("u1", task["id"], "approve", {"fields": {"opinion": "好"}})
    assert fields(answer) == [("comment", "required")]
    row = house.record(flow)["lines"][0]
    stolen = [{"id": row["id"], "score": 5, "keeper": "u2"}]
    answer = house.act("u1", task["id"], "approve", {"comment": "x", "fields": {"lines": stolen}})
    assert fields(answer) == [("lines.0.keeper", "not-writable")]
    good = {"opinion": "好", "lines": [{"id": row["id"], "score": 5}]}
    answer = house.act("u1", task["id"], "approve", {"comment": "x", "fields": good})
    assert answer.get_json()["status"] == "approved"
    after = house.record(flow)
    assert (after["opinion"], after["lines"][0]["score"]) == ("好", 5)
    assert after["lines"][0]["keeper"] == "u1"


def test_the_same_request_twice_is_done_once(house: Approvals) -> None:
    made = house.api.make("I", "simple", title="t")
    first = house.submit("simple", made["id"], key="s1")
    flow = first.get_json()
    again = house.submit("simple", made["id"], key="s1")
    assert first.get_data() == again.get_data()
    assert code(house.submit("simple", made["id"], body={"comment": "x"}, key="s1")) == (
        409,
        "idempotency-key-reused",
    )
    (task,) = house.todo("u1", flow["id"])
    first = house.act("u1", task["id"], "approve", key="k1")
    again = house.act("u1", task["id"], "approve", key="k1")
    assert (first.status_code, first.get_data()) == (200, again.get_data())
    assert len(house.flow(task["flow"])["events"]) == len(first.get_json()["events"])
    house.check(task["flow"])


def test_who_was_asked_may_open_the_record_but_does_not_find_it_in_the_list(
    house: Approvals,
) -> None:
    flow = house.start("picky", amount=7)
    path = f"forms/picky/records/{flow['record']}"
    assert house.api.get("u1", path).status_code == 200
    assert house.api.get("u2", path).status_code == 404
    listed = house.api.get("u1", "forms/picky/records")
    assert listed.status_code in (403, 404) or listed.get_json()["total"] == 0


def test_who_was_asked_may_open_the_record_though_others_were_quicker(house: Approvals) -> None:
    flow = house.start("overtaken")
    path = f"forms/overtaken/records/{flow['record']}"
    house.decide("u2", flow["id"], "approve")  # of an or-sign: u1 is asked no more
    house.decide("u3", flow["id"], "reject", comment="不行")  # of those in turn: u4 was never asked
    seen = {who: house.api.get(who, path) for who in ("u1", "u4", "law1", "out")}
    assert {who: one.status_code for who, one in seen.items()} == {
        "u1": 200, "u4": 404, "law1": 200, "out": 404
    }  # fmt: skip
    assert "opinion" not in seen["u1"].get_json()  # what the step hides from its people
    assert "opinion" in seen["law1"].get_json()
    listed = house.api.get("u1", "forms/overtaken/records")
    assert listed.status_code in (403, 404) or listed.get_json()["total"] == 0
    match = seen["u1"].get_json()["revision"]
    assert house.api.patch("u1", path, {"title": "新"}, match=match).status_code == 403


def test_a_form_without_flow_cannot_be_submitted(house: Approvals) -> None:
    assert code(house.submit("plan", 999_999)) == (404, "no-such-record")
    assert code(house.submit("nothing", 1)) == (404, "no-such-form")


def test_the_inbox_is_paged_and_refuses_what_it_does_not_know(fresh_house: Approvals) -> None:
    for _ in range(3):
        fresh_house.start("simple")
    page = fresh_house.api.get("u1", "tasks?box=todo&size=2").get_json()
    assert (len(page["items"]), page["total"], page["page"], page["size"]) == (2, 3, 1, 2)
    page = fresh_house.api.get("u1", "tasks?box=todo&size=2&page=2").get_json()
    assert len(page["items"]) == 1
    assert code(fresh_house.api.get("u1", "tasks?box=cellar")) == (400, "no-such-box")
    assert code(fresh_house.api.get("u1", "tasks?size=999")) == (400, "parameter-number")
    assert code(fresh_house.api.get("u1", "tasks?colour=red")) == (400, "unknown-parameter")
    assert fresh_house.api.get("u1", "tasks?kind=fill").get_json()["total"] == 0


def test_a_leaver_s_tasks_are_handed_over_by_an_administrator(fresh_house: Approvals) -> None:
    flow = fresh_house.start("plan")
    assert code(fresh_house.api.post("I", "people/u1/hand-over", {"to": "u8"})) == (
        403,
        "flow-administrators-only",
    )
    assert code(fresh_house.api.post("admin", "people/nobody/hand-over", {})) == (
        404,
        "no-such-person",
    )
    why = {"reason": "离任"}
    assert code(fresh_house.api.post("admin", "people/u1/hand-over", {"to": "u8"})) == (
        422,
        "invalid",
    )
    answer = fresh_house.api.post("admin", "people/u1/hand-over", {"to": "u8", **why}).get_json()
    assert (answer["person"], answer["tasks"]) == ("u1", 1)
    assert [(one["to"], one["why"]) for one in answer["items"]] == [("u8", None)]
    assert fresh_house.asked(fresh_house.flow(flow["id"])) == [
        "finance:u2",
        "finance:u3",
        "finance:u8",
    ]
    answer = fresh_house.api.post("admin", "people/u2/hand-over", {"to": "u8", **why}).get_json()
    assert [(one["to"], one["why"]) for one in answer["items"]] == [("boss", "asked-already")]
    assert "在这一步已有任务" in answer["items"][0]["message"]
    shown = fresh_house.flow(flow["id"])
    assert "finance:boss" in fresh_house.asked(shown)
    last = [e for e in shown["events"] if e["type"] == "handed_over"][-1]
    assert (last["comment"], last["data"]["why"]) == ("离任", "asked-already")
    fresh_house.check(flow["id"])


def test_an_absence_is_named_and_taken_back(fresh_house: Approvals) -> None:
    api = fresh_house.api
    answer = api.post("u1", "proxies", {"to": "u2", "until": "2026-04-01"})
    assert answer.status_code == 201
    made = answer.get_json()
    assert (made["person"], made["to"], made["until"]) == ("u1", "u2", "2026-04-02T00:00:00.000Z")
    flow = fresh_house.start("simple")
    (task,) = flow["open"]
    assert (task["person"], task["on_behalf_of"]) == ("u2", "u1")
    assert fresh_house.todo("u1", flow["id"]) == []
    assert code(api.delete("u3", f"proxies/{made['id']}")) == (404, "no-such-proxy")
    assert api.delete("u1", f"proxies/{made['id']}").status_code == 204
    assert fresh_house.asked(fresh_house.start("simple")) == ["a:u1"]
    flow = fresh_house.decide("u2", flow["id"])
    event = next(e for e in flow["events"] if e["type"] == "approved")
    assert (event["actor"], event["on_behalf_of"]) == ("u2", "u1")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"to": "u2"}, [("until", "required")]),
        ({"to": "u1", "until": "2026-04-01"}, [("to", "proxy-oneself")]),
        ({"to": "nobody", "until": "2026-04-01"}, [("to", "unknown-person")]),
        ({"to": "u2", "until": "2020-01-01"}, [("until", "proxy-over")]),
        ({"to": "u2", "until": "soon"}, [("until", "not-a-day-or-instant")]),
        ({"to": "u2", "until": "2026-04-01T00:00:00"}, [("until", "not-a-day-or-instant")]),
        ({"to": "u2", "until": "2026-04-01", "forms": ["x"]}, [("forms", "unknown-form")]),
    ],
)
def test_an_absence_is_checked(
    house: Approvals, body: dict[str, Any], named: list[tuple[str, str]]
) -> None:
    answer = house.api.post("u1", "proxies", body)
    assert (answer.status_code, fields(answer)) == (422, named)
    assert house.api.get("u1", "proxies").get_json()["items"] == []


@pytest.mark.parametrize(
    ("action", "body", "named"),
    [
        ("terminate", {"reason": "错", "dry_run": True}, [("dry_run", "unknown-field")]),
        ("suspend", {"reason": "错", "fields": {}}, [("fields", "unknown-field")]),
        ("jump", {"reason": "错", "to": "a", "people": []}, [("people", "unknown-field")]),
        ("migrate", {"dry_run": "yes"}, [("dry_run", "not-yes-no")]),
    ],
)
def test_an_action_refuses_keys_that_it_would_not_look_at(
    house: Approvals, action: str, body: dict[str, Any], named: list[tuple[str, str]]
) -> None:
    flow = house.start("simple")
    answer = house.on_flow("admin", flow["id"], action, body)
    assert (answer.status_code, fields(answer)) == (400, named)
    (task,) = house.todo("u1", flow["id"])
    for wrong in ({"to": "u2"}, {"dry_run": True}):
        answer = house.act("u1", task["id"], "approve", wrong)
        assert (answer.status_code, fields(answer)) == (400, [(*wrong, "unknown-field")])
    many = {"position": "with", "people": [f"p{n}" for n in range(201)]}
    answer = house.act("u1", task["id"], "add_sign", many)
    assert (answer.status_code, fields(answer)) == (400, [("people", "too-many-people")])
    assert "200" in answer.get_data(as_text=True)
    assert house.flow(flow["id"])["status"] == "running"


def test_nobody_but_an_administrator_names_a_stand_in_for_another(fresh_house: Approvals) -> None:
    body = {"person": "u1", "to": "u2", "until": "2026-04-01"}
    assert code(fresh_house.api.post("u2", "proxies", body)) == (403, "flow-proxy-of-another")
    assert fresh_house.api.post("admin", "proxies", body).status_code == 201


def test_administrators_see_what_runs_and_how_long_steps_take(fresh_house: Approvals) -> None:
    flow = fresh_house.start("plan")
    fresh_house.later(days=1)
    fresh_house.decide("u1", flow["id"], "return", comment="x", to="initiator")
    assert code(fresh_house.api.get("u1", "flows")) == (403, "flow-administrators-only")
    (line,) = fresh_house.api.get("admin", "flows").get_json()["items"]
    assert (line["id"], line["waiting_for"], line["state"]) == (flow["id"], ["I"], "running")
    items = fresh_house.api.get("admin", "flows/statistics?workflow=plan").get_json()["items"]
    finance = next(one for one in items if one["step"] == "finance")
    assert (finance["runs"], finance["returned"], finance["median_hours"]) == (1, 1, 24.0)
    for path in ("flows", "flows/statistics?workflow=plan"):
        assert fresh_house.api.get("admin.b", path).get_json()["items"] == [], path
