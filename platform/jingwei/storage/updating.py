"""Many rows of one stored table that get the same values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jingwei.storage.database import Connection
from jingwei.storage.direct import changed
from jingwei.storage.rows import TableStatements

MOST_VALUES = 500  # of one IN list on SQLite


def update_alike(
    connection: Connection,
    own: TableStatements,
    text: str,
    row: Sequence[Any],
    ids: Sequence[int],
) -> set[int]:
    """Run an update of one row, `… WHERE id = ?`, for many at once: what follows an owner, for one.
    The ids among which one was not there."""
    stale: set[int] = set()
    start_of_text = text.removesuffix(f"id = {own.mark}")
    for start in range(0, len(ids), MOST_VALUES):
        some = ids[start : start + MOST_VALUES]
        values = [*row, *own.among_values(some)]
        if changed(connection, start_of_text + own.among("id", len(some)), values) != len(some):
            stale.update(some)
    return stale
