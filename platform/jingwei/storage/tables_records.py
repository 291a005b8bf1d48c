"""Engine tables: what surrounds records (changes, numbers, files, comments, versions …)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy import text as sql

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Day, Instant, JsonText

# SQLite gives ascending numbers by itself only to INTEGER keys.
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

# History and audit are the same rows. Insert only: triggers refuse the rest.
sys_change = Table(
    "sys_change",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", BigInteger),  # none: the system
    Column("on_behalf_of", BigInteger),
    Column("org", Integer),
    Column("action", CODE_POINT_TEXT, nullable=False),
    Column("kind", CODE_POINT_TEXT, nullable=False),  # record, person, release …
    Column("form", Integer),
    Column("object", BigInteger),
    Column("object_version", Integer),
    Column("body", CODE_POINT_TEXT, nullable=False),
    Column("release", Integer),
    Column("request", CODE_POINT_TEXT),
    # filled by the sealer, once
    Column("seq", BigInteger),
    Column("prev", CODE_POINT_TEXT),
    Column("hash", CODE_POINT_TEXT),
    Index("ix_sys_change_object", "object", "id"),
    Index("ix_sys_change_seq", "seq", unique=True),
    Index(
        "ix_sys_change_unsealed",
        "id",
        sqlite_where=sql("seq IS NULL"),
        postgresql_where=sql("seq IS NULL"),
    ),
)

# Sensitive values, beside the chain: erasing one leaves the chain whole.
sys_change_private = Table(
    "sys_change_private",
    metadata,
    Column("change", BigInteger, nullable=False),
    Column("path", CODE_POINT_TEXT, nullable=False),
    Column("salt", CODE_POINT_TEXT, nullable=False),
    Column("value", JsonText),
    PrimaryKeyConstraint("change", "path"),
)

sys_counter = Table(
    "sys_counter",
    metadata,
    Column("prefix", CODE_POINT_TEXT, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

sys_idempotency = Table(
    "sys_idempotency",
    metadata,
    Column("actor", BigInteger, nullable=False),
    Column("key", CODE_POINT_TEXT, nullable=False),
    Column("request_hash", CODE_POINT_TEXT, nullable=False),
    Column("answer", JsonText),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("actor", "key"),
    Index("ix_sys_idempotency_at", "at"),
)

# Content lies at DATA_DIR/files/ab/cdef…; a row's rights are those of its owner's field.
sys_file = Table(
    "sys_file",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", CODE_POINT_TEXT, nullable=False),
    Column("type", CODE_POINT_TEXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", CODE_POINT_TEXT, nullable=False, index=True),
    Column("form", Integer),
    Column("record", BigInteger, index=True),
    Column("field", CODE_POINT_TEXT),
    Column("created_at", Instant, nullable=False),
    Column("created_by", BigInteger),
)

sys_comment = Table(
    "sys_comment",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("form", Integer, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("body", CODE_POINT_TEXT, nullable=False),
    Column("reply_to", BigInteger),
    Column("deleted_at", Instant),
    Index("ix_sys_comment_record", "record", "id"),
)

sys_share = Table(
    "sys_share",
    metadata,
    Column("record", BigInteger, nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("form", Integer, nullable=False),
    Column("by", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", Day),  # the last day; null: for good
    PrimaryKeyConstraint("record", "person"),
    Index("ix_sys_share_person", "person", "form"),
)

# Immutable snapshots of records.
sys_version = Table(
    "sys_version",
    metadata,
    Column("record", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("form", Integer, nullable=False),
    Column("label", CODE_POINT_TEXT),
    Column("body", JsonText, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("release", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", BigInteger),
    PrimaryKeyConstraint("record", "number"),
)

sys_draft = Table(
    "sys_draft",
    metadata,
    Column("author", ForeignKey("sys_person.id"), nullable=False),
    Column("path", CODE_POINT_TEXT, nullable=False),
    Column("base_hash", CODE_POINT_TEXT),
    Column("text", CODE_POINT_TEXT),  # none: the draft deletes the file
    Column("deleted", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("author", "path"),
)

# Who may do what only one may do; `fence` rises with each holder. Times are the database's.
sys_lease = Table(
    "sys_lease",
    metadata,
    Column("name", CODE_POINT_TEXT, primary_key=True),
    Column("holder", CODE_POINT_TEXT, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
)
