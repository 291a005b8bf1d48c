"""What effects have done: each (trigger, path) once, and one record for each `once_per`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from jingwei.storage.database import Connection
from jingwei.storage.tables_effects import sys_effect, sys_once

_DONE = {
    "sqlite": sqlite.insert(sys_effect).on_conflict_do_nothing().returning(sys_effect.c.key),
    "postgresql": postgresql.insert(sys_effect)
    .on_conflict_do_nothing()
    .returning(sys_effect.c.key),
}
_ONCE = {
    "sqlite": sqlite.insert(sys_once).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(sys_once).on_conflict_do_nothing(),
}


def is_first(connection: Connection, key: str, now: datetime) -> bool:
    """Whether this (trigger, path) has not run yet; from now on it has.

    Another transaction that runs the same waits here, and then finds it done.
    """
    done = connection.execute(_DONE[connection.dialect.name], {"key": key, "at": now})
    return done.first() is not None


def hold(connection: Connection, key: str) -> int | None:
    """Keep others from creating for the same values until this transaction ends; the record that
    was created for them before."""
    connection.execute(_ONCE[connection.dialect.name], {"key": key, "record": None})
    found: int | None = connection.execute(
        select(sys_once.c.record).where(sys_once.c.key == key).with_for_update()
    ).scalar()
    return found


def remember(connection: Connection, key: str, record: int) -> None:
    """This record is the one for the values of the key."""
    connection.execute(update(sys_once).where(sys_once.c.key == key).values(record=record))


def forget_effects(connection: Connection, before: datetime) -> int:
    """Drop triggers that cannot come again; how many."""
    return connection.execute(delete(sys_effect).where(sys_effect.c.at < before)).rowcount
