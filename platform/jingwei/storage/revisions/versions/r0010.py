"""The last day on which a record that is shared is open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jingwei.storage.system import metadata

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A database that is new has the column from the first revision on."""
    table = metadata.tables["sys_share"]
    connection = op.get_bind()
    if "until" not in {c["name"] for c in sa.inspect(connection).get_columns("sys_share")}:
        op.add_column("sys_share", sa.Column("until", table.c.until.type))
