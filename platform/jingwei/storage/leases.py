"""Who may do what only one may do at a time. Times are the database's, never this machine's."""

from __future__ import annotations

from sqlalchemy import text

from jingwei.storage.database import Connection

_NOW = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', {0})",
    "postgresql": "now() + CAST({0} AS interval)",
}
_TAKE = """
INSERT INTO sys_lease (name, holder, fence, until) VALUES (:name, :holder, 1, {until})
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, until = excluded.until,
    fence = sys_lease.fence + CASE WHEN sys_lease.holder = excluded.holder THEN 0 ELSE 1 END
WHERE sys_lease.holder = excluded.holder OR sys_lease.until < {now}
RETURNING fence
"""
_GIVE = "UPDATE sys_lease SET until = {past} WHERE name = :name AND holder = :holder"


def take_lease(connection: Connection, name: str, holder: str, seconds: int) -> int | None:
    """Take or renew a lease; its fencing number, or None while another holds it."""
    moment = _NOW[connection.dialect.name]
    statement = _TAKE.format(until=moment.format(":span"), now=moment.format(":none"))
    spans = {"span": f"{seconds:+d} seconds", "none": "+0 seconds"}
    fence: int | None = connection.execute(
        text(statement), {"name": name, "holder": holder, **spans}
    ).scalar()
    return fence


def give_lease(connection: Connection, name: str, holder: str) -> None:
    """Let the next one have it at once. The row stays: its fence only rises."""
    past = _NOW[connection.dialect.name].format(":past")
    values = {"name": name, "holder": holder, "past": "-1 seconds"}
    connection.execute(text(_GIVE.format(past=past)), values)
