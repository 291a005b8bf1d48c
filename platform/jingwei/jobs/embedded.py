"""Everything in the server's own process: one worker thread, one that ticks, one server only."""

from __future__ import annotations

import os
import threading

import structlog

from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.queue import ThreadWorker, connect, job_queue, worker
from jingwei.jobs.runtime import Runtime
from jingwei.jobs.scheduler import Scheduler, steadily
from jingwei.refusals import Conflict
from jingwei.storage.patience import patiently
from jingwei.storage.servers import leave_server, server_name, take_server

RENEW_SECONDS = 3
DISPATCH_SECONDS = 0.3
TICK_SECONDS = 1.0
log = structlog.get_logger(__name__)


class EmbeddedJobs:
    """Threads that end with the process. The database knows what they had not finished."""

    def __init__(self, runtime: Runtime, holder: str | None = None) -> None:
        """`holder`: the server this process works for; itself when it is the whole server."""
        self.runtime = runtime
        self.holder = holder or server_name()
        self.bell = threading.Event()
        self._stop = threading.Event()
        self._queue = job_queue(runtime.platform.settings, connect(runtime.platform.settings))
        self._scheduler = Scheduler(runtime, self.holder)
        self._threads: list[threading.Thread] = []
        self._worker: ThreadWorker | None = None

    def start(self) -> None:
        """Raises Conflict `server-runs-already` when another embedded server uses the database."""
        self.take_server()
        for name, target in (
            ("work", self._work),
            ("dispatch", self._dispatch),
            ("tick", self._tick),
            ("renew", self._renew),
        ):
            thread = threading.Thread(target=target, name=f"jingwei-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop taking work; what runs may finish, what does not is leased again later."""
        self._stop.set()
        self.bell.set()
        if self._worker is not None:
            self._worker._stop_requested = True
        for thread in self._threads:
            thread.join(timeout=3)
        with self.runtime.platform.database.writing() as connection:
            leave_server(connection, self.holder)

    def take_server(self) -> None:
        with self.runtime.platform.database.writing() as connection:
            other = take_server(connection, self.holder)
        if other is not None:
            raise Conflict("server-runs-already", holder=other)

    def _work(self) -> None:
        self._worker = worker(self.runtime, self._queue, ThreadWorker)
        self._worker.work(logging_level="WARNING")

    def _dispatch(self) -> None:
        while not self._stop.is_set():
            self.bell.wait(DISPATCH_SECONDS)
            self.bell.clear()
            steadily(self._hand_out_all)

    def _hand_out_all(self) -> None:
        while self._hand_out() and not self._stop.is_set():
            pass

    def _hand_out(self) -> int:
        return dispatch(self.runtime, self._queue)

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            steadily(self._scheduler.tick)

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                patiently(self.take_server)
            except Conflict:
                log.error("another_server_took_over")
                os._exit(1)
