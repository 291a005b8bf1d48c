"""Engine tables: releases, physical names, name keys, ids."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import LargeBinary

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText

# Content-addressed: the same text in a hundred releases is one row.
sys_text = Table(
    "sys_text",
    metadata,
    Column("hash", CODE_POINT_TEXT, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

sys_release = Table(
    "sys_release",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("parent", ForeignKey("sys_release.id")),
    Column("fingerprint", CODE_POINT_TEXT, nullable=False),
    Column("engine", CODE_POINT_TEXT, nullable=False),
    Column("language", Integer, nullable=False),
    Column("author", CODE_POINT_TEXT, nullable=False),
    Column("comment", CODE_POINT_TEXT),
    Column("at", Instant, nullable=False),
    Column("plan", JsonText),
    Column("names", ForeignKey("sys_text.hash"), nullable=False),  # its physical names, as JSON
    Column("source", CODE_POINT_TEXT, nullable=False),  # folder | studio | rollback
    Column("rollback_of", ForeignKey("sys_release.id")),
)

sys_release_file = Table(
    "sys_release_file",
    metadata,
    Column("release", ForeignKey("sys_release.id"), primary_key=True),
    Column("path", CODE_POINT_TEXT, primary_key=True),
    Column("hash", ForeignKey("sys_text.hash"), nullable=False),
)

sys_active_release = Table(
    "sys_active_release",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("release", ForeignKey("sys_release.id"), nullable=False),
)

# A publication that is under way, in several steps: what was prepared for which definitions, and
# how far it is. `mark`: the newest change when it began; whatever was logged since is converted
# again before the release is swapped. `progress`: fill → {last, done, total, failed …}.
sys_preparation = Table(
    "sys_preparation",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("base", Integer),
    Column("fingerprint", CODE_POINT_TEXT, nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("progress", JsonText, nullable=False),
    Column("author", CODE_POINT_TEXT, nullable=False),
    Column("at", Instant, nullable=False),
)

# The ledger of allotted names: which table and column was made for what, and what became of it.
sys_table = Table(
    "sys_table",
    metadata,
    Column("name", CODE_POINT_TEXT, primary_key=True),
    Column("form", CODE_POINT_TEXT, nullable=False),
    Column("part", CODE_POINT_TEXT, nullable=False),  # a sub-table's field; empty: the form itself
    Column("since", Integer, nullable=False),
    Column("state", CODE_POINT_TEXT, nullable=False),  # see jingwei.storage.ledger
)

sys_column = Table(
    "sys_column",
    metadata,
    Column("table", ForeignKey("sys_table.name"), primary_key=True),
    Column("column", CODE_POINT_TEXT, primary_key=True),
    Column("field", CODE_POINT_TEXT, nullable=False),
    Column("type", CODE_POINT_TEXT, nullable=False),
    Column("since", Integer, nullable=False),
    Column("state", CODE_POINT_TEXT, nullable=False),  # see jingwei.storage.ledger
)

# Small keys of orgs, indicators, forms, roles and posts; a rename moves the name, never the key.
sys_name = Table(
    "sys_name",
    metadata,
    Column("key", Integer, Identity(), primary_key=True),
    Column("kind", CODE_POINT_TEXT, nullable=False),
    Column("name", CODE_POINT_TEXT, nullable=False),
    UniqueConstraint("kind", "name"),
)

sys_ids = Table(
    "sys_ids",
    metadata,
    Column("name", CODE_POINT_TEXT, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

# Today's tree, for scopes and for what expressions ask of an org.
sys_org = Table(
    "sys_org",
    metadata,
    Column("key", ForeignKey("sys_name.key"), primary_key=True, autoincrement=False),
    Column("code", CODE_POINT_TEXT, nullable=False),
    Column("title", JsonText, nullable=False),
    Column("type", CODE_POINT_TEXT, nullable=False),
    Column("parent", Integer),
    Column("profile", CODE_POINT_TEXT),
    Column("facts", JsonText),
    Column("active", Integer, nullable=False, server_default="1"),
)

# `above` = `below` at depth 0.
sys_org_below = Table(
    "sys_org_below",
    metadata,
    Column("below", Integer, primary_key=True, autoincrement=False),
    Column("above", Integer, primary_key=True, autoincrement=False),
    Column("depth", Integer, nullable=False),
    Index("ix_sys_org_below_above", "above", "below"),
)
