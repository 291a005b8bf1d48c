"""Engine tables: facts of indicators, where they come from, adjustments, computed blocks.

Indicators and orgs are their small keys, periods one integer, views and data versions the codes of
`language/data_versions.py`; scenario 0 is what is so.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import LargeBinary

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant

# Where facts come from; a batch is what came together from one place.
sys_fact_batch = Table(
    "sys_fact_batch",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("source", CODE_POINT_TEXT, nullable=False),
    Column("source_url", CODE_POINT_TEXT),
    Column("note", CODE_POINT_TEXT),
    Column("person", BigInteger),  # none: the system
    Column("at", Instant, nullable=False),
)

sys_fact = Table(
    "sys_fact",
    metadata,
    Column("indicator", ForeignKey("sys_name.key"), nullable=False),
    Column("view", Integer, nullable=False),
    Column("scenario", Integer, nullable=False),
    Column("period", Integer, nullable=False),
    Column("org", ForeignKey("sys_name.key"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("value", Double, nullable=False),
    Column("batch", ForeignKey("sys_fact_batch.id"), nullable=False),
    Column("form", Integer),  # the record it was taken from, if one
    Column("record", BigInteger),
    PrimaryKeyConstraint("indicator", "view", "scenario", "period", "org", "version"),
    Index("ix_sys_fact_record", "record"),
)

# Entries between the sum of the orgs below and the figure of an org: eliminations above all.
sys_adjustment = Table(
    "sys_adjustment",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("indicator", ForeignKey("sys_name.key"), nullable=False),
    Column("view", Integer, nullable=False),
    Column("scenario", Integer, nullable=False),
    Column("period", Integer, nullable=False),
    Column("org", ForeignKey("sys_name.key"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", CODE_POINT_TEXT, nullable=False),
    Column("counterpart", CODE_POINT_TEXT, nullable=False),  # empty: none
    Column("reason", CODE_POINT_TEXT, nullable=False),
    Column("value", Double, nullable=False),
    Column("batch", ForeignKey("sys_fact_batch.id"), nullable=False),
    UniqueConstraint(
        "indicator",
        "view",
        "scenario",
        "period",
        "org",
        "version",
        "kind",
        "counterpart",
        "reason",
        name="uq_sys_adjustment_key",
    ),
)

# Whoever writes facts or blocks raises this one row's revision first, and so waits for the other.
sys_fact_state = Table(
    "sys_fact_state",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)

# Computed values of one year, packed org by month: a copy of what facts say. A change of facts
# deletes the blocks it touches in its own transaction; a block of another release is none.
sys_cube_block = Table(
    "sys_cube_block",
    metadata,
    Column("indicator", ForeignKey("sys_name.key"), nullable=False),
    Column("view", Integer, nullable=False),
    Column("version", Integer, nullable=False),  # 0: the most trusted
    Column("scenario", Integer, nullable=False),
    Column("year", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("release", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("indicator", "view", "version", "scenario", "year"),
)
