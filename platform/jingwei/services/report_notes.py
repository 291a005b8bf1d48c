"""Sentences below a table of figures: which are missing or incomplete, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jingwei.cube.figures import PERCENT_UNITS
from jingwei.services import titles
from jingwei.services.block_tables import BlockTable
from jingwei.services.commands import Reading
from jingwei.services.measures import Cell
from jingwei.texts import has_text, text

MOST_NAMED = 12  # orgs of one sentence; of more the number is said


def notes(view: Reading, table: BlockTable, locale: str) -> tuple[str, ...]:
    """One sentence a reason. `table`: of an indicator block."""
    several = {name for name in ("org", "period") if len({str(r[name]) for r in table.rows}) > 1}
    found: dict[str, dict[str, list[str]]] = {}
    for cells in table.cells:
        first = next(iter(cells.values()))
        head = _head(view, first, several, locale)
        for reason, words in _faults(first, locale):
            name = view.catalogue.indicators[first.indicator].title(locale)
            named = text("reports.named", locale, name=name, more=words) if words else name
            found.setdefault(reason, {}).setdefault(head, []).append(named)
    return tuple(_sentence(reason, heads, locale) for reason, heads in found.items())


def _head(view: Reading, cell: Cell, several: set[str], locale: str) -> str:
    """Of whom and when, where that is not clear from the table."""
    more = [titles.title_of(view, "org", cell.org, locale)] if "org" in several else []
    more += [str(cell.period)] if "period" in several else []
    return " ".join(more)


def _faults(cell: Cell, locale: str) -> Iterator[tuple[str, str]]:
    """(reason, title of the column or nothing) of everything a row cannot say. What follows from
    a missing figure is not said again of its comparisons, and targets may well be missing."""
    if cell.value is None:
        yield cell.missing_reason or "no-fact", ""
        return
    if cell.status in ("partial", "gap"):
        yield cell.status, ""
    for word, one in cell.compare.items():
        if _said_otherwise(word, cell):
            continue
        title = text(f"measures.compare.{word}", locale)
        if one.value is None:
            yield f"base-{one.reason}" if one.reason == "no-fact" else str(one.reason), title
        elif one.partial and cell.status != "partial":
            yield "base-partial", title


def _said_otherwise(word: str, cell: Cell) -> bool:
    """A change asked for both ways is told once: of rates in percentage points."""
    rate = cell.unit in PERCENT_UNITS
    other = f"{word}_pp" if rate else word.removesuffix("_pp")
    return other != word and other in cell.compare


def _sentence(reason: str, heads: Mapping[str, list[str]], locale: str) -> str:
    key = f"reports.why.{reason}"
    why: Any = text(key, locale) if has_text(key, locale) else reason
    mark = text("reports.list_mark", locale)
    parts = []
    for head, names in list(heads.items())[:MOST_NAMED]:
        listed = mark.join(dict.fromkeys(names))
        parts.append(text("reports.of_whom", locale, head=head, names=listed) if head else listed)
    shown = text("reports.between", locale).join(parts)
    if len(heads) > MOST_NAMED:
        shown = text("reports.and_more", locale, names=shown, count=len(heads))
    return text("reports.note", locale, why=why, names=shown)
