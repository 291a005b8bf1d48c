"""Options of many pages: the tree of orgs from the top, and the periods around today."""

from __future__ import annotations

from typing import Any

from jingwei.language.periods import Period
from jingwei.screens.cells import Cells
from jingwei.services.commands import Reading

YEARS_BACK, YEARS_AHEAD = 4, 2


def org_options(view: Reading, cells: Cells, within: Any = None) -> list[tuple[str, str, int]]:
    """The tree as options, from the top down: code, title, depth."""
    tree, today = view.catalogue.tree, view.today
    found: list[tuple[str, str, int]] = []

    def visit(code: str, depth: int) -> None:
        if within is None or code in within:
            found.append((code, cells.title("org", code), depth))
            depth += 1
        for child in tree.children(code, today):
            visit(child, depth)

    for code in tree.codes:
        if tree.parent(code, today) is None and tree.exists(code, today):
            visit(code, 0)
    return found


def periods_around(view: Reading, grain: str) -> list[str]:
    """Periods that a person is likely to mean, latest first."""
    first = Period.containing(view.today, grain).shifted(0)  # type: ignore[arg-type]
    count = {"year": 1, "half": 2, "quarter": 4, "month": 12}[grain]
    return [str(first.shifted(k)) for k in range(YEARS_AHEAD * count, -YEARS_BACK * count - 1, -1)]
