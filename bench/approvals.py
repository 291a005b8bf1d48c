"""Approvals measured: `python -m bench.approvals [--inbox]`.

A five-step flow with a three-person countersign (seven decisions), on PostgreSQL:

- over HTTP, one web process, 16 clients: decisions/s, instances/s, the slowest of a hundred;
- beside SpiffWorkflow (when it is installed) in this process: load, one step, save, of the same
  flow in the same database. Ours does rights, history, notices and messages besides;
- a request of 100 rounds beside new ones;
- with `--inbox`: a page of one person's inbox among a million open tasks.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import load, servers
from bench.keeping import postgres
from bench.load import Answer, ask, drive, request
from jingwei.app import build_platform
from jingwei.catalogue.compile import compile_catalogue
from jingwei.services import flows, records
from jingwei.services.people import SYSTEM
from jingwei.services.platform import Platform
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords, Sessions
from jingwei.settings import Settings
from jingwei.storage.apply import Publication, apply

Instance = Callable[[int], None]
RESULTS = Path(__file__).parent / "approvals.json"
CLIENTS = 16
SECONDS = 15.0
TURNS, INSTANCES, AT_ONCE = 15, 12, 4
ROUNDS, YOUNG = 100, 5  # how often one is sent back, and those it is beside
INBOX_TASKS = 1_000_000
ORDER = ("a1", "b1", "b2", "b3", "c1", "d1", "e1")  # who decides, one after the other
DECISIONS = len(ORDER)
FILES = {
    "definitions/manifest.yaml": "kind: manifest\ntitle: bench\nlanguage: 1\n",
    "definitions/org_types.yaml": (
        "kind: org_types\ntitle: types\ntypes:\n  group: {title: group}\n"
    ),
    "definitions/orgs/G.yaml": "kind: org\ntitle: G\ntype: group\nvalid_from: 2020-01-01\n",
    "definitions/roles/member.yaml": "kind: role\ntitle: member\n",
    "definitions/roles/flow_admin.yaml": "kind: role\ntitle: admin\n",
    "forms/request.yaml": (
        "kind: form\ntitle: request\nworkflow: five\nfields:\n"
        "  title: {type: text, title: title, required: true}\n"
        "  amount: {type: number, title: amount}\n"
        "permissions:\n  all: {role: member, can: [read, create, update, submit], scope: all}\n"
    ),
    "workflows/five.yaml": (
        "kind: workflow\ntitle: five\nform: request\n"
        "defaults: {return: {to: any_earlier, resume: walk}}\nsteps:\n"
        "  - {id: a, approve: {who: {person: a1}}}\n"
        "  - id: b\n    approve: {mode: all, who: [{person: b1}, {person: b2}, {person: b3}]}\n"
        "  - {id: c, approve: {who: {person: c1}}}\n"
        "  - {id: d, approve: {who: {person: d1}}}\n"
        "  - {id: e, approve: {who: {person: e1}}}\n"
    ),
}
BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="x">
 <process id="five" isExecutable="true">
  <startEvent id="start"/>{tasks}
  <parallelGateway id="split"/><parallelGateway id="join"/><endEvent id="end"/>{arrows}
 </process>
</definitions>"""
ARROWS = (
    ("start", "a"), ("a", "split"), ("split", "b1"), ("split", "b2"), ("split", "b3"),
    ("b1", "join"), ("b2", "join"), ("b3", "join"), ("join", "c"), ("c", "d"), ("d", "e"),
    ("e", "end"),
)  # fmt: skip


def main() -> None:
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        platform, tokens = prepare(Path(folder), url)
        over_http(results, Path(folder), url, tokens)
        beside(results, {"process": in_process(platform), "spiffworkflow": spiff(url)})
        many_rounds(results, platform)
        if "--inbox" in sys.argv:
            inbox(results, Path(folder), url, tokens["a1"])
        platform.database.close()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def keep(results: dict[str, Any], name: str, value: float, unit: str) -> None:
    results[name] = {"value": round(value, 3), "unit": unit}
    print(f"{name:<34}{value:>12.2f} {unit}", flush=True)


