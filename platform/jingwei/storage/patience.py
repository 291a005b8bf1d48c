"""Loops that outlive a database: it may restart under them, and they go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from jingwei.storage.database import Connection
from jingwei.storage.errors import TryAgain
from jingwei.storage.tables_records import sys_change

T = TypeVar("T")
log = structlog.get_logger(__name__)


def patiently(step: Callable[[], T]) -> T | None:
    """What `step` gives, or None when the database was busy or away: the next round tries again."""
    try:
        return step()
    except TryAgain as error:
        log.info("database_busy", step=step.__qualname__, reason=str(error))
    except DBAPIError as error:
        log.warning("database_away", step=step.__qualname__, reason=str(error.orig))
    return None


_UNSEALED = select(sys_change.c.id).where(sys_change.c.seq.is_(None)).limit(1)


def has_unsealed(connection: Connection) -> bool:
    """Whether the sealer has something to do; takes no write lock."""
    return connection.execute(_UNSEALED).first() is not None


def answers(connection: Connection) -> bool:
    """Whether the database answers at all."""
    return connection.exec_driver_sql("SELECT 1").scalar() == 1
