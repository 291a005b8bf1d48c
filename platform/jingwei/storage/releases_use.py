"""What the database holds of definitions that may go: facts, alerts, saved views."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import func, select

from jingwei.storage.database import Connection
from jingwei.storage.tables_effects import sys_alert
from jingwei.storage.tables_facts import sys_fact
from jingwei.storage.tables_lists import sys_view
from jingwei.storage.types import canonical_json


def count_facts(connection: Connection, indicator: int) -> int:
    return connection.execute(
        select(func.count()).select_from(sys_fact).where(sys_fact.c.indicator == indicator)
    ).scalar_one()


def count_open_alerts(connection: Connection, alert: str) -> int:
    return connection.execute(
        select(func.count())
        .select_from(sys_alert)
        .where(sys_alert.c.alert == alert, sys_alert.c.closed_at.is_(None))
    ).scalar_one()


def saved_view_names(
    connection: Connection, form: int, gone: Collection[str]
) -> tuple[int, list[str]]:
    """How many saved views of a form name one of these fields, and which they name."""
    views, names = 0, set()
    for body in connection.execute(
        select(sys_view.c.body).where(sys_view.c.form == form)
    ).scalars():
        words = set(re.findall(r"\w+", canonical_json(body).decode()))
        found = words & set(gone)
        views += bool(found)
        names |= found
    return views, sorted(names)
