"""What a data block answers: columns, and rows that have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.language.periods import Period

# name, title (a text, or what gives it in a locale), type of its values, unit
Column = tuple[str, Any, str, Any]


@dataclass(slots=True)
class BlockTable:
    """A block's answer: every row has every column, and may have more than the columns say.

    `ids`: of the record of each row, where a row is one record. `cells`: of an indicator block,
    what is known of each row's figures beside the value. `closed`: its reader may not see what the
    block asks, so that there are no rows whatever there is.
    """

    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    ids: Sequence[int | None] = ()
    total: int | None = None
    cells: Sequence[Any] = field(default_factory=tuple)
    closed: bool = False


def sorted_rows(
    rows: list[Any], keys: Sequence[str], row_of: Callable[[Any], Mapping[str, Any]]
) -> list[Any]:
    """By several keys, those without a value last."""
    for key in reversed(keys):
        name, descending = key.removeprefix("-"), key.startswith("-")
        there = [row for row in rows if row_of(row).get(name) is not None]
        absent = [row for row in rows if row_of(row).get(name) is None]
        there.sort(key=lambda row: _order(row_of(row)[name]), reverse=descending)
        rows = there + absent
    return rows


def _order(value: Any) -> Any:
    return value.key if isinstance(value, Period) else value
