"""A plan that is issued, the letters that follow from it, and people who are told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from services_house import FILES, PEOPLE, House, open_house

from jingwei.services import actions, effects, flows, receipts
from jingwei.services.effects import listeners
from jingwei.services.events import Listeners
from jingwei.services.flows import listeners as flow_listeners
from jingwei.services.notices import inbox
from jingwei.services.rights import Rights
from jingwei.storage.query import ALL_ROWS, Query

PLAN = """
kind: form
title: {zh: 计划, en: Plan}
display: "{title}"
submit: {cancel: true}
states:
  planned: {title: 编制, initial: true}
  issued: {title: 已下达, locked: true}
  late: {title: 逾期, enter_when: due is not empty and due < today}
fields:
  title: {type: text, title: 名称, required: true}
  secret: {type: text, title: 底价}
  year: {type: integer, title: 年度}
  due: {type: date, title: 期限}
  note: {type: text, title: 备注}
  targets:
    type: table
    title: 目标
    fields:
      unit: {type: org, title: 单位}
      amount: {type: money, unit: CNY, title: 目标值}
      letter: {type: link, to: letter, title: 责任书}
  log:
    type: table
    title: 台账
    fields:
      unit: {type: org, title: 单位}
      amount: {type: money, unit: CNY, title: 金额}
related:
  letters: {form: letter, by: plan, title: 责任书}
ACTIONS
permissions:
  planner: {post: planner, can: [read, create, update, delete, submit], scope: org}
  ops: {role: group_ops, can: [read, create, update, delete GRANTED], scope: all}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [secret]}
"""
LETTER = """
kind: form
title: {zh: 责任书, en: Letter}
display: "{unit.title}"
states:
  open: {title: 待签, initial: true}
  signed: {title: 已签, final: true}
fields:
  plan: {type: link, to: plan, title: 计划, required: true}
  unit: {type: org, title: 单位, required: true}
  year: {type: integer, title: 年度}
  amount: {type: money, unit: CNY, title: 金额}
permissions:
  ops: {role: group_ops, can: [read, create, update, delete], scope: all}
  planner: {post: planner, can: [read], scope: all}
"""


def with_actions(actions_text: str) -> dict[str, str]:
    """The files with these actions or events in the plan's form; group operations may press every
    button that says no `who`."""
    said = yaml.safe_load(actions_text) or {}
    buttons = [n for n, one in (said.get("actions") or {}).items() if "who" not in one]
    plan = PLAN.replace("GRANTED", "".join(f", {name}" for name in buttons))
    return {
        **FILES,
        "forms/plan.yaml": plan.replace("ACTIONS", actions_text.strip("\n")),
        "forms/letter.yaml": LETTER,
    }


def heard() -> Listeners:
    return Listeners(
        changed=(flow_listeners.on_changed, listeners.on_changed, receipts.on_changed),
        extra={"effects": effects.run},
    )


def open_plans(root: Path, url: str, actions_text: str, more: Mapping[str, str] = {}) -> House:
    files = {**with_actions(actions_text), **more}
    return open_house(root, url, files, PEOPLE, heard(), Rights([flows.opens]))


def new_plan(house: House, login: str = "ops", **values: Any) -> int:
    """A plan of company A and B."""
    rows = [{"unit": "A", "amount": 100}, {"unit": "B", "amount": 200}]
    given = {"title": "2026", "year": 2026, "org": "G", "targets": rows, **values}
    return int(house.create(login, "plan", **given)["id"])


def press(house: House, login: str, name: str, id: int, form: str = "plan", **asked: Any) -> Any:
    return house.do(login, lambda work: actions.act(work, form, id, name, asked))


def raw(house: House, form: str, id: int) -> dict[str, Any]:
    """The record as it is kept."""
    with house.read("ops") as view:
        return dict(view.store.load(view.connection, form, [id])[id])


def all_of(house: House, form: str) -> list[dict[str, Any]]:
    """Every living record of a form."""
    with house.read("ops") as view:
        query = Query(form, ("id",), ALL_ROWS, page=None)
        ids = [row["id"] for row in view.store.select(view.connection, query).items]
        found = view.store.load(view.connection, form, ids)
        return [found[i] for i in ids]


def told(house: House, login: str) -> list[str]:
    """What a person was told, oldest first."""
    with house.read(login) as view:
        return [item["text"] for item in reversed(inbox(view)["items"])]
