"""Engine tables: what people wrote into reports, and the documents that were kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText, PeriodKey

# A text is never written over: the newest row of a slot counts, the others are its history.
# `about`: the report's parameters as one text, orgs by key.
sys_report_narrative = Table(
    "sys_report_narrative",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("report", CODE_POINT_TEXT, nullable=False),
    Column("about", CODE_POINT_TEXT, nullable=False),
    Column("slot", CODE_POINT_TEXT, nullable=False),
    Column("text", CODE_POINT_TEXT, nullable=False),
    Column("by", BigInteger),  # none: the system
    Column("at", Instant, nullable=False),
    Index("ix_sys_report_narrative", "report", "about"),
)

# A document as it was handed out: the file, the data it was made from and that data's fingerprint.
sys_report_file = Table(
    "sys_report_file",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("report", CODE_POINT_TEXT, nullable=False),
    Column("about", CODE_POINT_TEXT, nullable=False),
    Column("org", ForeignKey("sys_name.key")),
    Column("period", PeriodKey),
    Column("name", CODE_POINT_TEXT, nullable=False),
    Column("type", CODE_POINT_TEXT, nullable=False),
    Column("fingerprint", CODE_POINT_TEXT, nullable=False),  # of the data
    Column("sha256", CODE_POINT_TEXT, nullable=False),  # of the file
    Column("data", JsonText, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("release", BigInteger, nullable=False),
    Column("by", BigInteger),
    Column("at", Instant, nullable=False),
    Index("ix_sys_report_file", "report", "about"),
)
