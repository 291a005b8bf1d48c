"""From the outbox to the queue: leases what is due, and what nobody hears is simply done."""

from __future__ import annotations

from rq import Queue

from jingwei.jobs.queue import enqueue
from jingwei.jobs.runtime import Runtime
from jingwei.storage import outbox

AT_ONCE = 200
LEASE_SECONDS = 60  # also the longest a killed worker's message waits


def dispatch(runtime: Runtime, queue: Queue) -> int:
    """Hand out what is due; how many messages were taken. Any number may call this at once."""
    platform = runtime.platform
    now = platform.clock.now()
    with platform.database.reading() as connection:
        if not outbox.is_due(connection, now):
            return 0
    with platform.database.writing() as connection:
        leased = outbox.lease(connection, now, limit=AT_ONCE, seconds=LEASE_SECONDS)
        unheard = [id_ for id_, _, topic in leased if not runtime.hears(topic)]
        if unheard:
            outbox.finish_all(connection, unheard, now)
    for id_, fence, topic in leased:
        if runtime.hears(topic):
            enqueue(queue, id_, fence)
    return len(leased)
