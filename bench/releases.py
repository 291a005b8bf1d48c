"""Definitions that change under load: the plan, an added field, the swap, the switch.

`python -m bench.releases [large] [swap] [switch] [converts]`: on PostgreSQL, with a million records
in one of 200 forms; `make bench` runs it smaller. The limits are the product's own; there is no
floor to compare with.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.keeping import Results, keep, postgres, read, write
from bench.servers import free_port, start
from jingwei.catalogue.compile import compile_catalogue, compile_texts
from jingwei.refusals import Conflict
from jingwei.services.clock import SystemClock
from jingwei.services.commands import Commands
from jingwei.services.people import SYSTEM
from jingwei.services.releases.planning import Moment, make_plan
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords, Sessions
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.runtime import ActiveInstallation
from jingwei.storage.upgrade import upgrade

ROWS = int(os.environ.get("BENCH_RELEASE_ROWS", "1000000"))
FORMS = int(os.environ.get("BENCH_RELEASE_FORMS", "200"))
MANY_FORMS = FORMS * 5 // 2  # of the release that is swapped to
USERS, SECONDS = 50, 8.0
FORM = """kind: form
title: Form {number}
fields:
  code: {{type: text, title: Code, required: true}}
  name: {{type: text, title: Name}}
  category: {{type: choice, title: Category, choices: {{a: A, b: B, c: C}}}}
  amount: {{type: money, unit: CNY, title: Amount, min: 0}}
  paid: {{type: money, unit: CNY, title: Paid}}
  rest: {{type: money, unit: CNY, title: Rest, compute: amount - paid}}
  signed_on: {{type: date, title: Signed on}}
  share: {{type: percent, title: Share}}
  note: {{type: long_text, title: Note}}
{more}rules:
  paid: {{check: paid is empty or paid <= amount, at: paid, on: save, message: Too much is paid}}
list: {{columns: [code, name, amount, signed_on], filters: [category], sort: [-signed_on]}}
permissions:
  clerk: {{role: clerk, can: [read, create, update, export], scope: {scope}}}
