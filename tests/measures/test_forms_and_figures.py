"""Forms state facts, and facts fill forms: each way once, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from measures_house import FILES_WITH_FIGURES, cell, put
from services_house import PEOPLE, House, open_house

from jingwei.language.periods import Period
from jingwei.services import facts, records
from jingwei.services.drill import drill
from jingwei.services.events import Listeners
from jingwei.services.measures import Measures
from jingwei.services.people import SYSTEM

PLAN = """
kind: form
title: 计划
display: "{year}"
submit: {cancel: true}
states:
  planned: {title: 编制, initial: true}
  effective: {title: 生效}
fields:
  year: {type: period, grain: year, title: 年度, required: true}
  targets:
    type: table
    title: 目标
    unique: [indicator, org]
    fields:
      indicator: {type: indicator, title: 指标, required: true}
      org: {type: org, title: 单位}
      last_year:
        type: number
        title: 上年
        compute: fact(indicator, org, previous(parent.year), "actual")
        mode: lock_if_found
      amount: {type: number, title: 目标}
actions:
  start: {title: 生效, from: planned, to: effective, who: {post: planner}}
facts:
  targets:
    each: targets
    when: state == "effective"
    indicator: row.indicator
    org: row.org
    period: year
    view: target
    value: row.amount
permissions:
  planner: {post: planner, can: [read, create, update, submit, delete, start], scope: org}
"""
ORDERS = """
kind: indicator
title: 签约额
type: simple
measure: {form: contract, value: sum(amount), time: signed_on, org: org, where: state != "draft"}
unit: CNY
time: {kind: flow, grain: month, default_view: ytd}
org_agg: sum
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    files = {
        **FILES_WITH_FIGURES,
        "forms/plan.yaml": PLAN,
        "definitions/indicators/orders.yaml": ORDERS,
    }
    opened = open_house(
        tmp_path / "application",
        f"sqlite:///{tmp_path / 'test.db'}",
        files,
        PEOPLE,
        Listeners(changed=(facts.on_changed,)),
    )
    yield opened
    opened.database.close()


def plan(house: House, *targets: tuple[str, Any], state: str | None = None) -> Mapping[str, Any]:
    rows = [{"indicator": name, "org": "A", "amount": amount} for name, amount in targets]
    made = house.create("li.na", "plan", year="2026", targets=rows)
    return into(house, made, state) if state else made


def into(house: House, record: Mapping[str, Any], state: str) -> Mapping[str, Any]:
    """What an effect does: it moves the record, and everybody hears of it."""

    def handler(work: Any) -> Mapping[str, Any]:
        found: Mapping[str, Any] = records.set_system(work, "plan", record["id"], state=state)
        return found

    found: Mapping[str, Any] = house.commands.run(handler, SYSTEM)
    return found


def target(house: House, name: str = "sales") -> Decimal | None:
    return cell(house, name, "A", "2026", "target").value


def test_a_record_states_facts_while_its_condition_holds(house: House) -> None:
    made = plan(house, ("sales", 600), ("profit", 60))
    assert target(house) is None

    made = into(house, made, "effective")
    assert (target(house), target(house, "profit")) == (Decimal("600.00"), Decimal("60.00"))

    into(house, made, "planned")
    assert target(house) is None


def test_a_changed_record_changes_its_fact_and_a_removed_row_withdraws_it(house: House) -> None:
    made = plan(house, ("sales", 600), ("profit", 60), state="effective")
    rows = [dict(row) for row in made["targets"]]

    rows[0]["amount"] = 650
    house.update("li.na", "plan", made["id"], targets=rows[:1])

    assert (target(house), target(house, "profit")) == (Decimal("650.00"), None)


def test_a_fact_of_a_record_leads_back_to_it_for_those_who_may_open_it(house: House) -> None:
    made = plan(house, ("sales", 600), state="effective")

    found = {}
    for login in ("li.na", "chen.jie"):
        with house.read(login) as view:
            measures = Measures(view)
            asked = measures.cube.question("sales", "A", Period.parse("2026"), "target", None)
            found[login] = drill(measures, asked, "facts")["rows"][0]

    assert found["li.na"]["record"] == {"form": "plan", "id": made["id"]}
    assert found["li.na"]["source"] == "form:plan"
    assert found["chen.jie"]["record"] is None


def test_a_fact_fills_a_field_at_each_save(house: House) -> None:
    put(house, ("sales", "A", "2025", 500))
    made = plan(house, ("sales", 600))
    assert made["targets"][0]["last_year"] == Decimal("500.00")

    put(house, ("sales", "A", "2025", 510))
    rows = [dict(row) for row in made["targets"]]
    changed = house.update("li.na", "plan", made["id"], targets=[{**rows[0], "amount": 700}])

    assert changed["targets"][0]["last_year"] == Decimal("510.00")


def test_what_was_submitted_keeps_the_fact_it_was_submitted_with(house: House) -> None:
    put(house, ("sales", "A", "2025", 500))
    made = plan(house, ("sales", 600))
    house.do("li.na", lambda work: records.submit_without_flow(work, "plan", made["id"]))

    put(house, ("sales", "A", "2025", 510))
    into(house, made, "effective")

    assert house.show("li.na", "plan", made["id"])["targets"][0]["last_year"] == Decimal("500.00")


def test_an_indicator_may_be_measured_on_records(house: House) -> None:
    for name, login, amount, day, state in (
        ("一", "li.na", 500, "2026-01-10", "running"),
        ("二", "li.na", 300, "2026-02-10", "running"),
        ("三", "wang.wu", 50, "2026-02-11", "running"),
        ("四", "li.na", 900, "2026-02-12", None),
    ):
        made = house.create(login, "contract", name=name, amount=amount, signed_on=day)
        if state:
            house.commands.run(
                lambda work, one=made["id"]: records.set_system(
                    work, "contract", one, state="running"
                ),
                SYSTEM,
            )

    values = {
        (org, mode): cell(house, "orders", org, "2026-02", mode=mode, login="chen.jie").value
        for org in ("A", "S1")
        for mode in ("period", "ytd")
    }

    assert values == {
        ("A", "period"): Decimal("300.00"), ("A", "ytd"): Decimal("800.00"),
        ("S1", "period"): Decimal("350.00"), ("S1", "ytd"): Decimal("850.00"),
    }  # fmt: skip