def prepare(folder: Path, url: str) -> tuple[Platform, dict[str, str]]:
    """The application published in the database, and a token a person."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    settings = Settings(
        application=folder, data_dir=folder / "var", database_url=url, secret_key="s" * 40
    )
    platform = build_platform(settings)
    from jingwei.storage.upgrade import upgrade

    upgrade(platform.database)
    now = datetime.now(UTC)
    apply(
        platform.database,
        compile_catalogue(folder),
        Publication(author="bench", now=now, today=now.date()),
    )
    people = [
        {"login": login, "name": login, "org": "G", "roles": "member@G" if login == "i" else ""}
        for login in ("i", *ORDER)
    ]
    platform.commands.run(lambda work: import_people(work, people, Passwords(cheap=True)), SYSTEM)
    sessions = Sessions(platform.active, platform.clock, platform.commands.people)
    return platform, {p["login"]: sessions.create_token("bench", p["login"]) for p in people}


# --- over HTTP -----------------------------------------------------------------------------------


class Client:
    """Takes requests through the flow, one after the other, on each connection."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self.tokens = tokens
        self.steps: dict[int, int] = {}
        self.decided: list[float] = []
        self.sent: dict[int, float] = {}
        self.ended = 0

    def __call__(self, lane: int, answer: Answer | None) -> bytes:
        at = self.steps.get(lane, -1)
        if answer is not None and at > 1:
            self.decided.append(time.perf_counter() - self.sent[lane])
        if answer is None or at == DECISIONS + 1:
            self.ended += answer is not None
            self.steps[lane] = 0
            body = {"title": "t", "amount": 1}
            return request("POST", "/api/v1/forms/request/records", self.tokens["i"], body)
        found = answer.json()
        self.steps[lane] = at + 1
        self.sent[lane] = time.perf_counter()
        if at == 0:
            path = f"/api/v1/forms/request/records/{found['id']}/submit"
            return request("POST", path, self.tokens["i"], {})
        login = ORDER[at - 1]
        task = next(t["id"] for t in found["open"] if t["person"] == login)
        path = f"/api/v1/tasks/{task}/approve"
        return request("POST", path, self.tokens[login], {"comment": "ok"})


def over_http(results: dict[str, Any], folder: Path, url: str, tokens: dict[str, str]) -> None:
    server = servers.start_ours(folder, url)
    try:
        load.CONNECTIONS = CLIENTS
        _drive(server.address, Client(tokens), 3.0)
        client = Client(tokens)
        used = _Used(server, url)
        began = time.perf_counter()
        _drive(server.address, client, SECONDS)
        seconds = time.perf_counter() - began
        used.keep(results, max(client.ended, 1))
    finally:
        server.stop()
    times = sorted(client.decided)
    keep(results, "http_decisions", len(times) / seconds, "1/s")
    keep(results, "http_instances", client.ended / seconds, "1/s")
    keep(results, "http_step_median", statistics.median(times) * 1000, "ms")
    keep(results, "http_step_p99", times[int(len(times) * 0.99)] * 1000, "ms")


class _Used:
    """Processor time of the three sides, on a machine that they share: what a decision costs does
    not depend on who else is at work."""

    def __init__(self, server: servers.Server, url: str) -> None:
        self.server = server
        with sa.create_engine(url).connect() as connection:
            mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            self.backends = list(connection.exec_driver_sql(mine).scalars())[:-1]
        self.before = self._now()

    def _now(self) -> tuple[float, float, float]:
        there = [pid for pid in self.backends if Path(f"/proc/{pid}").exists()]
        database = sum(servers.used_by(pid) for pid in there)
        return self.server.processor_seconds(), database, time.process_time()

    def keep(self, results: dict[str, Any], instances: int) -> None:
        sides = ("server", "database", "client")
        for side, was, now in zip(sides, self.before, self._now(), strict=True):
            keep(results, f"{side}_per_instance", (now - was) / instances * 1000, "ms cpu")


def _drive(address: tuple[str, int], client: Client, seconds: float) -> None:
    def script(lane: int, answer: Answer | None) -> bytes:
        return client(lane, answer)

    drive(address, script, _Either(), seconds)  # type: ignore[arg-type]


