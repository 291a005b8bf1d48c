"""What is a person's own: phrases, and the picture of a signature."""

from __future__ import annotations

from alembic import op

from jingwei.storage.system import metadata

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("sys_personal", "sys_signature")


def upgrade() -> None:
    """A database that is new has them from the first revision on."""
    metadata.create_all(op.get_bind(), tables=[metadata.tables[name] for name in TABLES])
