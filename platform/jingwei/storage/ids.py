"""One id space for every record: handed out in blocks, known before the insert, never reused."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection, text

BLOCK = 1_000
_TENTATIVE = "jingwei_ids"

_POSTGRESQL = text("SELECT nextval('sys_id_blocks') FROM generate_series(1, :blocks)")
_SQLITE = text("UPDATE sys_ids SET next = next + :size WHERE name = 'records' RETURNING next")


class IdBlocks:
    """The block a process hands ids out of.

    PostgreSQL: a block is one value of a sequence, which no rollback gives back. SQLite: a block is
    taken inside the writer's transaction, so it belongs to that connection until it commits.
    """

    def __init__(self, dialect: Literal["sqlite", "postgresql"]) -> None:
        self._dialect = dialect
        self._lock = threading.Lock()
        self._free = range(0)

    def take(self, connection: Connection, count: int) -> Sequence[int]:
        """`count` fresh ids, ascending."""
        tentative: range | None = connection.info.pop(_TENTATIVE, None)
        with self._lock:
            free, self._free = (
                (self._free, range(0)) if tentative is None else (tentative, self._free)
            )
            if len(free) >= count and tentative is None:
                self._free = free[count:]
                return free[:count]
        if len(free) >= count:
            connection.info[_TENTATIVE] = free[count:]
            return free[:count]
        return self._more(connection, free, count)

    def _more(self, connection: Connection, free: range, count: int) -> Sequence[int]:
        blocks = -(-(count - len(free)) // BLOCK)
        if self._dialect == "sqlite":
            end = connection.execute(_SQLITE, {"size": blocks * BLOCK}).scalar_one()
            fresh = [range(end - blocks * BLOCK, end)]
        else:
            starts = connection.execute(_POSTGRESQL, {"blocks": blocks}).scalars().all()
            fresh = [range(start, start + BLOCK) for start in starts]
        rest = fresh[-1]
        used = [*free, *(i for block in fresh[:-1] for i in block)]
        missing = count - len(used)
        self._keep(connection, rest[missing:])
        return [*used, *rest[:missing]]

    def _keep(self, connection: Connection, rest: range) -> None:
        if self._dialect == "sqlite":
            connection.info[_TENTATIVE] = rest
            return
        with self._lock:
            if len(rest) > len(self._free):
                self._free = rest

    def committed(self, connection: Connection) -> None:
        """The transaction holds: what is left of its block is everybody's."""
        rest: range | None = connection.info.pop(_TENTATIVE, None)
        if rest:
            with self._lock:
                if len(rest) > len(self._free):
                    self._free = rest

    def undone(self, connection: Connection) -> None:
        """The transaction is gone, and with it the block: another process may be given it."""
        connection.info.pop(_TENTATIVE, None)
