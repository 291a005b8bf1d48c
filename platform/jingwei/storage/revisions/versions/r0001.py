"""Every table of the first schema."""

from __future__ import annotations

from alembic import op

from jingwei.storage.guards import guard_changes
from jingwei.storage.system import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    metadata.create_all(connection)
    guard_changes(connection)
