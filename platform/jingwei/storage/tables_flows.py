"""Engine tables: approvals (instances, step runs, events, timers) and the one inbox."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, PlainJson

# One request on its way. `fingerprint` is the hash of the workflow's text in `sys_text`: the
# instance goes on under it whatever is published meanwhile.
sys_flow_instance = Table(
    "sys_flow_instance",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("form", Integer, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("workflow", CODE_POINT_TEXT, nullable=False),
    Column("fingerprint", CODE_POINT_TEXT, nullable=False),
    Column("release", Integer, nullable=False),
    Column("status", CODE_POINT_TEXT, nullable=False),
    Column("round", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("seq", Integer, nullable=False),  # of the newest event
    Column("initiator", ForeignKey("sys_person.id"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("previous", BigInteger),  # the instance that was reopened
    Column("parent", BigInteger),  # the instance whose step began this one
    Column("parent_run", BigInteger),
    Column("memory", PlainJson, nullable=False),
    Index("ix_sys_flow_instance_record", "record", "id"),
    Index("ix_sys_flow_instance_initiator", "initiator", "status", "id"),
    Index("ix_sys_flow_instance_status", "status", "workflow"),
    Index("ix_sys_flow_instance_parent", "parent"),
)

sys_step_run = Table(
    "sys_step_run",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("flow", ForeignKey("sys_flow_instance.id"), nullable=False, index=True),
    Column("step", CODE_POINT_TEXT, nullable=False),
    Column("kind", CODE_POINT_TEXT, nullable=False),
    Column("path", CODE_POINT_TEXT, nullable=False),
    Column("parent", BigInteger),
    Column("lane", CODE_POINT_TEXT),
    Column("round", Integer, nullable=False),
    Column("state", CODE_POINT_TEXT, nullable=False),  # open | done | cancelled
    Column("outcome", CODE_POINT_TEXT),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("due_at", Instant),
    Column("data", PlainJson, nullable=False),  # lanes of a block, how people were found
)

# The one inbox. `person` has the seat, `acting` is asked (a stand-in, or the same person).
sys_task = Table(
    "sys_task",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("flow", ForeignKey("sys_flow_instance.id"), index=True),
    Column("run", BigInteger, index=True),
    Column("form", Integer, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("person", ForeignKey("sys_person.id"), nullable=False),
    Column("acting", ForeignKey("sys_person.id"), nullable=False),
    Column("kind", CODE_POINT_TEXT, nullable=False),  # approval fill receipt todo collect cc answer
    Column("state", CODE_POINT_TEXT, nullable=False),  # open | waiting | closed | told
    Column("outcome", CODE_POINT_TEXT),
    Column("seat", Integer, nullable=False, server_default="0"),
    Column("weight", Integer, nullable=False, server_default="1"),
    Column("origin", BigInteger),  # the task whose holder added or asked this person
    Column("position", CODE_POINT_TEXT),  # before | after | with | delegate
    Column("title", PlainJson, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("closed_at", Instant),
    Column("closed_by", BigInteger),  # none: the system, and `reason` says why
    Column("reason", CODE_POINT_TEXT),
    Column("comment", CODE_POINT_TEXT),
    Column("key", CODE_POINT_TEXT, unique=True),
    Index("ix_sys_task_acting", "acting", "id"),
    Index(  # a page of an inbox is read in this order, whatever else is open
        "ix_sys_task_todo",
        "acting",
        sql("(due_at IS NULL)"),
        "due_at",
        "id",
        sqlite_where=sql("state = 'open'"),
        postgresql_where=sql("state = 'open'"),
    ),
    Index("ix_sys_task_record", "record", "acting"),
    Index("ix_sys_task_person", "person", "state"),
    Index("ix_sys_task_closed_by", "closed_by", "id"),
)

# What happened, append-only; `changes` are those of state, so that the log replays.
sys_flow_event = Table(
    "sys_flow_event",
    metadata,
    Column("flow", ForeignKey("sys_flow_instance.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", BigInteger),  # none: the system
    Column("on_behalf_of", BigInteger),
    Column("type", CODE_POINT_TEXT, nullable=False),
    Column("step", CODE_POINT_TEXT),
    Column("comment", CODE_POINT_TEXT),
    Column("data", PlainJson, nullable=False),
    Column("changes", PlainJson),
    Column("key", CODE_POINT_TEXT),
    UniqueConstraint("key"),
)

sys_timer = Table(
    "sys_timer",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("flow", ForeignKey("sys_flow_instance.id"), nullable=False, index=True),
    Column("run", BigInteger),
    Column("purpose", CODE_POINT_TEXT, nullable=False),  # remind | overdue | wait | at_most
    Column("due_at", Instant, nullable=False, index=True),
    Column("data", PlainJson, nullable=False),
)

# Who stands in for whom, from an instant to an instant (exclusive).
sys_proxy = Table(
    "sys_proxy",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person", ForeignKey("sys_person.id"), nullable=False, index=True),
    Column("to", ForeignKey("sys_person.id"), nullable=False),
    Column("from", Instant, nullable=False),
    Column("until", Instant, nullable=False, index=True),
    Column("forms", PlainJson, nullable=False),  # names; none: every form
    Column("include_open", Boolean, nullable=False),
    Column("moved_at", Instant),  # when open tasks were moved, where they are to be
    Column("created_at", Instant, nullable=False),
    Column("created_by", ForeignKey("sys_person.id"), nullable=False),
)
