"""What effects have done, and the ledger of alerts."""

from __future__ import annotations

from alembic import op

from jingwei.storage.system import metadata

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("sys_effect", "sys_once", "sys_alert", "sys_alert_look")


def upgrade() -> None:
    """A database that is new has them from the first revision on."""
    metadata.create_all(op.get_bind(), tables=[metadata.tables[name] for name in TABLES])
