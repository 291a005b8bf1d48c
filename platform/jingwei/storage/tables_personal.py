"""Engine tables: what is a person's own, beside what a person holds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText

# What a person keeps for himself, by name: the phrases of his opinions.
sys_personal = Table(
    "sys_personal",
    metadata,
    Column("person", ForeignKey("sys_person.id"), nullable=False),
    Column("name", CODE_POINT_TEXT, nullable=False),
    Column("value", JsonText, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("person", "name"),
)

# The picture of a person's signature from an instant on (`file` none: no picture). Only added to:
# a decision keeps the signature that its person had when it was made.
sys_signature = Table(
    "sys_signature",
    metadata,
    Column("person", ForeignKey("sys_person.id"), nullable=False),
    Column("since", Instant, nullable=False),
    Column("file", BigInteger),
    PrimaryKeyConstraint("person", "since"),
)

# What a person typed into a form and has not saved; `record` 0: into a new one. `values` as they
# were typed; `revision`: of the record, when typing began.
sys_unsaved = Table(
    "sys_unsaved",
    metadata,
    Column("person", ForeignKey("sys_person.id"), nullable=False),
    Column("form", Integer, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("values", JsonText, nullable=False),
    Column("revision", Integer),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("person", "form", "record"),
    Index("ix_sys_unsaved_at", "at"),
)
