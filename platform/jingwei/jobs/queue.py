"""The queue that spreads work: Redis, or a Redis inside this process. It keeps no truth."""

from __future__ import annotations

import hashlib
from typing import Any

from fakeredis import FakeServer, FakeStrictRedis
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.worker import SimpleWorker

from jingwei.jobs.runtime import RUNTIME, Runtime
from jingwei.services.platform import InstallationSettings

JOB_SECONDS = 120
FAILED_KEPT_SECONDS = 3_600


def connect(settings: InstallationSettings) -> Redis:
    """The Redis of the settings, or one that lives and dies with this process."""
    if settings.redis_url is None:
        return FakeStrictRedis(server=FakeServer())
    return Redis.from_url(settings.redis_url)


def prefix(settings: InstallationSettings) -> str:
    """Of every name in Redis, so that installations may share a server."""
    mark = hashlib.sha256(settings.database_url.encode()).hexdigest()[:10]
    return f"jingwei-{mark}"


def job_queue(settings: InstallationSettings, connection: Redis) -> Queue:
    """JSON only: nothing that Redis holds is ever run as code."""
    return Queue(prefix(settings), connection=connection, serializer=JSONSerializer)


def enqueue(queue: Queue, id_: int, fence: int) -> None:
    """Ask some worker to run one message."""
    queue.enqueue(
        "jingwei.jobs.messages.run_message",
        id_,
        fence,
        job_id=f"{queue.name}-o{id_}-{fence}",
        job_timeout=JOB_SECONDS,
        result_ttl=0,
        failure_ttl=FAILED_KEPT_SECONDS,
        description=f"outbox {id_}",
    )


class ThreadWorker(SimpleWorker):
    """Works in the thread it is started in, without signals."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """Signals belong to the server."""


def worker(runtime: Runtime, queue: Queue, kind: type[SimpleWorker] = SimpleWorker) -> Any:
    """A worker whose jobs find `runtime`. Call `work()` in the thread that calls this."""
    RUNTIME.set(runtime)
    return kind(
        [queue],
        connection=queue.connection,
        serializer=JSONSerializer,
        log_job_description=False,
    )
