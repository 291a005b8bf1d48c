"""A small group for approvals behind its HTTP API: one form and one workflow a case.

People: `I` begins requests; `u1` … `u9` decide; `admin` administers flows; `boss` heads company A,
`head` the sector, `chief` the group; `out` has nothing to do with any of it.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from api_house import PASSWORD, ApiHouse, open_api
from services_house import MORNING

from jingwei.catalogue.compile import compile_catalogue
from jingwei.services import tasks
from jingwei.services.flows import listeners, proxies, runtime, timers
from jingwei.services.flows.invariants import broken
from jingwei.services.flows.rungs import FIRED
from jingwei.services.people import SYSTEM
from jingwei.services.roster import LEAVES, import_people
from jingwei.services.sessions import Passwords
from jingwei.storage import flow_timers as timer_rows
from jingwei.storage import flows as rows
from jingwei.storage import tasks as task_rows
from jingwei.storage.apply import Publication, apply
from jingwei.storage.files import find_files
from jingwei.storage.tables_flows import sys_flow_event, sys_step_run
from jingwei.storage.tables_outbox import sys_outbox

FORM = """
kind: form
title: {title}
number: "{code}-{{seq:4}}"
display: "{{title}}"
workflow: {name}
fields:
  title: {{type: text, title: 标题, required: true}}
  amount: {{type: number, title: 金额}}
  legal: {{type: boolean, title: 涉法}}
  opinion: {{type: text, title: 意见}}
  chief: {{type: person, title: 负责人}}
  sign: {{type: signature, title: 签字}}
  lines:
    type: table
    title: 明细
    fields:
      unit: {{type: org, title: 单位}}
      keeper: {{type: person, title: 经办}}
      score: {{type: number, title: 分}}
permissions:
  planners: {{role: member, can: [read, create, update, delete, submit], scope: org}}
"""
BASE: Mapping[str, str] = {
    "definitions/manifest.yaml": "kind: manifest\ntitle: 审批\nlanguage: 1\n",
    "definitions/org_types.yaml": """
kind: org_types
title: 组织类型
types:
  group: {title: 集团, head: general_manager}
  sector: {title: 板块, above: [group], head: general_manager}
  subsidiary: {title: 子公司, above: [sector, group], head: general_manager}