"""


def write_forms(root: Path, forms: int, **first: str) -> None:
    """An application of so many forms; `first`: what differs of the first one."""
    files = {
        "definitions/manifest.yaml": "kind: manifest\nname: bench\ntitle: bench\nlanguage: 1\n",
        "definitions/org_types.yaml": (
            "kind: org_types\ntitle: Types\ntypes:\n  group: {title: Group}\n"
            "  unit: {title: Unit, above: [group]}\n"
        ),
        "definitions/roles/clerk.yaml": "kind: role\ntitle: Clerk\n",
        "definitions/orgs/G.yaml": "kind: org\ntitle: G\ntype: group\nvalid_from: 2020-01-01\n",
    }
    for unit in range(20):
        files[f"definitions/orgs/U{unit}.yaml"] = (
            f"kind: org\ntitle: U{unit}\ntype: unit\nparent: G\nvalid_from: 2020-01-01\n"
        )
    for number in range(forms):
        own = {"more": "", "scope": "org", **(first if number == 0 else {})}
        files[f"forms/form_{number}.yaml"] = FORM.format(number=number, **own)
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def publish(database: Database, root: Path) -> int:
    clock = SystemClock()
    wanted = Publication("bench", clock.now(), clock.today())
    return apply(database, compile_catalogue(root), wanted).id


def fill(database: Database, rows: int) -> None:
    """Records of the first form, spread over the orgs."""
    with database.writing() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(
            "INSERT INTO f_form_0 (id, revision, org, owner, code, name, category, amount, paid, "
            "rest, signed_on, created_at, updated_at) SELECT 1000000000 + n, 1, k.key, "
            "(SELECT min(id) FROM sys_person), 'C' || n, 'Name ' || n, "
            "(ARRAY['a','b','c'])[1 + n %% 3], n, n / 2, n - n / 2, "
            "DATE '2024-01-01' + (n %% 700)::int, now(), now() FROM generate_series(1, %s) AS n "
            "JOIN (SELECT key, row_number() OVER (ORDER BY key) - 1 AS i FROM sys_name "
            "WHERE kind = 'org') AS k ON k.i = n %% 21",
            (rows,),
        )
    with database.reading() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("ANALYZE f_form_0")


def size() -> str:
    """The number of records as the names of figures have it."""
    return f"{ROWS // 1_000_000}m" if ROWS % 1_000_000 == 0 else f"{ROWS // 1_000}k"


def timed(do: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = do()
    return time.perf_counter() - began, found


def read_on(url: str, ended: Any, found: Any) -> None:
    """Reads one record a hundred times a second until `ended`; gives the longest that one read
    took, and how many there were. In a process of its own, as a server is beside a publisher."""
    database = Database(url)
    longest, reads = 0.0, 0

    def read() -> Any:
        with database.reading() as connection:
            return connection.exec_driver_sql(
                "SELECT amount FROM f_form_0 WHERE id = 1000000007"
            ).scalar()

    read()  # connected
    found.put(None)
    while not ended.wait(0.01):
        taken, _ = timed(read)
        longest, reads = max(longest, taken), reads + 1
    database.close()
    found.put((longest, reads))


class Reader:
    """Somebody who reads while a release is published."""

    def __init__(self, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._ended, self._found = context.Event(), context.Queue()
        self._process = context.Process(target=read_on, args=(url, self._ended, self._found))
        self._process.start()
        self._found.get(timeout=60)

    def end(self) -> tuple[float, int]:
        self._ended.set()
        found: tuple[float, int] = self._found.get(timeout=60)
        self._process.join()
        return found


def main() -> None:
    results = read()
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    parts = {"large": large, "swap": swap, "switch": switch, "converts": converts}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as folder, postgres() as url:
            parts[name](results, Path(folder), url)
    write(results)


def large(results: Results, root: Path, url: str) -> None:
    """Plan and apply over many rows."""
    database = Database(url)
    upgrade(database)
    write_forms(root, FORMS)
    publish(database, root)
    active = ActiveInstallation(database, compile_texts)
    people = [
        {"login": f"p{n}", "name": f"P{n}", "org": f"U{n % 20}", "roles": f"clerk@U{n % 20}"}
        for n in range(500)
    ]
    commands = Commands(active, SystemClock())
    commands.run(lambda work: import_people(work, people, Passwords(cheap=True)), SYSTEM)
    fill(database, ROWS)
    added = "  extra: {type: text, title: Extra, index: true}\n"
    write_forms(root, FORMS, more=added, scope="org_and_below, where: amount > 100")
    catalogue = compile_catalogue(root)
    clock = SystemClock()
    moment = Moment(clock.now(), clock.today())
    cpu = time.process_time()
    taken, plan = timed(lambda: make_plan(database, catalogue, moment, running=active.current))
    keep(results, f"plan.{FORMS}_forms_{size()}_rows", taken, None, "s", ROWS)
    keep(results, "plan.processor_in_the_process", time.process_time() - cpu, None, "s", ROWS)
    assert plan.sight[0].people_losing == 500, plan.sight[0].unjudged
    reader = Reader(url)
    cpu = time.process_time()
    taken, release = timed(lambda: publish(database, root))
    cpu = time.process_time() - cpu
    longest, reads = reader.end()
    assert release == 2
    keep(results, f"apply.added_field_{size()}_rows", taken, None, "s", ROWS)
    keep(results, "apply.processor_in_the_process", cpu, None, "s", ROWS)
    keep(results, "apply.longest_read_meanwhile", longest, None, "s", reads)
    database.close()


def swap(results: Results, root: Path, url: str) -> None:
    """From one release of many forms to the next, in a process that follows."""
    database = Database(url)
    upgrade(database)
    write_forms(root, MANY_FORMS)
    publish(database, root)
    active = ActiveInstallation(database, compile_texts)
    active.poll()
    write_forms(root, MANY_FORMS, more="  extra: {type: text, title: Extra}\n")
    publish(database, root)
    cpu = time.process_time()
    taken, swapped = timed(active.poll)
    assert swapped
    keep(results, f"swap.{MANY_FORMS}_forms", taken, None, "s", MANY_FORMS)
    keep(results, f"swap.{MANY_FORMS}_forms_cpu", time.process_time() - cpu, None, "s", MANY_FORMS)
    database.close()


def converts(results: Results, root: Path, url: str) -> None:
    """A text becomes a number in every record; one value, late in the table, is none."""
    database = Database(url)
    upgrade(database)
    write_forms(root, 2, more="  size: {type: text, title: Size}\n")
    publish(database, root)
    commands = Commands(ActiveInstallation(database, compile_texts), SystemClock())
    person = {"login": "bench", "name": "B", "org": "U1", "roles": "clerk@U1"}
    commands.run(lambda work: import_people(work, [person], Passwords(cheap=True)), SYSTEM)
    fill(database, ROWS)
    late = 1_000_000_000 + ROWS * 9 // 10
    with database.writing() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(
            "UPDATE f_form_0 SET size = CASE id WHEN %s THEN 'none' ELSE (id %% 1000)::text END",
            (late,),
        )
    write_forms(root, 2, more="  size: {type: number, title: Size}\n")
    taken, refused = timed(lambda: refusal(database, root))
    assert (refused.code, refused.detail["steps"][0]["rows"]) == ("plan-blocked", 1)
    keep(results, f"converts.refused_{size()}_rows", taken, None, "s", ROWS)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE f_form_0 SET size = '7' WHERE id = %s", (late,))
    taken, release = timed(lambda: publish(database, root))
    assert release == 2
    keep(results, f"converts.applied_{size()}_rows", taken, None, "s", ROWS)
    database.close()


def refusal(database: Database, root: Path) -> Any:
    """Why it is not published; what runs, runs."""
    try:
        publish(database, root)
    except Conflict as refused:
        return refused
    raise AssertionError("a value that is no number became one")


class User(threading.Thread):
    """Lists and creates, over one connection."""

    def __init__(self, port: int, token: str, until: float) -> None:
        super().__init__(daemon=True)
        self.port, self.until = port, until
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.done = 0
        self.failed: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while time.monotonic() < self.until:
            asks = self.done % 3 != 0
            method, body = ("GET", None) if asks else ("POST", '{"code": "x", "amount": 5}')
            connection.request(method, "/api/v1/forms/form_0/records", body, self.headers)
            answer = connection.getresponse()
            content = answer.read()
            self.done += 1
            if answer.status not in (200, 201):
                self.failed.append(f"{answer.status} {content[:200]!r}")


def switch(results: Results, root: Path, url: str) -> None:
    """A release published while fifty people work: not one request may fail."""
    database = Database(url)
    upgrade(database)
    write_forms(root, 20)
    publish(database, root)
    clock = SystemClock()
    active = ActiveInstallation(database, compile_texts)
    commands = Commands(active, clock)
    person = {"login": "bench", "name": "B", "org": "U1", "roles": "clerk@U1"}
    commands.run(lambda work: import_people(work, [person], Passwords(cheap=True)), SYSTEM)
    token = Sessions(active, clock, commands.people).create_token("bench", "bench")
    port = free_port()
    environment = {"JINGWEI_DATABASE_URL": url, "JINGWEI_DATA_DIR": str(root / "var")}
    command = [".venv/bin/jingwei", "--application", str(root), "serve", "--port", str(port)]
    server = start(command, port, environment, "/healthz")
    users = [User(port, token, time.monotonic() + SECONDS) for _ in range(USERS)]
    for user in users:
        user.start()
    for number in range(3):
        time.sleep(SECONDS / 5)
        write_forms(root, 20, more=f"  extra_{number}: {{type: text, title: Extra, index: true}}\n")
        publish(database, root)
    for user in users:
        user.join()
    server.stop()
    failed = [words for user in users for words in user.failed]
    done = sum(user.done for user in users)
    assert not failed, failed[:3]
    keep(results, "switch.requests_failed_of_50_users", float(len(failed)), None, "", done)
    database.close()


if __name__ == "__main__":
    main()
