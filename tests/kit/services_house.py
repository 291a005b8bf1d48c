"""A small published installation of a group, as YAML, with people and a clock that stands still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jingwei.app import BEYOND
from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.services import listing, record_views, records
from jingwei.services.clock import FixedClock
from jingwei.services.commands import Commands, Work
from jingwei.services.events import Listeners
from jingwei.services.people import People, Person
from jingwei.services.rights import Rights
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.runtime import ActiveInstallation
from jingwei.storage.sealing import Keyring
from jingwei.storage.upgrade import upgrade

MORNING = datetime(2026, 3, 2, 9, 0)
FIELD_KEYS = ("k" * 40,)

FILES: Mapping[str, str] = {
    "definitions/manifest.yaml": (
        "kind: manifest\nname: small\ntitle: {zh: 小集团, en: Small group}\nlanguage: 1\n"
    ),
    "definitions/org_types.yaml": """
kind: org_types
title: 单位类型
types:
  group: {title: 集团, head: general_manager}
  sector: {title: 板块, above: [group], head: general_manager}
  subsidiary: {title: 子公司, above: [sector], head: general_manager}
""",
    "definitions/orgs/G.yaml": "kind: org\ntitle: 集团\ntype: group\nvalid_from: 2020-01-01\n",
    "definitions/orgs/S1.yaml": (
        "kind: org\ntitle: 工程板块\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n"
    ),
    "definitions/orgs/A.yaml": (
        "kind: org\ntitle: 甲公司\ntype: subsidiary\nparent: S1\nvalid_from: 2020-01-01\n"
    ),
    "definitions/orgs/B.yaml": (
        "kind: org\ntitle: 乙公司\ntype: subsidiary\nparent: S1\nvalid_from: 2020-01-01\n"
    ),
    "definitions/posts/general_manager.yaml": "kind: post\ntitle: 总经理\nsingle: true\n",
    "definitions/posts/planner.yaml": "kind: post\ntitle: 计划专员\n",
    "definitions/posts/finance_manager.yaml": "kind: post\ntitle: 财务经理\n",
    "definitions/roles/group_ops.yaml": "kind: role\ntitle: 集团运营\n",
    "definitions/roles/flow_admin.yaml": "kind: role\ntitle: 流程管理员\n",
    "forms/contract.yaml": """
kind: form
title: 合同
number: "C-{org.code}-{today:%Y}-{seq:3}"
display: "{name}"
submit: {cancel: true}
states:
  draft: {title: 拟稿, initial: true}
  running: {title: 履行中}
  closed: {title: 已关闭, final: true, locked: true}
fields:
  name: {type: text, title: 名称, required: true, max: 40}
  amount: {type: money, unit: CNY, title: 金额, required: true, min: 0}
  tax_rate: {type: percent, title: 税率, default: 0.13}
  tax: {type: money, unit: CNY, title: 税额, compute: amount * tax_rate}
  secret: {type: text, title: 底价}
  reason:
    type: long_text
    title: 原因
    visible_if: amount > 1000000
    required_if: amount > 1000000
  signed_on: {type: date, title: 签订日期}
  main: {type: link, to: contract, title: 主合同}
  lines:
    type: table
    title: 明细
    unique: [item]
    fields:
      item: {type: text, title: 项目, required: true}
      price: {type: money, unit: CNY, title: 价格}
  total: {type: money, unit: CNY, title: 明细合计, compute: sum(lines.price)}
rules:
  lines_add_up:
    check: lines is empty or total == amount
    at: lines
    message: {zh: 明细合计应等于金额, en: The lines must add up to the amount}
  one_name: {unique: [org, name], on: save}
list:
  columns: [number, name, org, amount, status]
  filters: [org, status]
  sort: [-amount]
permissions:
  planner: {post: planner, can: [read, create, update, delete, submit, cancel, export], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [secret]}
  ops: {role: group_ops, can: [read], scope: all, mask: [secret]}
""",
}

PEOPLE = (
    {"login": "li.na", "name": "李娜", "org": "A", "posts": "planner@A"},
    {"login": "wang.wu", "name": "王五", "org": "B", "posts": "planner@B"},
    {"login": "chen.jie", "name": "陈洁", "org": "S1", "posts": "finance_manager@S1"},
    {"login": "boss.a", "name": "甲总", "org": "A", "posts": "general_manager@A"},
    {"login": "ops", "name": "运营", "org": "G", "roles": "group_ops@G"},
    {"login": "nobody", "name": "路人", "org": "B"},
)


@dataclass(slots=True)
class House:
    """A running installation. `as_` names who acts; `do` runs a handler in a transaction."""

    root: Path
    database: Database
    clock: FixedClock
    commands: Commands

    def publish(self, files: Mapping[str, str | bytes]) -> None:
        """Write these files and make them run."""
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            content = text if isinstance(text, bytes) else text.lstrip("\n").encode()
            target.write_bytes(content)
        catalogue = compile_catalogue(self.root)
        release = apply(
            self.database,
            catalogue,
            Publication(author="test", now=self.clock.now(), today=self.clock.today()),
        )
        self.commands.active.follow(release.id)

    def person(self, login: str) -> Person:
        with self.database.reading() as connection:
            found = self.commands.people.find(connection, login, self.clock.today())
        assert found is not None, login
        return found

    def do(self, login: str, handler: Any, **keys: Any) -> Any:
        return self.commands.run(handler, self.person(login), **keys)

    def read(self, login: str) -> Any:
        return self.commands.read(self.person(login))

    def create(self, login: str, form: str, **values: Any) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.do(
            login, lambda work: records.create(work, form, values).record
        )
        return found

    def update(
        self, login: str, form: str, id: int, revision: int | None = None, **values: Any
    ) -> Mapping[str, Any]:
        def handler(work: Work) -> Mapping[str, Any]:
            expected = revision
            if expected is None:
                expected = work.store.load(work.connection, form, [id])[id]["revision"]
            return records.update(work, form, id, values, expected_revision=expected).record

        found: Mapping[str, Any] = self.do(login, handler)
        return found

    def show(self, login: str, form: str, id: int) -> Mapping[str, Any]:
        with self.read(login) as reading:
            found: Mapping[str, Any] = record_views.record(reading, form, id).json
        return found

    def list(self, login: str, form: str, **wish: Any) -> Any:
        with self.read(login) as reading:
            return listing.listing(reading, form, listing.ListWish(**wish))


def open_house(
    root: Path,
    database_url: str,
    files: Mapping[str, str | bytes] = FILES,
    people: Any = PEOPLE,
    listeners: Listeners | None = None,
    rights: Rights | None = None,
    at: datetime = MORNING,
) -> House:
    """An upgraded database with these definitions published and these people in it."""
    database = Database(database_url, keys=Keyring(lambda: FIELD_KEYS))
    upgrade(database)
    clock = FixedClock(at)
    active = ActiveInstallation(database, compile_texts)
    commands = Commands(
        active, clock, listeners or Listeners(), rights or Rights(), People(), BEYOND
    )
    house = House(root, database, clock, commands)
    house.publish(files)
    from jingwei.services.people import SYSTEM

    commands.run(lambda work: import_people(work, people, Passwords(cheap=True)), SYSTEM)
    return house
