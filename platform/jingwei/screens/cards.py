"""Records as cards: by what each is called everywhere else, and below it what its name does not
say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.language.form import Form
from jingwei.screens.cells import Cell, Cells, Column
from jingwei.services.commands import Reading
from jingwei.services.titles import names_of


@dataclass(frozen=True, slots=True)
class Card:
    """One record on a board, in a calendar or in a tree."""

    id: int
    title: str
    href: str
    facts: tuple[tuple[str, Cell], ...] = ()


def cards(
    view: Reading,
    form: Form,
    cells: Cells,
    columns: Sequence[Column],
    items: Sequence[dict[str, Any]],
    most: int | None = None,
) -> list[Card]:
    """A card for each of the records that a list just showed to its reader. `most`: facts of
    each."""
    names = names_of(view, form.name, [item["id"] for item in items], cells.words)
    return [
        Card(
            item["id"],
            names[item["id"]],
            f"/f/{form.name}/{item['id']}",
            _facts(names[item["id"]], columns, row)[:most],
        )
        for item, row in zip(items, cells.rows(columns, items, form), strict=True)
    ]


def _facts(
    name: str, columns: Sequence[Column], row: Sequence[Cell]
) -> tuple[tuple[str, Cell], ...]:
    said = ((c, v) for c, v in zip(columns, row, strict=True) if not v.empty)
    return tuple((c.heading, v) for c, v in said if c.numeric or v.text not in name)
