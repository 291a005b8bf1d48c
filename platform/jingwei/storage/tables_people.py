"""Engine tables: people, what they hold, and how they are known."""

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

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Day, Instant, JsonText

sys_person = Table(
    "sys_person",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("login", CODE_POINT_TEXT, nullable=False, unique=True),
    Column("name", CODE_POINT_TEXT, nullable=False),
    Column("title", CODE_POINT_TEXT),
    Column("email", CODE_POINT_TEXT),
    Column("phone", CODE_POINT_TEXT),
    Column("org", ForeignKey("sys_name.key"), nullable=False),
    Column("locale", CODE_POINT_TEXT),
    Column("password", CODE_POINT_TEXT),  # an argon2id hash
    Column("active", Boolean, nullable=False),
    Column("valid_from", Day),
    Column("valid_to", Day),
    Column("rights_epoch", Integer, nullable=False, server_default="0"),
    Column("settings", JsonText),
    Column("created_at", Instant, nullable=False),
    Column("initials", CODE_POINT_TEXT),  # of the name, as people type them to find somebody
)


def _held(table: str, what: str) -> Table:
    """Who holds a post or role at an org, from a day to a day (exclusive; none: still)."""
    return Table(
        table,
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column(what, ForeignKey("sys_name.key"), nullable=False),
        Column("org", ForeignKey("sys_name.key"), nullable=False),
        Column("person", ForeignKey("sys_person.id"), nullable=False),
        Column("from", Day),
        Column("to", Day),
        Index(f"ix_{table}_person", "person"),
        Index(f"ix_{table}_{what}", what, "org"),
    )


sys_post_holder = _held("sys_post_holder", "post")
sys_role_holder = _held("sys_role_holder", "role")

# The orgs that the holder of a covering post (分管) looks after, each with what is below it.
sys_post_cover = Table(
    "sys_post_cover",
    metadata,
    Column("holding", ForeignKey("sys_post_holder.id"), nullable=False),
    Column("org", ForeignKey("sys_name.key"), nullable=False),
    PrimaryKeyConstraint("holding", "org"),
)

# Secrets are kept as sha256: a stolen table signs nobody in.
sys_session = Table(
    "sys_session",
    metadata,
    Column("hash", CODE_POINT_TEXT, primary_key=True),
    Column("person", ForeignKey("sys_person.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("csrf", CODE_POINT_TEXT),
    Column("source", CODE_POINT_TEXT),
    Column("agent", CODE_POINT_TEXT),
)

sys_token = Table(
    "sys_token",
    metadata,
    Column("hash", CODE_POINT_TEXT, primary_key=True),
    Column("id", BigInteger, nullable=False, unique=True),
    Column("name", CODE_POINT_TEXT, nullable=False),
    Column("person", ForeignKey("sys_person.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
)

# Failed sign-ins, for throttling an account and a source.
sys_login_failure = Table(
    "sys_login_failure",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", CODE_POINT_TEXT, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_sys_login_failure_subject", "subject", "at"),
)
