"""Publications that are under way in several steps."""

from __future__ import annotations

from alembic import op

from jingwei.storage.system import metadata

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("sys_preparation",)


def upgrade() -> None:
    """A database that is new has it from the first revision on."""
    metadata.create_all(op.get_bind(), tables=[metadata.tables[name] for name in TABLES])