class _Either:
    """200 or 201: records are made, tasks answered."""

    def __eq__(self, other: object) -> bool:
        return other in (200, 201)

    def __hash__(self) -> int:
        return 0

    def __ne__(self, other: object) -> bool:
        return other not in (200, 201)


# --- in this process -----------------------------------------------------------------------------


def begin(platform: Platform, people: dict[str, Any]) -> dict[str, Any]:
    def make(work: Any) -> dict[str, Any]:
        made = records.create(work, "request", {"title": "t", "amount": 1})
        return flows.submit(work, "request", made.id)

    found: dict[str, Any] = platform.commands.run(make, people["i"])
    return found


def decide(
    platform: Platform, people: dict[str, Any], flow: dict[str, Any], login: str, action: str
) -> dict[str, Any]:
    task = next(t["id"] for t in flow["open"] if t["person"] == login)
    body = {"comment": "x", **({"to": "a"} if action == "return" else {})}
    found: dict[str, Any] = platform.commands.run(
        lambda work: flows.act(work, task, action, body), people[login]
    )
    return found


def everybody(platform: Platform) -> dict[str, Any]:
    today = platform.clock.today()
    with platform.database.reading() as connection:
        return {
            login: platform.commands.people.find(connection, login, today)
            for login in ("i", *ORDER)
        }


def in_process(platform: Platform) -> Instance:
    """One instance, its record made and seven decisions taken: eight transactions."""
    people = everybody(platform)

    def instance(_: int) -> None:
        flow = begin(platform, people)
        for login in ORDER:
            flow = decide(platform, people, flow, login, "approve")
        assert flow["status"] == "approved"

    return instance


def beside(results: dict[str, Any], sides: dict[str, Instance | None]) -> None:
    """Instances one after the other, then as a web process has them: several at once. The sides
    take turns, so that what else the machine does meets both; the middle of the rounds counts."""
    numbers = itertools.count()
    found: dict[str, list[float]] = {}

    def alone(instance: Instance) -> None:
        for _ in range(INSTANCES):
            instance(next(numbers))

    def together(instance: Instance) -> None:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(instance, itertools.islice(numbers, INSTANCES)))

    for turn in range(TURNS + 1):
        for name, instance in sides.items():
            for kind, run in (("instances", alone), ("at_once", together)):
                if instance is None:
                    continue
                began, used = time.perf_counter(), time.process_time()
                run(instance)
                if turn:  # in the first, statements are prepared and caches filled
                    took = time.perf_counter() - began
                    found.setdefault(f"{name}_{kind}", []).append(INSTANCES / took)
                if turn and kind == "instances":
                    spent = (time.process_time() - used) / INSTANCES * 1000
                    found.setdefault(f"{name}_cpu", []).append(spent)
    for name, values in found.items():
        keep(results, name, statistics.median(values), "ms" if name.endswith("cpu") else "1/s")


