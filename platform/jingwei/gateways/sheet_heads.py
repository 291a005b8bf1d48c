"""The row of a sheet that holds its headings. People write a title above a table, and group its
columns under common headings: the row that names most of what is known is the one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jingwei.gateways.xlsx import SheetLine
from jingwei.gateways.xlsx_survey import Merged

MOST_ABOVE = 20  # rows in which the headings are looked for


def head_of(
    top: Sequence[SheetLine], merged: Sequence[Merged], is_known: Callable[[str], bool]
) -> tuple[int, list[str]] | None:
    """The number of the row and its words; None: no word of these rows is a heading."""
    best: tuple[int, list[str]] | None = None
    most = 0
    for at, line in enumerate(top):
        heads = heads_of(line, top[:at], merged)
        words = [head.strip() if type(head) is str else "" for head in heads]
        known = sum(1 for word in set(words) if word and is_known(word))
        if known > most:
            best, most = (line.number, words), known
    return best


def heads_of(line: SheetLine, above: Sequence[SheetLine], merged: Sequence[Merged]) -> list[Any]:
    """The cells of a row; one that is merged with those above it has the word of the first."""
    cells = list(line.cells)
    for one in merged:
        if one.row < line.number == one.last_row and one.column == one.last_column:
            cells += [None] * (one.column + 1 - len(cells))
            first = next((row for row in above if row.number == one.row), None)
            if first is not None and one.column < len(first.cells) and not cells[one.column]:
                cells[one.column] = first.cells[one.column]
    return cells
