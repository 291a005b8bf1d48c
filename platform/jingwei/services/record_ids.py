"""Ids of the records of a form, as the system sees them."""

from __future__ import annotations

from jingwei.services.commands import Reading
from jingwei.storage.query import ALL_ROWS, Query


def select_ids(view: Reading, form: str) -> list[int]:
    """Every id of a form, as the system sees it."""
    query = Query(form, ("id",), ALL_ROWS, page=None)
    return [row["id"] for row in view.store.select(view.connection, query).items]
