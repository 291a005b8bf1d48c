"""What was approved stays in force, to the letter, while its amendment is on the way."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from services_house import FILES, PEOPLE, House, open_house

from jingwei.refusals import Conflict, Invalid, NotAllowed, NotFound
from jingwei.services import actions, effects, facts, flows, records, snapshots, versions
from jingwei.services.effects import listeners
from jingwei.services.events import Listeners
from jingwei.services.flows import listeners as flow_listeners
from jingwei.services.rights import Rights

PLAN = """
kind: form
title: 计划
workflow: approval
workflows: {amend: amendment}
versions: on_approval
states:
  planned: {title: 编制, initial: true}
  issued: {title: 已下达, locked: true}
actions:
  drop:
    title: 放弃变更
    who: {post: planner, at: org}
    do: [{discard_amendment: true}]
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  year: {type: period, grain: year, title: 年度}
  amount: {type: number, title: 数值}
  raised: {type: boolean, title: 调高, compute: amount > previous_version.amount}
  round: {type: integer, title: 版次, compute: version.number}
  lines:
    type: table
    title: 明细
    fields:
      what: {type: text, title: 内容}
      amount: {type: number, title: 数值}
facts:
  target:
    when: status == "approved"
    indicator: '"revenue"'
    org: org
    period: year
    view: target
    value: amount
permissions:
  planner: {post: planner, can: [read, create, update, submit, amend], scope: org}
  boss: {post: general_manager, can: [read], scope: org}
"""
APPROVAL = """
kind: workflow
title: 审批
form: plan
steps:
  - id: boss
    title: 总经理
    approve: {who: {post: general_manager, at: org}}
end:
  approved: [{enter: issued}]
"""
REVENUE = """
kind: indicator
title: 收入
type: input
unit: 万元
time: {kind: flow, grain: month}
org_agg: sum
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    files = {
        **FILES,
        "forms/plan.yaml": PLAN.replace("indicator: '\"revenue\"'", "indicator: measure"),
        "workflows/approval.yaml": APPROVAL,
        "workflows/amendment.yaml": APPROVAL.replace("title: 审批", "title: 变更审批"),
        "definitions/indicators/revenue.yaml": REVENUE,
    }
    files["forms/plan.yaml"] = files["forms/plan.yaml"].replace(
        "  amount: {type: number, title: 数值}\n  raised",
        "  measure: {type: indicator, title: 指标, default: revenue}\n"
        "  amount: {type: number, title: 数值}\n  raised",
    )
    heard = Listeners(
        changed=(flow_listeners.on_changed, facts.on_changed, listeners.on_changed),
        extra={"effects": effects.run},
    )
    return open_house(tmp_path, database_url, files, PEOPLE, heard, Rights([flows.opens]))


def approved(house: House, plan: int, action: str = "approve") -> None:
    """Submit, and have the general manager answer."""
    house.do("li.na", lambda work: flows.submit(work, "plan", plan))
    with house.read("boss.a") as view:
        from jingwei.services import tasks

        [task] = tasks.inbox(view, "todo")["items"]
    house.do("boss.a", lambda work: flows.act(work, task["id"], action, {"comment": "x"}))


def new_plan(house: House) -> int:
    lines = [{"what": "甲", "amount": 1}, {"what": "乙", "amount": 2}]
    made = house.create("li.na", "plan", year="2026", amount=100, lines=lines)
    approved(house, made["id"])
    return int(made["id"])


def raw(house: House, plan: int) -> dict[str, Any]:
    with house.read("li.na") as view:
        return dict(view.store.load(view.connection, "plan", [plan])[plan])


def targets(house: House, plan: int) -> list[float]:
    from jingwei.storage.facts import facts_of_record

    with house.read("li.na") as view:
        found = facts_of_record(view.connection, view.installation.book, plan)
        return [fact.value for fact in found]


def amend(house: House, plan: int, **values: Any) -> None:
    house.do("li.na", lambda work: versions.amend(work, "plan", plan))
    if values:
        house.update("li.na", "plan", plan, **values)


def numbers(house: House, plan: int) -> list[tuple[int, Any]]:
    with house.read("li.na") as view:
        found = snapshots.versions(view, "plan", plan)
    return [(one["number"], one["record"]["amount"]) for one in found]