""",
    "definitions/orgs/G.yaml": "kind: org\ntitle: 集团\ntype: group\nvalid_from: 2020-01-01\n",
    "definitions/orgs/S.yaml": (
        "kind: org\ntitle: 板块\ntype: sector\nparent: G\nvalid_from: 2020-01-01\n"
    ),
    "definitions/orgs/A.yaml": (
        "kind: org\ntitle: 甲公司\ntype: subsidiary\nparent: S\nvalid_from: 2020-01-01\n"
    ),
    "definitions/orgs/B.yaml": (
        "kind: org\ntitle: 乙公司\ntype: subsidiary\nparent: S\nvalid_from: 2020-01-01\n"
    ),
    **{
        f"definitions/posts/{post}.yaml": f"kind: post\ntitle: {post}\n"
        for post in ("general_manager", "planner", "finance", "lawyer", "vacant")
    },
    "definitions/posts/leader.yaml": "kind: post\ntitle: 分管领导\ncovers: true\n",
    **{
        f"definitions/roles/{role}.yaml": f"kind: role\ntitle: {role}\n"
        for role in ("member", "flow_admin")
    },
}
_PEOPLE = (
    {"login": "I", "name": "发起人", "org": "A", "posts": "planner@A", "roles": "member@A"},
    *({"login": f"u{n}", "name": f"审批人{n}", "org": "A" if n < 6 else "G"} for n in range(1, 10)),
    {"login": "boss", "name": "甲总", "org": "A", "posts": "general_manager@A"},
    {"login": "head", "name": "板块总", "org": "S", "posts": "general_manager@S"},
    {"login": "chief", "name": "集团总", "org": "G", "posts": "general_manager@G"},
    {"login": "law1", "name": "法务一", "org": "G", "posts": "lawyer@G"},
    {"login": "law2", "name": "法务二", "org": "G", "posts": "lawyer@G"},
    {"login": "lead1", "name": "分管甲", "org": "G", "posts": "leader@G:A"},
    {"login": "lead2", "name": "分管板块", "org": "G", "posts": "leader@G:S"},
    {"login": "admin", "name": "管理员", "org": "G", "roles": "flow_admin@G"},
    {"login": "admin.b", "name": "乙管理员", "org": "B", "roles": "flow_admin@B"},
    {"login": "out", "name": "外人", "org": "B", "roles": "member@B"},
)
PEOPLE = tuple({**person, "password": PASSWORD} for person in _PEOPLE)


def case_files(
    name: str, flow: str, form: str | None = None, title: str = "", *, without: str | None = None
) -> dict[str, str]:
    """The form (`without` one of its fields) and the workflow of one case, by path. `flow`: the
    workflow without `kind`, `title` and `form`."""
    text = textwrap.dedent(flow).strip("\n")
    lines = (form or FORM.format(name=name, code=name.upper(), title=name)).split("\n")
    return {
        f"forms/{name}.yaml": "\n".join(x for x in lines if not x.startswith(f"  {without}:")),
        f"workflows/{name}.yaml": f"kind: workflow\ntitle: 审批\nform: {name}\n{text}\n",
    }


@dataclass
class Approvals:
    """The running installation. Actions go over HTTP as the person; invariants are read from the
    database, as nobody over HTTP could."""

    api: ApiHouse
    at: datetime = MORNING
    seen: dict[int, Any] = field(default_factory=dict)
    changed_people: set[str] = field(default_factory=set)  # by the case that runs

    # --- acting

    def start(self, form: str, login: str = "I", **values: Any) -> dict[str, Any]:
        """A record, submitted: its flow."""
        made = self.api.make(login, form, **{"title": "t", "amount": 1, **values})
        answer = self.submit(form, made["id"], login)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    def submit(self, form: str, record: int, login: str = "I", **keys: Any) -> Any:
        body = keys.pop("body", {})
        return self.api.post(login, f"forms/{form}/records/{record}/submit", body, **keys)

    def act(self, login: str, task: int, action: str, body: Any = None, **keys: Any) -> Any:
        return self.api.post(login, f"tasks/{task}/{action}", body or {}, **keys)

    def on_flow(self, login: str, flow: int, action: str, body: Any = None, **keys: Any) -> Any:
        return self.api.post(login, f"flows/{flow}/{action}", body or {}, **keys)

    def flow(self, flow: int, login: str = "admin") -> dict[str, Any]:
        answer = self.api.get(login, f"flows/{flow}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    def record(self, flow: Mapping[str, Any], login: str = "I") -> dict[str, Any]:
        answer = self.api.get(login, f"forms/{flow['form']}/records/{flow['record']}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    def todo(self, login: str, flow: int | None = None, box: str = "todo") -> list[dict[str, Any]]:
        answer = self.api.get(login, f"tasks?box={box}&size=200")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        items: list[dict[str, Any]] = answer.get_json()["items"]
        return [one for one in items if flow in (None, one["flow"])]

    def decide(self, login: str, flow: int, action: str = "approve", **body: Any) -> dict[str, Any]:
        """Act on the person's one open task of a flow; the flow afterwards."""
        (task,) = self.todo(login, flow)
        answer = self.act(login, task["id"], action, body)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        self.check(flow)
        found: dict[str, Any] = answer.get_json()
        return found

    def asked(self, flow: Mapping[str, Any]) -> list[str]:
        """Open tasks as `step:person`, sorted."""
        return sorted(f"{t['step']}:{t['person']}" for t in flow["open"] if t["kind"] != "receipt")

    def later(self, **span: float) -> int:
        """Let time pass, and whoever leaves meanwhile leave; how many timers fired."""
        self.at += timedelta(**span)
        self.api.clock_file.write_text(f"{self.at.isoformat()}+00:00", encoding="utf-8")
        platform = self.api.platform
        proxies.move_due(platform)
        due = sa.select(sys_outbox.c.payload).where(
            sys_outbox.c.topic == LEAVES, sys_outbox.c.due_at <= platform.clock.now()
        )
        with platform.database.reading() as connection:
            leaving = list(connection.execute(due).scalars())
        for payload in leaving:
            platform.commands.run(lambda work, told=payload: listeners.on_leave(work, told), SYSTEM)
        return timers.fire_due(platform)

    def forget_absences(self) -> None:
        """What an earlier case left: absences, and people who were changed."""
        commands = self.api.platform.commands
        with self.api.platform.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM sys_proxy")
        lines = [dict(p) for p in PEOPLE if p["login"] in self.changed_people]
        self.changed_people.clear()
        if lines:
            commands.run(lambda w: import_people(w, lines, Passwords(cheap=True)), SYSTEM)

    def forget_what_fired(self) -> None:
        """Leave requests as they were kept before runs remembered their rungs and reminders."""
        runs, events = sys_step_run.c, sys_flow_event.c
        with self.api.platform.database.writing() as connection:
            for id_, data in connection.execute(sa.select(runs.id, runs.data)).all():
                kept = {name: value for name, value in data.items() if name != FIRED}
                change = sa.update(sys_step_run).where(runs.id == id_).values(data=kept)
                connection.execute(change)
            for flow, seq, changes in connection.execute(
                sa.select(events.flow, events.seq, events.changes)
            ).all():
                for run in (changes or {}).get("runs", {}).values():
                    run.get("data", {}).pop(FIRED, None)
                here = (events.flow == flow, events.seq == seq)
                connection.execute(sa.update(sys_flow_event).where(*here).values(changes=changes))

    def draw(self, login: str) -> Any:
        """Give a person a signature."""
        picture = io.BytesIO(b"\x89PNG\r\n\x1a\n" + login.encode().ljust(60, b"\0"))
        sent = self.api.ask("POST", login, "files", data={"file": (picture, f"{login}.png")})
        return self.api.put(login, "me/signature", {"file": sent.get_json()["id"]})

    # --- looking behind

    def signer(self, file: int | None) -> str:
        """Whose signature a record holds with this file."""
        if file is None:
            return "nobody"
        with self.api.platform.commands.read(SYSTEM) as reading:
            row = find_files(reading.connection, [file])[file]
        assert row.record is not None, "no record owns it"
        return row.name.removesuffix(".png")

    def stored(self, flow: int) -> Any:
        """Everything kept of a flow and its record, to compare before and after a refusal."""
        platform = self.api.platform
        with platform.commands.read(SYSTEM) as reading:
            books = tasks.books(reading)
            found = runtime.load(reading, flow, though_it_fits_no_more=True, whole=True)
            record = reading.store.load(
                reading.connection, found.state.flow.form, [found.state.flow.record]
            )
            messages = reading.connection.exec_driver_sql(
                "SELECT max(id) FROM sys_outbox"
            ).scalar_one()
            return (
                found.state,
                rows.events_of(reading.connection, books, flow),
                timer_rows.timers_of(reading.connection, flow),
                record,
                messages,
            )

    def broken(self, flow: int, stored: Any = None) -> list[str]:
        """What of A1–A6 does not hold of a flow."""
        state, events, waiting, record, _ = stored or self.stored(flow)
        beside = self.receipts_of(flow)
        before = self.seen.get(flow)
        found = broken(state, events, before=before, timers=waiting, beside=beside)
        self.seen[flow] = state
        kept = record.get(state.flow.record)
        if kept is not None and kept["flow"] == flow and kept["deleted_at"] is None:
            expected = {
                "running": ("in_approval", "returned"),
                "suspended": ("in_approval", "returned"),
            }
            if kept["status"] not in expected.get(state.flow.status, (state.flow.status,)):
                found.append(f"the record is {kept['status']}, the flow {state.flow.status}")
        return found + self.messages_broken(state)

    def receipts_of(self, flow: int) -> list[Any]:
        """What no step of the flow waits for."""
        with self.api.platform.commands.read(SYSTEM) as reading:
            return task_rows.tasks_beside(reading.connection, tasks.books(reading), flow)

    def messages_broken(self, state: Any) -> list[str]:
        """A5: one message for each closed task and each end, with the outcome that is kept."""
        closed = [t for t in state.tasks.values() if t.state == "closed"]
        wanted = [f"task.closed:{t.id}:{t.outcome}" for t in closed]
        wanted.append(f"flow.ended:{state.flow.id}")
        known = sa.select(sys_outbox.c.key).where(sys_outbox.c.key.in_(wanted))
        with self.api.platform.database.reading() as connection:
            keys = set(connection.execute(known).scalars())
        lost = [
            f"A5: no message of task {t.id}, {t.outcome}"
            for t in closed
            if f"task.closed:{t.id}:{t.outcome}" not in keys
        ]
        ended = state.flow.status in ("approved", "rejected", "recalled", "terminated")
        if ended != (f"flow.ended:{state.flow.id}" in keys):
            lost.append("A5: the end and its message differ")
        return lost

    def check(self, flow: int) -> None:
        assert self.broken(flow) == []

    def publish(self, files: Mapping[str, str]) -> None:
        """Publish changed definitions; the running application follows."""
        for path, text in files.items():
            target = self.api.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.lstrip("\n"), encoding="utf-8")
        clock = self.api.platform.clock
        by = Publication(author="test", now=clock.now(), today=clock.today())
        apply(self.api.platform.database, compile_catalogue(self.api.root), by)
        self.api.platform.active.poll()


def open_approvals(folder: Path, database_url: str, cases: Mapping[str, str]) -> Approvals:
    """An installation with these cases: name → workflow text (see `case_files`)."""
    files = dict(BASE)
    for name, flow in cases.items():
        files.update(case_files(name, flow))
    return Approvals(open_api(folder, database_url, files, PEOPLE))
