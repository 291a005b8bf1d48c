"""The open tasks of a person in the order of the inbox."""

from __future__ import annotations

from alembic import op
from sqlalchemy.schema import CreateIndex

from jingwei.storage.system import metadata

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = ("ix_sys_task_acting", "ix_sys_task_todo")


def upgrade() -> None:
    """A database that is new has them from the first revision on."""
    for index in metadata.tables["sys_task"].indexes:
        if index.name in INDEXES:
            op.execute(CreateIndex(index, if_not_exists=True))
    op.execute("DROP INDEX IF EXISTS ix_sys_task_inbox")
