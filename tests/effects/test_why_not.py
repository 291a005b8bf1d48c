"""Why somebody may not do something is answered as the deed itself would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from backends import on_sqlite
from services_house import FILES, House, open_house

from jingwei.refusals import Refused
from jingwei.services import access, actions, flows, records, tasks, versions
from jingwei.services.events import Listeners
from jingwei.services.flows import listeners as flow_listeners
from jingwei.services.rights import Rights

PEOPLE = (
    {"login": "maker", "name": "李娜", "org": "A", "posts": "planner@A"},
    {"login": "other", "name": "路人", "org": "A"},
    {"login": "boss.a", "name": "甲总", "org": "A", "posts": "general_manager@A"},
    {"login": "boss.b", "name": "乙总", "org": "B", "posts": "general_manager@B"},
    {"login": "deputy.a", "name": "分管甲", "org": "G", "posts": "deputy@G:A"},
    {"login": "deputy.b", "name": "分管乙", "org": "G", "posts": "deputy@G:B"},
)
ORDER = """
kind: form
title: {zh: 单据, en: Order}
fields:
  org: {type: org, title: {zh: 单位, en: Org}, required: true, default: =me.org}
  words: {type: text, title: {zh: 词, en: Words}}
  memo: {type: text, title: {zh: 备注, en: Memo}, editable_after_submit: true}
  quiet: {type: text, title: {zh: 密, en: Quiet}, editable_after_submit: true}
  twice: {type: text, title: {zh: 两遍, en: Twice}, compute: 'concat(words, words)'}
HOW
states:
  fresh: {title: {zh: 新, en: Fresh}, initial: true}
  shut: {title: {zh: 关闭, en: Shut}, locked: true, final: true}
actions:
  shut: {title: {zh: 关, en: Shut}, who: {post: general_manager, at: org}, from: fresh, to: shut}
  look: {title: {zh: 看, en: Look}, who: {post: deputy, covering: org}, when: memo is empty}
permissions:
  see: {who: everyone, can: [read], scope: all, hide: [quiet]}
  own:
    who: {person: maker}
    can: [read, create, update, delete, submit, cancel, amend]
    scope: all
"""
WITHOUT = "submit: {cancel: true, amend: true}"
WITH = "workflow: looked_at\nversions: on_approval"
FLOW = """
kind: workflow
title: 审批
form: order
start: {who: {person: maker}}
steps:
  - {id: a, approve: {who: {person: boss.a}, fields: {write: [memo]}}}
"""
NOTE = """
kind: form
title: {zh: 附注, en: Note}
fields:
  about: {type: link, to: order, title: {zh: 关于, en: About}}
  part: {type: link, to: part, title: {zh: 部件, en: Part}}
