"""A plan counts details as people see them: where their owner is seen."""

from __future__ import annotations

import pytest
from services_house import FILES, House

from jingwei.catalogue.compile import compile_texts
from jingwei.services.releases.plan import ReleasePlan
from jingwei.services.releases.planning import Moment, make_plan

NOTE = """
kind: form
title: 备注
fields:
  contract: {type: link, to: contract, owner: true, title: 合同}
  words: {type: text, title: 内容}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below}
  ops: {role: group_ops, can: [read], scope: all}
"""
REPLY = """
kind: form
title: 答复
fields:
  note: {type: link, to: note, owner: true, title: 备注}
  words: {type: text, title: 内容}
permissions:
  planner: {post: planner, can: [create, read], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below}
"""
CONTRACT = FILES["forms/contract.yaml"]
FINANCE = "scope: org_and_below, hide: [secret]}"


@pytest.fixture
def noted(house: House) -> House:
    """Two contracts of A and one of B, each with a note, and a reply to one of them."""
    house.publish({"forms/note.yaml": NOTE, "forms/reply.yaml": REPLY})
    for login, name, amount in (("li.na", "a", 10), ("li.na", "b", 900), ("wang.wu", "c", 10)):
        owner = house.create(login, "contract", name=name, amount=amount)["id"]
        note = house.create(login, "note", contract=owner, words=name)["id"]
        if name == "a":
            house.create(login, "reply", note=note, words=name)
    return house


def planned(house: House, **changes: str) -> ReleasePlan:
    running = house.commands.active.current
    texts = {f"forms/{form}.yaml": text.lstrip("\n").encode() for form, text in changes.items()}
    files = {**running.catalogue.files, **texts}
    moment = Moment(house.clock.now(), house.clock.today())
    return make_plan(house.database, compile_texts(files), moment, running=running)


def moved(plan: ReleasePlan) -> dict[str, dict[str, tuple[int, int]]]:
    return {
        one.form: {p.login: (p.gained, p.lost) for p in one.people if p.gained or p.lost}
        for one in plan.sight
    }


def seen(house: House, form: str, login: str) -> int:
    found: int = house.list(login, form).total
    return found


def test_details_go_out_of_sight_with_their_owner_in_the_plan_too(noted: House) -> None:
    narrow = CONTRACT.replace(FINANCE, "scope: org_and_below, where: amount > 100}", 1)
    was = {form: seen(noted, form, "chen.jie") for form in ("contract", "note", "reply")}

    found = moved(planned(noted, contract=narrow))

    assert found == {
        "contract": {"chen.jie": (0, 2)},
        "note": {"chen.jie": (0, 2)},
        "reply": {"chen.jie": (0, 1)},
    }
    noted.publish({"forms/contract.yaml": narrow})
    lost = {form: was[form] - seen(noted, form, "chen.jie") for form in was}
    assert lost == {form: people["chen.jie"][1] for form, people in found.items()}


def test_wider_rights_on_details_show_no_more_than_their_owners(noted: House) -> None:
    wide = NOTE.replace("can: [read, create], scope: org}", "can: [read, create], scope: all}")

    plan = planned(noted, note=wide)

    assert moved(plan) == {}  # planners see the contracts of their own org, as before
    noted.publish({"forms/note.yaml": wide})
    assert [seen(noted, "note", login) for login in ("li.na", "wang.wu")] == [2, 1]


def test_an_owner_that_somebody_may_see_shows_its_details_as_far_as_these_may_be_seen(
    noted: House,
) -> None:
    wide = CONTRACT.replace("export], scope: org}", "export], scope: all}")
    notes = NOTE.replace("can: [read, create], scope: org}", "can: [read, create], scope: all}")

    assert moved(planned(noted, contract=wide)) == {
        "contract": {"li.na": (1, 0), "wang.wu": (2, 0)}
    }
    assert moved(planned(noted, contract=wide, note=notes)) == {
        "contract": {"li.na": (1, 0), "wang.wu": (2, 0)},
        "note": {"li.na": (1, 0), "wang.wu": (2, 0)},
    }


def test_a_form_that_gets_an_owner_is_counted_by_it(noted: House) -> None:
    free = NOTE.replace("owner: true, ", "")
    noted.publish(
        {"forms/note.yaml": free, "forms/contract.yaml": CONTRACT.replace(FINANCE, "scope: org}")}
    )
    assert seen(noted, "note", "chen.jie") == 3 and seen(noted, "contract", "chen.jie") == 0

    found = moved(planned(noted, note=NOTE))

    assert found["note"] == {"chen.jie": (0, 3)}
