"""One message of the outbox: run, finished with its effect, or put back."""

from __future__ import annotations

import structlog

from jingwei.jobs.runtime import RUNTIME, Runtime
from jingwei.services.commands import Work
from jingwei.services.people import SYSTEM
from jingwei.storage.outbox import Message, finish, held, put_back

LONGEST_WAIT_SECONDS = 3_600
log = structlog.get_logger(__name__)


class AnotherHolds(Exception):
    """The lease is somebody else's now: nothing may be written."""


def run_message(id_: int, fence: int) -> None:
    """The job: run the message this lease was given for. A lease that is over runs nothing."""
    runtime = RUNTIME.get()
    with runtime.platform.database.reading() as connection:
        message = held(connection, id_, fence)
    if message is None:
        return
    try:
        run(runtime, message)
    except AnotherHolds:
        log.info("message_held_elsewhere", id=id_, topic=message.topic)
    except Exception as error:
        _put_back(runtime, message, error)
        raise


def run(runtime: Runtime, message: Message) -> None:
    """Listeners inside one transaction with `done`; then, or only, what reaches outside."""
    outside = runtime.outside.get(message.topic)
    if outside is not None:
        outside(runtime.platform, message)
    listeners = runtime.inside.get(message.topic, ())

    def handle(work: Work) -> None:
        if not finish(work.connection, message.id, message.fence, work.now):
            raise AnotherHolds
        for listener in listeners:
            listener(work, message.payload)

    runtime.platform.commands.run(handle, SYSTEM)


def _put_back(runtime: Runtime, message: Message, error: Exception) -> None:
    # who is asked outside may be down for hours: eight tries take three of them
    base = 5 if message.topic in runtime.outside else 2
    wait = min(LONGEST_WAIT_SECONDS, base**message.tries)
    log.warning(
        "message_failed", id=message.id, topic=message.topic, tries=message.tries, wait=wait
    )
    with runtime.platform.database.writing() as connection:
        put_back(connection, message.id, message.fence, f"{type(error).__name__}: {error}", wait)
