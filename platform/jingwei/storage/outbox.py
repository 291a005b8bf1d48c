"""The outbox: what must follow a change, kept with the change until it is done.

A row is leased, run with its fence, and finished in the transaction of its effect. Queues carry
only the id and the fence; they may lose them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import func, or_, select, text, update

from jingwei.storage.changes import FROM_TEXT as CHANGES_FROM_TEXT
from jingwei.storage.database import Connection
from jingwei.storage.direct import FEW, insert_all, later
from jingwei.storage.notices import INSERT_ALL, NoticeRow, as_json, insert_notices
from jingwei.storage.tables_outbox import sys_outbox
from jingwei.storage.types import Instant, canonical_json, instant_text, truncated

MOST_TRIES = 8
_DATABASE_NOW = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    "postgresql": "clock_timestamp()",
}
_LEASE_END = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', :span)",
    "postgresql": "clock_timestamp() + CAST(:span AS interval)",
}
_COLUMNS = ("topic", "payload", "key", "created_at", "due_at", "state", "tries", "fence")
_INSERT = "INSERT INTO sys_outbox ({names}) {source} ON CONFLICT DO NOTHING"
_ROW_BY_ROW = _INSERT.format(  # SQLite
    names=", ".join(_COLUMNS), source=f"VALUES ({', '.join('?' * len(_COLUMNS))})"
)
_ONE = _INSERT.format(names=", ".join(_COLUMNS), source=f"VALUES ({', '.join(['%s'] * 8)})")
_COPY = f"COPY sys_outbox ({', '.join(_COLUMNS)}) FROM STDIN"
_FROM_TEXT = _INSERT.format(  # PostgreSQL
    names=", ".join(_COLUMNS),
    source=f"SELECT {', '.join(_COLUMNS)} FROM json_populate_recordset(NULL::sys_outbox, %s)",
)
# notices and messages: parts of a statement that writes more, for `OutboxWriter.taken`
PARTS = {"told": INSERT_ALL, "messages": _FROM_TEXT, "changes": CHANGES_FROM_TEXT}


@cache
def _together(names: Sequence[str]) -> str:
    """These parts in one statement."""
    *before, last = names
    beside = ", ".join(f"{name} AS ({PARTS[name]})" for name in before)
    return f"WITH {beside} {PARTS[last]}" if before else PARTS[last]


class OutboxWriter:
    """Collects what must follow and writes it in one statement: `flush` before the commit."""

    __slots__ = ("_notices", "_now", "_rows", "written")

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._rows: list[tuple[str, Mapping[str, Any], str | None, datetime | None]] = []
        self._notices: list[NoticeRow] = []
        self.written = 0

    def add(
        self,
        topic: str,
        payload: Mapping[str, Any],
        key: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """`payload`: names and ids only. A `key` that is known already adds nothing."""
        self._rows.append((topic, payload, key, due_at))

    def tell(self, notices: Sequence[NoticeRow]) -> None:
        """Keep these notices too; of a key that is known already, nothing is kept."""
        self._notices += notices

    def flush(self, connection: Connection, changes: str = "") -> None:
        """Write what was collected. `changes`: rows of the change log that are written in the same
        statement, as `changes.as_json` gives them (PostgreSQL)."""
        if connection.dialect.name == "sqlite":
            insert_notices(connection, self._notices)
            rows = self._values(instant_text)
            if rows:
                connection.exec_driver_sql(_ROW_BY_ROW, rows[0] if len(rows) == 1 else rows)
            self.written += len(rows)
            self.forget()
        elif changes or self._notices:
            parts = [*self.taken(), *([("changes", changes)] if changes else ())]
            later(connection, _together(tuple(name for name, _ in parts)), [v for _, v in parts])
        elif len(self._rows) >= FEW and all(key is None for _, _, key, _ in self._rows):
            values = self._values(truncated)
            insert_all(connection, _ONE, _COPY, list(zip(*values, strict=True)))
            self.written += len(values)
            self.forget()
        elif self._rows:
            later(connection, _FROM_TEXT, [value for _, value in self.taken()])

    def taken(self) -> list[tuple[str, str]]:
        """What was collected, which the caller writes now: names of `PARTS` with their values."""
        found = []
        if self._notices:
            found.append(("told", as_json(self._notices)))
        if self._rows:
            rows = self._values(truncated)
            values = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
            found.append(("messages", orjson.dumps(values).decode()))
            self.written += len(rows)
        self.forget()
        return found

    def _values(self, kept: Callable[[datetime], Any]) -> list[tuple[Any, ...]]:
        if not self._rows:
            return []
        now = kept(self._now)
        return [
            (topic, canonical_json(payload).decode(), key, now, due and kept(due), "ready", 0, 0)
            for topic, payload, key, due in self._rows
        ]

    def forget(self) -> None:
        """Nothing of what was collected follows: what caused it was undone."""
        self._rows.clear()
        self._notices.clear()


@dataclass(frozen=True, slots=True)
class Message:
    """A row that is held under a lease. `late_seconds` is not part of it: ask the clock."""

    id: int
    topic: str
    payload: Mapping[str, Any]
    fence: int
    tries: int
    created_at: datetime
    due_at: datetime | None
    key: str | None = None

    @property
    def event_id(self) -> str:
        """Stable over every repetition: receivers outside tell doubles by it."""
        return f"outbox-{self.id}"


def _is_free(dialect: str) -> str:
    """Nobody holds the row, and its next try is due."""
    return f"(lease_until IS NULL OR lease_until < {_DATABASE_NOW[dialect]})"


def lease(
    connection: Connection, now: datetime, *, limit: int = 100, seconds: int = 60
) -> list[tuple[int, int, str]]:
    """Take what is due and free: (id, fence, topic). A row taken too often is dead instead.

    `now` is the installation's clock; the lease itself runs on the database's.
    """
    dialect = connection.dialect.name
    skip = "" if dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    statement = f"""
    UPDATE sys_outbox SET
      state = CASE WHEN tries >= :most THEN 'dead' ELSE state END,
      tries = CASE WHEN tries >= :most THEN tries ELSE tries + 1 END,
      fence = fence + 1,
      lease_until = {_LEASE_END[dialect]}
    WHERE id IN (
      SELECT id FROM sys_outbox WHERE state = 'ready'
        AND (due_at IS NULL OR due_at <= :now)
        AND {_is_free(dialect)}
      ORDER BY id LIMIT :limit {skip})
    RETURNING id, fence, topic, state
    """
    values = {
        "most": MOST_TRIES,
        "span": f"{seconds:+d} seconds",
        "now": instant_text(now) if dialect == "sqlite" else truncated(now),
        "limit": limit,
    }
    taken = connection.execute(text(statement), values).all()
    return sorted((row.id, row.fence, row.topic) for row in taken if row.state == "ready")


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether `lease` would find something; takes no write lock."""
    dialect = connection.dialect.name
    statement = f"""
    SELECT 1 FROM sys_outbox WHERE state = 'ready'
      AND (due_at IS NULL OR due_at <= :now)
      AND {_is_free(dialect)} LIMIT 1
    """
    at = instant_text(now) if dialect == "sqlite" else truncated(now)
    return connection.execute(text(statement), {"now": at}).first() is not None


