"""Who publishes, when and why; and the transaction that has the publish lock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

from sqlalchemy import Connection, text

from jingwei.refusals import Conflict
from jingwei.storage.database import Database
from jingwei.storage.errors import TryAgain
from jingwei.storage.fill_list import Computer
from jingwei.storage.locks import PUBLISH_LOCK, lock_exclusively
from jingwei.storage.outbox import OutboxWriter
from jingwei.storage.plan import NO_WISH, Wish
from jingwei.storage.preparing import Tell
from jingwei.storage.releases import Release

LOCK_TIMEOUT_SECONDS = 30  # tried again until then
ONE_ATTEMPT_SECONDS = 1  # whoever comes behind us waits no longer
LONGEST_PAUSE_SECONDS = 0.5
PUBLISHED = "release.published"  # the event, in the outbox
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes, when and why. `base`: the release the author worked from; None: unknown,
    which is enough unless the studio published what runs. `locale`: of the plan's words.

    `wish`: what may be destroyed or is to be restored. `computer` works out computed fields that
    are kept from now on.
    """

    author: str
    now: datetime
    today: date
    comment: str | None = None
    base: int | None = None
    source: Literal["folder", "studio"] = "folder"
    fingerprint: str | None = None  # of the saved plan that is applied
    locale: str = "zh"
    wish: Wish = NO_WISH
    computer: Computer | None = None
    plan: object | None = None  # as JSON, when a whole plan was made
    tell: Tell | None = None
    logged: bool = False  # in the audit trail; the release itself always says who and when
    request: str | None = None  # of the API, for the audit trail
    # no base is enough: what runs must be what the author's files say, or the very first release
    strict: bool = False
    # what is done in the same transaction, once the release runs in it
    also: Callable[[Connection, Release], None] | None = None


def announce(connection: Connection, release: Release) -> None:
    """Have it told, once it is committed, that another release runs."""
    outbox = OutboxWriter(release.at)
    what = {
        "release": release.id,
        "parent": release.parent,
        "rollback_of": release.rollback_of,
        "fingerprint": release.fingerprint,
        "author": release.author,
        "source": release.source,
    }
    outbox.add(PUBLISHED, what, f"{PUBLISHED}:{release.id}")
    outbox.flush(connection)


def with_publish_lock(database: Database, do: Callable[[Connection], T]) -> T:
    """Run `do` in a transaction that nobody writes beside. Waits shortly and often: a queue behind
    a long read would hold up everybody who comes after us.

    Raises Conflict `publish-busy` when others kept the lock, or a table, for too long.
    """
    until = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            with database.writing() as connection:
                lock_exclusively(connection, PUBLISH_LOCK, timeout_seconds=ONE_ATTEMPT_SECONDS)
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                return do(connection)
        except TryAgain as error:
            if time.monotonic() >= until:
                raise Conflict("publish-busy", seconds=LOCK_TIMEOUT_SECONDS) from error
            time.sleep(random.uniform(0.05, LONGEST_PAUSE_SECONDS))  # noqa: S311 - only a pause
