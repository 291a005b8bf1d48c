"""The initials of people's names by every way to read them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jingwei.storage.initials import initials
from jingwei.storage.system import metadata

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those whose names have several."""
    connection = op.get_bind()
    person = metadata.tables["sys_person"]
    people = connection.execute(sa.select(person.c.id, person.c.name, person.c.initials)).all()
    changed = [
        {"person": one.id, "said": said}
        for one in people
        if (said := initials(one.name)) != one.initials
    ]
    if changed:
        connection.execute(
            sa.update(person)
            .where(person.c.id == sa.bindparam("person"))
            .values(initials=sa.bindparam("said")),
            changed,
        )
