"""Numbers that count up without a gap, one counter a prefix."""

from __future__ import annotations

from jingwei.storage.database import Connection

_NEXT = (
    "INSERT INTO sys_counter (prefix, value) VALUES ({0}, 1) "
    "ON CONFLICT (prefix) DO UPDATE SET value = sys_counter.value + 1 RETURNING value"
)
_TEXTS = {"sqlite": _NEXT.format("?"), "postgresql": _NEXT.format("%s")}


def next_value(connection: Connection, prefix: str) -> int:
    """The next number of this prefix. Others who want one wait until this transaction ends: a
    number that is given is used."""
    text = _TEXTS[connection.dialect.name]
    value: int = connection.exec_driver_sql(text, (prefix,)).scalar_one()
    return value
