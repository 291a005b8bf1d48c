"""Answers already given: the same request again is the same answer, and no second deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from jingwei.storage.database import Connection
from jingwei.storage.direct import Direct
from jingwei.storage.tables_records import sys_idempotency

_FIND = Direct(
    select(sys_idempotency.c.request_hash, sys_idempotency.c.answer).where(
        sys_idempotency.c.actor == bindparam("actor"), sys_idempotency.c.key == bindparam("key")
    ),
    "actor",
    "key",
)
_STORED = ("actor", "key", "request_hash", "answer", "at")
_STORE = Direct(
    insert(sys_idempotency).values({name: bindparam(name) for name in _STORED}), *_STORED
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked (by its hash) and answered under a key."""

    request_hash: str
    answer: Any


def find_answer(connection: Connection, actor: int, key: str) -> Answered | None:
    for row in _FIND.read(connection, actor=actor, key=key):
        return Answered(*row)
    return None


def store_answer(
    connection: Connection, actor: int, key: str, request_hash: str, answer: Any, at: datetime
) -> None:
    """Keep the answer with the deed. Raises Duplicate (at the end of the transaction's block)
    when the same request ran at the same time: run again, and find its answer."""
    _STORE.later(connection, actor=actor, key=key, request_hash=request_hash, answer=answer, at=at)


def forget_answers(connection: Connection, before: datetime) -> int:
    """Drop answers nobody will ask for again; how many."""
    return connection.execute(delete(sys_idempotency).where(sys_idempotency.c.at < before)).rowcount