_MESSAGE = (
    sys_outbox.c.id,
    sys_outbox.c.topic,
    sys_outbox.c.payload,
    sys_outbox.c.fence,
    sys_outbox.c.tries,
    sys_outbox.c.created_at,
    sys_outbox.c.due_at,
    sys_outbox.c.key,
)


def held(connection: Connection, id_: int, fence: int) -> Message | None:
    """The message, if this lease is still the newest and nobody finished it."""
    row = connection.execute(
        select(*_MESSAGE).where(
            sys_outbox.c.id == id_, sys_outbox.c.fence == fence, sys_outbox.c.state == "ready"
        )
    ).first()
    return Message(*tuple(row)) if row else None


def finish(connection: Connection, id_: int, fence: int, now: datetime) -> bool:
    """Mark it done in the transaction of its effect; False when another holds it: do nothing.

    Done first: on PostgreSQL the row lock makes a second worker wait, and then find it done.
    """
    found = connection.execute(
        update(sys_outbox)
        .where(sys_outbox.c.id == id_, sys_outbox.c.fence == fence, sys_outbox.c.state == "ready")
        .values(state="done", done_at=now, error=None, lease_until=None)
    )
    return found.rowcount == 1


def finish_all(connection: Connection, ids: Collection[int], now: datetime) -> None:
    """Messages nobody listens to."""
    connection.execute(
        update(sys_outbox)
        .where(sys_outbox.c.id.in_(ids), sys_outbox.c.state == "ready")
        .values(state="done", done_at=now, lease_until=None)
    )


