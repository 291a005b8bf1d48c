"""The initials of people's names, by which they are found without reading everybody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jingwei.storage.initials import initials
from jingwei.storage.system import metadata

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A database that is new has the column from the first revision on."""
    connection = op.get_bind()
    table = metadata.tables["sys_person"]
    if "initials" not in {c["name"] for c in sa.inspect(connection).get_columns("sys_person")}:
        op.add_column("sys_person", sa.Column("initials", table.c.initials.type))
    people = connection.execute(sa.select(table.c.id, table.c.name)).all()
    if people:
        connection.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("person"))
            .values(initials=sa.bindparam("said")),
            [{"person": one.id, "said": initials(one.name)} for one in people],
        )
