"""A real server over a copy of the application, its clock in a file, asked over HTTP."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = ("definitions", "forms", "workflows", "report_templates")
READY_SECONDS = 60.0
PATIENCE_SECONDS = 20.0


@dataclass
class Installation:
    """One installation in a folder of its own; `start` and `stop` as often as a test likes."""

    root: Path
    port: int = 0
    database_url: str | None = None
    now: str = "2025-10-13T09:00:00+08:00"
    password: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in FOLDERS:
            shutil.copytree(ROOT / name, self.root / name)
        self.set_clock(self.now)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    # --- processes ------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        found = {
            **os.environ,
            "JINGWEI_DATA_DIR": str(self.root / "var"),
            "JINGWEI_CLOCK_FILE": str(self.root / "clock"),
            "JINGWEI_DEFAULT_LOCALE": "zh",
        }
        if self.database_url:
            found["JINGWEI_DATABASE_URL"] = self.database_url
        else:
            found.pop("JINGWEI_DATABASE_URL", None)
        found.pop("JINGWEI_REDIS_URL", None)
        return found

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`jingwei …` in this application; its output."""
        return subprocess.run(
            [sys.executable, "-m", "jingwei", "--application", str(self.root), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def load_demo(self) -> None:
        """Publish the application and load its people and figures; keeps the demo password."""
        done = self.command("--json", "demo")
        assert done.returncode == 0, done.stdout + done.stderr
        found = re.search(r'"password": "([^"]+)"', done.stdout)
        assert found, done.stdout
        self.password = found[1]

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jingwei", "--application", str(self.root)]
            + ["serve", "--port", str(self.port)],
            env=self.environment,
            stdout=(self.root / "server.log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.get("/readyz", login=None)["status"] == "ready":
                    return
            except (OSError, AssertionError):
                time.sleep(0.05)
        raise TimeoutError((self.root / "server.log").read_text(encoding="utf-8")[-3000:])

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """As if the power had gone."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        self._process = None

    def set_clock(self, at: str) -> None:
        """From now on it is this instant (the clock stands still)."""
        unfinished = self.root / "clock.new"
        unfinished.write_text(at, encoding="utf-8")
        unfinished.replace(self.root / "clock")

    # --- HTTP -----------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        login: str | None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body (parsed when it is JSON) and headers."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(self.address + path, content, method=method)
        request.add_header("Content-Type", "application/json")
        if login is not None:
            request.add_header("Authorization", f"Bearer {self.token(login)}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _body(answer), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _body(error), dict(error.headers)

    def get(self, path: str, login: str | None) -> Any:
        status, body, _ = self.ask("GET", path, login)
        assert status == 200, (status, body)
        return body

    def post(self, path: str, login: str, body: Any = None, **headers: str) -> Any:
        status, found, _ = self.ask("POST", path, login, body or {}, headers)
        assert status in (200, 201), (status, found)
        return found

    def token(self, login: str) -> str:
        if login not in self._tokens:
            body = {"username": login, "password": self.password}
            status, found, _ = self.ask("POST", "/api/v1/login", None, body)
            assert status == 200, found
            self._tokens[login] = found["token"]
        return self._tokens[login]

    def tasks(self, login: str, form: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The open tasks of a person, of one form."""
        found = self.get("/api/v1/tasks?box=todo&size=200", login)["items"]
        return [t for t in found if form is None or t["form"] == form]

    def wait_for(self, what: Any, patience: float = PATIENCE_SECONDS) -> Any:
        """The first true answer of `what`, which is asked again until patience ends."""
        deadline = time.monotonic() + patience
        while True:
            found = what()
            if found or time.monotonic() > deadline:
                assert found, "it did not happen"
                return found
            time.sleep(0.1)


def _body(answer: Any) -> Any:
    content = answer.read()
    if "json" in answer.headers.get("Content-Type", ""):
        return json.loads(content)
    return content
