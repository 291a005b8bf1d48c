"""Engine tables: what makes lists a person's own: saved views, followed records, words to find."""

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
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText

_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

# A list as somebody wants to find it again. `org`: for everybody at this org and below; none: the
# owner's alone. `body`: filter, sort, columns … as the address has them.
sys_view = Table(
    "sys_view",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("form", Integer, nullable=False),
    Column("owner", ForeignKey("sys_person.id"), nullable=False),
    Column("org", Integer),
    Column("title", CODE_POINT_TEXT, nullable=False),
    Column("body", JsonText, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("opens", Boolean),
    Index("ix_sys_view_form", "form", "owner"),
)

# Who hears of what happens to a record. `muted`: asked not to, whatever makes others followers.
sys_follower = Table(
    "sys_follower",
    metadata,
    Column("record", BigInteger, nullable=False),
    Column("person", ForeignKey("sys_person.id"), nullable=False),
    Column("form", Integer, nullable=False),
    Column("muted", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("record", "person"),
)

# One row a searchable field of a record, so that a hidden field is not searched. `words`: see
# `jingwei.storage.full_text`; a vector on PostgreSQL, copied to a full-text table on SQLite.
sys_words = Table(
    "sys_words",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("form", Integer, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("field", CODE_POINT_TEXT, nullable=False),
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    UniqueConstraint("record", "field"),
    Index("ix_sys_words_form", "form", "field"),
)
