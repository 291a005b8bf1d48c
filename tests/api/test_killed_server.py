"""A server killed in the middle of writes: what was answered is there, and nothing is twice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from services_house import FILES, PEOPLE, open_house

from jingwei.services.sessions import Sessions
from jingwei.storage.changes import verify
from jingwei.storage.database import Database
from jingwei.storage.tables_records import sys_change

CLIENTS = 4
RECORDS = "/api/v1/forms/contract/records"


@dataclass
class Served:
    """`jingwei serve` over a small installation, killed and started at will."""

    root: Path
    database_url: str
    token: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "jingwei", "--application", str(self.root)]
        self.process = subprocess.Popen(
            [*command, "serve", "--port", str(self.port)],
            env={
                **os.environ,
                "JINGWEI_DATABASE_URL": self.database_url,
                "JINGWEI_DATA_DIR": str(self.root / "var"),
            },
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.process = None

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> tuple[int, Any]:
        """Status and body. Raises OSError when no answer came."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (http.client.HTTPException, ValueError) as broken:
            raise ConnectionError(str(broken)) from broken
        finally:
            connection.close()


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[Served]:
    root = tmp_path / "application"
    house = open_house(root, database_url, FILES, PEOPLE)
    commands = house.commands
    token = Sessions(commands.active, house.clock, commands.people).create_token("t", "li.na")
    house.database.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Served(root, database_url, token, port)
    found.start()
    yield found
    if found.process is not None:
        found.kill()


@dataclass
class Client:
    """Makes a record and submits it, again and again; asks again under the same key when no answer
    came. `made`: what was answered, by key."""

    served: Served
    name: str
    stop: threading.Event
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    submitted: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[tuple[int, Any]] = field(default_factory=list)

    def run(self) -> None:
        turn = 0
        while not self.stop.is_set():
            key = f"{self.name}-{turn}"
            turn += 1
            made = self.insist("POST", RECORDS, {"name": key, "amount": 1}, f"make-{key}", 201)
            if made is None:
                continue
            self.made[key] = made
            path = f"{RECORDS}/{made['id']}/submit"
            done = self.insist("POST", path, {}, f"submit-{key}", 200)
            if done is not None:
                self.submitted[key] = done

    def insist(self, method: str, path: str, body: Any, key: str, expect: int) -> Any:
        while True:
            try:
                status, answer = self.served.ask(method, path, body, key)
            except OSError:
                time.sleep(0.05)
                continue
            if status == expect:
                return answer
            self.wrong.append((status, answer))
            return None


def everything(served: Served) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page = 1
    while True:
        status, body = served.ask("GET", f"{RECORDS}?size=200&sort=id&page={page}")
        assert status == 200, body
        items += body["items"]
        if len(body["items"]) < 200:
            return items
        page += 1


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.long)])
def test_a_kill_loses_nothing_that_was_answered_and_doubles_nothing(
    served: Served, kills: int
) -> None:
    stop = threading.Event()
    clients = [Client(served, f"c{i}", stop) for i in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    chance = Random(kills)
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(0.3 + chance.random() / 2)
        served.kill()
        served.start()
    stop.set()
    for thread in threads:
        thread.join(60)

    items = everything(served)
    by_name = {item["name"]: item for item in items}
    assert [c.wrong for c in clients] == [[]] * CLIENTS
    assert len(by_name) == len(items), "a record is there twice"
    for client in clients:
        assert client.made and client.submitted
        for key, made in client.made.items():
            assert by_name[key]["id"] == made["id"]
        for key, done in client.submitted.items():
            assert by_name[key]["status"] == "submitted"
            assert by_name[key]["number"] == done["number"]
    numbers = sorted(int(i["number"].rpartition("-")[2]) for i in items if i["number"])
    assert numbers == list(range(1, len(numbers) + 1)), "numbers have a gap or a double"
    assert_history_is_whole(served, items)


def assert_history_is_whole(served: Served, items: list[dict[str, Any]]) -> None:
    """One entry for the making and one for the submission, and a chain that holds."""
    database = Database(served.database_url)
    try:
        with database.reading() as connection:
            told = sa.select(sys_change.c.object, sys_change.c.action).where(
                sys_change.c.kind == "record"
            )
            found: dict[int, list[str]] = {}
            for record, action in connection.execute(told.order_by(sys_change.c.id)):
                found.setdefault(record, []).append(action)
            assert verify(connection).bad is None
    finally:
        database.close()
    submitted = {item["id"] for item in items if item["status"] == "submitted"}
    assert found == {
        item["id"]: ["created", "submitted"] if item["id"] in submitted else ["created"]
        for item in items
    }
