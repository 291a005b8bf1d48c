"""A small group with a request form, its people, and one workflow written by the test."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from own_sqlite import own_sqlite

from jingwei.app import BEYOND
from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.services import flows, records, tasks
from jingwei.services.clock import FixedClock
from jingwei.services.commands import Commands
from jingwei.services.events import Listeners
from jingwei.services.flows import listeners, runtime, timers
from jingwei.services.flows.invariants import broken
from jingwei.services.people import SYSTEM, People, Person
from jingwei.services.platform import Platform
from jingwei.services.rights import Rights
from jingwei.storage import flow_timers as timer_rows
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.people import Holding, insert_holdings, insert_people
from jingwei.storage.runtime import ActiveInstallation
from jingwei.storage.upgrade import upgrade

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai
FORM = """
kind: form
title: 申请
number: "R-{seq:4}"
workflow: flow
fields:
  title: {type: text, title: 标题, required: true}
  amount: {type: number, title: 金额}
  opinion: {type: text, title: 意见}
  chief: {type: person, title: 负责人}
  lines:
    type: table
    title: 明细
    fields:
      unit: {type: org, title: 单位}
      keeper: {type: person, title: 经办}
      score: {type: number, title: 分}
permissions:
  planners: {role: member, can: [read, create, update, submit], scope: all}
"""
ORGS = {
    "G": "kind: org\ntitle: 集团\ntype: group\nvalid_from: 2020-01-01\n",
    "S": "kind: org\ntitle: 板块\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n",
    "A": "kind: org\ntitle: 甲公司\ntype: subsidiary\nparent: S\nvalid_from: 2020-01-01\n",
    "B": "kind: org\ntitle: 乙公司\ntype: subsidiary\nparent: S\nvalid_from: 2020-01-01\n",
}
# login → org, posts and roles
PEOPLE: Mapping[str, tuple[str, list[tuple[str, str]], list[tuple[str, str]]]] = {
    "ann": ("A", [("planner", "A")], [("member", "A")]),
    "boss": ("A", [("general_manager", "A")], []),
    "fin": ("A", [("finance", "A")], []),
    "fin2": ("G", [("budget", "G")], []),
    "head": ("S", [("general_manager", "S")], []),
    "chief": ("G", [("general_manager", "G")], []),
    "law": ("G", [("lawyer", "G")], []),
    "law2": ("G", [("lawyer", "G")], []),
    "bob": ("B", [("finance", "B")], [("member", "B")]),
    "eve": ("G", [], []),
    "dan": ("G", [], []),
    "admin": ("G", [], [("flow_admin", "G")]),
}
# two signers, then a chief
TWO = """
- {id: a, approve: {mode: all, who: [{person: fin}, {person: law}]}}
- {id: b, approve: {who: {person: chief}}}
"""


@dataclass
class House:
    """One installation with its people; every command checks the invariants afterwards."""

    platform: Platform
    clock: FixedClock
    effects: list[tuple[str, int]] = field(default_factory=list)

    def person(self, login: str) -> Person:
        with self.platform.database.reading() as connection:
            found = self.platform.commands.people.find(connection, login, self.clock.today())
        assert found is not None, login
        return found

    def create(self, login: str = "ann", **values: Any) -> int:
        values = {"title": "t", "amount": 1, **values}
        return int(
            self.platform.commands.run(
                lambda work: records.create(work, "request", values).id, self.person(login)
            )
        )

    def submit(self, record: int, login: str = "ann", key: str | None = None, **body: Any) -> Any:
        found = self.platform.commands.run(
            lambda work: flows.submit(work, "request", record, body=body),
            self.person(login),
            key=key,
        )
        self.check(found["id"])
        return found

    def start(self, login: str = "ann", **values: Any) -> Any:
        """A new record, submitted: its flow."""
        return self.submit(self.create(login, **values), login)

    def act(self, login: str, flow: Any, action: str, task: int | None = None, **body: Any) -> Any:
        """Act on the person's open task of a flow."""
        id_ = flow["id"]
        chosen = task or self.task_of(login, id_)
        found = self.platform.commands.run(
            lambda work: flows.act(work, chosen, action, body), self.person(login)
        )
        self.check(id_)
        return found

    def on_flow(self, login: str, flow: Any, action: str, **body: Any) -> Any:
        found = self.platform.commands.run(
            lambda work: flows.act_on_flow(work, flow["id"], action, body), self.person(login)
        )
        self.check(flow["id"])
        return found

    def task_of(self, login: str, flow: int) -> int:
        found = [t for t in self.tasks(flow) if t.acting == login and t.state == "open"]
        assert found, f"{login} has no open task; open: {self.asked({'id': flow})}"
        return int(found[-1].id)

    def tasks(self, flow: int) -> Any:
        with self.reading("admin") as reading:
            return task_rows.tasks_of(reading.connection, tasks.books(reading), flow)

    def reading(self, login: str) -> Any:
        return self.platform.commands.read(self.person(login))

    def view(self, flow: Any, login: str = "admin") -> Any:
        with self.reading(login) as reading:
            return flows.flow_view(reading, flow["id"])

    def asked(self, flow: Any) -> list[str]:
        """Who has an open task, by login."""
        open_ = [t for t in self.tasks(flow["id"]) if t.state == "open" and t.kind != "receipt"]
        return sorted(t.acting for t in open_)

    def record(self, flow: Any) -> Any:
        with self.reading("admin") as reading:
            found = reading.store.load(reading.connection, "request", [flow["record"]])
            return found[flow["record"]]

    def box(self, login: str, box: str) -> Any:
        with self.reading(login) as reading:
            return tasks.inbox(reading, box)

    def later(self, **span: float) -> int:
        """Let time pass and the timers fire; how many did."""
        self.clock.move(timedelta(**span))
        fired = timers.fire_due(self.platform)
        return int(fired)

    def check(self, flow: int) -> None:
        """A1–A7 hold of the instance as stored."""
        with self.reading("admin") as reading:
            books = tasks.books(reading)
            found = runtime.load(reading, flow, whole=True)
            events = rows.events_of(reading.connection, books, flow)
            waiting = timer_rows.timers_of(reading.connection, flow)
        assert broken(found.state, events, timers=waiting, beside=found.beside) == []

    def dump(self, flow: Any) -> Any:
        """Everything stored of a flow, for comparing."""
        with self.reading("admin") as reading:
            books = tasks.books(reading)
            record = reading.store.load(reading.connection, "request", [flow["record"]])
            return (
                runtime.load(reading, flow["id"], whole=True).state,
                rows.events_of(reading.connection, books, flow["id"]),
                timer_rows.timers_of(reading.connection, flow["id"]),
                record,
            )

    def system(self, deed: Any) -> Any:
        return self.platform.commands.run(deed, SYSTEM)