def test_every_approval_cuts_a_version_and_figures_follow_the_one_in_force(house: House) -> None:
    plan = new_plan(house)
    assert numbers(house, plan) == [(1, Decimal(100))]
    assert targets(house, plan) == [100.0]

    amend(house, plan, amount=120)
    assert raw(house, plan)["status"] == "draft"
    assert targets(house, plan) == [100.0]  # the amendment is not in force
    approved(house, plan)

    assert numbers(house, plan) == [(1, Decimal(100)), (2, Decimal(120))]
    assert targets(house, plan) == [120.0]
    assert raw(house, plan)["status"] == "approved"


@on_sqlite
def test_an_amendment_takes_its_own_flow_and_knows_what_was_in_force(house: House) -> None:
    plan = new_plan(house)
    amend(house, plan, amount=120)
    house.do("li.na", lambda work: flows.submit(work, "plan", plan))
    with house.read("li.na") as view:
        flow = flows.flow_view(view, raw(house, plan)["flow"])
        found = snapshots.versions(view, "plan", plan)
    assert flow["workflow"] == "amendment"
    assert len(found) == 1
    with house.read("li.na") as view:
        from jingwei.services.world import environment

        env = environment(view, raw(house, plan))
        form = view.catalogue.forms["plan"]
        assert view.catalogue.closure(form.fields["raised"].compute)(env) is True
        assert view.catalogue.closure(form.fields["round"].compute)(env) == 1


@on_sqlite
def test_a_rejected_amendment_changes_nothing_that_is_in_force(house: House) -> None:
    plan = new_plan(house)
    amend(house, plan, amount=120)
    approved(house, plan, "reject")
    assert raw(house, plan)["status"] == "rejected"
    assert targets(house, plan) == [100.0]
    assert numbers(house, plan) == [(1, Decimal(100))]


@on_sqlite
def test_a_button_may_discard_the_amendment(house: House) -> None:
    plan = new_plan(house)
    amend(house, plan, amount=120)

    house.do("li.na", lambda work: actions.act(work, "plan", plan, "drop", {}))

    assert (raw(house, plan)["status"], raw(house, plan)["amount"]) == ("approved", Decimal(100))


def test_a_discarded_amendment_restores_the_version_row_by_row(house: House) -> None:
    plan = new_plan(house)
    first, second = raw(house, plan)["lines"]
    rows = [{"id": second["id"], "what": "乙改", "amount": 9}, {"what": "丙", "amount": 3}]
    amend(house, plan, amount=120, lines=rows)

    house.do("li.na", lambda work: versions.discard(work, "plan", plan))

    record = raw(house, plan)
    assert (record["status"], record["state"], record["amount"]) == (
        "approved",
        "issued",
        Decimal(100),
    )
    assert [(row["what"], row["amount"]) for row in record["lines"]] == [
        ("甲", Decimal(1)),
        ("乙", Decimal(2)),
    ]
    assert [row["id"] for row in record["lines"]] == [first["id"], second["id"]]
    assert targets(house, plan) == [100.0]


NOTE = """
kind: form
title: 便笺
submit: {amend: true, cancel: true}
versions: on_approval
fields:
  org: {type: org, title: 单位, required: true, default: =me.org}
  amount: {type: number, title: 数值}
  scan: {type: text, title: 附注, editable_after_submit: true}
  lines:
    type: table
    title: 明细
    fields:
      what: {type: text, title: 内容}
      cost: {type: number, title: 成本}
permissions:
  planner:
    post: planner
    can: [read, create, update, submit, amend, cancel]
    scope: org
    hide: [lines.cost]
  ops: {role: group_ops, can: [read, create, update], scope: all}
"""


def submitted(house: House, note: int) -> None:
    house.do("li.na", lambda work: records.submit_without_flow(work, "note", note))


def noted(house: House, note: int) -> dict[str, Any]:
    with house.read("ops") as view:
        return dict(view.store.load(view.connection, "note", [note])[note])


