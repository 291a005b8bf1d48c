"""Which view the lists of a team open with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jingwei.storage.system import metadata

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A database that is new has the column from the first revision on."""
    table = metadata.tables["sys_view"]
    connection = op.get_bind()
    if "opens" not in {c["name"] for c in sa.inspect(connection).get_columns("sys_view")}:
        op.add_column("sys_view", sa.Column("opens", table.c.opens.type))