def write(root: Path, workflow: str, form: str = FORM) -> None:
    """The application's files."""
    texts = {
        "definitions/manifest.yaml": "kind: manifest\ntitle: 测试\nlanguage: 1\n",
        "definitions/org_types.yaml": """
            kind: org_types
            title: 组织类型
            types:
              group: {title: 集团, head: general_manager}
              sector: {title: 板块, above: [group], head: general_manager}
              subsidiary: {title: 子公司, above: [sector, group], head: general_manager}
            """,
        "forms/request.yaml": form,
        "workflows/flow.yaml": workflow,
        **{f"definitions/orgs/{code}.yaml": text for code, text in ORGS.items()},
    }
    for post in ("general_manager", "planner", "finance", "budget", "lawyer"):
        texts[f"definitions/posts/{post}.yaml"] = f"kind: post\ntitle: {post}\n"
    for role in ("member", "flow_admin"):
        texts[f"definitions/roles/{role}.yaml"] = f"kind: role\ntitle: {role}\n"
    for path, text in texts.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")


def publish(root: Path, database: Database) -> Any:
    """The catalogue of a folder, which runs from now on."""
    catalogue = compile_catalogue(root)
    apply(
        database, catalogue, Publication(author="ann", now=MONDAY, today=MONDAY.date(), locale="en")
    )
    return catalogue


def workflow(steps: str, **keys: str) -> str:
    """The text of the workflow: its steps, and other keys as YAML."""
    head = "kind: workflow\ntitle: 审批\nform: request\n"
    more = "".join(f"{name}: {value}\n" for name, value in keys.items())
    return head + more + "steps:\n" + textwrap.indent(textwrap.dedent(steps).strip("\n"), "  ")


def house(root: Path, text: str, form: str = FORM, url: str | None = None) -> House:
    """A published installation with its people."""
    write(root / "app", text, form)
    database = Database(url or own_sqlite(root / "flows.db"))
    upgrade(database)
    published = publish(root / "app", database)
    with database.writing() as connection:
        ids = iter(database.ids.take(connection, 100))
        people = [
            {"id": next(ids), "login": login, "name": login, "org": org, "created_at": MONDAY}
            for login, (org, _, _) in PEOPLE.items()
        ]
        insert_people(connection, database.people, people)
        for kind, at in (("post", 1), ("role", 2)):
            held = [
                Holding(next(ids), name, org, login)
                for login, entry in PEOPLE.items()
                for name, org in entry[at]  # type: ignore[misc]
            ]
            insert_holdings(connection, kind, held)  # type: ignore[arg-type]
    clock = FixedClock(MONDAY)
    rights, people_ = Rights([flows.opens], [flows.closes], [flows.gives]), People()

    def compiled(texts: Mapping[str, bytes]) -> Any:
        return published if texts == published.files else compile_texts(texts)

    active = ActiveInstallation(database, compiled)
    done: list[tuple[str, int]] = []

    def effects(work: Any, what: Any, form_: str, record: int, **variables: Any) -> None:
        done.extend((effect.verb, record) for effect in what)

    heard = Listeners(changed=(listeners.on_changed,), extra={"effects": effects})
    commands = Commands(active, clock, heard, rights, people_, BEYOND)
    platform = Platform(None, database, active, clock, rights, commands)  # type: ignore[arg-type]
    return House(platform, clock, done)