def test_without_approval_each_submission_is_in_force_and_discarding_goes_back_to_it(
    house: House,
) -> None:
    house.publish({"forms/note.yaml": NOTE})
    note = house.create("li.na", "note", amount=1)["id"]
    for amount in (100, 200, 300):
        house.update("li.na", "note", note, amount=amount)
        submitted(house, note)
        house.do("li.na", lambda work: versions.amend(work, "note", note))
    house.update("li.na", "note", note, amount=9)

    house.do("li.na", lambda work: versions.discard(work, "note", note))

    assert (noted(house, note)["status"], noted(house, note)["amount"]) == ("submitted", 300)
    with house.read("li.na") as view:
        kept = snapshots.versions(view, "note", note)
    assert [one["record"]["amount"] for one in kept] == [100, 200, 300]

    house.update("li.na", "note", note, scan="后补")  # left open: in force without a submission
    house.do("li.na", lambda work: versions.amend(work, "note", note))
    house.update("li.na", "note", note, scan="改")
    house.do("li.na", lambda work: versions.discard(work, "note", note))
    assert noted(house, note)["scan"] == "后补"


def test_a_row_that_comes_back_is_the_same_row_with_what_its_restorer_may_not_see(
    house: House,
) -> None:
    house.publish({"forms/note.yaml": NOTE})
    rows = [{"what": "甲", "cost": 77}, {"what": "乙", "cost": 5}]
    note = house.create("ops", "note", org="A", amount=1, lines=rows)["id"]
    submitted(house, note)
    before = noted(house, note)["lines"]
    house.do("li.na", lambda work: versions.amend(work, "note", note))
    kept = {"id": before[1]["id"], "what": "乙改"}
    now = house.update("li.na", "note", note, lines=[kept])
    assert [row.get("cost") for row in noted(house, note)["lines"]] == [5]

    revision = now["revision"]
    house.do(
        "li.na",
        lambda work: snapshots.restore(work, "note", note, 1, expected_revision=revision),
    )

    assert noted(house, note)["lines"] == before
    with pytest.raises(Invalid):  # rows of others are still not to be had
        house.update("li.na", "note", note, lines=[{"id": before[0]["id"] + 10_000}])


def test_a_version_is_compared_with_the_working_copy(house: House) -> None:
    plan = new_plan(house)
    first = raw(house, plan)["lines"][0]["id"]
    amend(house, plan, amount=120, lines=[{"id": first, "what": "甲改"}])
    with house.read("li.na") as view:
        found = snapshots.diff(view, "plan", plan, 1)
        kept = snapshots.version(view, "plan", plan, 1)
        with pytest.raises(NotFound):
            snapshots.version(view, "plan", plan, 2)
    assert (found["from"], found["to"]) == (1, "current")
    assert found["changes"]["amount"] == [100, 120]
    assert found["changes"]["lines"][str(first)] == {"what": ["甲", "甲改"]}
    order = [name for name in found["changes"] if name in ("amount", "lines", "status")]
    assert order == ["status", "amount", "lines"]  # as on the form, what every record has first
    assert (kept["number"], kept["record"]["amount"]) == (1, 100)


@on_sqlite
def test_only_what_is_in_force_is_amended_and_by_those_who_may(house: House) -> None:
    draft = house.create("li.na", "plan", year="2027", amount=1)["id"]
    with pytest.raises(Conflict) as refused:
        amend(house, draft)
    assert refused.value.message("en") == (
        "Only an approved or submitted record can be amended; this one is draft."
    )
    plan = new_plan(house)
    with pytest.raises(NotAllowed):
        house.do("boss.a", lambda work: versions.amend(work, "plan", plan))
    with pytest.raises(NotFound):
        house.do("wang.wu", lambda work: versions.amend(work, "plan", plan))
    with pytest.raises(Conflict) as nothing:
        house.do("li.na", lambda work: versions.discard(work, "plan", plan))
    assert nothing.value.message("zh") == "没有可放弃的变更，这条记录的状态是 approved。"
    contract = house.create("li.na", "contract", name="x", amount=1)["id"]
    house.do("li.na", lambda work: records.submit_without_flow(work, "contract", contract))
    with pytest.raises(NotFound):
        house.do("li.na", lambda work: versions.amend(work, "contract", contract))


@on_sqlite
def test_a_locked_record_is_locked_until_it_is_amended(house: House) -> None:
    plan = new_plan(house)
    with pytest.raises(Conflict):
        house.update("li.na", "plan", plan, amount=1)
    amend(house, plan, amount=7)
    assert raw(house, plan)["amount"] == Decimal(7)
