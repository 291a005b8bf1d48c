"""Covered orgs, saved views, followers, and full text."""

from __future__ import annotations

from alembic import op

from jingwei.storage.full_text import make_indexes
from jingwei.storage.system import metadata

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("sys_post_cover", "sys_view", "sys_follower", "sys_words")


def upgrade() -> None:
    """A database that is new has the tables from the first revision on, but not the indexes."""
    connection = op.get_bind()
    metadata.create_all(connection, tables=[metadata.tables[name] for name in TABLES])
    make_indexes(connection)
