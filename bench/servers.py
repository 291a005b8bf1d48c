"""The two servers that are compared: one gunicorn worker with eight threads each."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
THREADS = 8
MOST_SECONDS = 60.0


@dataclass(slots=True)
class Server:
    """A running server. `ready_after`: seconds from the start of the process to readiness."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int]
    ready_after: float

    @property
    def worker_megabytes(self) -> float:
        """Resident memory of the worker process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        worker = children.read_text(encoding="ascii").split()[0]
        status = Path(f"/proc/{worker}/status").read_text(encoding="ascii")
        line = next(x for x in status.splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def processor_seconds(self) -> float:
        """What the server and its workers have used so far."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        workers = children.read_text(encoding="ascii").split()
        return sum(used_by(pid) for pid in (self.process.pid, *map(int, workers)))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def used_by(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: Sequence[str], port: int, environment: Mapping[str, str], path: str) -> Server:
    """Start and wait until `path` answers 200. Raises TimeoutError."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    while time.perf_counter() - began < MOST_SECONDS:
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} stopped with {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                json.load(answer)
            return Server(process, ("127.0.0.1", port), time.perf_counter() - began)
        except OSError:
            time.sleep(0.02)
    process.kill()
    raise TimeoutError(path)


def start_ours(application: Path, database_url: str, *, worker: bool = False) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "jingwei", "--application", str(application)]
    command += ["serve", "--port", str(port)]
    if not worker:
        command.append("--no-worker")
    environment = {"JINGWEI_DATABASE_URL": database_url}
    return start(command, port, environment, "/readyz" if worker else "/healthz")


def start_floor(database_url: str) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)]
    command += ["--keep-alive", "30", "--log-level", "warning", "bench.floor:create_app()"]
    return start(command, port, {"FLOOR_DATABASE_URL": database_url}, "/readyz")
