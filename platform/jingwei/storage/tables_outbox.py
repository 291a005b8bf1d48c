"""Engine tables: work that waits (outbox, schedules) and notices to people."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table
from sqlalchemy import text as sql

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText

_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

# What must follow a change, written in its transaction. `fence` rises with each lease, so that a
# worker that was thought dead can finish nothing. Leases are in the database's own time.
sys_outbox = Table(
    "sys_outbox",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("topic", CODE_POINT_TEXT, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("key", CODE_POINT_TEXT, unique=True),  # the same key is the same deed; none: no double
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant),  # none: at once
    Column("state", CODE_POINT_TEXT, nullable=False),  # ready | done | dead
    Column("tries", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Instant),
    Column("error", CODE_POINT_TEXT),
    Column("done_at", Instant),
    Index(
        "ix_sys_outbox_ready",
        "id",
        sqlite_where=sql("state = 'ready'"),
        postgresql_where=sql("state = 'ready'"),
    ),
    Index(
        "ix_sys_outbox_dead",
        "id",
        sqlite_where=sql("state = 'dead'"),
        postgresql_where=sql("state = 'dead'"),
    ),
)

# When something comes round again. One row a schedule of the release; (name, next_run) fires once.
sys_schedule = Table(
    "sys_schedule",
    metadata,
    Column("name", CODE_POINT_TEXT, primary_key=True),  # alert/NAME, report/NAME …
    Column("cron", CODE_POINT_TEXT, nullable=False),
    Column("topic", CODE_POINT_TEXT, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("next_run", Instant, nullable=False),
    Column("last_run", Instant),
    Column("active", Boolean, nullable=False),
)

sys_notice = Table(
    "sys_notice",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person", ForeignKey("sys_person.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", CODE_POINT_TEXT, nullable=False),
    Column("text", CODE_POINT_TEXT, nullable=False),
    Column("link", CODE_POINT_TEXT),
    Column("urgent", Boolean, nullable=False),
    Column("key", CODE_POINT_TEXT, unique=True),
    Column("read_at", Instant),
    Index("ix_sys_notice_person", "person", "id"),
)
