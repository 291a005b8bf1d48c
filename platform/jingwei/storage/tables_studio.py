"""Engine tables: definitions that are being written in the studio."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table
from sqlalchemy.types import LargeBinary

from jingwei.storage.metadata import metadata
from jingwei.storage.types import CODE_POINT_TEXT, Instant

# One file as one author writes it. `base`: the sha256 of the published text it was begun from
# (none: there was no such file); `text`: none takes the file away; `revision`: counts the
# author's saves.
sys_studio_draft = Table(
    "sys_studio_draft",
    metadata,
    Column("author", ForeignKey("sys_person.id"), nullable=False),
    Column("path", CODE_POINT_TEXT, nullable=False),
    Column("release", ForeignKey("sys_release.id"), nullable=False),
    Column("base", ForeignKey("sys_text.hash")),
    Column("text", LargeBinary),
    Column("revision", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("author", "path"),
    Index("ix_sys_studio_draft_path", "path"),
)