permissions: {all: {who: everyone, can: [read, create, update, delete], scope: all}}
"""
PART = """
kind: form
title: {zh: 部件, en: Part}
fields: {order: {type: link, to: order, owner: true, title: {zh: 单据, en: Order}}}
permissions: {all: {who: everyone, can: [read, create], scope: all}}
"""
DEEDS = {
    "update": lambda work, id: records.update(work, "order", id, {"words": "x"}),
    "delete": lambda work, id: records.delete(work, "order", id),
    "submit": lambda work, id: flows.submit(work, "order", id),
    "amend": lambda work, id: versions.amend(work, "order", id),
    "cancel": lambda work, id: records.cancel(work, "order", id),
    "shut": lambda work, id: actions.act(work, "order", id, "shut", {}),
    "look": lambda work, id: actions.act(work, "order", id, "look", {}),
}


def opened(root: Path, url: str, how: str) -> House:
    files = {
        **FILES,
        "definitions/posts/deputy.yaml": "kind: post\ntitle: 分管副总\ncovers: true\n",
        "forms/order.yaml": ORDER.replace("HOW", how),
        "forms/note.yaml": NOTE,
        "forms/part.yaml": PART,
        **({"workflows/looked_at.yaml": FLOW} if how == WITH else {}),
    }
    heard = Listeners(changed=(flow_listeners.on_changed,))
    rights = Rights([flows.opens], [flows.closes], [flows.gives])
    return open_house(root, url, files, PEOPLE, heard, rights)


def told(house: House, login: str, id: int, action: str, asks: str | None = None) -> Any:
    with house.read(asks or login) as view:
        return access.explain(view, "order", id, "en", login=login, action=action)


class NotKept(Exception):
    """The deed was done, and is not to be."""


def is_done(house: House, login: str, id: int, action: str) -> bool:
    """Whether the deed is done, where it is tried; nothing of it is kept."""

    def tried(work: Any) -> None:
        if action == "update":
            seen = work.store.load(work.connection, "order", [id])[id]["revision"]
            records.update(work, "order", id, {"words": "x"}, expected_revision=seen)
        elif action == "delete":
            seen = work.store.load(work.connection, "order", [id])[id]["revision"]
            records.delete(work, "order", id, expected_revision=seen)
        else:
            DEEDS[action](work, id)
        raise NotKept

    try:
        house.do(login, tried)
    except NotKept:
        return True
    except Refused:
        return False
    raise AssertionError(action)


def decide(house: House, action: str, **body: Any) -> None:
    with house.read("boss.a") as view:
        [task] = tasks.inbox(view, "todo")["items"]
    house.do("boss.a", lambda work: flows.act(work, task["id"], action, body))


def agree(house: House, id: int) -> dict[str, str]:
    """What maker is told of each deed; everybody is told what would happen to him."""
    for one in PEOPLE:
        for action in DEEDS:
            why = told(house, one["login"], id, action)
            assert why["allowed"] == is_done(house, one["login"], id, action), (one, action, why)
    return {action: told(house, "maker", id, action)["message"] for action in DEEDS}


@on_sqlite
def test_of_a_form_that_is_only_submitted(tmp_path: Path, database_url: str) -> None:
    house = opened(tmp_path, database_url, WITHOUT)
    id = house.create("maker", "order", words="a")["id"]
    fresh = agree(house, id)
    assert fresh["submit"] == "Allowed: by the form's permission own."
    assert fresh["cancel"] == "Not now: The record is not submitted and cannot be cancelled."

    house.do("maker", lambda work: flows.submit(work, "order", id))
    said = agree(house, id)
    locked = "The record has been submitted and cannot be changed now."
    assert said["update"] == f"Only in part: {locked} What may be written now: Memo, Quiet."
    assert said["delete"] == f"Not now: {locked}"
    assert said["submit"] == "Not now: The record has been submitted already."
    assert said["shut"] == (
        "Not allowed: neither a permission nor the button's own `who` includes this person."
    )
    asked = told(house, "maker", id, "update", asks="other")
    assert "Quiet" not in asked["message"], "the asker does not see it"
    assert asked["fields"]["writable"] == ["memo"]

    house.do("boss.a", lambda work: actions.act(work, "order", id, "shut", {}))
    assert agree(house, id)["amend"].startswith("Not now: The record is “Shut”")
    assert told(house, "maker", id, "update")["fields"]["writable"] == []


@on_sqlite
def test_of_a_form_with_a_workflow(tmp_path: Path, database_url: str) -> None:
    house = opened(tmp_path, database_url, WITH)
    id = house.create("maker", "order", words="a")["id"]
    agree(house, id)
    house.do("maker", lambda work: flows.submit(work, "order", id))
    agree(house, id)
    assert told(house, "boss.a", id, "update")["fields"]["writable"] == ["memo"]

    decide(house, "return", comment="?")
    agree(house, id)
    house.do("maker", lambda work: flows.submit(work, "order", id))
    decide(house, "approve")
    assert agree(house, id)["amend"] == "Allowed: by the form's permission own."


@on_sqlite
def test_of_a_record_that_others_link_to(tmp_path: Path, database_url: str) -> None:
    house = opened(tmp_path, database_url, WITHOUT)
    id = house.create("maker", "order", words="a")["id"]
    house.create("boss.b", "note", about=id)
    assert agree(house, id)["delete"] == "Not now: other records link to it."


@on_sqlite
def test_of_a_record_to_whose_details_others_link(tmp_path: Path, database_url: str) -> None:
    house = opened(tmp_path, database_url, WITHOUT)
    id = house.create("maker", "order", words="a")["id"]
    part = house.create("maker", "part", order=id)["id"]
    assert agree(house, id)["delete"] == "Allowed: by the form's permission own."
    house.create("boss.b", "note", part=part)
    assert agree(house, id)["delete"] == "Not now: other records link to it."


@on_sqlite
@pytest.mark.parametrize(
    ("login", "action", "allowed"),
    [
        ("boss.a", "shut", True),
        ("boss.b", "shut", False),
        ("deputy.a", "look", True),
        ("deputy.b", "look", False),
    ],
)
def test_whom_a_button_itself_names(
    tmp_path: Path, database_url: str, login: str, action: str, allowed: bool
) -> None:
    """Whoever looks after an organisation presses it for that one, nobody for another."""
    house = opened(tmp_path, database_url, WITHOUT)
    id = house.create("maker", "order", words="a")["id"]
    said = told(house, login, id, action, asks="maker")
    assert (said["allowed"], said["reason"]) == (allowed, "named" if allowed else "not-named")
    assert is_done(house, login, id, action) == allowed