def many_rounds(results: dict[str, Any], platform: Platform) -> None:
    """A request that was sent back a hundred times beside new ones: they take turns, so that what
    else the machine does meets both."""
    people = everybody(platform)

    def round_of(flow: dict[str, Any]) -> tuple[dict[str, Any], float]:
        began = time.perf_counter()
        for login in ("a1", "b1", "b2", "b3"):
            flow = decide(platform, people, flow, login, "approve")
        flow = decide(platform, people, flow, "c1", "return")
        return flow, time.perf_counter() - began

    old = begin(platform, people)
    for _ in range(ROUNDS):
        old, _ = round_of(old)
    first, last = [], []
    for _ in range(ROUNDS // YOUNG):
        new = begin(platform, people)
        for _ in range(YOUNG):
            new, took = round_of(new)
            first.append(took)
            old, took = round_of(old)
            last.append(took)
    keep(
        results,
        "rounds_last_to_first",
        statistics.median(last) / statistics.median(first),
        "ratio",
    )


def spiff(url: str) -> Instance | None:
    """One instance of SpiffWorkflow, doing load, step, save: eight transactions too."""
    if importlib.util.find_spec("SpiffWorkflow") is None:
        print("SpiffWorkflow is not installed: pip install SpiffWorkflow to compare")
        return None
    from lxml import etree
    from SpiffWorkflow.bpmn import BpmnWorkflow
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.util.task import TaskState

    names = ("a", "b1", "b2", "b3", "c", "d", "e")
    xml = BPMN.format(
        tasks="".join(f'<manualTask id="{n}" name="{n}"/>' for n in names),
        arrows="".join(
            f'<sequenceFlow id="f{i}" sourceRef="{a}" targetRef="{b}"/>'
            for i, (a, b) in enumerate(ARROWS)
        ),
    )
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(xml.encode()))
    spec = parser.get_spec("five")
    serializer = BpmnWorkflowSerializer()
    engine = sa.create_engine(url)
    table = sa.Table(
        "spiff",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
    )
    table.create(engine)

    def instance(number: int) -> None:
        workflow = BpmnWorkflow(spec)
        workflow.do_engine_steps()
        with engine.begin() as connection:
            state = serializer.serialize_json(workflow)
            connection.execute(sa.insert(table).values(id=number, state=state))
        for _ in names:
            with engine.begin() as connection:
                row = sa.select(table.c.state).where(table.c.id == number).with_for_update()
                workflow = serializer.deserialize_json(connection.execute(row).scalar_one())
                workflow.get_tasks(state=TaskState.READY, manual=True)[0].run()
                workflow.do_engine_steps()
                state = serializer.serialize_json(workflow)
                done = sa.update(table).where(table.c.id == number).values(state=state)
                connection.execute(done)
        assert workflow.is_completed()

    return instance


# --- the inbox -----------------------------------------------------------------------------------


def inbox(results: dict[str, Any], folder: Path, url: str, token: str) -> None:
    """A million open tasks of a thousand people, all about requests that run."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        fill = """
        INSERT INTO sys_person (id, login, name, org, active, rights_epoch, created_at)
        SELECT 5000000000 + n, 'p' || n, 'p', (SELECT org FROM sys_person LIMIT 1), true, 0, now()
        FROM generate_series(1, 1000) n;
        INSERT INTO sys_step_run (id, flow, step, kind, path, round, state, opened_at, data)
        SELECT 7000000000 + n, r.flow, r.step, r.kind, r.path, 1, 'open', r.opened_at, r.data
        FROM generate_series(1, :n) n,
          (SELECT * FROM sys_step_run WHERE step = 'e' ORDER BY id DESC LIMIT 1) r;
        INSERT INTO sys_task (id, flow, run, form, record, person, acting, kind, state, seat,
          weight, title, opened_at, due_at)
        SELECT 6000000000 + n, t.flow, 7000000000 + n, t.form, t.record, 5000000000 + n % 1000 + 1,
          5000000000 + n % 1000 + 1, t.kind, 'open', 9, 1, t.title, t.opened_at,
          now() + n * interval '1 second'
        FROM generate_series(1, :n) n,
          (SELECT * FROM sys_task WHERE kind = 'approval' ORDER BY id DESC LIMIT 1) t;
        UPDATE sys_task SET person = a.id, acting = a.id FROM sys_person a
        WHERE a.login = 'a1' AND sys_task.person = 5000000001"""
        for statement in fill.split(";"):
            connection.execute(sa.text(statement), {"n": INBOX_TASKS} if ":n" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE sys_task")
        connection.exec_driver_sql("VACUUM ANALYZE sys_step_run")
    server = servers.start_ours(folder, url)
    try:
        sent = request("GET", "/api/v1/tasks?box=todo", token)
        found = ask(server.address, sent).json()
        assert found.get("total", 0) >= INBOX_TASKS / 1000, found
        times = []
        for _ in range(60):
            began = time.perf_counter()
            assert ask(server.address, sent).status == 200
            times.append(time.perf_counter() - began)
    finally:
        server.stop()
        engine.dispose()
    keep(results, "inbox_of_a_million", statistics.median(times) * 1000, "ms")


if __name__ == "__main__":
    main()