def put_back(connection: Connection, id_: int, fence: int, error: str, seconds: int) -> None:
    """It failed: keep why, and let it be taken again after a while (or die, when tried too often).

    `seconds`: how long to wait, in the database's time.
    """
    statement = f"""
    UPDATE sys_outbox SET error = :error,
      state = CASE WHEN tries >= :most THEN 'dead' ELSE state END,
      lease_until = {_LEASE_END[connection.dialect.name]}
    WHERE id = :id AND fence = :fence AND state = 'ready'
    """
    values = {
        "error": error[:2000],
        "most": MOST_TRIES,
        "span": f"{seconds:+d} seconds",
        "id": id_,
        "fence": fence,
    }
    connection.execute(text(statement), values)


def revive(connection: Connection, ids: Sequence[int]) -> int:
    """Try dead letters again, as if new; how many there were."""
    return connection.execute(
        update(sys_outbox)
        .where(sys_outbox.c.id.in_(ids), sys_outbox.c.state == "dead")
        .values(state="ready", tries=0, lease_until=None)
    ).rowcount


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as an administrator sees it."""

    id: int
    topic: str
    state: str
    tries: int
    created_at: datetime
    error: str | None


def dead_letters(connection: Connection, limit: int = 100) -> list[Letter]:
    """What was given up, newest first."""
    columns = (sys_outbox.c[name] for name in Letter.__dataclass_fields__)
    rows = connection.execute(
        select(*columns)
        .where(sys_outbox.c.state == "dead")
        .order_by(sys_outbox.c.id.desc())
        .limit(limit)
    )
    return [Letter(*tuple(row)) for row in rows]


def waiting(connection: Connection, now: datetime) -> tuple[int, datetime | None, int]:
    """How many messages a worker could take now, since when the oldest of those that have no time
    of their own, and how many are dead. One that waits for its next try, or is being run, waits for
    no worker; a try that is due again waits since its lease ended."""
    dialect = connection.dialect.name
    statement = f"""
    SELECT
      (SELECT count(*) FROM sys_outbox WHERE state = 'ready'
        AND coalesce(due_at, :now) <= :now AND {_is_free(dialect)}),
      (SELECT count(*) FROM sys_outbox WHERE state = 'dead')
    """
    at = instant_text(now) if dialect == "sqlite" else truncated(now)
    ready, dead = connection.execute(text(statement), {"now": at}).one()
    since = func.coalesce(sys_outbox.c.lease_until, sys_outbox.c.created_at, type_=Instant)
    oldest = connection.execute(
        select(since)
        .where(
            sys_outbox.c.state == "ready", sys_outbox.c.due_at.is_(None), text(_is_free(dialect))
        )
        .order_by(since)
        .limit(1)
    ).scalar()
    return ready, oldest, dead


def sweep(
    connection: Connection, before: datetime, keyed_before: datetime, limit: int = 10_000
) -> int:
    """Forget what was done before an instant; what has a key, so that nobody does it again, before
    another."""
    old = (
        select(sys_outbox.c.id)
        .where(
            sys_outbox.c.state == "done",
            sys_outbox.c.done_at < before,
            or_(sys_outbox.c.key.is_(None), sys_outbox.c.done_at < keyed_before),
        )
        .order_by(sys_outbox.c.id)
        .limit(limit)
    )
    return connection.execute(
        sys_outbox.delete().where(sys_outbox.c.id.in_(old.scalar_subquery()))
    ).rowcount
