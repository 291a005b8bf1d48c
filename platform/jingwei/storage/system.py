"""Every engine table, gathered on the one MetaData."""

from __future__ import annotations

from jingwei.storage import (
    tables_effects,
    tables_facts,
    tables_flows,
    tables_imports,
    tables_lists,
    tables_outbox,
    tables_people,
    tables_personal,
    tables_records,
    tables_releases,
    tables_reports,
    tables_studio,
)
from jingwei.storage.metadata import metadata

THEMES = (
    tables_effects,
    tables_facts,
    tables_flows,
    tables_imports,
    tables_lists,
    tables_outbox,
    tables_people,
    tables_personal,
    tables_records,
    tables_releases,
    tables_reports,
    tables_studio,
)

__all__ = ["THEMES", "metadata"]
