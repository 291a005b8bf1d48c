"""Engine tables: sheets that were imported, and which records each part of them brought."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant, JsonText

# One import. `state`: see `storage.imports.Batch`. `sha256`: of the file, whose content lies with
# the files.
sys_import = Table(
    "sys_import",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("form", Integer, nullable=False),
    Column("by", BigInteger),
    Column("at", Instant, nullable=False),
    Column("name", CODE_POINT_TEXT, nullable=False),
    Column("sha256", CODE_POINT_TEXT, nullable=False),
    Column("mode", CODE_POINT_TEXT, nullable=False),
    Column("state", CODE_POINT_TEXT, nullable=False),
    Column("good", Integer, nullable=False, default=0),
    Column("bad", Integer, nullable=False, default=0),
    Index("ix_sys_import", "form", "by"),
)

# A batch of rows, written in the transaction of its records: what is there need not be done again.
# What came of taking it back stands beside it, at -1 - first.
sys_import_part = Table(
    "sys_import_part",
    metadata,
    Column("batch", BigInteger, nullable=False),
    Column("first", Integer, nullable=False),  # row of the sheet
    Column("ids", JsonText, nullable=False),
    Column("refused", JsonText, nullable=False),  # [row, path, code, holes]
    PrimaryKeyConstraint("batch", "first"),
)
