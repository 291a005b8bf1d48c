"""The one server of an embedded installation, by a lease that outlives no crash for long."""

from __future__ import annotations

import os
import socket

from sqlalchemy import select

from jingwei.storage.database import Connection
from jingwei.storage.leases import give_lease, take_lease
from jingwei.storage.tables_records import sys_lease

SERVER = "server"
SERVER_SECONDS = 10


def server_name() -> str:
    """This process by host and number, as the lease knows it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def take_server(connection: Connection, holder: str) -> str | None:
    """Be the server, or stay it; else the name of the one that is.

    A holder on this machine whose process is gone was killed: its lease ends now.
    """
    if take_lease(connection, SERVER, holder, SERVER_SECONDS) is not None:
        return None
    other: str = connection.execute(
        select(sys_lease.c.holder).where(sys_lease.c.name == SERVER)
    ).scalar_one()
    if is_alive(other):
        return other
    give_lease(connection, SERVER, other)
    return None if take_lease(connection, SERVER, holder, SERVER_SECONDS) is not None else other


def leave_server(connection: Connection, holder: str) -> None:
    """The next server need not wait."""
    give_lease(connection, SERVER, holder)


def is_alive(holder: str) -> bool:
    """Whether the process is still there; one of another machine is believed to be."""
    host, _, process = holder.rpartition(":")
    if host != socket.gethostname() or not process.isdigit():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
