"""Engine tables: what effects have done already, and the ledger of alerts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, UniqueConstraint
from sqlalchemy import text as sql

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText

# One row an effect that ran: `key` is its trigger and its path. The same again does nothing.
sys_effect = Table(
    "sys_effect",
    metadata,
    Column("key", CODE_POINT_TEXT, primary_key=True),
    Column("at", Instant, nullable=False),
)

# `once_per`: the one record that may exist for these values. `key`: form and hash of the values.
sys_once = Table(
    "sys_once",
    metadata,
    Column("key", CODE_POINT_TEXT, primary_key=True),
    Column("record", BigInteger),  # none: being created in the transaction that holds the row
)

# What an alert did. `due`: when it should have; a rung of a ladder counts from 1, 0 is the alert
# itself. An indicator's row is open until its level is out of what is watched.
sys_alert = Table(
    "sys_alert",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", CODE_POINT_TEXT, nullable=False),
    Column("subject", CODE_POINT_TEXT, nullable=False),  # org/indicator, form/record, …/row
    Column("rung", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("org", Integer),
    Column("form", Integer),
    Column("record", BigInteger),
    Column("level", CODE_POINT_TEXT),
    Column("period", CODE_POINT_TEXT),
    Column("value", CODE_POINT_TEXT),
    Column("people", JsonText, nullable=False),  # logins that were told
    Column("text", JsonText, nullable=False),  # what was said, by locale
    Column("todo_form", Integer),
    Column("todo", BigInteger),  # the record that was opened
    Column("closed_at", Instant),
    Column("closed_why", CODE_POINT_TEXT),
    UniqueConstraint("alert", "subject", "rung", "due"),
    Index(
        "ix_sys_alert_open",
        "alert",
        "subject",
        sqlite_where=sql("closed_at IS NULL"),
        postgresql_where=sql("closed_at IS NULL"),
    ),
    Index("ix_sys_alert_todo", "todo"),
)

# How the newest look at a subject ended, and why: the answer to "why did this not fire".
sys_alert_look = Table(
    "sys_alert_look",
    metadata,
    Column("alert", CODE_POINT_TEXT, primary_key=True),
    Column("subject", CODE_POINT_TEXT, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("org", Integer),
    Column("outcome", CODE_POINT_TEXT, nullable=False),  # a key of texts/alerts
    Column("holes", JsonText, nullable=False),
)
