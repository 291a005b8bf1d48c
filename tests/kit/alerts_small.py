"""Tasks with a due date, watched by one alert that the test writes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from services_house import FILES, PEOPLE, House, open_house

from jingwei.services import alerts, effects, flows, tasks
from jingwei.services.effects import listeners
from jingwei.services.events import Listeners
from jingwei.services.flows import listeners as flow_listeners
from jingwei.services.notices import inbox
from jingwei.services.people import SYSTEM
from jingwei.services.rights import Rights
from jingwei.storage import alerts as ledger

TASK = """
kind: form
title: 事项
display: "{name}"
states:
  open: {title: 进行中, initial: true}
  closed: {title: 已完成, final: true}
fields:
  name: {type: text, title: 名称, required: true}
  secret: {type: text, title: 内情}
  keeper: {type: person, title: 负责人}
  due: {type: date, title: 期限}
  progress: {type: percent, title: 进度}
  steps:
    type: table
    title: 步骤
    fields:
      what: {type: text, title: 内容}
      done: {type: boolean, title: 完成}
actions:
  finish: {title: 完成, to: closed, who: everyone}
permissions:
  planner: {post: planner, can: [read, create, update, delete], scope: org}
  heads: {post: general_manager, can: [read], scope: org_and_below, hide: [secret]}
  ops: {role: group_ops, can: [read, create, update, delete], scope: all}
"""
CASE = """
kind: form
title: 督办单
display: "{what}"
states:
  open: {title: 待办, initial: true}
  closed: {title: 已办, final: true}
fields:
  task: {type: link, to: task, title: 事项}
  what: {type: text, title: 内容, required: true}
permissions:
  ops: {role: group_ops, can: [read, create, update, delete], scope: all}
  planner: {post: planner, can: [read], scope: org}
"""
NAME = "watch"


def open_tasks(root: Path, url: str, alert: str, at: datetime = datetime(2026, 3, 2, 9)) -> House:
    files = {
        **FILES,
        "forms/task.yaml": TASK,
        "forms/case.yaml": CASE,
        f"definitions/alerts/{NAME}.yaml": "kind: alert\ntitle: {zh: 盯办, en: Watch}\n" + alert,
    }
    heard = Listeners(
        changed=(flow_listeners.on_changed, listeners.on_changed, alerts.on_changed),
        extra={"effects": effects.run},
    )
    return open_house(root, url, files, PEOPLE, heard, Rights([flows.opens]), at)


def new_task(house: House, **values: Any) -> int:
    given = {"name": "报表", "org": "A", "keeper": "li.na", **values}
    return int(house.create("ops", "task", **given)["id"])


def check(house: House, **payload: Any) -> None:
    """What the schedule or a change brings about."""
    given = {"alert": NAME, **payload}
    house.commands.run(lambda work: alerts.on_check(work, given), SYSTEM)


def told(house: House, login: str) -> list[str]:
    """What a person was told, oldest first."""
    with house.read(login) as view:
        return [item["text"] for item in reversed(inbox(view, limit=200)["items"])]


def todo(house: House, login: str) -> list[str]:
    with house.read(login) as view:
        return [item["title"] for item in tasks.inbox(view, "todo")["items"]]


def fired(house: House) -> list[tuple[int, bool, str | None]]:
    """(rung, late, why it is over) of everything in the ledger, oldest first."""
    with house.read("ops") as view:
        found = ledger.ledger(view.connection, view.installation.book, alert=NAME)
    return [(row.rung, row.late, row.closed_why) for row in reversed(found)]


def looks(house: House) -> dict[str, str]:
    """How the newest look at each subject ended."""
    with house.read("ops") as view:
        found = ledger.looks(view.connection, view.installation.book, NAME)
    return {look.subject: look.outcome for look in found}
